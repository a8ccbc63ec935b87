//! The scripted executor does what a test says.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::executor::block_on;
use futures::future::join;
use plugin_runtime_api::{
    Component, ComponentKind, Engine, Executor, ExecutorCall, ExecutorError, Fence, PluginFailure,
    Script, ScriptedExecutor, StartScript,
};
use serde_json::{Value, json};

use crate::rig::{Host, call, spec};

fn executor() -> ScriptedExecutor {
    let executor = ScriptedExecutor::new([Engine::Native]);
    let component = Component::new(ComponentKind::Action, "DO".parse().unwrap());
    executor.plugin("p".parse().unwrap(), vec![component]);
    executor
}

fn start(executor: &ScriptedExecutor) -> Result<(), ExecutorError> {
    let start = executor.start(spec("p", "1.0.0"), Arc::new(Host::default()));
    block_on(start).map(|_| ())
}

#[test]
fn each_script_ends_as_it_says() {
    let check = |script: Script, ending: Value, status: &str| {
        let executor = executor();
        start(&executor).unwrap();
        executor.script("DO", script);
        let runtime = spec("p", "1.0.0").runtime;
        let outcome = block_on(executor.invoke(&runtime, call("p", "DO", "k", json!({}))));
        let ended = match outcome {
            Ok(outcome) => serde_json::to_value(outcome.ending).unwrap(),
            Err(error) => json!(error.tag()),
        };
        assert_eq!(ended, ending);
        let found = block_on(executor.status(&runtime)).unwrap();
        assert_eq!(serde_json::to_value(found).unwrap()["status"], status);
    };
    let failure = PluginFailure::new("TypeError", "x is undefined");
    check(
        Script::Succeed(json!(1)),
        json!({ "ending": "succeeded", "output": 1 }),
        "running",
    );
    check(
        Script::Refuse("no".to_owned()),
        json!({ "ending": "refused", "reason": "no" }),
        "running",
    );
    check(
        Script::Fail(failure),
        json!({ "ending": "failed", "error": { "name": "TypeError", "message": "x is undefined" } }),
        "running",
    );
    check(
        Script::TimeOut,
        json!({ "ending": "timed_out", "after_ms": 1000 }),
        "running",
    );
    check(
        Script::OutOfMemory,
        json!({ "ending": "out_of_memory", "limit_bytes": 512 << 20 }),
        "crashed",
    );
    check(
        Script::Crash("signal 9".to_owned()),
        json!({ "ending": "crashed", "reason": "signal 9" }),
        "crashed",
    );
    check(Script::Lose, json!("ExecutorUnavailable"), "running");
    check(
        Script::Unavailable("busy".to_owned()),
        json!("ExecutorUnavailable"),
        "running",
    );
}

#[test]
fn unavailable_so_many_times_then_it_works() {
    let executor = executor();
    start(&executor).unwrap();
    let runtime = spec("p", "1.0.0").runtime;
    executor.script("DO", Script::Unavailable("busy".to_owned()));
    executor.script("DO", Script::Unavailable("busy".to_owned()));
    executor.always("DO", Script::Succeed(Value::Null));
    let tags: Vec<_> = (0..3)
        .map(|_| block_on(executor.invoke(&runtime, call("p", "DO", "k", json!({})))))
        .map(|it| it.map_or_else(|error| error.tag(), |outcome| outcome.ending.name()))
        .collect();
    assert_eq!(
        tags,
        ["ExecutorUnavailable", "ExecutorUnavailable", "succeeded"]
    );
    assert_eq!(executor.runs("DO"), 1);
}

#[test]
fn a_lost_answer_was_a_run_that_nobody_knows_of() {
    let executor = executor();
    start(&executor).unwrap();
    let runtime = spec("p", "1.0.0").runtime;
    executor.script("DO", Script::Lose);
    let call = call("p", "DO", "k", json!({}));
    let key = call.key.clone();
    assert!(block_on(executor.invoke(&runtime, call)).is_err());
    assert_eq!(executor.runs("DO"), 1);
    assert_eq!(block_on(executor.outcome(&key)).unwrap(), None);
}

#[test]
fn what_hangs_ends_when_released() {
    let executor = executor();
    start(&executor).unwrap();
    let runtime = spec("p", "1.0.0").runtime;
    executor.script("DO", Script::hang_then(Script::Succeed(json!("free"))));
    assert_eq!(executor.release("DO"), 0);
    let mut hanging = executor.invoke(&runtime, call("p", "DO", "k", json!({})));
    assert!((&mut hanging).now_or_never().is_none());
    assert_eq!(executor.release("DO"), 1);
    assert_eq!(block_on(hanging).unwrap().ending.name(), "succeeded");
}

#[test]
fn starts_are_scripted_too() {
    let executor = executor();
    let plugin = || "p".parse().unwrap();
    let failure = PluginFailure::new("Error", "no");
    executor.script_start(plugin(), StartScript::Fail(failure));
    let reason = "no process".to_owned();
    executor.script_start(
        plugin(),
        StartScript::Error(ExecutorError::Unavailable { reason }),
    );
    executor.script_start(plugin(), StartScript::Hang);
    assert_eq!(start(&executor).unwrap_err().tag(), "PluginStartFailed");
    assert_eq!(start(&executor).unwrap_err().tag(), "ExecutorUnavailable");
    let hanging = executor.start(spec("p", "1.0.0"), Arc::new(Host::default()));
    let (info, released) = block_on(join(hanging, async { executor.release_start(plugin()) }));
    assert_eq!(released, 1);
    assert_eq!(info.unwrap().plugins.len(), 1);
}

#[test]
fn every_call_is_recorded() {
    let executor = executor();
    start(&executor).unwrap();
    let runtime = spec("p", "1.0.0").runtime;
    let invocation = call("p", "NOPE", "k", json!({}));
    let execution = invocation.execution;
    let key = invocation.key.clone();
    assert!(block_on(executor.invoke(&runtime, invocation.clone())).is_err());
    block_on(executor.cancel(&runtime, &execution)).unwrap();
    block_on(executor.outcome(&key)).unwrap();
    block_on(executor.status(&runtime)).unwrap();
    block_on(executor.stop(&runtime, Fence(1), Duration::ZERO)).unwrap();
    let spec = Box::new(spec("p", "1.0.0"));
    let expected = [
        ExecutorCall::Start { spec },
        ExecutorCall::Invoke {
            runtime,
            call: Box::new(invocation),
        },
        ExecutorCall::Cancel { runtime, execution },
        ExecutorCall::Outcome { key },
        ExecutorCall::Status { runtime },
        ExecutorCall::Stop {
            runtime,
            fence: Fence(1),
            grace: Duration::ZERO,
        },
    ];
    assert_eq!(executor.calls(), expected);
}

#[test]
fn a_runtime_crashes_when_told() {
    let executor = executor();
    let runtime = spec("p", "1.0.0").runtime;
    assert!(!executor.crash(&runtime, "gone"));
    start(&executor).unwrap();
    assert!(executor.crash(&runtime, "gone"));
    let again = block_on(executor.invoke(&runtime, call("p", "DO", "k", json!({}))));
    assert_eq!(again.unwrap_err(), ExecutorError::NotRunning { runtime });
}
