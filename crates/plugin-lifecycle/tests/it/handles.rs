//! Long work: started, polled, watched, cancelled, abandoned.

use std::sync::Arc;

use futures::executor::block_on;
use futures::task::{Context, noop_waker_ref};
use futures::{StreamExt as _, future::join};
use one_ontology::{Seq, SequentialIds, ThingId};
use plugin_lifecycle::{
    Call, PluginManager, Policy, Progress, RunOutcome, SignOfLife, Started, StateKind, Tenant,
};
use plugin_runtime_api::{
    ComponentKind, Effect, Ending, Engine, ExecutionId, ManualTimer, Script, ScriptedExecutor,
};
use serde_json::{Value, json};

use crate::abandoned::abandon;
use crate::world::{KNOWLEDGE, World, component, group, person};

fn hanging() -> Script {
    Script::hang_then(Script::Succeed(json!({"n": 1})))
}

fn start(tenant: &Tenant, instance: ThingId) -> Started {
    let call = Call::action("SEARCH_KNOWLEDGE", json!({"query": "x"})).unwrap();
    block_on(tenant.start_call(instance, call)).unwrap()
}

fn ended(progress: Progress) -> RunOutcome {
    match progress {
        Progress::Ended(run) => run.outcome,
        other => panic!("{other:?}"),
    }
}

/// A host of its own on the same store and executor.
fn another_host(world: &World) -> Tenant {
    let manager = PluginManager::with_environment(
        world.store.clone(),
        world.store.clone(),
        world.executor.clone(),
        world.clock.clone(),
        Arc::new(SequentialIds::starting_at(1000)),
    );
    block_on(manager.tenant(person("uma"), group("acme"))).unwrap()
}

#[test]
fn what_is_started_runs_when_its_work_is_driven_and_tells_of_itself() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let Started { handle, work } = start(&acme, instance);
    assert!(matches!(
        block_on(handle.poll()).unwrap(),
        Progress::Running(_)
    ));
    assert_eq!(
        world.executor.runs("SEARCH_KNOWLEDGE"),
        0,
        "nobody drives it"
    );
    assert_eq!(block_on(handle.outcome()).unwrap(), None);
    let signs = handle.watch().collect::<Vec<_>>();
    let (execution, signs) = block_on(join(work, signs));
    let execution = execution.unwrap();
    assert_eq!(execution.execution, handle.execution());
    assert_eq!(
        ended(block_on(handle.poll()).unwrap()),
        RunOutcome::Succeeded
    );
    assert_eq!(
        block_on(handle.outcome()).unwrap(),
        Some(execution.outcome),
        "the executor remembers what it returned"
    );
    let signs: Vec<SignOfLife> = signs.into_iter().map(Result::unwrap).collect();
    assert!(
        matches!(
            &signs[..],
            [SignOfLife::Attempt { attempt: 1, .. }, SignOfLife::Ended(_)]
        ),
        "{signs:?}"
    );
    // Another host asks by its id, also long afterwards.
    let uma = another_host(&world);
    let progress = block_on(uma.progress(instance, handle.execution())).unwrap();
    assert_eq!(ended(progress), RunOutcome::Succeeded);
}

#[test]
fn what_is_cancelled_before_it_ran_does_not_run() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let Started { handle, work } = start(&acme, instance);
    block_on(handle.cancel()).unwrap();
    let execution = block_on(work).unwrap();
    assert_eq!(execution.outcome.ending, Ending::Cancelled);
    assert_eq!(world.executor.runs("SEARCH_KNOWLEDGE"), 0);
    assert_eq!(
        ended(block_on(handle.poll()).unwrap()),
        RunOutcome::Cancelled
    );
    let again = block_on(handle.cancel()).unwrap_err();
    assert_eq!(again.tag(), "ExecutionNotFound", "it is over");
    let row = block_on(acme.instance(instance)).unwrap().properties;
    assert_eq!(row.lifecycle.kind(), StateKind::Active);
    assert_eq!(row.errors.in_a_row, 0, "that was no error");
}

#[test]
fn what_another_host_cancels_while_it_waits_to_run_does_not_run() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let Started { handle, work } = start(&acme, instance);
    world.pass(1);
    block_on(another_host(&world).cancel(instance, handle.execution())).unwrap();
    let execution = block_on(work).unwrap();
    assert_eq!(execution.outcome.ending, Ending::Cancelled);
    assert_eq!(world.executor.runs("SEARCH_KNOWLEDGE"), 0);
}

#[test]
fn a_host_passes_on_what_another_one_cancels() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    world.executor.script("SEARCH_KNOWLEDGE", hanging());
    let Started { handle, work } = start(&acme, instance);
    let mut work = Box::pin(work);
    let mut context = Context::from_waker(noop_waker_ref());
    assert!(work.as_mut().poll(&mut context).is_pending());
    // Nobody asked for anything yet.
    block_on(acme.pass_cancels(instance)).unwrap();
    assert!(work.as_mut().poll(&mut context).is_pending());
    let elsewhere = PluginManager::with_environment(
        world.store.clone(),
        world.store.clone(),
        Arc::new(ScriptedExecutor::new([Engine::Node])),
        world.clock.clone(),
        Arc::new(SequentialIds::starting_at(500)),
    );
    let other = block_on(elsewhere.tenant(person("alice"), group("acme"))).unwrap();
    block_on(other.cancel(instance, handle.execution())).unwrap();
    assert!(
        work.as_mut().poll(&mut context).is_pending(),
        "an executor of its own knows nothing of this one"
    );
    block_on(acme.pass_cancels(instance)).unwrap();
    assert_eq!(block_on(work).unwrap().outcome.ending, Ending::Cancelled);
    // It is over, and asking again ends nothing else.
    block_on(acme.pass_cancels(instance)).unwrap();
}

