//! Invoking.

use futures::future::join_all;
use plugin_runtime_api::{ComponentKind, Ending, ExecutorError, Invocation, RuntimeSpec};
use serde_json::{Value, json};

use crate::executor::kit::{Kit, LONG_MS, SHORT_MS, instance, tag};

pub(crate) async fn an_action_gives_its_result_and_what_it_said(kit: &Kit) {
    kit.started().await;
    let ending = kit.ending("ECHO", json!({ "text": "hello" })).await;
    let output = json!({
        "result": { "echo": { "text": "hello" } },
        "responses": [{ "text": "echo" }],
    });
    assert_eq!(ending, Ending::Succeeded { output });
}

pub(crate) async fn a_provider_gives_text_and_values(kit: &Kit) {
    kit.started().await;
    let mut call = kit.call("P", json!({ "text": "hello" }));
    call.kind = ComponentKind::Provider;
    match kit.invoke(call).await.unwrap().ending {
        Ending::Succeeded { output } => {
            assert_eq!(output["text"], "p");
            assert_eq!(output["values"], json!({ "p": 1 }));
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn json_comes_back_as_it_was(kit: &Kit) {
    kit.started().await;
    let input = json!({
        "text": "grüße 🎲 \u{0} \" \\ \n",
        "numbers": [0, -1, 1.5, 1e-7, 9_007_199_254_740_991_u64],
        "empty": [{}, [], "", null, false],
        "nested": { "a": { "b": { "c": [[["d"]]] } } },
    });
    let result = kit.result("ECHO", input.clone()).await;
    assert_eq!(result, json!({ "echo": input }));
}

pub(crate) async fn what_a_plugin_throws_is_a_failure(kit: &Kit) {
    kit.started().await;
    match kit.ending("FAIL", json!({})).await {
        Ending::Failed { error } => {
            assert_eq!(error.name, "Error");
            assert!(error.message.contains("broken on purpose"), "{error:?}");
        }
        other => panic!("{other:?}"),
    }
    kit.result("ECHO", json!({})).await;
}

pub(crate) async fn validate_is_asked_first(kit: &Kit) {
    kit.started().await;
    match kit.ending("REFUSE", json!({})).await {
        Ending::Refused { reason } => assert!(!reason.is_empty()),
        other => panic!("{other:?}"),
    }
    assert_eq!(kit.host.cached("refused"), None, "it was not run");
}

async fn available(kit: &Kit, call: Invocation) -> Vec<String> {
    match kit.invoke(call).await.unwrap_err() {
        ExecutorError::NoSuchComponent { available, .. } => available,
        other => panic!("{other}"),
    }
}

pub(crate) async fn an_unknown_name_lists_those_there_are(kit: &Kit) {
    kit.started().await;
    let found = available(kit, kit.call("NOPE", json!({}))).await;
    assert_eq!(found, ["COUNT", "ECHO", "FAIL", "HOST", "REFUSE", "SLOW"]);
}

pub(crate) async fn names_are_compared_exactly(kit: &Kit) {
    kit.started().await;
    for name in ["echo", "ECHO ", "ECH", "ECHO2", "constructor", "__proto__"] {
        assert!(
            !available(kit, kit.call(name, json!({}))).await.is_empty(),
            "{name}"
        );
    }
}

pub(crate) async fn the_kind_counts(kit: &Kit) {
    kit.started().await;
    let mut call = kit.call("ECHO", json!({}));
    call.kind = ComponentKind::Provider;
    assert_eq!(available(kit, call).await, ["P"]);
}

pub(crate) async fn another_instance_has_nothing(kit: &Kit) {
    kit.started().await;
    let mut call = kit.call("ECHO", json!({}));
    call.instance = instance("stranger");
    assert!(available(kit, call).await.is_empty());
}

pub(crate) async fn nothing_runs_before_the_start(kit: &Kit) {
    let outcome = kit.invoke(kit.call("ECHO", json!({}))).await;
    assert_eq!(tag(outcome.map(|_| ())), "RuntimeNotRunning");
}

pub(crate) async fn many_at_once_each_get_their_own(kit: &Kit) {
    kit.started().await;
    let all = (0..64).map(|number| kit.result("ECHO", json!({ "number": number })));
    let echoed: Vec<Value> = join_all(all).await;
    for (number, result) in echoed.iter().enumerate() {
        assert_eq!(result["echo"]["number"], number);
    }
}

pub(crate) async fn a_timeout_is_answered(kit: &Kit) {
    kit.started().await;
    let mut call = kit.slow(LONG_MS);
    call.timeout_ms = SHORT_MS;
    let ending = kit.invoke(call).await.unwrap().ending;
    assert_eq!(ending, Ending::TimedOut { after_ms: SHORT_MS });
}

async fn limited(kit: &Kit, limit: impl FnOnce(&mut RuntimeSpec)) {
    let mut spec = kit.spec();
    limit(&mut spec);
    kit.start(spec).await.unwrap();
}

pub(crate) async fn the_limit_of_the_runtime_bounds_a_call(kit: &Kit) {
    limited(kit, |spec| spec.limits.timeout_ms = SHORT_MS).await;
    let ending = kit.invoke(kit.slow(LONG_MS)).await.unwrap().ending;
    assert_eq!(ending, Ending::TimedOut { after_ms: SHORT_MS });
}

pub(crate) async fn an_output_too_large_is_a_failure(kit: &Kit) {
    limited(kit, |spec| spec.limits.output_bytes = 1_000).await;
    let large = json!({ "text": "x".repeat(1_000) });
    match kit.ending("ECHO", large).await {
        Ending::Failed { error } => assert_eq!(error.name, "OutputTooLarge"),
        other => panic!("{other:?}"),
    }
    kit.result("ECHO", json!({ "text": "x".repeat(500) })).await;
}

pub(crate) async fn usage_is_counted(kit: &Kit) {
    kit.started().await;
    let input = json!({ "key": "k", "value": "v".repeat(100) });
    let usage = kit.invoke(kit.call("HOST", input)).await.unwrap().usage;
    assert_eq!(usage.host_calls, 2);
    assert!(usage.bytes_in >= 200, "the input and the answer: {usage:?}");
    assert!(usage.bytes_out >= 200, "the call and the output: {usage:?}");
}
