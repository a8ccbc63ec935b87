//! What a host that has gone silent leaves, and what `recover` makes of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::executor::block_on;
use one_ontology::{BudgetState, GroupId, SequentialIds, Store as _, ThingId, Timestamp};
use plugin_lifecycle::{
    CommandKind, Instance, PluginManager, Policy, Recovery, RecoveryReport, State, StateKind,
    TakenWhat, Tenant, recovery,
};
use plugin_registry::Source as _;
use plugin_runtime_api::{
    Engine, ExecutionId, MemoryVault, Script, ScriptedExecutor, SecretName, SecretString,
    StartScript, Vault, VaultError,
};
use serde_json::{Value, json};

use crate::abandoned::{Hanging, abandon};
use crate::world::{KNOWLEDGE, SQL, World, group, person};

/// Another host on the same store, with an executor of its own that knows nothing.
pub(crate) struct Host {
    manager: PluginManager,
    executor: Arc<ScriptedExecutor>,
}

impl Host {
    pub(crate) fn beside(world: &World, ids: u64) -> Self {
        let executor = Arc::new(ScriptedExecutor::new([Engine::Node]));
        let manager = PluginManager::with_environment(
            world.store.clone(),
            world.store.clone(),
            executor.clone(),
            world.clock.clone(),
            Arc::new(SequentialIds::starting_at(ids)),
        )
        .with_source(Arc::new(world.source.clone()));
        Self { manager, executor }
    }

    pub(crate) fn recover(&self, orgs: &[&str]) -> RecoveryReport {
        let groups: Vec<GroupId> = orgs.iter().map(|org| group(org)).collect();
        block_on(self.manager.recover(groups))
    }
}

fn found(tenant: &Tenant, instance: ThingId) -> Instance {
    block_on(tenant.instance(instance)).unwrap()
}

fn state(tenant: &Tenant, instance: ThingId) -> StateKind {
    found(tenant, instance).properties.lifecycle.kind()
}

fn level(world: &World, tenant: &Tenant, key: &str) -> u64 {
    match block_on(world.store.budget(tenant.scope(), &key.parse().unwrap())).unwrap() {
        Some(BudgetState::Level { used }) => used,
        _ => 0,
    }
}

/// An installation that its host has left in the middle of fetching.
pub(crate) fn left_installing(world: &World) -> Tenant {
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
    acme
}

#[test]
fn an_installation_is_finished_by_whoever_recovers() {
    let world = World::new();
    let acme = left_installing(&world);
    let other = Host::beside(&world, 2000);
    let early = other.recover(&["acme"]);
    assert_eq!((early.taken.len(), early.left.len()), (0, 1), "{early:?}");
    world.pass(601);
    let report = other.recover(&["acme"]);
    assert_eq!(report.failed, []);
    let [taken] = &report.taken[..] else {
        panic!("{report:?}");
    };
    let command = CommandKind::Install;
    assert_eq!(taken.what, TakenWhat::Operation { command });
    assert_eq!(taken.to, StateKind::Installed);
    let installed = block_on(acme.list_installed()).unwrap();
    assert_eq!(installed.len(), 2);
    for plugin in &installed {
        assert_eq!(plugin.state, StateKind::Installed);
    }
    let sql = installed.iter().find(|it| it.package == SQL).unwrap();
    let dependents = block_on(acme.dependents(sql.instance)).unwrap();
    assert_eq!(dependents.len(), 1);
    assert_eq!(level(&world, &acme, "plugins"), 2);
    let again = other.recover(&["acme"]);
    assert_eq!((again.taken, again.left), (vec![], vec![]));
    block_on(acme.audit_all()).unwrap();
}

#[test]
fn an_installation_of_which_a_part_was_given_up_fails_as_a_whole() {
    let world = World::new();
    let acme = left_installing(&world);
    let plugins = block_on(acme.list_installed()).unwrap();
    let sql = plugins.iter().find(|it| it.package == SQL).unwrap();
    block_on(acme.uninstall(sql.instance)).unwrap();
    world.pass(601);
    let report = Host::beside(&world, 2000).recover(&["acme"]);
    assert_eq!(report.failed, []);
    let rest = block_on(acme.list_installed()).unwrap();
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].state, StateKind::Failed);
    assert_eq!(level(&world, &acme, "plugins"), 0);
    block_on(acme.uninstall(rest[0].instance)).unwrap();
    assert_eq!(level(&world, &acme, "plugins"), 0);
}