#[test]
fn an_answer_that_was_lost_is_not_said_to_be_of_something_that_was_not_run() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    world.executor.script("SEARCH_KNOWLEDGE", Script::Lose);
    let Started { handle, work } = start(&acme, instance);
    assert_eq!(block_on(work).unwrap_err().tag(), "ExecutorUnavailable");
    assert_eq!(world.executor.runs("SEARCH_KNOWLEDGE"), 1);
    assert_eq!(ended(block_on(handle.poll()).unwrap()), RunOutcome::Unknown);
}

#[test]
fn what_runs_is_cancelled_from_any_host_and_the_trail_says_who_asked() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let uma = another_host(&world);
    for here in [true, false] {
        world.executor.script("SEARCH_KNOWLEDGE", hanging());
        let Started { handle, mut work } = start(&acme, instance);
        abandon(&mut work);
        assert_eq!(
            block_on(acme.instance(instance))
                .unwrap()
                .properties
                .executions
                .len(),
            1
        );
        if here {
            block_on(handle.cancel()).unwrap();
        } else {
            block_on(uma.cancel(instance, handle.execution())).unwrap();
        }
        let ended = block_on(work).unwrap();
        assert_eq!(ended.outcome.ending, Ending::Cancelled);
    }
    let trail = block_on(acme.audit(instance)).unwrap().events;
    let asked = trail
        .iter()
        .filter(|e| e.metadata.text("operation") == Some("cancel"));
    let asked: Vec<String> = asked.map(|e| e.actor.to_string()).collect();
    assert_eq!(asked.len(), 2);
    assert_ne!(asked[0], asked[1]);
}

#[test]
fn what_waits_to_be_tried_again_is_cancelled_too() {
    let world = World::new();
    let mut action = component(ComponentKind::Action, "SEARCH_KNOWLEDGE");
    action.effect = Effect::ReadOnly;
    world
        .executor
        .plugin(KNOWLEDGE.parse().unwrap(), vec![action]);
    let timer = Arc::new(ManualTimer::new(world.clock.clone()));
    let manager = world.manager.clone().with_timer(timer.clone());
    let acme = block_on(manager.tenant(person("alice"), group("acme"))).unwrap();
    let instance = world.active(&acme);
    for here in [true, false] {
        world.executor.script("SEARCH_KNOWLEDGE", Script::TimeOut);
        let before = world.executor.runs("SEARCH_KNOWLEDGE");
        let Started { handle, mut work } = start(&acme, instance);
        abandon(&mut work);
        assert_eq!(timer.sleeping().len(), 1);
        if here {
            block_on(handle.cancel()).unwrap();
        } else {
            block_on(another_host(&world).cancel(instance, handle.execution())).unwrap();
            timer.advance(std::time::Duration::from_secs(5));
        }
        let execution = block_on(work).unwrap();
        assert_eq!(execution.outcome.ending, Ending::Cancelled);
        assert_eq!(world.executor.runs("SEARCH_KNOWLEDGE"), before + 1);
    }
}

#[test]
fn work_that_is_dropped_falls_silent_and_is_ended_by_recovery() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let Started { handle, work } = start(&acme, instance);
    drop(work);
    assert!(matches!(
        block_on(handle.poll()).unwrap(),
        Progress::Running(_)
    ));
    world.pass(100);
    assert!(matches!(
        block_on(handle.poll()).unwrap(),
        Progress::Silent(_)
    ));
    block_on(world.manager.recover([acme.group().id]));
    let Progress::Ended(run) = block_on(handle.poll()).unwrap() else {
        panic!("it has ended");
    };
    assert_eq!(run.outcome, RunOutcome::Unknown);
    assert_eq!(run.input.unwrap().value, json!({"query": "x"}));
}

#[test]
fn what_is_refused_is_not_started_and_strangers_learn_nothing() {
    let mut policy = Policy::default();
    policy.executions = one_ontology::BudgetRule::window(1, std::time::Duration::from_secs(60));
    let world = World::with_policy(policy);
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let Started { handle, work } = start(&acme, instance);
    let call = Call::action("SEARCH_KNOWLEDGE", Value::Null).unwrap();
    let refused = block_on(acme.start_call(instance, call)).unwrap_err();
    assert_eq!(refused.tag(), "RateLimited");
    let (execution, nobody) = (handle.execution(), ExecutionId::of_name(&["nobody's"]));
    let globex = world.tenant("gil", "globex");
    let ask = |execution| {
        [
            block_on(globex.progress(instance, execution)).map(drop),
            block_on(globex.cancel(instance, execution)),
            block_on(globex.rerun(instance, execution)).map(drop),
        ]
        .map(|asked| asked.unwrap_err().tag())
    };
    assert_eq!(ask(execution), ask(nobody));
    let customer = world.tenant("carl", "acme");
    assert_eq!(
        block_on(customer.cancel(instance, execution))
            .unwrap_err()
            .tag(),
        "OperationDenied"
    );
    let signs = customer.signs_of_life(execution, Seq::START);
    let signs = block_on(signs.collect::<Vec<_>>());
    assert_eq!(signs.len(), 1);
    assert_eq!(signs[0].as_ref().unwrap_err().tag(), "OperationDenied");
    block_on(work).unwrap();
}
