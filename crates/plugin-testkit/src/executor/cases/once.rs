//! Keys.

use std::time::Duration;

use futures::future::join;
use plugin_runtime_api::Invocation;
use serde_json::json;

use crate::executor::kit::{Kit, tag};

/// The same request again, as another execution.
fn again(kit: &Kit, call: &Invocation) -> Invocation {
    Invocation {
        execution: kit.call("COUNT", json!({})).execution,
        ..call.clone()
    }
}

pub(crate) async fn a_known_key_does_not_run_again(kit: &Kit) {
    kit.started().await;
    let call = kit.call("COUNT", json!({}));
    let first = kit.invoke(call.clone()).await.unwrap();
    let second = kit.invoke(again(kit, &call)).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(kit.host.cached("count"), Some(json!(1)));
}

pub(crate) async fn two_calls_at_once_with_one_key_run_once(kit: &Kit) {
    kit.started().await;
    let slow = kit.slow(100);
    let (first, second) = join(kit.invoke(slow.clone()), kit.invoke(again(kit, &slow))).await;
    assert_eq!(first.unwrap(), second.unwrap());
    let count = kit.call("COUNT", json!({}));
    let (first, second) = join(kit.invoke(count.clone()), kit.invoke(again(kit, &count))).await;
    assert_eq!(first.unwrap(), second.unwrap());
    assert_eq!(kit.host.cached("count"), Some(json!(1)));
}

pub(crate) async fn another_key_runs_again(kit: &Kit) {
    kit.started().await;
    assert_eq!(kit.result("COUNT", json!({})).await, json!({ "count": 1 }));
    assert_eq!(kit.result("COUNT", json!({})).await, json!({ "count": 2 }));
}

pub(crate) async fn a_failure_is_remembered_too(kit: &Kit) {
    kit.started().await;
    let call = kit.call("FAIL", json!({}));
    let first = kit.invoke(call.clone()).await.unwrap();
    assert_eq!(kit.invoke(again(kit, &call)).await.unwrap(), first);
    let known = kit.executor().outcome(&call.key).await.unwrap();
    assert_eq!(known, Some(first));
}

pub(crate) async fn an_outcome_is_known_by_its_key(kit: &Kit) {
    kit.started().await;
    let call = kit.call("ECHO", json!({ "text": "hello" }));
    let outcome = kit.invoke(call.clone()).await.unwrap();
    let known = kit.executor().outcome(&call.key).await.unwrap();
    assert_eq!(known, Some(outcome));
}

pub(crate) async fn an_unknown_key_has_no_outcome(kit: &Kit) {
    kit.started().await;
    let key = "never".parse().unwrap();
    assert_eq!(kit.executor().outcome(&key).await.unwrap(), None);
}

pub(crate) async fn what_is_under_way_has_no_outcome_yet(kit: &Kit) {
    kit.started().await;
    let slow = kit.slow(300);
    let key = slow.key.clone();
    let asking = async {
        kit.under_way(1).await;
        kit.executor().outcome(&key).await.unwrap()
    };
    let (outcome, meanwhile) = join(kit.invoke(slow), asking).await;
    assert_eq!(outcome.unwrap().ending.name(), "succeeded");
    assert_eq!(meanwhile, None);
}

pub(crate) async fn what_never_ran_may_be_asked_again(kit: &Kit) {
    let call = kit.call("COUNT", json!({}));
    let early = kit.invoke(call.clone()).await;
    assert_eq!(tag(early.map(|_| ())), "RuntimeNotRunning");
    kit.started().await;
    let mut wrong = call.clone();
    wrong.component = "NOPE".parse().unwrap();
    assert_eq!(tag(kit.invoke(wrong).await.map(|_| ())), "NoSuchComponent");
    assert_eq!(kit.executor().outcome(&call.key).await.unwrap(), None);
    let outcome = kit.invoke(call).await.unwrap();
    assert_eq!(outcome.ending.name(), "succeeded");
}

pub(crate) async fn an_outcome_survives_its_runtime(kit: &Kit) {
    kit.started().await;
    let call = kit.call("COUNT", json!({}));
    let outcome = kit.invoke(call.clone()).await.unwrap();
    kit.stop(1, Duration::ZERO).await.unwrap();
    let known = kit.executor().outcome(&call.key).await.unwrap();
    assert_eq!(known, Some(outcome.clone()));
    kit.started().await;
    assert_eq!(kit.invoke(again(kit, &call)).await.unwrap(), outcome);
    assert_eq!(kit.host.cached("count"), Some(json!(1)));
}
