//! The machine's clock and randomness, for hosts that want them (feature `system`).

use crate::{Clock, IdSource, Timestamp, uuid_v7};

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::EPOCH.plus(since)
    }
}

/// UUIDv7 from the time given and the operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    fn next(&self, now: Timestamp) -> uuid::Uuid {
        let mut random = [0; 10];
        for (to, from) in random.iter_mut().zip(uuid::Uuid::new_v4().into_bytes()) {
            *to = from;
        }
        uuid_v7(now, random)
    }
}
