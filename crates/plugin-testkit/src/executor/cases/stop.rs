//! Stopping.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join;
use plugin_runtime_api::{RuntimeId, RuntimeStatus};
use serde_json::json;

use crate::executor::CacheHost;
use crate::executor::kit::{GRACE, Kit, LONG_MS, SHORT_MS, tag};

pub(crate) async fn after_a_stop_nothing_runs(kit: &Kit) {
    kit.started().await;
    kit.stop(1, GRACE).await.unwrap();
    assert_eq!(kit.status().await, RuntimeStatus::Stopped);
    let outcome = kit.invoke(kit.call("ECHO", json!({}))).await;
    assert_eq!(tag(outcome.map(|_| ())), "RuntimeNotRunning");
}

pub(crate) async fn stopping_what_does_not_run_is_fine(kit: &Kit) {
    kit.stop(1, GRACE).await.unwrap();
    kit.started().await;
    kit.stop(1, GRACE).await.unwrap();
    kit.stop(1, GRACE).await.unwrap();
}

pub(crate) async fn executions_may_end_within_the_grace(kit: &Kit) {
    kit.started().await;
    let stopping = async {
        kit.under_way(1).await;
        kit.stop(1, GRACE).await
    };
    let (outcome, stopped) = join(kit.invoke(kit.slow(300)), stopping).await;
    stopped.unwrap();
    assert_eq!(outcome.unwrap().ending.name(), "succeeded");
    assert_eq!(kit.status().await, RuntimeStatus::Stopped);
}

pub(crate) async fn what_outlasts_the_grace_is_ended(kit: &Kit) {
    kit.started().await;
    let stopping = async {
        kit.under_way(1).await;
        kit.stop(1, Duration::from_millis(SHORT_MS)).await
    };
    let (outcome, stopped) = join(kit.invoke(kit.slow(LONG_MS)), stopping).await;
    stopped.unwrap();
    let ending = outcome.unwrap().ending;
    assert!(
        ["cancelled", "crashed"].contains(&ending.name()),
        "{ending:?}"
    );
    assert_eq!(kit.status().await, RuntimeStatus::Stopped);
}

pub(crate) async fn it_can_be_started_again(kit: &Kit) {
    let first = kit.started().await;
    kit.stop(1, GRACE).await.unwrap();
    let again = kit.started().await;
    assert_eq!(again.plugins, first.plugins);
    assert_eq!(
        kit.result("ECHO", json!({ "n": 1 })).await,
        json!({ "echo": { "n": 1 } })
    );
}

pub(crate) async fn one_stop_does_not_touch_another_runtime(kit: &Kit) {
    kit.started().await;
    let mut spec = kit.spec();
    spec.runtime = RuntimeId::of_name(&["another"]);
    let (another, fence) = (spec.runtime, spec.fence);
    let executor = kit.executor();
    let host = Arc::new(CacheHost::default());
    executor.start(spec, host).await.unwrap();
    executor.stop(&another, fence, GRACE).await.unwrap();
    assert_eq!(
        executor.status(&another).await.unwrap(),
        RuntimeStatus::Stopped
    );
    assert_eq!(
        kit.result("ECHO", json!({ "n": 1 })).await,
        json!({ "echo": { "n": 1 } })
    );
}
