//! Whoever holds a lower fence is from the past and may do nothing.

use std::time::Duration;

use futures::executor::block_on;
use plugin_runtime_api::{
    Barrier, ComponentKind, Engine, Executor as _, Fence, IsolationLevel, RuntimeStatus,
};
use serde_json::json;

use crate::support::Bench;

#[test]
fn the_same_spec_and_fence_give_the_same_worker() {
    let Some(bench) = Bench::of_action("return process.pid") else {
        return;
    };
    let both = [(), ()].map(|()| bench.executor.start(bench.spec.clone(), bench.host.clone()));
    let both = block_on(futures::future::join_all(both));
    assert_eq!(both.first(), both.last());
    let pid = bench.result(json!({}));
    assert_eq!(bench.start(), both.first().unwrap().clone().unwrap());
    assert_eq!(bench.result(json!({})), pid);
    let mut changed = bench.spec.clone();
    changed.limits.host_calls = 1;
    let error = block_on(bench.executor.start(changed, bench.host.clone())).unwrap_err();
    assert_eq!(error.tag(), "InvalidRuntimeSpec");
}

#[test]
fn a_lower_fence_is_refused_everywhere() {
    let Some(mut bench) = Bench::of_action("return process.pid") else {
        return;
    };
    bench.start();
    let old_pid = bench.result(json!({}));
    let old = bench.spec.clone();
    let old_call = bench.call(ComponentKind::Action, "RUN", json!({}));
    bench.spec.fence = Fence(2);
    // A newer owner has to start the runtime before it can use it.
    let early = bench.call(ComponentKind::Action, "RUN", json!({}));
    assert_eq!(bench.invoke(early).unwrap_err().tag(), "RuntimeNotRunning");
    assert_eq!(
        bench.invoke(old_call.clone()).unwrap_err().tag(),
        "StaleFence"
    );
    bench.start();
    assert_ne!(
        bench.result(json!({})),
        old_pid,
        "a higher fence replaces the worker"
    );
    let stale = [
        block_on(bench.executor.start(old.clone(), bench.host.clone())).unwrap_err(),
        bench.invoke(old_call).unwrap_err(),
        block_on(bench.executor.stop(&old.runtime, old.fence, Duration::ZERO)).unwrap_err(),
    ];
    for error in stale {
        assert_eq!(error.tag(), "StaleFence");
    }
    assert!(bench.result(json!({})).is_u64());
}

#[test]
fn a_fence_counts_as_seen_also_where_nothing_runs() {
    let Some(bench) = Bench::of_action("return 1") else {
        return;
    };
    block_on(
        bench
            .executor
            .stop(&bench.spec.runtime, Fence(5), Duration::ZERO),
    )
    .unwrap();
    assert_eq!(bench.try_start().unwrap_err().tag(), "StaleFence");
    let status = block_on(bench.executor.status(&bench.spec.runtime));
    assert_eq!(status, Ok(RuntimeStatus::Stopped));
}

#[test]
fn it_reports_what_it_enforces_and_no_more() {
    let Some(bench) = Bench::of_action("return 1") else {
        return;
    };
    assert_eq!(bench.executor.enforcement(&Engine::Wasm), None);
    let found = bench.executor.enforcement(&Engine::Node).unwrap();
    assert_eq!(found.level, IsolationLevel::None);
    assert!(found.barriers.contains_key(&Barrier::Time));
    assert_eq!(
        found.barriers.contains_key(&Barrier::Memory),
        cfg!(target_os = "linux")
    );
    for barrier in [
        Barrier::Files,
        Barrier::Network,
        Barrier::Processes,
        Barrier::Processor,
    ] {
        assert!(found.missing().contains(&barrier));
    }
}
