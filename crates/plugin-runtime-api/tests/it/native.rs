//! Native plugins: the worked example, and what an executor makes of misbehaviour.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::executor::block_on;
use futures::future::join;
use futures::{FutureExt as _, StreamExt as _};
use plugin_runtime_api::{
    Barrier, Component, ComponentKind, Ending, Engine, Executor, ExecutorError, HostCall,
    Invocation, IsolationLevel, NativeCall, NativeDescription, NativeExecutor, NativePlugin,
    NativeStart, NotesPlugin, PluginFailure, RuntimeSpec, RuntimeStatus,
};
use serde_json::{Value, json};

use crate::rig::{Host, SECOND, call, spec, time};

const ODD: &str = "odd";

/// Misbehaves as told by its settings and input.
#[derive(Debug)]
struct Odd;

#[async_trait]
impl NativePlugin for Odd {
    fn describe(&self) -> NativeDescription {
        let action = || Component::new(ComponentKind::Action, "DO".parse().unwrap());
        NativeDescription {
            components: vec![
                action(),
                Component::new(ComponentKind::Service, "LIVE".parse().unwrap()),
                action(),
            ],
            ..NativeDescription::new(ODD.parse().unwrap(), "1.0.0")
        }
    }

    async fn start(&self, start: &NativeStart<'_>) -> Result<(), PluginFailure> {
        start.log("starting");
        match start.settings().get("START").and_then(Value::as_str) {
            Some("fail") => Err(PluginFailure::new("Error", "no such database")),
            Some("panic") => panic!("start of {}", start.character()["name"]),
            Some("hang") => futures::future::pending().await,
            _ => Ok(()),
        }
    }

    async fn invoke(&self, call: &NativeCall<'_>) -> Result<Value, PluginFailure> {
        call.log("invoked");
        match call.text("how").unwrap_or_default() {
            "panic" => panic!("out of luck"),
            "hang" => futures::future::pending().await,
            "large" => Ok(json!("x".repeat(5_000_000))),
            "chatty" => loop {
                let key = "k".to_owned();
                call.host().call(HostCall::GetCache { key }).await.ok();
                call.host()
                    .ask::<u64>(HostCall::CountMemories {
                        filter: plugin_runtime_api::MemoryFilter::default(),
                    })
                    .await?;
            },
            _ => Ok(Value::Null),
        }
    }
}

fn odd() -> [Arc<dyn NativePlugin>; 1] {
    [Arc::new(Odd)]
}

fn odd_spec(start: &str) -> RuntimeSpec {
    let mut spec = spec(ODD, "1.0.0");
    if let Some(plugin) = spec.plugins.first_mut() {
        plugin.settings.insert("START".to_owned(), json!(start));
    }
    spec
}

fn how(key: &str, how: &str) -> Invocation {
    call(ODD, "DO", key, json!({ "how": how }))
}