#[test]
fn an_installation_whose_need_was_removed_meanwhile_is_not_connected_to_it() {
    let world = World::new();
    let alice = world.tenant("alice", "acme");
    let plan = block_on(alice.plan_install(SQL, "^1.7")).unwrap();
    let sql = block_on(alice.install(&plan)).unwrap();
    let acme = left_installing(&world);
    block_on(acme.uninstall(sql)).unwrap();
    world.pass(601);
    let report = Host::beside(&world, 2000).recover(&["acme"]);
    assert_eq!(report.failed, []);
    let rest = block_on(acme.list_installed()).unwrap();
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].state, StateKind::Failed);
    let reason = found(&acme, rest[0].instance).properties.reason.unwrap();
    assert!(reason.contains("removed meanwhile"), "{reason}");
}

#[test]
fn what_becomes_needed_is_written_so_that_its_removal_looks_again() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let plan = block_on(acme.plan_install(SQL, "^1.7")).unwrap();
    let sql = block_on(acme.install(&plan)).unwrap();
    let before = found(&acme, sql).revision;
    world.installed(&acme);
    assert_eq!(found(&acme, sql).revision, before.next());
    assert_eq!(
        block_on(acme.uninstall(sql)).unwrap_err().tag(),
        "HasDependents"
    );
}

#[test]
fn a_start_is_gone_on_with_and_the_host_that_began_it_is_shut_out() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.installed(&acme);
    let hang = StartScript::Hang;
    world
        .executor
        .script_start(KNOWLEDGE.parse().unwrap(), hang);
    abandon(acme.activate(instance));
    world.pass(70);
    let before = found(&acme, instance).properties.fence;
    let report = Host::beside(&world, 2000).recover(&["acme"]);
    assert_eq!(report.taken.len(), 1, "{report:?}");
    let after = found(&acme, instance).properties;
    assert_eq!(after.lifecycle, State::Active);
    assert!(after.fence > before);
    assert_eq!(after.operation, None);
}

#[test]
fn what_goes_silent_three_times_has_failed() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.installed(&acme);
    let hang = || {
        let package = KNOWLEDGE.parse().unwrap();
        world.executor.script_start(package, StartScript::Hang);
    };
    hang();
    abandon(acme.activate(instance));
    for _ in 0..2 {
        world.pass(70);
        hang();
        abandon(world.manager.recover([group("acme")]));
        assert_eq!(state(&acme, instance), StateKind::Activating);
    }
    world.pass(70);
    let report = block_on(world.manager.recover([group("acme")]));
    let command = CommandKind::Activate;
    assert_eq!(report.taken[0].what, TakenWhat::GivenUp { command });
    let rest = found(&acme, instance).properties;
    assert_eq!(rest.lifecycle, State::Error);
    assert!(rest.reason.unwrap().contains("3 times"));
    block_on(acme.activate(instance)).unwrap();
}

#[test]
fn an_execution_nobody_knows_of_ends_as_unknown_and_is_not_run_again() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let hanging = Script::hang_then(Script::Succeed(Value::Null));
    world.executor.script("SEARCH_KNOWLEDGE", hanging);
    abandon(acme.execute(instance, "SEARCH_KNOWLEDGE", Value::Null));
    assert_eq!(level(&world, &acme, "executions_at_a_time"), 1);
    world.pass(100);
    let other = Host::beside(&world, 2000);
    let report = other.recover(&["acme"]);
    assert_eq!(report.taken[0].what, TakenWhat::Unknown { executions: 1 });
    assert_eq!(state(&acme, instance), StateKind::Active);
    assert_eq!(level(&world, &acme, "executions_at_a_time"), 0);
    assert_eq!(other.executor.runs("SEARCH_KNOWLEDGE"), 0);
    assert_eq!(world.executor.runs("SEARCH_KNOWLEDGE"), 1);
}

#[test]
fn a_stop_and_a_removal_are_finished_too() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let hanging = Script::hang_then(Script::Succeed(Value::Null));
    world.executor.script("SEARCH_KNOWLEDGE", hanging);
    abandon(acme.execute(instance, "SEARCH_KNOWLEDGE", Value::Null));
    abandon(acme.uninstall(instance));
    assert_eq!(state(&acme, instance), StateKind::Deactivating);
    world.pass(601);
    let report = block_on(world.manager.recover([group("acme")]));
    assert_eq!(report.failed, []);
    let error = block_on(acme.instance(instance)).unwrap_err();
    assert_eq!(error.tag(), "InstanceNotFound");
    assert_eq!(level(&world, &acme, "plugins"), 1);
    assert_eq!(level(&world, &acme, "executions_at_a_time"), 0);
}

