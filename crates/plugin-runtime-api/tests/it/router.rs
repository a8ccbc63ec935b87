//! Several executors behind one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::executor::block_on;
use plugin_runtime_api::{
    Barrier, Component, ComponentKind, Enforcement, Engine, EngineRouter, Executor, ExecutorError,
    Fence, IsolationLevel, RuntimeSpec, RuntimeStatus, Script, ScriptedCall, ScriptedExecutor,
};
use serde_json::{Value, json};

use crate::rig::{Host, call, spec};

fn scripted(engines: &[Engine], answer: &str) -> Arc<ScriptedExecutor> {
    let executor = ScriptedExecutor::new(engines.iter().cloned());
    let component = Component::new(ComponentKind::Action, "DO".parse().unwrap());
    executor.plugin("p".parse().unwrap(), vec![component]);
    let answer = answer.to_owned();
    executor.always(
        "DO",
        Script::run(move |call: ScriptedCall| {
            call.log(&answer);
            let output = json!(answer);
            async { plugin_runtime_api::Ending::Succeeded { output } }
        }),
    );
    Arc::new(executor)
}

struct Rig {
    native: Arc<ScriptedExecutor>,
    node: Arc<ScriptedExecutor>,
    router: EngineRouter,
}

fn rig() -> Rig {
    let native = scripted(&[Engine::Native], "native");
    let node = scripted(&[Engine::Node, Engine::Native], "node");
    let router = EngineRouter::new([
        Arc::<ScriptedExecutor>::clone(&native) as Arc<dyn Executor>,
        Arc::<ScriptedExecutor>::clone(&node) as Arc<dyn Executor>,
    ]);
    Rig {
        native,
        node,
        router,
    }
}

fn on(engine: Engine, fence: u64) -> RuntimeSpec {
    RuntimeSpec {
        engine,
        fence: Fence(fence),
        ..spec("p", "1.0.0")
    }
}

fn start(executor: &dyn Executor, spec: RuntimeSpec) -> Result<(), ExecutorError> {
    block_on(executor.start(spec, Arc::new(Host::default()))).map(|_| ())
}

fn answer(executor: &dyn Executor, fence: u64, key: &str) -> Result<Value, ExecutorError> {
    let mut call = call("p", "DO", key, json!({}));
    call.fence = Fence(fence);
    let outcome = block_on(executor.invoke(&spec("p", "1.0.0").runtime, call))?;
    Ok(serde_json::to_value(outcome.ending).unwrap()["output"].clone())
}

#[test]
fn a_runtime_goes_to_the_first_executor_of_its_engine() {
    let rig = rig();
    let check = |engine: Engine, expected: &str, fence: u64| {
        start(&rig.router, on(engine, fence)).unwrap();
        assert_eq!(answer(&rig.router, fence, expected), Ok(json!(expected)));
    };
    check(Engine::Native, "native", 1);
    check(Engine::Node, "node", 2);
    let wasm = start(&rig.router, on(Engine::Wasm, 3)).unwrap_err();
    assert_eq!(
        wasm.to_string(),
        "this executor does not run `wasm` plugins"
    );
}

#[test]
fn what_is_enforced_is_what_the_executor_says() {
    let strict = Enforcement {
        level: IsolationLevel::Strict,
        barriers: BTreeMap::from([(Barrier::Memory, "rlimit_data".to_owned())]),
    };
    let node = ScriptedExecutor::new([Engine::Node]).with_enforcement(Engine::Node, strict.clone());
    let router = EngineRouter::new([Arc::new(node) as Arc<dyn Executor>]);
    assert_eq!(router.enforcement(&Engine::Node), Some(strict));
    assert_eq!(router.enforcement(&Engine::Native), None);
}

#[test]
fn a_change_of_engine_stops_it_where_it_was() {
    let rig = rig();
    let runtime = spec("p", "1.0.0").runtime;
    start(&rig.router, on(Engine::Native, 1)).unwrap();
    let same_fence = start(&rig.router, on(Engine::Node, 1)).unwrap_err();
    assert_eq!(same_fence.tag(), "InvalidRuntimeSpec");
    start(&rig.router, on(Engine::Node, 2)).unwrap();
    let status = |executor: &dyn Executor| block_on(executor.status(&runtime)).unwrap();
    assert_eq!(status(rig.native.as_ref()), RuntimeStatus::Stopped);
    assert!(matches!(
        status(rig.node.as_ref()),
        RuntimeStatus::Running { .. }
    ));
    assert_eq!(status(&rig.router), status(rig.node.as_ref()));
    // The former owner is refused by both, and disturbs nobody.
    let tags = [
        start(&rig.router, on(Engine::Native, 1)).unwrap_err().tag(),
        start(&rig.router, on(Engine::Node, 1)).unwrap_err().tag(),
        answer(&rig.router, 1, "a").unwrap_err().tag(),
        answer(rig.native.as_ref(), 1, "b").unwrap_err().tag(),
    ];
    assert_eq!(tags, ["StaleFence"; 4]);
    assert_eq!(answer(&rig.router, 2, "c"), Ok(json!("node")));
}

#[test]
fn what_it_does_not_remember_it_looks_for() {
    let before = rig();
    start(&before.router, on(Engine::Node, 1)).unwrap();
    let runtime = spec("p", "1.0.0").runtime;
    let executors = [before.native, Arc::clone(&before.node)];
    let after = EngineRouter::new(executors.map(|it| it as Arc<dyn Executor>));
    assert_eq!(answer(&after, 1, "k"), Ok(json!("node")));
    let key = call("p", "DO", "k", json!({})).key;
    assert!(block_on(after.outcome(&key)).unwrap().is_some());
    block_on(after.stop(&runtime, Fence(1), Duration::ZERO)).unwrap();
    assert_eq!(
        block_on(before.node.status(&runtime)),
        Ok(RuntimeStatus::Stopped)
    );
}

#[test]
fn what_is_nowhere_is_not_running() {
    let rig = rig();
    let runtime = spec("p", "1.0.0").runtime;
    let not_running = ExecutorError::NotRunning { runtime };
    assert_eq!(answer(&rig.router, 1, "k"), Err(not_running.clone()));
    let execution = call("p", "DO", "k", json!({})).execution;
    assert_eq!(
        block_on(rig.router.cancel(&runtime, &execution)),
        Err(not_running)
    );
    assert_eq!(
        block_on(rig.router.status(&runtime)),
        Ok(RuntimeStatus::Stopped)
    );
    // A stop says which fence there is, wherever the runtime may be started later.
    block_on(rig.router.stop(&runtime, Fence(7), Duration::ZERO)).unwrap();
    for engine in [Engine::Native, Engine::Node] {
        assert_eq!(
            start(&rig.router, on(engine, 6)).unwrap_err().tag(),
            "StaleFence"
        );
    }
}

#[test]
fn logs_asked_for_early_are_heard_and_end() {
    let rig = rig();
    let runtime = spec("p", "1.0.0").runtime;
    let early = rig.router.logs(&runtime);
    start(&rig.router, on(Engine::Node, 1)).unwrap();
    let late = rig.router.logs(&runtime);
    answer(&rig.router, 1, "k").unwrap();
    block_on(rig.router.stop(&runtime, Fence(1), Duration::ZERO)).unwrap();
    for logs in [early, late] {
        let lines: Vec<_> = block_on(logs.map(|line| line.text).collect());
        assert_eq!(lines, ["node"]);
    }
}
