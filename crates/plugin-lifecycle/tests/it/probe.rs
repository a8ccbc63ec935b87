//! What executors say, beside what rows say.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::executor::block_on;
use futures::stream::BoxStream;
use one_ontology::{IdempotencyKey, ThingId};
use plugin_lifecycle::{Answered, Finding, Probe, RuntimePart, StateKind, Tenant, finding};
use plugin_runtime_api::{
    Enforcement, Engine, ExecutionId, Executor, ExecutorError, Fence, HostServices, Invocation,
    LogLine, ManualTimer, Outcome, RuntimeId, RuntimeInfo, RuntimeSpec, RuntimeStatus, Script,
    ScriptedExecutor,
};
use serde_json::{Value, json};

use crate::abandoned::abandon;
use crate::machine::states;
use crate::update::found;
use crate::world::{World, group, person};

fn probed(tenant: &Tenant, instance: ThingId) -> Probe {
    block_on(tenant.probe(instance)).unwrap()
}

fn own(probe: &Probe) -> Finding {
    assert_eq!(probe.runtimes[0].part, RuntimePart::Own);
    probe.runtimes[0].finding
}

#[test]
fn a_probe_says_what_runs_and_changes_nothing() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.installed(&acme);
    assert!(probed(&acme, instance).is_as_expected());
    block_on(acme.activate(instance)).unwrap();
    let running = probed(&acme, instance);
    assert!(running.is_as_expected(), "{running:?}");
    let fence = found(&acme, instance).fence;
    let answer = Answered::Running {
        fence,
        in_flight: 0,
    };
    assert_eq!(running.runtimes[0].answer, answer);
    let trail = block_on(acme.audit_all()).unwrap().events.len();
    let runtime = found(&acme, instance).runtime;
    // New settings are another fence; the runtime that runs has the old ones until it is used.
    let settings = [("CHUNK_SIZE".to_owned(), json!(7))].into();
    block_on(acme.configure(instance, settings)).unwrap();
    assert_eq!(own(&probed(&acme, instance)), Finding::OldFence);
    assert!(world.executor.crash(&runtime, "hush"));
    let crashed = probed(&acme, instance);
    assert_eq!(own(&crashed), Finding::Crashed);
    let text = serde_json::to_string(&crashed).unwrap();
    assert!(!text.contains("hush"), "{text}");
    assert_eq!(serde_json::from_str::<Probe>(&text).unwrap(), crashed);
    assert_eq!(found(&acme, instance).lifecycle.kind(), StateKind::Active);
    assert_eq!(block_on(acme.audit_all()).unwrap().events.len(), trail + 1);
    block_on(acme.execute(instance, "SEARCH_KNOWLEDGE", Value::Null)).unwrap();
    assert!(probed(&acme, instance).is_as_expected());
    let executor: &dyn Executor = world.executor.as_ref();
    let fence = found(&acme, instance).fence;
    block_on(executor.stop(&runtime, fence, Duration::ZERO)).unwrap();
    assert_eq!(own(&probed(&acme, instance)), Finding::Gone);
}

#[test]
fn executions_under_way_are_compared() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let hanging = Script::hang_then(Script::Succeed(Value::Null));
    world.executor.script("SEARCH_KNOWLEDGE", hanging);
    let mut running = Box::pin(acme.execute(instance, "SEARCH_KNOWLEDGE", Value::Null));
    abandon(&mut running);
    assert!(probed(&acme, instance).is_as_expected());
    drop(running);
    assert_eq!(own(&probed(&acme, instance)), Finding::FewerUnderWay);
}

/// Each state, each answer: what runs where nothing should is a zombie, and no other answer is as expected where
/// it should not be.
#[test]
fn every_answer_in_every_state_has_a_finding() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let mut row = found(&acme, instance);
    let fence = row.fence;
    let running = |fence| Answered::Running {
        fence,
        in_flight: 0,
    };
    let answers = [
        ("running", running(fence)),
        ("running before", running(Fence(fence.0 - 1))),
        ("running ahead", running(fence.next())),
        ("crashed", Answered::Crashed { fence }),
        ("stopped", Answered::Stopped),
        ("silent", Answered::Silent),
    ];
    let mut page = String::new();
    for state in states() {
        row.lifecycle = state;
        let findings = answers
            .iter()
            .map(|(name, answer)| format!("{name}: {}", finding(&row, RuntimePart::Own, answer)));
        let findings: Vec<String> = findings.collect();
        let line = format!("{}; {}\n", state.kind(), findings.join(", "));
        if !page.contains(&line) {
            page.push_str(&line);
        }
    }
    insta::assert_snapshot!("findings", page);
}