#[test]
fn a_driver_that_was_overtaken_writes_nothing() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    // A stop that waits for an execution, while another host takes it over and finishes it.
    let hanging = Script::hang_then(Script::Succeed(Value::Null));
    world.executor.script("SEARCH_KNOWLEDGE", hanging);
    abandon(acme.execute(instance, "SEARCH_KNOWLEDGE", Value::Null));
    let mut old = Box::pin(acme.uninstall(instance));
    let waker = futures::task::noop_waker();
    let mut context = std::task::Context::from_waker(&waker);
    assert!(old.as_mut().poll(&mut context).is_pending());
    world.pass(601);
    let other = Host::beside(&world, 2000);
    assert_eq!(other.recover(&["acme"]).failed, []);
    let trail = block_on(acme.audit_all()).unwrap().events.len();
    assert!(block_on(old).is_err());
    assert_eq!(block_on(acme.audit_all()).unwrap().events.len(), trail);
    assert_eq!(level(&world, &acme, "plugins"), 1);
}

#[test]
fn an_organisation_that_cannot_be_entered_keeps_nobody_from_the_others() {
    let world = World::new();
    let acme = left_installing(&world);
    world.pass(601);
    let report = Host::beside(&world, 2000).recover(&["nobody", "acme", "globex"]);
    assert_eq!(report.failed.len(), 1);
    assert_eq!(report.failed[0].error, "NoAccess");
    assert_eq!(report.taken.len(), 1);
    assert_eq!(block_on(acme.list_installed()).unwrap().len(), 2);
}

#[test]
fn what_this_host_cannot_run_is_left_for_one_that_can() {
    let world = World::new();
    let acme = left_installing(&world);
    world.pass(601);
    let without = PluginManager::with_environment(
        world.store.clone(),
        world.store.clone(),
        world.executor.clone(),
        world.clock.clone(),
        Arc::new(SequentialIds::starting_at(3000)),
    );
    let report = block_on(without.recover([group("acme")]));
    assert_eq!(report.failed[0].error, "NoSource");
    let plugins = block_on(acme.list_installed()).unwrap();
    assert_eq!(plugins[0].state, StateKind::Installing);
}

/// A vault whose second `put` never ends.
#[derive(Debug, Default)]
struct SlowVault {
    inner: MemoryVault,
    puts: std::sync::atomic::AtomicU32,
}

