//! Starting.

use futures::future::join;
use plugin_runtime_api::{Engine, ExecutorError, Fence, RuntimeStatus};
use serde_json::json;

use crate::executor::kit::{Kit, LONG_MS, plugin, tag};
use crate::executor::{BROKEN, PLUGIN, VERSION};

pub(crate) async fn the_plugins_are_described(kit: &Kit) {
    let info = kit.started().await;
    assert_eq!((info.runtime, info.fence), (kit.runtime(), Fence(1)));
    assert!(!info.engine.is_empty());
    let [described] = info.plugins.as_slice() else {
        panic!("one plugin: {info:?}");
    };
    assert_eq!(described.name.as_str(), PLUGIN);
    assert_eq!(described.version, VERSION);
    assert_eq!(described.instance, kit.spec().plugins[0].instance);
    let names: Vec<_> = described
        .components
        .iter()
        .map(|it| format!("{} {}", it.kind, it.name))
        .collect();
    let expected = [
        "action COUNT",
        "action ECHO",
        "action FAIL",
        "action HOST",
        "action REFUSE",
        "action SLOW",
        "provider P",
    ];
    assert_eq!(names, expected, "by kind, then name");
}

pub(crate) async fn the_same_spec_and_fence_give_the_same_runtime(kit: &Kit) {
    let first = kit.started().await;
    let again = async {
        kit.under_way(1).await;
        kit.start(kit.spec()).await
    };
    let (outcome, again) = join(kit.invoke(kit.slow(300)), again).await;
    assert_eq!(again.unwrap(), first);
    assert_eq!(outcome.unwrap().ending.name(), "succeeded", "it ran on");
}

pub(crate) async fn two_starts_at_once_give_one_runtime(kit: &Kit) {
    let (first, second) = join(kit.start(kit.spec()), kit.start(kit.spec())).await;
    assert_eq!(first.unwrap(), second.unwrap());
}

pub(crate) async fn the_same_fence_with_another_spec_is_refused(kit: &Kit) {
    kit.started().await;
    let mut other = kit.spec();
    other.limits.host_calls = 1;
    assert_eq!(
        tag(kit.start(other).await.map(|_| ())),
        "InvalidRuntimeSpec"
    );
    assert_eq!(kit.result("ECHO", json!({})).await, json!({ "echo": {} }));
}

pub(crate) async fn a_failed_start_leaves_nothing(kit: &Kit) {
    let mut spec = kit.spec();
    spec.plugins.push(plugin(BROKEN));
    match kit.start(spec).await.unwrap_err() {
        ExecutorError::StartFailed { plugin, failure } => {
            assert_eq!(plugin.as_str(), BROKEN);
            assert!(
                failure.message.contains("broken at the start"),
                "{failure:?}"
            );
        }
        other => panic!("{other}"),
    }
    let status = kit.status().await;
    assert!(
        !matches!(status, RuntimeStatus::Running { .. }),
        "{status:?}"
    );
    let echo = kit.invoke(kit.call("ECHO", json!({}))).await;
    assert_eq!(tag(echo.map(|_| ())), "RuntimeNotRunning");
}

pub(crate) async fn after_a_failed_start_it_can_be_started(kit: &Kit) {
    let mut spec = kit.spec();
    spec.plugins.push(plugin(BROKEN));
    kit.start(spec).await.unwrap_err();
    kit.started().await;
    assert_eq!(
        kit.result("ECHO", json!({ "n": 1 })).await,
        json!({ "echo": { "n": 1 } })
    );
}

pub(crate) async fn a_higher_fence_replaces_what_runs(kit: &Kit) {
    kit.started().await;
    let newer = async {
        kit.under_way(1).await;
        kit.start(kit.under(2)).await
    };
    let (outcome, info) = join(kit.invoke(kit.slow(LONG_MS)), newer).await;
    assert_eq!(info.unwrap().fence, Fence(2));
    let ending = outcome.unwrap().ending;
    assert!(
        ["cancelled", "crashed"].contains(&ending.name()),
        "{ending:?}"
    );
    let running = RuntimeStatus::Running {
        fence: Fence(2),
        in_flight: 0,
    };
    assert_eq!(kit.status().await, running);
}

pub(crate) async fn another_engine_is_refused(kit: &Kit) {
    let mut spec = kit.spec();
    spec.engine = "steam".parse().unwrap();
    assert_eq!(tag(kit.start(spec).await.map(|_| ())), "UnsupportedEngine");
    let steam: Engine = "steam".parse().unwrap();
    assert_eq!(kit.executor().enforcement(&steam), None);
}

pub(crate) async fn no_plugins_are_refused(kit: &Kit) {
    let mut spec = kit.spec();
    spec.plugins.clear();
    assert_eq!(tag(kit.start(spec).await.map(|_| ())), "InvalidRuntimeSpec");
}

pub(crate) async fn what_is_enforced_is_named(kit: &Kit) {
    let enforcement = kit.executor().enforcement(&kit.fixture.engine());
    let enforcement = enforcement.expect("it runs its own engine");
    assert!(
        enforcement
            .barriers
            .values()
            .all(|mechanism| !mechanism.is_empty())
    );
}
