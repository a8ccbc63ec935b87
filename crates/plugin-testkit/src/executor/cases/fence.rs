//! Fences.

use std::time::Duration;

use futures::future::join;
use plugin_runtime_api::Fence;
use serde_json::json;

use crate::executor::BROKEN;
use crate::executor::kit::{Kit, plugin, tag};

const STALE: [&str; 3] = ["StaleFence"; 3];

pub(crate) async fn a_lower_fence_is_refused_by_all(kit: &Kit) {
    kit.start(kit.under(2)).await.unwrap();
    assert_eq!(kit.refused_as_stale(1).await, STALE);
}

pub(crate) async fn a_higher_fence_has_to_start_first(kit: &Kit) {
    kit.started().await;
    let mut call = kit.call("ECHO", json!({}));
    call.fence = Fence(2);
    assert_eq!(tag(kit.invoke(call).await.map(|_| ())), "RuntimeNotRunning");
    assert_eq!(kit.refused_as_stale(1).await, STALE, "2 has been seen");
}

pub(crate) async fn a_stop_counts_as_seen_also_where_nothing_runs(kit: &Kit) {
    kit.stop(5, Duration::ZERO).await.unwrap();
    assert_eq!(kit.refused_as_stale(4).await, STALE);
    kit.start(kit.under(5)).await.unwrap();
}

pub(crate) async fn a_failed_start_counts_as_seen(kit: &Kit) {
    let mut spec = kit.under(2);
    spec.plugins.push(plugin(BROKEN));
    assert_eq!(tag(kit.start(spec).await.map(|_| ())), "PluginStartFailed");
    assert_eq!(kit.refused_as_stale(1).await, STALE);
}

pub(crate) async fn who_is_refused_disturbs_nobody(kit: &Kit) {
    kit.start(kit.under(2)).await.unwrap();
    let mut slow = kit.slow(300);
    slow.fence = Fence(2);
    let stale = async {
        kit.under_way(1).await;
        kit.refused_as_stale(1).await
    };
    let (outcome, refused) = join(kit.invoke(slow), stale).await;
    assert_eq!(refused, STALE);
    assert_eq!(outcome.unwrap().ending.name(), "succeeded");
}
