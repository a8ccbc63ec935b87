//! What counts against a plugin, and how long trying may take as a whole.

use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{Limit, Seq, ThingId, Timestamp};
use plugin_lifecycle::{
    Blame, Breaker, Call, EventCause, ExecutionLease, Policy, RetryPolicy, RunFilter, RunOutcome,
    StateKind, Tenant,
};
use plugin_runtime_api::{ComponentKind, Effect, Ending, PluginFailure, Script};
use serde_json::json;

use crate::events::{HANDLER, dispatch, happens, subscribe, world_with};
use crate::retry::Rig;
use crate::world::{KNOWLEDGE, World, component};

fn lease(timeout_ms: Option<u64>, cause: Option<EventCause>) -> ExecutionLease {
    ExecutionLease {
        kind: ComponentKind::Action,
        component: "A".parse().unwrap(),
        effect: Effect::ReadOnly,
        key: "k".parse().unwrap(),
        attempt: 1,
        cancel_asked: None,
        input: None,
        cause,
        seat: None,
        timeout_ms,
        began: Timestamp::EPOCH,
        lease_until: Timestamp::EPOCH,
    }
}

#[test]
fn who_is_to_blame() {
    let policy = Policy::default();
    let told = EventCause {
        subscription: ThingId::of_name(&["subscription"]),
        seq: Seq::new(7),
        depth: 1,
    };
    let leases = [
        ("its own time", lease(None, None)),
        ("little time", lease(Some(7_499), None)),
        ("less time", lease(Some(7_500), None)),
        ("an event", lease(None, Some(told))),
    ];
    let closed = Breaker::default();
    let tried = Breaker::Open {
        until: Timestamp::EPOCH,
        passed: 0,
    };
    let mut table = String::new();
    for (name, breaker) in [("closed", closed), ("tried", tried)] {
        for (of, lease) in &leases {
            let blame = |outcome: &&RunOutcome| Blame::of(**outcome, lease, &breaker, &policy);
            let free = RunOutcome::ALL
                .iter()
                .filter(|it| blame(it) == Blame::Nobody);
            let free: Vec<&str> = free.map(|outcome| outcome.as_str()).collect();
            if !free.is_empty() {
                table.push_str(&format!("{name}, {of}: {}\n", free.join(", ")));
            }
        }
    }
    insta::assert_snapshot!(table.trim_end(), @r"
    closed, little time: timed_out
    closed, an event: succeeded, refused, failed, timed_out, out_of_memory, cancelled, not_run, unknown
    tried, an event: succeeded, refused, failed, timed_out, out_of_memory, cancelled, not_run, unknown
    ");
}

fn hurry(tenant: &Tenant, instance: ThingId, time: Duration) -> Ending {
    let call = Call::action("SEARCH_KNOWLEDGE", json!({})).unwrap();
    let done = block_on(tenant.call(instance, call.within(time))).unwrap();
    done.outcome.ending
}

#[test]
fn a_caller_in_a_hurry_closes_a_plugin_for_nobody() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    for _ in 0..12 {
        world.executor.script("SEARCH_KNOWLEDGE", Script::TimeOut);
        let ending = hurry(&acme, instance, Duration::from_millis(5));
        assert!(matches!(ending, Ending::TimedOut { .. }));
    }
    let row = block_on(acme.instance(instance)).unwrap().properties;
    assert!(row.breaker.is_fresh() && row.errors.recent.is_empty());
    assert_eq!(row.lifecycle.kind(), StateKind::Active);
    // With the time that the policy gives it counts.
    world.executor.script("SEARCH_KNOWLEDGE", Script::TimeOut);
    hurry(&acme, instance, Duration::from_secs(30));
    let row = block_on(acme.instance(instance)).unwrap().properties;
    assert_eq!(
        (row.breaker, row.errors.in_a_row),
        (Breaker::Closed { failures: 1 }, 1)
    );
}

/// A world whose plugin has an action and a handler of events.
fn listening() -> World {
    let world = world_with(Policy::default());
    let components = vec![
        component(ComponentKind::Event, HANDLER),
        component(ComponentKind::Action, "SEARCH_KNOWLEDGE"),
    ];
    world
        .executor
        .plugin(KNOWLEDGE.parse().unwrap(), components);
    world
}

