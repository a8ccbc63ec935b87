//! What agents leave behind when a grant, a character or a version changes while something of them is under way.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::executor::block_on;
use futures::stream::BoxStream;
use futures::task::{Context, noop_waker};
use one_ontology::{IdempotencyKey, SequentialIds, ThingId};
use plugin_lifecycle::{Approval, Call, ErrorWindow, PluginManager, State, Tenant};
use plugin_runtime_api::{
    ComponentKind, Ending, Enforcement, Engine, ExecutionId, Executor, ExecutorCall, ExecutorError,
    Fence, HostServices, Invocation, LogLine, Outcome, PluginName, RuntimeId, RuntimeInfo,
    RuntimeSpec, RuntimeStatus, Script, ScriptedExecutor,
};
use serde_json::json;

use crate::abandoned::abandon;
use crate::agents::{agent, grant, named, row, run_for, settings};
use crate::agents_runtimes::{runs, seat, two_agents};
use crate::world::{World, component, group, package, person};

/// An executor that does not stop some runtimes, and remembers no outcome.
#[derive(Debug)]
struct Stubborn {
    inner: Arc<ScriptedExecutor>,
    keeps: BTreeSet<RuntimeId>,
}

#[async_trait]
impl Executor for Stubborn {
    fn enforcement(&self, engine: &Engine) -> Option<Enforcement> {
        self.inner.enforcement(engine)
    }

    async fn start(
        &self,
        spec: RuntimeSpec,
        host: Arc<dyn HostServices>,
    ) -> Result<RuntimeInfo, ExecutorError> {
        self.inner.start(spec, host).await
    }

    async fn invoke(&self, it: &RuntimeId, call: Invocation) -> Result<Outcome, ExecutorError> {
        self.inner.invoke(it, call).await
    }

    async fn cancel(&self, it: &RuntimeId, execution: &ExecutionId) -> Result<(), ExecutorError> {
        self.inner.cancel(it, execution).await
    }

    async fn outcome(&self, _key: &IdempotencyKey) -> Result<Option<Outcome>, ExecutorError> {
        Ok(None)
    }

    async fn status(&self, it: &RuntimeId) -> Result<RuntimeStatus, ExecutorError> {
        self.inner.status(it).await
    }

    async fn stop(
        &self,
        it: &RuntimeId,
        fence: Fence,
        grace: Duration,
    ) -> Result<(), ExecutorError> {
        if self.keeps.contains(it) {
            let reason = "it does not listen".to_owned();
            return Err(ExecutorError::Unavailable { reason });
        }
        self.inner.stop(it, fence, grace).await
    }

    fn logs(&self, it: &RuntimeId) -> BoxStream<'static, LogLine> {
        self.inner.logs(it)
    }
}

fn host(world: &World, executor: Arc<dyn Executor>, ids: u64) -> PluginManager {
    PluginManager::with_environment(
        world.store.clone(),
        world.store.clone(),
        executor,
        world.clock.clone(),
        Arc::new(SequentialIds::starting_at(ids)),
    )
}

/// The owner on a host that has nothing to run the plugin with, and so nothing to stop it with.
fn elsewhere(world: &World) -> Tenant {
    let other = host(
        world,
        Arc::new(ScriptedExecutor::new([Engine::Native])),
        5000,
    );
    block_on(other.tenant(person("alice"), group("acme"))).unwrap()
}

fn starts(world: &World) -> Vec<RuntimeSpec> {
    let calls = world.executor.calls().into_iter();
    let starts = calls.filter_map(|call| match call {
        ExecutorCall::Start { spec } => Some(*spec),
        _ => None,
    });
    starts.collect()
}

fn search_for(agent: ThingId) -> Call {
    let call = Call::action("SEARCH_KNOWLEDGE", json!({})).unwrap();
    call.for_agent(agent)
}

