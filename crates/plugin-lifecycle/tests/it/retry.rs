//! What is tried again: laws of the waits, and what the manager makes of them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::executor::block_on;
use one_ontology::{Clock as _, ManualClock, ThingId, Timestamp};
use plugin_lifecycle::{
    Breaker, Call, Execution, ManagerError, Policy, RetryPolicy, StateKind, Tenant, Trouble,
    UsageWindow,
};
use plugin_runtime_api::{
    ComponentKind, Effect, Ending, ExecutionId, ExecutorError, PluginFailure, Script, Timer,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{KNOWLEDGE, World, component, group, person};

fn policies() -> impl Strategy<Value = RetryPolicy> {
    (0_u32..70, 0_u64..100_000, 0_u64..1_000_000).prop_map(|(retries, first, longest)| {
        RetryPolicy {
            retries,
            first: Duration::from_millis(first),
            longest: Duration::from_millis(longest),
            ..RetryPolicy::default()
        }
    })
}

fn executions() -> impl Strategy<Value = ExecutionId> {
    any::<u128>().prop_map(|bits| ExecutionId::from_uuid(Uuid::from_u128(bits)))
}

proptest! {
    #[test]
    fn what_counts_each_time_is_never_tried_again(policy in policies(), execution in executions(), attempt in any::<u32>()) {
        prop_assert_eq!(policy.wait(Effect::NonIdempotent, execution, attempt), None);
    }

    #[test]
    fn a_wait_is_the_doubled_one_give_or_take_a_quarter(policy in policies(), execution in executions(), attempt in 0_u32..80) {
        let wait = policy.wait(Effect::ReadOnly, execution, attempt);
        prop_assert_eq!(wait, policy.wait(Effect::Idempotent, execution, attempt));
        prop_assert_eq!(wait.is_some(), (1..=policy.retries).contains(&attempt));
        let Some(wait) = wait else { return Ok(()) };
        // The oracle doubles step by step.
        let mut plain = policy.first.min(policy.longest);
        for _ in 1..attempt {
            plain = (plain * 2).min(policy.longest);
        }
        prop_assert!(wait <= policy.longest);
        prop_assert!(wait + Duration::from_micros(1) >= plain * 3 / 4, "{wait:?} of {plain:?}");
        prop_assert!(wait <= plain * 5 / 4, "{wait:?} of {plain:?}");
    }
}

#[test]
fn many_that_failed_together_do_not_come_back_together() {
    let policy = RetryPolicy::default();
    let waits: BTreeSet<u128> = (0..1000)
        .map(|n| {
            let execution = ExecutionId::from_uuid(Uuid::from_u128(n));
            policy
                .wait(Effect::ReadOnly, execution, 1)
                .unwrap()
                .as_millis()
        })
        .collect();
    assert!(waits.len() > 300, "{}", waits.len());
    let span = waits.last().unwrap() - waits.first().unwrap();
    assert!(span > 450, "{span} ms");
}

#[test]
fn only_what_passes_by_itself_is_trouble() {
    let error = PluginFailure::new("E", "m");
    let reason = String::new;
    let table = [
        (
            Ending::Succeeded {
                output: Value::Null,
            },
            None,
        ),
        (Ending::Failed { error }, None),
        (Ending::OutOfMemory { limit_bytes: 1 }, None),
        (Ending::Refused { reason: reason() }, None),
        (Ending::Cancelled, None),
        (Ending::TimedOut { after_ms: 1 }, Some(Trouble::TimedOut)),
        (Ending::Crashed { reason: reason() }, Some(Trouble::Crashed)),
    ];
    for (ending, trouble) in table {
        assert_eq!(Trouble::of(&ending), trouble, "{}", ending.name());
    }
    let unavailable = ExecutorError::Unavailable { reason: reason() };
    let of = |error| Trouble::of_error(&ManagerError::Executor(error));
    assert_eq!(of(unavailable), Some(Trouble::Unavailable));
    let missing = ExecutorError::ArtifactMissing { location: reason() };
    assert_eq!(of(missing), None);
    assert_eq!(Trouble::of_error(&ManagerError::LeaseTooShort), None);
}

/// A timer by which time passes at once.
#[derive(Debug)]
pub(crate) struct Jump(pub(crate) Arc<ManualClock>);

#[async_trait]
impl Timer for Jump {
    async fn sleep_until(&self, moment: Timestamp) {
        let now = self.0.now();
        self.0.advance(moment.since(now));
    }
}

/// A world whose `SEARCH_KNOWLEDGE` has this effect, and a host with a timer in it.
pub(crate) struct Rig {
    pub(crate) world: World,
    pub(crate) acme: Tenant,
    pub(crate) instance: ThingId,
}

impl Rig {
    pub(crate) fn new(effect: Effect, policy: Policy) -> Self {
        let world = World::with_policy(policy);
        let mut action = component(ComponentKind::Action, "SEARCH_KNOWLEDGE");
        action.effect = effect;
        world
            .executor
            .plugin(KNOWLEDGE.parse().unwrap(), vec![action]);
        let timer = Arc::new(Jump(world.clock.clone()));
        let manager = world.manager.clone().with_timer(timer);
        let acme = block_on(manager.tenant(person("alice"), group("acme"))).unwrap();
        let instance = world.active(&acme);
        Self {
            world,
            acme,
            instance,
        }
    }

    fn script(&self, scripts: impl IntoIterator<Item = Script>) {
        for script in scripts {
            self.world.executor.script("SEARCH_KNOWLEDGE", script);
        }
    }

    fn search(&self) -> Result<Execution, ManagerError> {
        let call = Call::action("SEARCH_KNOWLEDGE", json!({})).unwrap();
        block_on(self.acme.call(self.instance, call))
    }

    fn runs(&self) -> u32 {
        self.world.executor.runs("SEARCH_KNOWLEDGE")
    }
}

#[test]
fn what_times_out_is_tried_again_and_each_attempt_is_written() {
    let rig = Rig::new(Effect::ReadOnly, Policy::default());
    let before = rig.world.clock.now();
    rig.script([
        Script::TimeOut,
        Script::Unavailable("no process".to_owned()),
    ]);
    let execution = rig.search().unwrap();
    assert!(matches!(execution.outcome.ending, Ending::Succeeded { .. }));
    assert_eq!((execution.attempts, rig.runs()), (3, 2), "one never ran");
    let waited = rig.world.clock.now().since(before).as_secs_f64();
    assert!((2.25..=3.75).contains(&waited), "{waited}");
    let trail = block_on(rig.acme.audit(rig.instance)).unwrap().events;
    let of = trail
        .iter()
        .filter(|e| e.metadata.get("execution").is_some());
    let said: Vec<String> = of
        .map(|e| {
            let text = |name| {
                e.metadata
                    .get(name)
                    .map_or("-".to_owned(), Value::to_string)
            };
            let names = ["attempt", "after", "outcome", "attempts"];
            format!("{} {}", e.event_type, names.map(text).join(" "))
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    plugin_action_initiated - - - -
    plugin_action_initiated 2 "timed_out" - -
    plugin_action_initiated 3 "unavailable" - -
    plugin_action_executed - - "succeeded" 3
    "#);
    let usage = block_on(rig.acme.usage(rig.instance, UsageWindow::Hour)).unwrap();
    assert_eq!((usage.executions, usage.succeeded), (1, 1));
    let row = block_on(rig.acme.instance(rig.instance))
        .unwrap()
        .properties;
    assert!(row.executions.is_empty() && row.breaker.is_fresh());
    assert_eq!(row.lifecycle.kind(), StateKind::Active);
}

#[test]
fn it_ends_as_the_last_attempt_did() {
    let rig = Rig::new(Effect::ReadOnly, Policy::default());
    rig.script(vec![Script::TimeOut; 4]);
    let execution = rig.search().unwrap();
    assert!(matches!(execution.outcome.ending, Ending::TimedOut { .. }));
    assert_eq!((execution.attempts, rig.runs()), (4, 4));
    let row = block_on(rig.acme.instance(rig.instance))
        .unwrap()
        .properties;
    assert_eq!(row.breaker, Breaker::Closed { failures: 4 });
    assert_eq!(row.errors.in_a_row, 1, "one execution failed, not four");
}

#[test]
fn what_counts_or_would_fail_again_runs_once() {
    let failure = PluginFailure::new("TypeError", "x is undefined");
    let crash = || Script::Crash("signal 11".to_owned());
    let table = [
        (Effect::NonIdempotent, Script::TimeOut),
        (Effect::NonIdempotent, crash()),
        (Effect::ReadOnly, Script::Fail(failure)),
        (Effect::ReadOnly, Script::Refuse("no".to_owned())),
        (Effect::ReadOnly, Script::OutOfMemory),
    ];
    for (effect, script) in table {
        let rig = Rig::new(effect, Policy::default());
        rig.script([script.clone()]);
        let execution = rig.search().unwrap();
        assert_eq!(execution.attempts, 1, "{effect} {script:?}");
        assert!(rig.runs() <= 1, "{effect} {script:?}");
    }
    // Nothing waits where there is no timer.
    let rig = Rig::new(Effect::ReadOnly, Policy::default());
    rig.script([Script::TimeOut]);
    let without = rig.world.tenant("alice", "acme");
    let call = Call::action("SEARCH_KNOWLEDGE", Value::Null).unwrap();
    let execution = block_on(without.call(rig.instance, call)).unwrap();
    assert_eq!((execution.attempts, rig.runs()), (1, 1));
}

#[test]
fn after_a_crash_the_runtime_is_started_for_the_next_attempt() {
    let rig = Rig::new(Effect::Idempotent, Policy::default());
    rig.script([Script::Crash("signal 11".to_owned())]);
    let execution = rig.search().unwrap();
    assert!(matches!(execution.outcome.ending, Ending::Succeeded { .. }));
    assert_eq!(execution.attempts, 2);
    let row = block_on(rig.acme.instance(rig.instance))
        .unwrap()
        .properties;
    assert_eq!(row.lifecycle.kind(), StateKind::Active);
}

#[test]
fn to_the_plugin_all_attempts_are_one_request() {
    let rig = Rig::new(Effect::Idempotent, Policy::default());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&seen);
    rig.world.executor.always(
        "SEARCH_KNOWLEDGE",
        Script::run(move |call| {
            let asked = call.invocation();
            let mut seen = into.lock().unwrap();
            seen.push((asked.execution, asked.carried().clone(), asked.key.clone()));
            async { Ending::TimedOut { after_ms: 1 } }
        }),
    );
    rig.search().unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 4);
    let same: BTreeSet<_> = seen.iter().map(|(of, carried, _)| (of, carried)).collect();
    let keys: BTreeSet<_> = seen.iter().map(|(_, _, key)| key).collect();
    assert_eq!((same.len(), keys.len()), (1, 4));
}

#[test]
fn a_breaker_that_opens_ends_the_trying() {
    let mut policy = Policy::default();
    policy.breaker.failures = 2;
    let rig = Rig::new(Effect::ReadOnly, policy);
    rig.script(vec![Script::TimeOut; 4]);
    let execution = rig.search().unwrap();
    assert_eq!((execution.attempts, rig.runs()), (2, 2));
    assert_eq!(rig.search().unwrap_err().tag(), "BreakerOpen");
}

#[test]
fn an_execution_has_the_time_it_asks_for_up_to_a_bound() {
    let rig = Rig::new(Effect::ReadOnly, Policy::default());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&seen);
    rig.world.executor.always(
        "SEARCH_KNOWLEDGE",
        Script::run(move |call| {
            into.lock().unwrap().push(call.invocation().timeout_ms);
            async {
                Ending::Succeeded {
                    output: Value::Null,
                }
            }
        }),
    );
    let within = |seconds| {
        let call = Call::action("SEARCH_KNOWLEDGE", Value::Null).unwrap();
        let call = call.within(Duration::from_secs(seconds));
        block_on(rig.acme.call(rig.instance, call))
    };
    rig.search().unwrap();
    within(1).unwrap();
    within(300).unwrap();
    let refused = within(301).unwrap_err();
    assert_eq!(refused.tag(), "DeadlineTooLong");
    insta::assert_snapshot!(refused.to_string(), @"an execution may take 300 s at most, not 301 s");
    assert_eq!(*seen.lock().unwrap(), [30_000, 1_000, 300_000]);
}
