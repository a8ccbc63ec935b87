//! Bounds on time, where the host gives a clock and a timer.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{self, Either};
use one_ontology::{Clock, Timestamp};

use crate::Timer;

/// The host's time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wait(Option<(Arc<dyn Timer>, Arc<dyn Clock>)>);

impl Wait {
    pub(crate) fn new(timer: Arc<dyn Timer>, clock: Arc<dyn Clock>) -> Self {
        Self(Some((timer, clock)))
    }

    /// Whether time can be bounded.
    pub(crate) fn is_bounded(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn now(&self) -> Option<Timestamp> {
        self.0.as_ref().map(|(_, clock)| clock.now())
    }

    /// Microseconds since `began`; 0 without a clock.
    pub(super) fn micros_since(&self, began: Option<Timestamp>) -> u64 {
        let (Some(began), Some(now)) = (began, self.now()) else {
            return 0;
        };
        u64::try_from(now.since(began).as_micros()).unwrap_or(u64::MAX)
    }

    /// Returns after `duration`; without a timer never.
    pub(super) async fn sleep(&self, duration: Duration) {
        match &self.0 {
            Some((timer, clock)) => timer.sleep_until(clock.now().plus(duration)).await,
            None => future::pending().await,
        }
    }

    /// What `work` gives within `duration`. Where both are ready, work wins.
    pub(super) async fn within<F: Future>(&self, duration: Duration, work: F) -> Option<F::Output> {
        let work = std::pin::pin!(work);
        let sleep = std::pin::pin!(self.sleep(duration));
        match future::select(work, sleep).await {
            Either::Left((output, _)) => Some(output),
            Either::Right(_) => None,
        }
    }
}
