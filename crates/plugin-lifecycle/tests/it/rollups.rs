//! Usage that is counted as executions end: the histogram against sorting, and the rows against
//! the trail.

use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{Clock as _, ThingId, Timestamp};
use plugin_lifecycle::{
    Histogram, Hours, Policy, Rollup, Run, RunOutcome, Tenant, UsageStatistics, UsageWindow,
    hour_of,
};
use plugin_runtime_api::{Ending, Script};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::World;

fn histogram(times: &[u64]) -> Histogram {
    let mut histogram = Histogram::default();
    for time in times {
        histogram.record(*time);
    }
    histogram
}

fn times() -> impl Strategy<Value = Vec<u64>> {
    let time = prop_oneof![
        0_u64..40,
        0_u64..1_000_000,
        any::<u64>(),
        (0_u32..64).prop_map(|n| 1 << n)
    ];
    prop::collection::vec(time, 0..200)
}

proptest! {
    #[test]
    fn a_quantile_is_the_nearest_rank_or_a_sixteenth_above(times in times(), percent in 0_u8..=100) {
        let told = histogram(&times).quantile(percent);
        let mut sorted = times;
        sorted.sort_unstable();
        let rank = (sorted.len() * usize::from(percent)).div_ceil(100).max(1);
        let exact = sorted.get(rank - 1).copied();
        prop_assert_eq!(told.is_some(), exact.is_some());
        let (Some(told), Some(exact)) = (told, exact) else { return Ok(()) };
        prop_assert!(told >= exact, "{told} of {exact}");
        prop_assert!(told - exact <= exact / 16, "{told} of {exact}");
    }

    #[test]
    fn parts_add_up_to_the_whole(one in times(), other in times()) {
        let mut sum = histogram(&one);
        sum.merge(&histogram(&other));
        let whole: Vec<u64> = one.iter().chain(&other).copied().collect();
        prop_assert_eq!(&sum, &histogram(&whole));
        prop_assert_eq!(sum.count(), whole.len() as u64);
        let kept: Histogram = serde_json::from_value(serde_json::to_value(&sum).unwrap()).unwrap();
        prop_assert_eq!(kept, sum);
    }

    #[test]
    fn hours_that_are_moved_are_neither_lost_nor_doubled(ends in prop::collection::vec((0_u64..200 * 3600, 0_usize..9), 1..60), now in 0_u64..300 * 3600) {
        let mut hours = Hours::default();
        for (second, outcome) in &ends {
            hours.count(at(*second), RunOutcome::ALL[*outcome], Some(*second));
        }
        let all = hours.since(Timestamp::EPOCH);
        prop_assert_eq!(all.executions(), ends.len() as u64);
        let mut moved = Hours::default();
        let mut last = None;
        while let Some((day, past)) = hours.take_past(at(now)) {
            prop_assert!(last < Some(day), "each day once, in order");
            last = Some(day);
            prop_assert!(!past.is_empty());
            moved.merge(&past);
        }
        let present = hour_of(at(now));
        prop_assert_eq!(moved.since(present), Rollup::default(), "the present hour stays");
        moved.merge(&hours);
        prop_assert_eq!(moved.since(Timestamp::EPOCH), all);
    }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::EPOCH.plus(Duration::from_secs(seconds))
}

/// What the trail says of the same window.
fn scanned(world: &World, tenant: &Tenant, instance: ThingId, seconds: u64) -> (u64, u64, u64) {
    let since = hour_of(world.clock.now().minus(Duration::from_secs(seconds)));
    let trail = block_on(tenant.audit(instance)).unwrap().events;
    let late = |e: &&one_ontology::Event| e.metadata.get("late").is_none();
    let runs = trail.iter().filter(late).filter_map(Run::of);
    let runs: Vec<Run> = runs.filter(|run| run.ended >= since).collect();
    let of = |outcome| runs.iter().filter(|run| run.outcome == outcome).count() as u64;
    (
        runs.len() as u64,
        of(RunOutcome::Succeeded),
        of(RunOutcome::Refused),
    )
}

fn told(usage: &UsageStatistics) -> (u64, u64, u64) {
    (usage.executions, usage.succeeded, usage.refused)
}

#[test]
fn what_is_counted_is_what_the_trail_says_hour_by_hour() {
    let mut policy = Policy::default();
    policy.errors_in_a_row = 1000;
    policy.errors_in_window = 1000;
    policy.breaker.failures = 1000;
    let world = World::with_policy(policy);
    let acme = world.tenant("alice", "acme");
    let mut instance = world.active(&acme);
    for n in 0_u64..120 {
        let script = match n % 7 {
            0 => Script::Refuse("no".to_owned()),
            1 => Script::TimeOut,
            2 => Script::Crash("signal 11".to_owned()),
            _ => Script::Succeed(Value::Null),
        };
        world.executor.script("SEARCH_KNOWLEDGE", script);
        let outcome = block_on(acme.execute(instance, "SEARCH_KNOWLEDGE", json!({}))).unwrap();
        if matches!(outcome.ending, Ending::Crashed { .. }) {
            block_on(acme.activate(instance)).unwrap();
        }
        // Within an hour, over an hour, over a day, over several.
        world.pass([40, 700, 3500, 9000, 90_000, 1][usize::try_from(n % 6).unwrap()]);
        if n % 10 == 0 {
            for (window, hours) in [
                (UsageWindow::Hour, 1),
                (UsageWindow::Day, 24),
                (UsageWindow::Week, 7 * 24),
                (UsageWindow::Month, 30 * 24),
            ] {
                let usage = block_on(acme.usage(instance, window)).unwrap();
                let scan = scanned(&world, &acme, instance, hours * 3600);
                assert_eq!(told(&usage), scan, "{window} after {n}");
            }
        }
    }
    // What is removed keeps what was counted of it; nobody else sees it.
    block_on(acme.deactivate(instance)).unwrap();
    let before = block_on(acme.usage(instance, UsageWindow::Month)).unwrap();
    block_on(acme.uninstall(instance)).unwrap();
    let after = block_on(acme.usage(instance, UsageWindow::Month)).unwrap();
    assert_eq!(before, after);
    assert!(before.executions > 50);
    let globex = world.tenant("gil", "globex");
    let foreign = block_on(globex.usage(instance, UsageWindow::Month)).unwrap();
    assert_eq!(foreign.executions, 0);
    instance = world.active(&acme);
    let anew = block_on(acme.usage(instance, UsageWindow::Month)).unwrap();
    assert_eq!(anew.executions, 0);
}

#[test]
fn what_crashes_and_what_is_lost_is_counted_once() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let hanging = Script::hang_then(Script::Succeed(Value::Null));
    world.executor.script("SEARCH_KNOWLEDGE", hanging);
    crate::abandoned::abandon(acme.execute(instance, "SEARCH_KNOWLEDGE", json!({})));
    world
        .executor
        .script("SEARCH_KNOWLEDGE", Script::Crash("signal 11".to_owned()));
    block_on(acme.execute(instance, "SEARCH_KNOWLEDGE", json!({}))).unwrap();
    let usage = block_on(acme.usage(instance, UsageWindow::Hour)).unwrap();
    assert_eq!((usage.executions, usage.failed), (2, 2));
    world.pass(1000);
    block_on(world.manager.recover([acme.group().id]));
    let later = block_on(acme.usage(instance, UsageWindow::Day)).unwrap();
    assert_eq!(later.executions, 2);
}
