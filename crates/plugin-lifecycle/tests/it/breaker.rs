//! The breaker, against a model that remembers everything, and in the manager.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{ThingId, Timestamp};
use plugin_lifecycle::{
    Breaker, BreakerPolicy, ExecutionLease, ManagerError, Policy, Run, Sign, Tenant, why,
};
use plugin_runtime_api::{ComponentKind, Effect, Ending, PluginFailure, Script};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::abandoned::abandon;
use crate::world::World;

/// How long an execution may take.
const LEASE: u64 = 40;

fn lease(began: u64) -> ExecutionLease {
    ExecutionLease {
        cause: None,
        timeout_ms: None,
        kind: ComponentKind::Action,
        component: "A".parse().unwrap(),
        effect: Effect::NonIdempotent,
        key: "k".parse().unwrap(),
        attempt: 1,
        cancel_asked: None,
        input: None,
        seat: None,
        began: at(began),
        lease_until: at(began + LEASE),
    }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::EPOCH.plus(Duration::from_secs(seconds))
}

/// What the textbook says: three modes, probes by their names, each execution with the period it
/// belongs to. A new period begins when the breaker opens.
#[derive(Debug)]
struct Textbook {
    failures: u32,
    pause: u64,
    probes: usize,
    period: u32,
    mode: Mode,
}

#[derive(Debug)]
enum Mode {
    Closed { in_a_row: u32 },
    Open { at: u64, passed: usize },
}

/// An execution under way: when it began, in which period, and whether it is a probe.
#[derive(Clone, Debug)]
struct Running {
    began: u64,
    period: u32,
    probe: bool,
}

impl Textbook {
    fn begin(&self, running: &[Running], now: u64) -> Result<Running, u64> {
        let probe = match self.mode {
            Mode::Closed { .. } => false,
            Mode::Open { at, .. } if now < at + self.pause => return Err(at + self.pause),
            Mode::Open { passed, .. } => {
                let mine =
                    |it: &&Running| it.probe && it.period == self.period && it.began + LEASE > now;
                let mine: Vec<&Running> = running.iter().filter(mine).collect();
                if mine.len() + passed >= self.probes {
                    let first = mine.iter().map(|it| it.began + LEASE).min();
                    return Err(first.unwrap());
                }
                true
            }
        };
        Ok(Running {
            began: now,
            period: self.period,
            probe,
        })
    }

    fn end(&mut self, ended: &Running, sign: Sign, now: u64) {
        // What began before it opened is from before, as long as it is not closed.
        if matches!(self.mode, Mode::Open { .. }) && ended.period != self.period {
            return;
        }
        let mode = match (&self.mode, sign) {
            (_, Sign::Nothing) => return,
            (Mode::Closed { .. }, Sign::Good) => Mode::Closed { in_a_row: 0 },
            (Mode::Closed { in_a_row }, Sign::Bad) if in_a_row + 1 < self.failures => {
                Mode::Closed {
                    in_a_row: in_a_row + 1,
                }
            }
            (Mode::Open { at, passed }, Sign::Good) if passed + 1 < self.probes => Mode::Open {
                at: *at,
                passed: passed + 1,
            },
            (Mode::Open { .. }, Sign::Good) => Mode::Closed { in_a_row: 0 },
            (Mode::Closed { .. } | Mode::Open { .. }, Sign::Bad) => {
                self.period += 1;
                Mode::Open { at: now, passed: 0 }
            }
        };
        self.mode = mode;
    }
}

#[derive(Clone, Debug)]
enum Step {
    Begin,
    End(prop::sample::Index, Sign),
    /// Nobody knows how it ended.
    Lose(prop::sample::Index),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let sign = prop_oneof![
        3 => Just(Sign::Bad),
        3 => Just(Sign::Good),
        1 => Just(Sign::Nothing),
    ];
    let step = prop_oneof![
        6 => Just(Step::Begin),
        5 => (any::<prop::sample::Index>(), sign).prop_map(|(which, sign)| Step::End(which, sign)),
        1 => any::<prop::sample::Index>().prop_map(Step::Lose),
        3 => (1_u64..30).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..120)
}

proptest! {
    #[test]
    fn it_is_the_textbook_s(steps in steps(), failures in 1_u32..4, probes in 1_u32..4, pause in 1_u64..60) {
        let policy = BreakerPolicy { failures, pause: Duration::from_secs(pause), probes };
        let mut textbook = Textbook {
            failures, pause, probes: probes as usize, period: 0, mode: Mode::Closed { in_a_row: 0 },
        };
        let mut breaker = Breaker::default();
        let mut running: Vec<Running> = Vec::new();
        let mut now = 1000;
        for step in steps {
            match step {
                Step::Begin => {
                    let leases: Vec<ExecutionLease> = running.iter().map(|it| lease(it.began)).collect();
                    let admitted = breaker.admits(&policy, &leases, at(now));
                    match textbook.begin(&running, now) {
                        Ok(begun) => {
                            prop_assert_eq!(admitted, Ok(()));
                            running.push(begun);
                        }
                        Err(retry_at) => {
                            prop_assert_eq!(admitted.map_err(|held| held.retry_at), Err(at(retry_at)));
                        }
                    }
                }
                Step::End(which, sign) if !running.is_empty() => {
                    let ended = running.remove(which.index(running.len()));
                    textbook.end(&ended, sign, now);
                    breaker = breaker.after(&policy, at(ended.began), sign, at(now));
                }
                Step::Lose(which) if !running.is_empty() => {
                    running.remove(which.index(running.len()));
                }
                Step::Pass(seconds) => now += seconds,
                Step::End(..) | Step::Lose(_) => {}
            }
            let kept: Breaker = serde_json::from_value(serde_json::to_value(breaker).unwrap()).unwrap();
            prop_assert_eq!(kept, breaker);
        }
    }
}