#[test]
fn notes_are_found_by_what_they_say() {
    let executor = NativeExecutor::new([Arc::new(NotesPlugin) as Arc<dyn NativePlugin>]);
    let spec = spec(NotesPlugin::NAME, NotesPlugin::VERSION);
    let runtime = spec.runtime;
    let host = Arc::new(Host::default());
    let info = block_on(executor.start(spec, Arc::<Host>::clone(&host))).unwrap();
    let listed: Vec<_> = info.plugins.iter().flat_map(|it| &it.components).collect();
    let listed: Vec<_> = listed
        .iter()
        .map(|it| format!("{} {}", it.kind, it.name))
        .collect();
    assert_eq!(
        listed,
        [
            "action ADD_NOTE",
            "action SEARCH_NOTES",
            "provider NOTE_COUNT",
            "event NOTE_EVENT"
        ]
    );
    let run = |component: &str, key: &str, input: Value| {
        let mut call = call(NotesPlugin::NAME, component, key, input);
        if component == "NOTE_COUNT" {
            call.kind = ComponentKind::Provider;
        }
        let outcome = block_on(executor.invoke(&runtime, call)).unwrap();
        match outcome.ending {
            Ending::Succeeded { output } => output,
            other => json!(other.name()),
        }
    };
    for (key, text) in [
        ("a", "Refunds take two weeks."),
        ("b", "Zebras buzz quietly."),
    ] {
        let added = run("ADD_NOTE", key, json!({ "text": text }));
        assert_eq!(added["result"]["new"], true);
        assert_eq!(added["responses"][0]["text"], "Noted.");
    }
    let again = run("ADD_NOTE", "c", json!({ "text": "Zebras buzz quietly." }));
    assert_eq!(again["result"]["new"], false);
    let found = run(
        "SEARCH_NOTES",
        "d",
        json!({ "query": "two-week refunds", "limit": 1 }),
    );
    assert_eq!(
        found["result"]["notes"][0]["text"],
        "Refunds take two weeks."
    );
    assert_eq!(found["result"]["notes"].as_array().unwrap().len(), 1);
    assert_eq!(run("NOTE_COUNT", "e", json!({}))["values"]["noteCount"], 2);
    assert_eq!(run("SEARCH_NOTES", "f", json!({})), "refused");
    assert_eq!(run("ADD_NOTE", "g", json!({ "text": " " })), "refused");
    let last = host.contexts().pop().unwrap();
    assert_eq!(last.instance, crate::rig::instance());
    assert!(last.execution.is_some());
}

#[test]
fn without_a_timer_no_bound_on_time_is_claimed() {
    let bare = NativeExecutor::new(odd())
        .enforcement(&Engine::Native)
        .unwrap();
    assert_eq!(bare.level, IsolationLevel::Trusted);
    assert_eq!(bare.missing(), Barrier::ALL);
    let (timer, clock) = time();
    let timed = NativeExecutor::with_timer(odd(), timer, clock);
    let barriers = timed.enforcement(&Engine::Native).unwrap().barriers;
    assert_eq!(barriers.into_keys().collect::<Vec<_>>(), [Barrier::Time]);
    assert_eq!(timed.enforcement(&Engine::Node), None);
}

#[test]
fn a_start_that_goes_wrong_names_the_plugin_and_leaves_nothing() {
    let (timer, clock) = time();
    let executor = NativeExecutor::with_timer(odd(), timer.clone(), clock);
    let check = |spec: RuntimeSpec, expected: &str| {
        let runtime = spec.runtime;
        let start = executor.start(spec, Arc::new(Host::default()));
        let (started, ()) = block_on(join(start, async { timer.advance(61 * SECOND) }));
        assert_eq!(started.unwrap_err().to_string(), expected);
        let status = block_on(executor.status(&runtime)).unwrap();
        assert_eq!(status, RuntimeStatus::Stopped);
    };
    check(
        odd_spec("fail"),
        "plugin `odd` did not start: no such database",
    );
    check(
        odd_spec("panic"),
        "plugin `odd` did not start: start of \"Ada\"",
    );
    check(
        odd_spec("hang"),
        "plugin `odd` did not start: it took longer than 60000 ms",
    );
    check(
        spec(ODD, "2.0.0"),
        "plugin `odd` did not start: version 2.0.0 is not built into this host, which has 1.0.0",
    );
    check(
        spec("even", "1.0.0"),
        "plugin `even` did not start: this host has no such plugin built in",
    );
    let mut empty = odd_spec("");
    empty.plugins.clear();
    check(
        empty,
        "the runtime cannot be started as described: `plugins` must not be empty",
    );
    let mut twice = odd_spec("");
    twice.plugins.extend(odd_spec("").plugins);
    check(
        twice,
        "the runtime cannot be started as described: `plugins.1.instance` is in the runtime already",
    );
    let mut installed = odd_spec("");
    installed.artifact = plugin_runtime_api::Artifact::Packages {
        digest: "0".repeat(64).parse().unwrap(),
        location: "/nowhere".to_owned(),
    };
    check(
        installed,
        "the runtime cannot be started as described: `artifact` must be `native`: native plugins are not installed",
    );
    let mut node = odd_spec("");
    node.engine = Engine::Node;
    check(node, "this executor does not run `node` plugins");
}

