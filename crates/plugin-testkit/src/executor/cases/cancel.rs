//! Cancelling.

use futures::future::{join, join3};
use plugin_runtime_api::Ending;
use serde_json::json;

use crate::executor::kit::{Kit, LONG_MS, tag};

pub(crate) async fn a_cancelled_execution_ends(kit: &Kit) {
    kit.started().await;
    let slow = kit.slow(LONG_MS);
    let (key, execution) = (slow.key.clone(), slow.execution);
    let cancelling = async {
        kit.under_way(1).await;
        kit.executor().cancel(&kit.runtime(), &execution).await
    };
    let (outcome, cancelled) = join(kit.invoke(slow), cancelling).await;
    cancelled.unwrap();
    let outcome = outcome.unwrap();
    assert_eq!(outcome.ending, Ending::Cancelled);
    let known = kit.executor().outcome(&key).await.unwrap();
    assert_eq!(known, Some(outcome));
}

pub(crate) async fn others_go_on(kit: &Kit) {
    kit.started().await;
    let (ended, other) = (kit.slow(LONG_MS), kit.slow(300));
    let execution = ended.execution;
    let cancelling = async {
        kit.under_way(2).await;
        kit.executor().cancel(&kit.runtime(), &execution).await
    };
    let (ended, other, cancelled) = join3(kit.invoke(ended), kit.invoke(other), cancelling).await;
    cancelled.unwrap();
    assert_eq!(ended.unwrap().ending, Ending::Cancelled);
    assert_eq!(other.unwrap().ending.name(), "succeeded");
}

pub(crate) async fn what_is_not_under_way_is_none_to_cancel(kit: &Kit) {
    kit.started().await;
    let call = kit.call("ECHO", json!({}));
    let execution = call.execution;
    let executor = kit.executor();
    executor.cancel(&kit.runtime(), &execution).await.unwrap();
    let outcome = kit.invoke(call.clone()).await.unwrap();
    assert_eq!(outcome.ending.name(), "succeeded");
    executor.cancel(&kit.runtime(), &execution).await.unwrap();
    let known = executor.outcome(&call.key).await.unwrap();
    assert_eq!(known, Some(outcome), "what has ended stays as it was");
}

pub(crate) async fn where_nothing_runs_nothing_is_cancelled(kit: &Kit) {
    let execution = kit.slow(1).execution;
    let cancelled = kit.executor().cancel(&kit.runtime(), &execution).await;
    assert_eq!(tag(cancelled), "RuntimeNotRunning");
}