#[test]
fn what_ends_with_its_grant_counts_for_nothing() {
    let ends = [
        Script::Crash("it was ended".to_owned()),
        Script::TimeOut,
        Script::Unavailable("it was ended".to_owned()),
    ];
    for end in ends {
        let (world, acme, instance, [ada, bob]) = two_agents();
        let told = format!("{end:?}");
        let hanging = Script::hang_then(end);
        world.executor.script("SEARCH_KNOWLEDGE", hanging.clone());
        let mut long = Box::pin(acme.call(instance, search_for(ada)));
        let waker = noop_waker();
        assert!(
            long.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        block_on(elsewhere(&world).deactivate_for(instance, ada)).unwrap();
        world.executor.release("SEARCH_KNOWLEDGE");
        drop(block_on(long));
        let left = row(&acme, instance);
        assert_eq!(left.errors, ErrorWindow::default(), "{told}");
        assert!(left.breaker.is_fresh(), "{told}");
        assert_eq!(left.lifecycle, State::Active, "{told}");
        // The same of an agent that may use it counts.
        world.executor.script("SEARCH_KNOWLEDGE", hanging);
        let mut long = Box::pin(acme.call(instance, search_for(bob)));
        assert!(
            long.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        world.executor.release("SEARCH_KNOWLEDGE");
        drop(block_on(long));
        assert_eq!(row(&acme, instance).errors.in_a_row, 1, "{told}");
    }
}

#[test]
fn nothing_is_started_for_an_agent_whose_grant_has_ended() {
    let (world, acme, instance, [ada, _]) = two_agents();
    let begun = block_on(acme.start_call(instance, search_for(ada))).unwrap();
    let before = starts(&world).len();
    block_on(elsewhere(&world).deactivate_for(instance, ada)).unwrap();
    let refused = block_on(begun.work).unwrap_err();
    assert_eq!(refused.tag(), "AgentNotGranted");
    assert_eq!(starts(&world).len(), before);
    assert_eq!(row(&acme, instance).lifecycle, State::Active);
}

#[test]
fn what_is_started_is_what_its_seat_names() {
    let (world, acme, instance, [ada, _]) = two_agents();
    let begun = block_on(acme.start_call(instance, search_for(ada))).unwrap();
    let first = seat(&acme, instance, ada);
    let read = block_on(acme.agent(ada)).unwrap().revision;
    block_on(acme.update_agent(ada, read, &named("Eve"))).unwrap();
    block_on(acme.configure_for(instance, ada, &settings(json!({"CHUNK_SIZE": 5})))).unwrap();
    let ended = block_on(begun.work).unwrap().outcome.ending;
    assert!(matches!(ended, Ending::Succeeded { .. }), "{ended:?}");
    let spec = starts(&world).pop().unwrap();
    assert_eq!(spec.character["name"], "Eve");
    let own = spec.plugins.iter().find(|it| it.instance == instance);
    assert_eq!(own.unwrap().settings, settings(json!({"CHUNK_SIZE": 5})));
    assert_ne!(spec.runtime, first);
    assert_eq!(spec.runtime, seat(&acme, instance, ada));
    // It is what the next execution runs in.
    let count = starts(&world).len();
    run_for(&acme, instance, ada).unwrap();
    assert_eq!(starts(&world).len(), count);
    assert!(row(&acme, instance).strays.is_empty() && !runs(&world, &first));
}

#[test]
fn a_stray_that_cannot_be_stopped_keeps_no_other_alive() {
    let (world, acme, instance, agents) = two_agents();
    for agent in agents {
        run_for(&acme, instance, agent).unwrap();
    }
    for agent in agents {
        block_on(elsewhere(&world).deactivate_for(instance, agent)).unwrap();
    }
    let strays: Vec<RuntimeId> = row(&acme, instance).strays.into_iter().collect();
    let [kept, other] = strays[..] else {
        panic!("{strays:?}");
    };
    let inner = world.executor.clone();
    let keeps = [kept].into();
    let stubborn = host(&world, Arc::new(Stubborn { inner, keeps }), 6000);
    let report = block_on(stubborn.recover([group("acme")]));
    assert_eq!(report.failed.len(), 1, "{report:?}");
    assert!(runs(&world, &kept) && !runs(&world, &other));
    assert_eq!(row(&acme, instance).strays, [kept].into());
    let report = block_on(world.manager.recover([group("acme")]));
    assert!(report.failed.is_empty(), "{report:?}");
    assert!(!runs(&world, &kept) && row(&acme, instance).strays.is_empty());
}

#[test]
fn the_end_of_a_lost_execution_ends_the_stray_that_it_was_in() {
    let (world, acme, instance, [ada, _]) = two_agents();
    let hanging = Script::hang_then(Script::Succeed(json!({})));
    world.executor.script("SEARCH_KNOWLEDGE", hanging);
    abandon(acme.call(instance, search_for(ada)));
    let first = seat(&acme, instance, ada);
    let read = block_on(acme.agent(ada)).unwrap().revision;
    block_on(acme.update_agent(ada, read, &named("Eve"))).unwrap();
    run_for(&acme, instance, ada).unwrap();
    assert_eq!(row(&acme, instance).strays, [first].into());
    world.pass(100);
    let inner = world.executor.clone();
    let keeps = BTreeSet::new();
    let forgetful = host(&world, Arc::new(Stubborn { inner, keeps }), 6000);
    let report = block_on(forgetful.recover([group("acme")]));
    assert_eq!(report.taken.len(), 1, "{report:?}");
    assert!(row(&acme, instance).strays.is_empty() && !runs(&world, &first));
    let again = block_on(forgetful.recover([group("acme")]));
    assert_eq!(
        (again.taken, again.left, again.failed),
        (vec![], vec![], vec![])
    );
}

#[test]
fn an_update_leaves_no_stray_with_old_code() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let two = package(
        "@test/plugin-two",
        &[("1.0.0", json!({})), ("1.1.0", json!({}))],
    );
    let source = world.source.clone().with("@test/plugin-two", two);
    let manager = host(&world, world.executor.clone(), 9000).with_source(Arc::new(source));
    let name: PluginName = "@test/plugin-two".parse().unwrap();
    let search = component(ComponentKind::Action, "SEARCH_KNOWLEDGE");
    world.executor.plugin(name.clone(), vec![search]);
    let alice = block_on(manager.tenant(person("alice"), group("acme"))).unwrap();
    let plan = block_on(alice.plan_install(name.as_str(), "1.0.0")).unwrap();
    let instance = block_on(alice.install(&plan)).unwrap();
    block_on(alice.activate(instance)).unwrap();
    let ada = agent(&acme, "Ada").id;
    grant(&alice, instance, ada, json!({}));
    run_for(&alice, instance, ada).unwrap();
    let left = seat(&alice, instance, ada);
    block_on(elsewhere(&world).deactivate_for(instance, ada)).unwrap();
    assert!(runs(&world, &left));
    let plan = block_on(alice.plan_update(instance, "1.1.0")).unwrap();
    block_on(alice.update(&plan, &Approval::of(&plan))).unwrap();
    assert!(!runs(&world, &left));
    assert_eq!(row(&alice, instance).strays, BTreeSet::new());
    assert_eq!(row(&alice, instance).version, "1.1.0");
}