#[test]
fn a_start_nobody_waits_for_leaves_nothing() {
    let executor = NativeExecutor::new(odd());
    let spec = odd_spec("hang");
    let runtime = spec.runtime;
    let mut start = executor.start(spec, Arc::new(Host::default()));
    assert!((&mut start).now_or_never().is_none());
    drop(start);
    let again = executor.start(odd_spec(""), Arc::new(Host::default()));
    assert!(block_on(again).is_ok(), "the same fence with another spec");
    let status = block_on(executor.status(&runtime)).unwrap();
    assert!(matches!(status, RuntimeStatus::Running { .. }));
}

#[test]
fn components_are_sorted_and_doubles_reported() {
    let executor = NativeExecutor::new(odd());
    let info = block_on(executor.start(odd_spec(""), Arc::new(Host::default()))).unwrap();
    let plugin = info.plugins.first().unwrap();
    let names: Vec<_> = plugin
        .components
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(names, ["DO", "LIVE"]);
    assert_eq!(
        plugin.warnings,
        ["has action `DO` twice; the first is used"]
    );
}

fn started() -> (NativeExecutor, Arc<plugin_runtime_api::ManualTimer>) {
    let (timer, clock) = time();
    let executor = NativeExecutor::with_timer(odd(), timer.clone(), clock);
    block_on(executor.start(odd_spec(""), Arc::new(Host::default()))).unwrap();
    (executor, timer)
}

#[test]
fn misbehaviour_is_an_outcome() {
    let check = |what: &str, expected: Value| {
        let (executor, timer) = started();
        let runtime = odd_spec("").runtime;
        let invoke = executor.invoke(&runtime, how("k", what));
        let (outcome, ()) = block_on(join(invoke, async { timer.advance(SECOND) }));
        assert_eq!(
            serde_json::to_value(outcome.unwrap().ending).unwrap(),
            expected
        );
    };
    check(
        "",
        json!({ "ending": "succeeded", "output": { "result": null, "responses": [] } }),
    );
    check("hang", json!({ "ending": "timed_out", "after_ms": 1000 }));
    check(
        "panic",
        json!({ "ending": "crashed", "reason": "action `DO` panicked: out of luck" }),
    );
    check(
        "large",
        json!({ "ending": "failed", "error": { "name": "OutputTooLarge", "message": "more than 4194304 bytes of JSON" } }),
    );
    check(
        "chatty",
        json!({ "ending": "failed", "error": {
            "name": "HostUnavailable",
            "message": "memory.count is unavailable: at most 10000 calls to the host in one execution",
        } }),
    );
}

#[test]
fn a_service_is_not_invoked() {
    let (executor, _timer) = started();
    let mut call = call(ODD, "LIVE", "k", json!({}));
    call.kind = ComponentKind::Service;
    let outcome = block_on(executor.invoke(&odd_spec("").runtime, call)).unwrap();
    assert!(matches!(outcome.ending, Ending::Failed { error } if error.name == "NotInvocable"));
}

#[test]
fn a_panic_ends_the_runtime_with_all_that_is_under_way() {
    let (executor, _timer) = started();
    let runtime = odd_spec("").runtime;
    let (hanging, panicking) = block_on(join(
        executor.invoke(&runtime, how("a", "hang")),
        executor.invoke(&runtime, how("b", "panic")),
    ));
    assert_eq!(hanging.unwrap().ending.name(), "crashed");
    assert_eq!(panicking.unwrap().ending.name(), "crashed");
    let status = block_on(executor.status(&runtime)).unwrap();
    assert!(matches!(status, RuntimeStatus::Crashed { reason, .. } if reason.contains("luck")));
    let error = block_on(executor.invoke(&runtime, how("c", ""))).unwrap_err();
    assert_eq!(error, ExecutorError::NotRunning { runtime });
    block_on(executor.start(odd_spec(""), Arc::new(Host::default()))).unwrap();
    let outcome = block_on(executor.invoke(&runtime, how("c", ""))).unwrap();
    assert_eq!(outcome.ending.name(), "succeeded");
}

