//! Drivers that go silent in the middle of a command, and what those who come later can do.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use futures::executor::block_on;
use futures::future::poll_fn;
use one_ontology::{
    BudgetState, ChangeSet, Clock, EventId, EventType, ManualClock, NewEvent, PluginThingType,
    SequentialIds, Store as _, Thing, ThingId, Timestamp,
};
use plugin_lifecycle::{ManagerError, PluginManager, StateKind, Tenant};
use plugin_registry::{
    MemorySource, PackageDocument, ProgressSink, Source, SourceError, SourceId, StageRequest,
    Staged,
};
use plugin_runtime_api::{Ending, Script, StartScript};
use serde_json::Value;

use crate::world::{KNOWLEDGE, World, group, person};

/// Lets a command come as far as it can without waiting, then forgets it.
pub(crate) fn abandon<T>(command: impl Future<Output = T>) {
    let mut command = Box::pin(command);
    block_on(poll_fn(|context| {
        assert!(command.as_mut().poll(context).is_pending());
        Poll::Ready(())
    }));
}

fn state(tenant: &Tenant, instance: ThingId) -> StateKind {
    block_on(tenant.instance(instance))
        .unwrap()
        .properties
        .lifecycle
        .kind()
}

fn run(tenant: &Tenant, instance: ThingId) -> Result<Ending, ManagerError> {
    let outcome = block_on(tenant.execute(instance, "SEARCH_KNOWLEDGE", Value::Null))?;
    Ok(outcome.ending)
}

#[test]
fn the_place_of_an_abandoned_execution_is_free_when_its_lease_has_run_out() {
    let world = World::new();
    let globex = world.tenant("gil", "globex");
    let instance = world.active(&globex);
    let hanging = Script::hang_then(Script::Succeed(Value::Null));
    world.executor.script("SEARCH_KNOWLEDGE", hanging);
    abandon(globex.execute(instance, "SEARCH_KNOWLEDGE", Value::Null));
    assert_eq!(state(&globex, instance), StateKind::Executing);
    assert_eq!(run(&globex, instance).unwrap_err().tag(), "BulkheadFull");
    world.pass(100);
    assert!(matches!(
        run(&globex, instance).unwrap(),
        Ending::Succeeded { .. }
    ));
    assert_eq!(state(&globex, instance), StateKind::Active);
    let trail = block_on(globex.audit(instance)).unwrap();
    // An executor in this process knows that nobody waited for it any more.
    let ended = trail.events.iter().filter(|e| {
        e.metadata.text("outcome") == Some("cancelled")
            && e.metadata.get("recovered") == Some(&true.into())
    });
    assert_eq!(ended.count(), 1);
}

#[test]
fn an_abandoned_activation_is_gone_on_with_by_the_next() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.installed(&acme);
    world
        .executor
        .script_start(KNOWLEDGE.parse().unwrap(), StartScript::Hang);
    abandon(acme.activate(instance));
    assert_eq!(state(&acme, instance), StateKind::Activating);
    assert_eq!(
        block_on(acme.activate(instance)).unwrap_err().tag(),
        "CommandRefused"
    );
    world.pass(70);
    block_on(acme.activate(instance)).unwrap();
    assert!(matches!(
        run(&acme, instance).unwrap(),
        Ending::Succeeded { .. }
    ));
}

/// A source that never brings anything.
#[derive(Debug)]
pub(crate) struct Hanging(pub(crate) MemorySource);

#[async_trait]
impl Source for Hanging {
    fn id(&self) -> SourceId {
        self.0.id()
    }

    async fn package(&self, name: &str) -> Result<PackageDocument, SourceError> {
        self.0.package(name).await
    }

    async fn stage(
        &self,
        _request: &StageRequest,
        _progress: &dyn ProgressSink,
    ) -> Result<Staged, SourceError> {
        std::future::pending().await
    }
}

#[test]
fn an_abandoned_installation_can_be_given_up_and_leaves_nothing_spent() {
    let world = World::new();
    let manager = PluginManager::with_environment(
        world.store.clone(),
        world.store.clone(),
        world.executor.clone(),
        world.clock.clone(),
        Arc::new(SequentialIds::starting_at(1000)),
    )
    .with_source(Arc::new(Hanging(world.source.clone())));
    let acme = block_on(manager.tenant(person("alice"), group("acme"))).unwrap();
    let plan = block_on(acme.plan_install(KNOWLEDGE, "^1.6")).unwrap();
    abandon(acme.install(&plan));
    let installing = block_on(acme.list_installed()).unwrap();
    assert_eq!(installing.len(), 2);
    for plugin in installing {
        assert_eq!(plugin.state, StateKind::Installing);
        block_on(acme.uninstall(plugin.instance)).unwrap();
    }
    assert_eq!(block_on(acme.list_installed()).unwrap(), []);
    world.installed(&world.tenant("alice", "acme"));
    let key = "plugins".parse().unwrap();
    let level = block_on(world.store.budget(acme.scope(), &key)).unwrap();
    assert_eq!(level, Some(BudgetState::Level { used: 2 }));
}

/// A clock of a host that falls asleep before each look at it.
#[derive(Debug)]
struct Drowsy(Arc<ManualClock>);

impl Clock for Drowsy {
    fn now(&self) -> Timestamp {
        self.0.advance(Duration::from_secs(70));
        self.0.now()
    }
}

#[test]
fn what_comes_to_be_run_too_late_is_not_run() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let asleep = PluginManager::with_environment(
        world.store.clone(),
        world.store.clone(),
        world.executor.clone(),
        Arc::new(Drowsy(world.clock.clone())),
        Arc::new(SequentialIds::starting_at(1000)),
    );
    let late = block_on(asleep.tenant(person("alice"), group("acme"))).unwrap();
    assert_eq!(run(&late, instance).unwrap_err().tag(), "LeaseTooShort");
    assert_eq!(world.executor.runs("SEARCH_KNOWLEDGE"), 0);
    let trail = block_on(acme.audit(instance)).unwrap().events;
    let last = trail.last().unwrap();
    assert_eq!(last.metadata.text("outcome"), Some("not_run"));
    assert_eq!(last.metadata.text("why"), Some("LeaseTooShort"));
    assert_eq!(state(&acme, instance), StateKind::Active);
}

#[test]
fn an_instance_that_cannot_be_read_keeps_no_other_from_its_place() {
    let world = World::new();
    let globex = world.tenant("gil", "globex");
    let instance = world.active(&globex);
    let now = world.clock.now();
    let id = ThingId::of_name(&["broken"]);
    let kind = PluginThingType::PluginInstance;
    let broken = Thing::new(globex.scope(), id, kind.into(), "broken", now);
    let told = NewEvent::new(
        EventId::of_name(&["broken"]),
        EventType::EntityCreated,
        None,
    );
    block_on(
        world
            .store
            .commit(ChangeSet::new(globex.scope(), told, now).insert(broken)),
    )
    .unwrap();
    let hanging = Script::hang_then(Script::Succeed(Value::Null));
    world.executor.script("SEARCH_KNOWLEDGE", hanging);
    abandon(globex.execute(instance, "SEARCH_KNOWLEDGE", Value::Null));
    world.pass(100);
    assert!(matches!(
        run(&globex, instance).unwrap(),
        Ending::Succeeded { .. }
    ));
}
