//! Status.

use futures::future::join;
use plugin_runtime_api::{Fence, RuntimeStatus};

use crate::executor::kit::Kit;

pub(crate) async fn what_was_never_started_is_stopped(kit: &Kit) {
    assert_eq!(kit.status().await, RuntimeStatus::Stopped);
}

pub(crate) async fn what_is_under_way_is_counted(kit: &Kit) {
    kit.started().await;
    let idle = RuntimeStatus::Running {
        fence: Fence(1),
        in_flight: 0,
    };
    assert_eq!(kit.status().await, idle);
    let (outcome, ()) = join(kit.invoke(kit.slow(300)), kit.under_way(1)).await;
    outcome.unwrap();
    assert_eq!(kit.status().await, idle);
}