#[test]
fn usage_is_counted() {
    let (executor, timer) = started();
    let runtime = odd_spec("").runtime;
    let invoke = executor.invoke(&runtime, how("k", "hang"));
    let (outcome, ()) = block_on(join(invoke, async { timer.advance(3 * SECOND) }));
    let usage = outcome.unwrap().usage;
    assert_eq!(usage.wall_us, 3_000_000, "by the clock, not by the bound");
    assert_eq!(usage.bytes_in, r#"{"how":"hang"}"#.len() as u64);
    assert_eq!(usage.bytes_out, 0);
}

#[test]
fn an_execution_goes_on_while_anybody_waits_for_it() {
    let (executor, timer) = started();
    let runtime = odd_spec("").runtime;
    let mut first = executor.invoke(&runtime, how("k", "hang"));
    let mut second = executor.invoke(&runtime, how("k", "hang"));
    assert!((&mut first).now_or_never().is_none());
    assert!((&mut second).now_or_never().is_none());
    drop(first);
    let key = how("k", "").key;
    assert_eq!(block_on(executor.outcome(&key)).unwrap(), None);
    timer.advance(SECOND);
    assert_eq!(block_on(second).unwrap().ending.name(), "timed_out");
    // Nobody is left: cancelled, and not run again.
    let mut alone = executor.invoke(&runtime, how("alone", "hang"));
    assert!((&mut alone).now_or_never().is_none());
    drop(alone);
    let outcome = block_on(executor.invoke(&runtime, how("alone", "hang"))).unwrap();
    assert_eq!(outcome.ending, Ending::Cancelled);
    let status = block_on(executor.status(&runtime)).unwrap();
    assert!(matches!(
        status,
        RuntimeStatus::Running { in_flight: 0, .. }
    ));
}

#[test]
fn stopping_waits_for_the_grace_and_no_longer() {
    let (executor, timer) = started();
    let runtime = odd_spec("").runtime;
    let mut call = how("k", "hang");
    call.timeout_ms = 60_000;
    let (outcome, ((), stopped)) = block_on(join(executor.invoke(&runtime, call), async {
        let stop = executor.stop(&runtime, plugin_runtime_api::Fence(1), 5 * SECOND);
        let mut stop = stop;
        assert!((&mut stop).now_or_never().is_none());
        let refused = executor.invoke(&runtime, how("late", "")).await;
        assert!(matches!(refused, Err(ExecutorError::NotRunning { .. })));
        timer.advance(4 * SECOND);
        assert!((&mut stop).now_or_never().is_none());
        timer.advance(SECOND);
        ((), stop.await)
    }));
    stopped.unwrap();
    assert_eq!(outcome.unwrap().ending, Ending::Cancelled);
    let bounded: Duration = timer.sleeping().iter().map(|_| SECOND).sum();
    assert_eq!(bounded, Duration::ZERO, "no timer is left behind");
}

#[test]
fn what_plugins_log_is_heard() {
    let (executor, _timer) = started();
    let runtime = odd_spec("").runtime;
    let logs = executor.logs(&runtime);
    block_on(executor.invoke(&runtime, how("a", ""))).unwrap();
    block_on(executor.stop(&runtime, plugin_runtime_api::Fence(1), Duration::ZERO)).unwrap();
    let lines: Vec<_> = block_on(logs.collect());
    assert_eq!(lines.len(), 1);
    assert!(lines.iter().all(|line| line.text == "invoked"));
}

#[test]
fn who_listens_early_hears_the_start() {
    let executor = NativeExecutor::new(odd());
    let spec = odd_spec("fail");
    let logs = executor.logs(&spec.runtime);
    assert!(block_on(executor.start(spec, Arc::new(Host::default()))).is_err());
    let lines: Vec<_> = block_on(logs.collect());
    assert_eq!(lines.len(), 1);
    assert!(lines.iter().all(|line| line.text == "starting"));
}