/// An executor that says of everything that it runs under a fence from before, or nothing at all.
#[derive(Debug)]
struct Lying {
    inner: Arc<ScriptedExecutor>,
    says: Option<Fence>,
}

#[async_trait]
impl Executor for Lying {
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

    async fn invoke(
        &self,
        runtime: &RuntimeId,
        call: Invocation,
    ) -> Result<Outcome, ExecutorError> {
        self.inner.invoke(runtime, call).await
    }

    async fn cancel(
        &self,
        runtime: &RuntimeId,
        execution: &ExecutionId,
    ) -> Result<(), ExecutorError> {
        self.inner.cancel(runtime, execution).await
    }

    async fn outcome(&self, key: &IdempotencyKey) -> Result<Option<Outcome>, ExecutorError> {
        self.inner.outcome(key).await
    }

    async fn status(&self, _: &RuntimeId) -> Result<RuntimeStatus, ExecutorError> {
        match self.says {
            Some(fence) => Ok(RuntimeStatus::Running {
                fence,
                in_flight: 0,
            }),
            None => std::future::pending().await,
        }
    }

    async fn stop(
        &self,
        runtime: &RuntimeId,
        fence: Fence,
        grace: Duration,
    ) -> Result<(), ExecutorError> {
        self.inner.stop(runtime, fence, grace).await
    }

    fn logs(&self, runtime: &RuntimeId) -> BoxStream<'static, LogLine> {
        self.inner.logs(runtime)
    }
}

fn lied_to(world: &World, says: Option<Fence>) -> (Tenant, Arc<ManualTimer>) {
    let timer = Arc::new(ManualTimer::new(world.clock.clone()));
    let inner = world.executor.clone();
    let manager = plugin_lifecycle::PluginManager::with_environment(
        world.store.clone(),
        world.store.clone(),
        Arc::new(Lying { inner, says }),
        world.clock.clone(),
        Arc::new(one_ontology::SequentialIds::starting_at(700)),
    )
    .with_timer(timer.clone());
    let acme = block_on(manager.tenant(person("alice"), group("acme"))).unwrap();
    (acme, timer)
}

#[test]
fn an_executor_that_lies_is_told_by_what_it_says() {
    let world = World::new();
    let alice = world.tenant("alice", "acme");
    let instance = world.active(&alice);
    let before = lied_to(&world, Some(Fence(0))).0;
    assert_eq!(own(&probed(&before, instance)), Finding::OldFence);
    let ahead = lied_to(&world, Some(Fence(u64::MAX))).0;
    assert_eq!(own(&probed(&ahead, instance)), Finding::FenceAhead);
    block_on(alice.deactivate(instance)).unwrap();
    assert_eq!(own(&probed(&before, instance)), Finding::Zombie);
}

#[test]
fn an_executor_that_says_nothing_is_not_waited_for() {
    let world = World::new();
    let alice = world.tenant("alice", "acme");
    let instance = world.active(&alice);
    let (silent, timer) = lied_to(&world, None);
    let mut probing = Box::pin(silent.probe(instance));
    abandon(&mut probing);
    timer.advance(Duration::from_secs(5));
    let probe = block_on(probing).unwrap();
    assert_eq!(probe.runtimes[0].answer, Answered::Silent);
    assert_eq!(own(&probe), Finding::Unanswered);
}

#[test]
fn others_are_not_probed() {
    let world = World::new();
    let alice = world.tenant("alice", "acme");
    let instance = world.active(&alice);
    let gil = world.tenant("gil", "globex");
    let carl = world.tenant("carl", "acme");
    let tag = |tenant: &Tenant| block_on(tenant.probe(instance)).unwrap_err().tag();
    assert_eq!(tag(&gil), "InstanceNotFound");
    assert_eq!(tag(&carl), "OperationDenied");
}
