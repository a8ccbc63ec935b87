//! A host that shuts down, and another that goes on.

use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use futures::future::join;
use one_ontology::{Clock as _, SequentialIds, ThingId};
use plugin_lifecycle::{Call, DrainReport, PluginManager, StateKind, TakenWhat, Tenant};
use plugin_runtime_api::{Ending, Executor as _, ManualTimer, RuntimeStatus, Script, StartScript};
use serde_json::Value;

use crate::abandoned::{Hanging, abandon};
use crate::recover::{Host, left_installing};
use crate::update::{found, runs, search, state};
use crate::world::{KNOWLEDGE, World, group, person};

fn timed(world: &World) -> (PluginManager, Arc<ManualTimer>) {
    let timer = Arc::new(ManualTimer::new(world.clock.clone()));
    (world.manager.clone().with_timer(timer.clone()), timer)
}

fn acme_of(manager: &PluginManager) -> Tenant {
    block_on(manager.tenant(person("alice"), group("acme"))).unwrap()
}

/// Another host that reaches the same executor, without sources.
fn beside(world: &World) -> PluginManager {
    PluginManager::with_environment(
        world.store.clone(),
        world.store.clone(),
        world.executor.clone(),
        world.clock.clone(),
        Arc::new(SequentialIds::starting_at(500)),
    )
}

/// Drains without waiting.
fn drained(world: &World, manager: &PluginManager) -> DrainReport {
    block_on(manager.drain(world.clock.now()))
}

fn hang(world: &World) {
    let hanging = Script::hang_then(Script::Succeed(Value::Null));
    world.executor.script("SEARCH_KNOWLEDGE", hanging);
}

fn call() -> Call {
    Call::action("SEARCH_KNOWLEDGE", Value::Null).unwrap()
}

#[test]
fn nothing_begins_any_more_and_everything_can_still_be_read() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let plan = block_on(acme.plan_install(KNOWLEDGE, "^1.6")).unwrap();
    let instance = world.active(&acme);
    let runtime = found(&acme, instance).runtime;
    let report = drained(&world, &world.manager);
    assert_eq!((report.overdue, &report.stopped[..]), (0, &[runtime][..]));
    assert_eq!(
        (report.kept, report.handed_over, report.failed),
        (vec![], vec![], vec![])
    );
    assert!(!runs(&world, &runtime));
    let before = block_on(acme.audit_all()).unwrap().events.len();
    let refused = [
        search(&acme, instance).unwrap_err(),
        block_on(acme.start_call(instance, call())).unwrap_err(),
        block_on(acme.install(&plan)).unwrap_err(),
        block_on(acme.activate(instance)).unwrap_err(),
        block_on(acme.deactivate(instance)).unwrap_err(),
        block_on(acme.suspend(instance, "no")).unwrap_err(),
        block_on(acme.uninstall(instance)).unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.tag(), "HostDraining");
    }
    let recovery = block_on(world.manager.recover([group("acme")]));
    assert_eq!(recovery.failed[0].error, "HostDraining");
    let dispatch = block_on(world.manager.dispatch([group("acme")]));
    assert_eq!(dispatch.failed[0].error, "HostDraining");
    assert_eq!(block_on(acme.audit_all()).unwrap().events.len(), before);
    assert_eq!(state(&acme, instance), StateKind::Active);
    // Another host uses it at once.
    let other = Host::beside(&world, 2000);
    assert_eq!(other.recover(&["acme"]).taken, []);
    assert_eq!(drained(&world, &world.manager), DrainReport::default());
}

#[test]
fn what_is_under_way_may_end_until_the_deadline() {
    let world = World::new();
    let (manager, timer) = timed(&world);
    let acme = acme_of(&manager);
    let instance = world.active(&acme);
    hang(&world);
    let mut running = Box::pin(acme.execute(instance, "SEARCH_KNOWLEDGE", Value::Null));
    abandon(&mut running);
    let deadline = world.clock.now().plus(Duration::from_secs(20));
    let mut draining = Box::pin(manager.drain(deadline));
    abandon(&mut draining);
    // It waits, and lets nothing begin meanwhile.
    assert_eq!(search(&acme, instance).unwrap_err().tag(), "HostDraining");
    timer.advance(Duration::from_secs(19));
    abandon(&mut draining);
    assert_eq!(world.executor.release("SEARCH_KNOWLEDGE"), 1);
    let (ended, report) = block_on(join(running, draining));
    assert!(matches!(ended.unwrap().ending, Ending::Succeeded { .. }));
    assert_eq!((report.overdue, report.stopped.len()), (0, 1));
    assert_eq!(report.handed_over, []);
    assert_eq!(state(&acme, instance), StateKind::Active);
}

