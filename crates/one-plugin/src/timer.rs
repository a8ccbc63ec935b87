//! Waiting by the machine's clock.

use std::time::Duration;

use async_trait::async_trait;
use one_ontology::{Clock as _, SystemClock, Timestamp};
use plugin_runtime_api::Timer;

/// Waits on the one thread that `futures-timer` keeps for this.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemTimer;

#[async_trait]
impl Timer for SystemTimer {
    async fn sleep_until(&self, moment: Timestamp) {
        let left: Duration = moment.since(SystemClock.now());
        futures_timer::Delay::new(left).await;
    }
}