#[test]
fn one_bad_event_closes_a_plugin_for_nobody() {
    let world = listening();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let subscription = subscribe(&acme, instance, &["course_created"], HANDLER);
    let poison = Script::Fail(PluginFailure::new("TypeError", "x is undefined"));
    world.executor.always(HANDLER, poison);
    for what in 0..4 {
        happens(&world, "acme", "course_created", what);
    }
    for _ in 0..20 {
        dispatch(&world);
        world.pass(301);
    }
    world.executor.always(HANDLER, Script::OutOfMemory);
    happens(&world, "acme", "course_created", 4);
    for _ in 0..8 {
        dispatch(&world);
        world.pass(301);
    }
    let letters = block_on(acme.dead_letters(Some(subscription))).unwrap();
    assert_eq!(letters.len(), 5);
    let row = block_on(acme.instance(instance)).unwrap().properties;
    assert_eq!(row.lifecycle.kind(), StateKind::Active);
    assert!(row.breaker.is_fresh() && row.errors.recent.is_empty());
    let executed = block_on(acme.execute(instance, "SEARCH_KNOWLEDGE", json!({})));
    assert!(matches!(executed.unwrap().ending, Ending::Succeeded { .. }));
}

#[test]
fn events_that_go_well_do_not_hide_that_calls_fail() {
    let world = listening();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    subscribe(&acme, instance, &["course_created"], HANDLER);
    let fails = Script::Fail(PluginFailure::new("TypeError", "x is undefined"));
    world.executor.always("SEARCH_KNOWLEDGE", fails);
    for what in 0..5 {
        block_on(acme.execute(instance, "SEARCH_KNOWLEDGE", json!({}))).unwrap();
        happens(&world, "acme", "course_created", what);
        dispatch(&world);
    }
    let refused = block_on(acme.execute(instance, "SEARCH_KNOWLEDGE", json!({})));
    assert_eq!(refused.unwrap_err().tag(), "BreakerOpen");
}

#[test]
fn a_hang_that_is_tried_in_a_hurry_is_held_back_again() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    world.executor.always("SEARCH_KNOWLEDGE", Script::TimeOut);
    for _ in 0..5 {
        hurry(&acme, instance, Duration::from_secs(30));
    }
    world.pass(61);
    hurry(&acme, instance, Duration::from_millis(5));
    let again = Call::action("SEARCH_KNOWLEDGE", json!({})).unwrap();
    let refused = block_on(acme.call(instance, again.within(Duration::from_millis(5))));
    assert_eq!(refused.unwrap_err().tag(), "BreakerOpen");
}

#[test]
fn a_rerun_has_the_time_of_the_first() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    hurry(&acme, instance, Duration::from_millis(1_500));
    let runs = |after| {
        block_on(acme.runs(instance, &RunFilter::default(), after, Limit::new(10)))
            .unwrap()
            .runs
    };
    let first = runs(Seq::START).remove(0);
    assert_eq!(first.timeout_ms, Some(1_500));
    block_on(acme.rerun(instance, first.execution)).unwrap();
    assert_eq!(runs(first.seq).remove(0).timeout_ms, Some(1_500));
}

#[test]
fn trying_again_ends_in_time() {
    // Each attempt takes all of its time: 100 s. A third might end after 300 s.
    let rig = Rig::new(Effect::ReadOnly, Policy::default());
    let clock = rig.world.clock.clone();
    rig.world.executor.always(
        "SEARCH_KNOWLEDGE",
        Script::run(move |_| {
            clock.advance(Duration::from_secs(100));
            async { Ending::TimedOut { after_ms: 100_000 } }
        }),
    );
    let call = Call::action("SEARCH_KNOWLEDGE", json!({})).unwrap();
    let call = call.within(Duration::from_secs(100));
    let execution = block_on(rig.acme.call(rig.instance, call)).unwrap();
    assert_eq!(execution.attempts, 2);
    let policy = RetryPolicy::default();
    let seconds = Duration::from_secs;
    assert!(policy.is_time(seconds(200), seconds(70), seconds(30)));
    assert!(!policy.is_time(seconds(200), seconds(71), seconds(30)));
    assert!(!policy.is_time(Duration::MAX, seconds(1), seconds(1)));
}
