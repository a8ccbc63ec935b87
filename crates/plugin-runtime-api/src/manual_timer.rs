//! A timer for tests.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::channel::oneshot;
use one_ontology::{Clock, ManualClock, Timestamp};

use crate::Timer;

/// A timer that a test moves: whoever sleeps wakes when [`ManualTimer::advance`] passes the moment.
///
/// It moves its [`ManualClock`], so both always agree. A clock that is set by itself wakes nobody
/// until the next `advance`.
#[derive(Debug)]
pub struct ManualTimer {
    clock: Arc<ManualClock>,
    sleepers: Mutex<Vec<Sleeper>>,
}

struct Sleeper {
    until: Timestamp,
    wake: oneshot::Sender<()>,
}

impl ManualTimer {
    /// A timer over a clock.
    #[must_use]
    pub fn new(clock: Arc<ManualClock>) -> Self {
        Self {
            clock,
            sleepers: Mutex::default(),
        }
    }

    /// Moves the clock forward and wakes whoever slept until then, the earliest first.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
        let now = self.clock.now();
        let mut due = {
            let mut sleepers = self.sleepers();
            let all = std::mem::take(&mut *sleepers);
            let (due, later): (Vec<_>, _) = all.into_iter().partition(|it| it.until <= now);
            *sleepers = later;
            due
        };
        // Stable: of those until the same moment the first to sleep wakes first.
        due.sort_by_key(|sleeper| sleeper.until);
        for sleeper in due {
            let _sleeps_no_more = sleeper.wake.send(());
        }
    }

    /// The moments that somebody sleeps until, the earliest first.
    #[must_use]
    pub fn sleeping(&self) -> Vec<Timestamp> {
        let mut sleepers = self.sleepers();
        sleepers.retain(|it| !it.wake.is_canceled());
        let mut moments: Vec<_> = sleepers.iter().map(|it| it.until).collect();
        moments.sort();
        moments
    }

    fn sleepers(&self) -> std::sync::MutexGuard<'_, Vec<Sleeper>> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Timer for ManualTimer {
    async fn sleep_until(&self, moment: Timestamp) {
        let woken = {
            let mut sleepers = self.sleepers();
            if self.clock.now() >= moment {
                return;
            }
            let (wake, woken) = oneshot::channel();
            sleepers.retain(|it| !it.wake.is_canceled());
            sleepers.push(Sleeper {
                until: moment,
                wake,
            });
            woken
        };
        let _woken = woken.await;
    }
}

impl fmt::Debug for Sleeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "until {}", self.until)
    }
}
