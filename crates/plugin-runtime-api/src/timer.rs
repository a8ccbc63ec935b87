//! Waiting, through a port.

use std::fmt::Debug;

use async_trait::async_trait;
use one_ontology::Timestamp;

/// Waits until a moment. The core owns no threads and no reactor, so it asks the host.
#[async_trait]
pub trait Timer: Debug + Send + Sync + 'static {
    /// Returns at `moment` or soon after; at once when it has passed.
    async fn sleep_until(&self, moment: Timestamp);
}