#[test]
fn what_is_overdue_is_cancelled_and_its_plugin_stays_active() {
    let world = World::new();
    let (manager, timer) = timed(&world);
    let acme = acme_of(&manager);
    let instance = world.active(&acme);
    hang(&world);
    let started = block_on(acme.start_call(instance, call())).unwrap();
    let mut work = started.work;
    abandon(&mut work);
    let deadline = world.clock.now().plus(Duration::from_secs(20));
    let mut draining = Box::pin(manager.drain(deadline));
    abandon(&mut draining);
    timer.advance(Duration::from_secs(20));
    let (ended, report) = block_on(join(work, draining));
    assert!(matches!(ended.unwrap().outcome.ending, Ending::Cancelled));
    assert_eq!((report.overdue, report.stopped.len()), (1, 1));
    assert_eq!((report.handed_over, report.failed), (vec![], vec![]));
    assert_eq!(state(&acme, instance), StateKind::Active);
    assert!(found(&acme, instance).executions.is_empty());
}

/// What nobody drives any more is another host's at once, without waiting for a lease.
#[test]
fn what_is_left_is_taken_by_another_host_at_once() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    hang(&world);
    abandon(acme.execute(instance, "SEARCH_KNOWLEDGE", Value::Null));
    assert_eq!(Host::beside(&world, 2000).recover(&["acme"]).left.len(), 1);
    let report = drained(&world, &world.manager);
    assert_eq!(report.handed_over, [instance]);
    let taken = Host::beside(&world, 3000).recover(&["acme"]).taken;
    assert_eq!(taken[0].what, TakenWhat::Unknown { executions: 1 });
    assert_eq!(state(&acme, instance), StateKind::Active);
}

#[test]
fn operations_under_way_are_gone_on_with_by_another_host_at_once() {
    type Leave = fn(&World) -> (Tenant, PluginManager);
    let table: [(Leave, StateKind); 3] = [
        (
            |world| {
                let acme = acme_of(&world.manager);
                let id = world.installed(&acme);
                let package = KNOWLEDGE.parse().unwrap();
                world.executor.script_start(package, StartScript::Hang);
                abandon(acme.activate(id));
                (acme, world.manager.clone())
            },
            StateKind::Active,
        ),
        (
            |world| {
                let acme = acme_of(&world.manager);
                let id = world.active(&acme);
                hang(world);
                abandon(acme.execute(id, "SEARCH_KNOWLEDGE", Value::Null));
                abandon(acme.deactivate(id));
                (acme, world.manager.clone())
            },
            StateKind::Installed,
        ),
        (
            |world| {
                let slow = Arc::new(Hanging(world.source.clone()));
                let manager = beside(world).with_source(slow);
                let acme = acme_of(&manager);
                let plan = block_on(acme.plan_install(KNOWLEDGE, "^1.6")).unwrap();
                abandon(acme.install(&plan));
                (acme, manager)
            },
            StateKind::Installed,
        ),
    ];
    for (leave, then) in table {
        let world = World::new();
        let (acme, manager) = leave(&world);
        let report = drained(&world, &manager);
        assert_eq!(report.failed, []);
        assert!(!report.handed_over.is_empty(), "{then}");
        let recovery = Host::beside(&world, 3000).recover(&["acme"]);
        assert_eq!((recovery.left, recovery.failed), (vec![], vec![]), "{then}");
        let all = block_on(acme.list_installed()).unwrap();
        let own = all.iter().find(|it| it.package == KNOWLEDGE).unwrap();
        assert_eq!(own.state, then);
    }
}

#[test]
fn what_is_another_hosts_stays_its_own() {
    let world = World::new();
    // Another host installs, and yet another shuts down.
    let acme = left_installing(&world);
    let before: Vec<_> = instances(&acme);
    let report = drained(&world, &world.manager);
    assert_eq!(report, DrainReport::default());
    assert_eq!(instances(&acme), before);
    assert_eq!(Host::beside(&world, 2000).recover(&["acme"]).taken, []);
}

fn instances(tenant: &Tenant) -> Vec<(ThingId, Option<one_ontology::Timestamp>)> {
    let all = block_on(tenant.list_installed()).unwrap();
    all.iter()
        .map(|it| {
            let operation = found(tenant, it.instance).operation;
            (it.instance, operation.map(|it| it.lease_until))
        })
        .collect()
}

#[test]
fn a_runtime_that_another_host_uses_is_left_to_it() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let runtime = found(&acme, instance).runtime;
    // Both reach the same executor.
    let there = acme_of(&beside(&world));
    hang(&world);
    let mut running = Box::pin(there.execute(instance, "SEARCH_KNOWLEDGE", Value::Null));
    abandon(&mut running);
    let report = drained(&world, &world.manager);
    assert_eq!(
        (&report.kept[..], &report.stopped[..]),
        (&[runtime][..], &[][..])
    );
    assert_eq!(report.handed_over, []);
    world.executor.release("SEARCH_KNOWLEDGE");
    assert!(matches!(
        block_on(running).unwrap().ending,
        Ending::Succeeded { .. }
    ));
    let status = block_on(world.executor.status(&runtime)).unwrap();
    assert!(matches!(status, RuntimeStatus::Running { .. }));
}