#[async_trait]
impl Vault for SlowVault {
    async fn put(&self, name: &SecretName, secret: SecretString) -> Result<(), VaultError> {
        self.inner.put(name, secret).await?;
        if self.puts.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 {
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    async fn lease(
        &self,
        name: &SecretName,
        execution: ExecutionId,
        now: Timestamp,
    ) -> Result<SecretString, VaultError> {
        self.inner.lease(name, execution, now).await
    }

    async fn list(&self, group: GroupId, instance: ThingId) -> Result<Vec<String>, VaultError> {
        self.inner.list(group, instance).await
    }

    async fn rotate(&self, group: GroupId) -> Result<(), VaultError> {
        self.inner.rotate(group).await
    }

    async fn forget(&self, name: &SecretName) -> Result<(), VaultError> {
        self.inner.forget(name).await
    }

    async fn destroy(&self, group: GroupId, instance: ThingId) -> Result<(), VaultError> {
        self.inner.destroy(group, instance).await
    }
}

#[test]
fn a_secret_that_may_have_been_kept_is_said_to_be_unsure_until_it_is_set_again() {
    let world = World::new();
    let manager = world
        .manager
        .clone()
        .with_vault(Arc::new(SlowVault::default()));
    let acme = block_on(manager.tenant(person("alice"), group("acme"))).unwrap();
    let instance = world.installed(&acme);
    let secret = || BTreeMap::from([("OPENAI_API_KEY".to_owned(), json!("sk-1"))]);
    abandon(acme.configure(instance, secret()));
    let under_way = found(&acme, instance).properties;
    let mut givings = under_way.secrets_under_way.iter();
    assert!(givings.any(|(_, it)| it.names.contains("OPENAI_API_KEY")));
    assert_eq!(under_way.settings_revision, 0);
    world.pass(601);
    let report = block_on(manager.recover([group("acme")]));
    let names = vec!["OPENAI_API_KEY".to_owned()];
    assert_eq!(report.taken[0].what, TakenWhat::Secrets { names });
    let rest = found(&acme, instance).properties;
    assert!(rest.secrets_under_way.is_empty());
    assert!(rest.secrets_unsure.contains("OPENAI_API_KEY"));
    block_on(acme.configure(instance, secret())).unwrap();
    assert!(found(&acme, instance).properties.secrets_unsure.is_empty());
}

#[test]
fn what_is_to_be_done_is_decided_by_leases_alone() {
    let world = World::new();
    let acme = left_installing(&world);
    let plugins = block_on(acme.list_installed()).unwrap();
    let mut row = found(&acme, plugins[0].instance).properties;
    let policy = Policy::default();
    let lease = row.operation.as_ref().unwrap().lease_until;
    let wait = |until| vec![Recovery::Wait { until }];
    let before = lease.minus(Duration::from_micros(1));
    assert_eq!(recovery(&row, &policy, before), wait(lease));
    assert_eq!(recovery(&row, &policy, lease), [Recovery::Resume]);
    row.operation.as_mut().unwrap().attempt = policy.operation_attempts;
    assert_eq!(recovery(&row, &policy, lease), [Recovery::GiveUp]);
    row.operation = None;
    assert_eq!(recovery(&row, &policy, lease), [Recovery::Resume]);
    for rest in [State::Installed, State::Active, State::Suspended] {
        row.lifecycle = rest;
        assert_eq!(recovery(&row, &policy, lease), []);
    }
    row.lifecycle = State::Error;
    assert_eq!(recovery(&row, &policy, lease), [Recovery::Halt]);
}

#[test]
fn an_installation_that_failed_is_tried_again_as_the_same_one() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let plan = block_on(acme.plan_install(KNOWLEDGE, "^1.6")).unwrap();
    let hidden = block_on(world.source.package(SQL)).unwrap().document;
    let nothing = json!({"name": SQL, "dist-tags": {}, "versions": {}});
    world.source.put(SQL, nothing.clone());
    block_on(acme.install(&plan)).unwrap_err();
    let plugins = block_on(acme.list_installed()).unwrap();
    assert_eq!(plugins.len(), 2);
    let of = |package: &str| plugins.iter().find(|it| it.package == package).unwrap();
    let (own, needed) = (of(KNOWLEDGE).instance, of(SQL).instance);
    assert_eq!(level(&world, &acme, "plugins"), 0);
    let uma = world.tenant("uma", "acme");
    let denied = block_on(uma.retry_install(own)).unwrap_err();
    assert_eq!(denied.tag(), "OperationDenied");
    // Still not there: it fails again, and can be tried again all the same.
    let key = |id| found(&acme, id).properties.interrupted.unwrap().key;
    let first = key(own);
    block_on(acme.retry_install(needed)).unwrap_err();
    assert_eq!(state(&acme, own), StateKind::Failed);
    assert_eq!(level(&world, &acme, "plugins"), 0);
    assert_eq!((key(own), key(needed)), (first.clone(), first));
    world.source.put(SQL, hidden);
    block_on(acme.retry_install(own)).unwrap();
    for id in [own, needed] {
        let row = found(&acme, id).properties;
        assert_eq!(row.lifecycle, State::Installed);
        assert_eq!(
            (row.interrupted, row.operation, row.reason),
            (None, None, None)
        );
    }
    assert_eq!(level(&world, &acme, "plugins"), 2);
    let trail = block_on(acme.audit(own)).unwrap().events;
    let attempts: Vec<u64> = trail
        .iter()
        .filter(|it| it.metadata.text("rule") == Some("T04"))
        .filter_map(|it| it.metadata.get("attempt")?.as_u64())
        .collect();
    assert_eq!(attempts, [2, 3]);
    let refused = block_on(acme.retry_install(own)).unwrap_err();
    assert_eq!(refused.tag(), "CommandRefused");
    block_on(acme.activate(own)).unwrap();
}

#[test]
fn an_installation_of_which_a_part_was_removed_is_not_tried_again() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let plan = block_on(acme.plan_install(KNOWLEDGE, "^1.6")).unwrap();
    let nothing = json!({"name": SQL, "dist-tags": {}, "versions": {}});
    world.source.put(SQL, nothing);
    block_on(acme.install(&plan)).unwrap_err();
    let plugins = block_on(acme.list_installed()).unwrap();
    let of = |package: &str| plugins.iter().find(|it| it.package == package).unwrap();
    block_on(acme.uninstall(of(SQL).instance)).unwrap();
    let error = block_on(acme.retry_install(of(KNOWLEDGE).instance)).unwrap_err();
    assert_eq!(error.tag(), "PlanOutdated");
}
