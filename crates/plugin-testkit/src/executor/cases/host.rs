//! Calls to the host.

use std::sync::Arc;

use one_ontology::GroupId;
use plugin_runtime_api::{CallContext, Ending, RuntimeId};
use serde_json::json;

use crate::executor::CacheHost;
use crate::executor::kit::Kit;

pub(crate) async fn what_is_set_is_got(kit: &Kit) {
    kit.started().await;
    let value = json!({ "deep": [1, "two", null] });
    let input = json!({ "key": "k", "value": value });
    assert_eq!(kit.result("HOST", input).await, json!({ "value": value }));
    assert_eq!(kit.host.cached("k"), Some(value));
}

pub(crate) async fn the_context_is_what_the_executor_knows(kit: &Kit) {
    kit.started().await;
    let call = kit.call(
        "HOST",
        json!({ "key": "k", "value": 1, "group": "another" }),
    );
    let spec = kit.spec();
    let expected = CallContext {
        group: spec.group,
        agent: spec.agent,
        runtime: spec.runtime,
        fence: spec.fence,
        instance: call.instance,
        execution: Some(call.execution),
    };
    kit.invoke(call).await.unwrap();
    let asked = [(expected.clone(), "cache.set"), (expected, "cache.get")];
    assert_eq!(kit.host.asked(), asked);
}

pub(crate) async fn two_runtimes_are_told_apart(kit: &Kit) {
    kit.started().await;
    let host = Arc::new(CacheHost::default());
    let mut spec = kit.spec();
    spec.runtime = RuntimeId::of_name(&["another"]);
    spec.group = GroupId::of_name(&["another"]);
    let (runtime, group) = (spec.runtime, spec.group);
    let executor = kit.executor();
    let started = executor.start(spec, Arc::<CacheHost>::clone(&host)).await;
    started.unwrap();
    let mut call = kit.call("HOST", json!({ "key": "k", "value": "another" }));
    // A key is an organisation's own: the same key of two runtimes is two requests.
    call.key = "shared".parse().unwrap();
    executor.invoke(&runtime, call).await.unwrap();
    let mut call = kit.call("HOST", json!({ "key": "k", "value": "own" }));
    call.key = "shared".parse().unwrap();
    kit.invoke(call).await.unwrap();
    assert_eq!(host.cached("k"), Some(json!("another")));
    assert_eq!(kit.host.cached("k"), Some(json!("own")));
    let asked = host.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|(context, _)| context.group == group));
}

pub(crate) async fn a_refusal_reaches_the_plugin(kit: &Kit) {
    kit.started().await;
    let input = json!({ "key": "forbidden", "value": 1 });
    match kit.ending("HOST", input).await {
        Ending::Failed { error } => {
            let words = "permission `storage.write` is not granted";
            assert!(error.message.contains(words), "{error:?}");
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn calls_are_bounded(kit: &Kit) {
    let mut spec = kit.spec();
    spec.limits.host_calls = 1;
    kit.start(spec).await.unwrap();
    let ending = kit.ending("HOST", json!({ "key": "k", "value": 1 })).await;
    assert_eq!(ending.name(), "failed");
    assert_eq!(kit.host.asked().len(), 1);
}