#[test]
fn every_ending_says_something_or_nothing() {
    let error = PluginFailure::new("E", "m");
    let table = [
        (
            Ending::Succeeded {
                output: Value::Null,
            },
            Sign::Good,
        ),
        (Ending::Failed { error }, Sign::Bad),
        (Ending::TimedOut { after_ms: 1 }, Sign::Bad),
        (Ending::OutOfMemory { limit_bytes: 1 }, Sign::Bad),
        (
            Ending::Crashed {
                reason: String::new(),
            },
            Sign::Bad,
        ),
        (
            Ending::Refused {
                reason: String::new(),
            },
            Sign::Nothing,
        ),
        (Ending::Cancelled, Sign::Nothing),
    ];
    for (ending, sign) in table {
        assert_eq!(Sign::of(&ending), sign, "{}", ending.name());
    }
    assert_eq!(Sign::of_error(&ManagerError::Superseded), Sign::Nothing);
}

#[test]
fn a_smaller_policy_leaves_no_breaker_open_for_ever() {
    let before = BreakerPolicy::default();
    let open = Breaker::Open {
        until: at(10),
        passed: 2,
    };
    let smaller = BreakerPolicy {
        probes: 1,
        ..before
    };
    assert!(open.admits(&smaller, [], at(10)).is_ok());
    let closed = open.after(&smaller, at(10), Sign::Good, at(11));
    assert_eq!(closed, Breaker::default());
}

fn search(tenant: &Tenant, instance: ThingId) -> Result<Ending, ManagerError> {
    let outcome = block_on(tenant.execute(instance, "SEARCH_KNOWLEDGE", json!({})))?;
    Ok(outcome.ending)
}

fn fails(world: &World, times: usize) {
    for _ in 0..times {
        world.executor.script("SEARCH_KNOWLEDGE", Script::TimeOut);
    }
}

#[test]
fn a_plugin_that_keeps_failing_is_held_back_and_then_tried() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    fails(&world, 5);
    for _ in 0..5 {
        search(&acme, instance).unwrap();
        world.pass(1);
    }
    let refused = search(&acme, instance).unwrap_err();
    assert_eq!(refused.tag(), "BreakerOpen");
    insta::assert_snapshot!(refused.to_string(), @"the plugin failed too often in a row; try again at 2026-11-20T12:01:04.000000Z");
    assert_eq!(world.executor.runs("SEARCH_KNOWLEDGE"), 5);
    let row = block_on(acme.instance(instance)).unwrap().properties;
    let now = row.installed_at.unwrap();
    insta::assert_snapshot!(why(&row, "alice", now), @"alice started it, and it failed too often in a row: it is used again from 2026-11-20T12:01:04.000000Z on, or once it is configured.");
    // Another host reads the same row.
    let uma = world.tenant("uma", "acme");
    assert_eq!(search(&uma, instance).unwrap_err().tag(), "BreakerOpen");
    world.pass(60);
    // Half open: three are tried at most.
    let hanging = Script::hang_then(Script::Succeed(Value::Null));
    for _ in 0..3 {
        world.executor.script("SEARCH_KNOWLEDGE", hanging.clone());
        abandon(acme.execute(instance, "SEARCH_KNOWLEDGE", json!({})));
    }
    assert_eq!(search(&acme, instance).unwrap_err().tag(), "BreakerOpen");
    // They are lost, and their places are free; three that succeed close it.
    world.pass(100);
    block_on(world.manager.recover([acme.group().id]));
    for _ in 0..4 {
        search(&acme, instance).unwrap();
    }
    let row = block_on(acme.instance(instance)).unwrap().properties;
    assert!(row.breaker.is_fresh());
    let trail = block_on(acme.audit(instance)).unwrap().events;
    let says = |name: &str| {
        let ends = trail.iter().filter_map(|e| Run::of(e).map(|_| e));
        ends.filter(|e| e.metadata.get(name).is_some()).count()
    };
    assert_eq!((says("held_back_until"), says("breaker")), (1, 1));
}

#[test]
fn one_that_fails_while_it_is_tried_opens_it_again() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    fails(&world, 6);
    for _ in 0..5 {
        search(&acme, instance).unwrap();
    }
    world.pass(60);
    search(&acme, instance).unwrap();
    assert_eq!(search(&acme, instance).unwrap_err().tag(), "BreakerOpen");
    let settings = BTreeMap::from([("CHUNK_SIZE".to_owned(), json!(400))]);
    block_on(acme.configure(instance, settings)).unwrap();
    search(&acme, instance).unwrap();
}

#[test]
fn what_is_held_back_spends_nothing() {
    let mut policy = Policy::default();
    policy.executions = one_ontology::BudgetRule::window(6, Duration::from_secs(60));
    let world = World::with_policy(policy);
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    fails(&world, 5);
    for _ in 0..5 {
        search(&acme, instance).unwrap();
    }
    for _ in 0..10 {
        assert_eq!(search(&acme, instance).unwrap_err().tag(), "BreakerOpen");
    }
    let settings = BTreeMap::from([("CHUNK_SIZE".to_owned(), json!(400))]);
    block_on(acme.configure(instance, settings)).unwrap();
    search(&acme, instance).unwrap();
    assert_eq!(search(&acme, instance).unwrap_err().tag(), "RateLimited");
}
