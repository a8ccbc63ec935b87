//! Changing versions: what it breaks, how it goes, and the way back.

use std::collections::BTreeMap;
use std::task::{Context, Poll};

use futures::executor::block_on;
use futures::task::noop_waker;
use one_ontology::{PluginThingType, Store as _, ThingId, ThingQuery};
use plugin_lifecycle::{
    Approval, Breaking, BreakingKind, ManagerError, PluginInstance, StateKind, Tenant, UpdateKind,
    UpdatePlan, Verdict, breaking, kept_settings,
};
use plugin_registry::{Manifest, Source as _};
use plugin_runtime_api::{
    ComponentKind, Ending, ExecutorCall, Permission, PluginFailure, RuntimeId, RuntimeStatus,
    Script, StartScript,
};
use serde_json::{Value, json};

use crate::world::{KNOWLEDGE, SQL, World, component, package};

pub(crate) fn found(tenant: &Tenant, instance: ThingId) -> PluginInstance {
    block_on(tenant.instance(instance)).unwrap().properties
}

pub(crate) fn state(tenant: &Tenant, instance: ThingId) -> StateKind {
    found(tenant, instance).lifecycle.kind()
}

pub(crate) fn body(needs: Value, parameters: Value) -> Value {
    json!({"dependencies": needs, "agentConfig": {
        "pluginType": "elizaos:plugin:1.0.0", "pluginParameters": parameters,
    }})
}

pub(crate) fn parameters() -> Value {
    json!({
        "CHUNK_SIZE": {"type": "number", "description": "how long a chunk is"},
        "OPENAI_API_KEY": {"type": "string", "sensitive": true},
    })
}

pub(crate) fn needs() -> Value {
    json!({"@elizaos/core": "^1.7.0", SQL: "^1.7.0"})
}

/// The source has more versions of the plugin from now on.
pub(crate) fn publish(world: &World, versions: &[(&str, Value)]) {
    let mut all = vec![("1.6.1", body(needs(), parameters()))];
    all.extend(versions.iter().cloned());
    world.source.put(KNOWLEDGE, package(KNOWLEDGE, &all));
}

pub(crate) fn publish_minor(world: &World) {
    publish(world, &[("1.7.0", body(needs(), parameters()))]);
}

pub(crate) fn planned(tenant: &Tenant, instance: ThingId) -> UpdatePlan {
    block_on(tenant.plan_update(instance, "latest")).unwrap()
}

pub(crate) fn updated(tenant: &Tenant, instance: ThingId) -> Result<(), ManagerError> {
    let plan = planned(tenant, instance);
    block_on(tenant.update(&plan, &Approval::none()))
}

pub(crate) fn search(tenant: &Tenant, instance: ThingId) -> Result<Ending, ManagerError> {
    let outcome = block_on(tenant.execute(instance, "SEARCH_KNOWLEDGE", json!({})))?;
    Ok(outcome.ending)
}

pub(crate) fn runs(world: &World, runtime: &RuntimeId) -> bool {
    use plugin_runtime_api::Executor as _;
    let status = block_on(world.executor.status(runtime)).unwrap();
    matches!(status, RuntimeStatus::Running { .. })
}

fn snapshots(world: &World, tenant: &Tenant) -> Vec<Value> {
    let query = ThingQuery::of_type(PluginThingType::PluginSnapshot);
    let page = block_on(world.store.things(tenant.scope(), &query)).unwrap();
    let all = page.items.into_iter();
    all.map(|it| serde_json::to_value(it.properties).unwrap())
        .collect()
}

pub(crate) fn rules(tenant: &Tenant, instance: ThingId) -> Vec<String> {
    let trail = block_on(tenant.audit(instance)).unwrap();
    let rules = trail
        .events
        .iter()
        .filter_map(|it| it.metadata.text("rule"));
    rules.map(str::to_owned).collect()
}

#[test]
fn how_far_a_version_is() {
    let table = [
        ("1.6.1", "1.6.2", Some(UpdateKind::Patch)),
        ("1.6.1", "1.7.0", Some(UpdateKind::Minor)),
        ("1.6.1", "2.0.0", Some(UpdateKind::Major)),
        ("0.25.6", "0.26.0", Some(UpdateKind::Minor)),
        ("1.6.1", "2.0.0-beta.1", Some(UpdateKind::Prerelease)),
        ("2.0.0-beta.1", "2.0.0-beta.2", Some(UpdateKind::Prerelease)),
        ("2.0.0-beta.1", "2.0.0", Some(UpdateKind::Patch)),
        ("2.0.0", "2.0.0-beta.1", Some(UpdateKind::Downgrade)),
        ("1.6.1", "1.6.0", Some(UpdateKind::Downgrade)),
        ("1.6.1", "1.6.1", None),
        ("1.6.1+a", "1.6.1+b", None),
    ];
    for (from, to, kind) in table {
        let found = UpdateKind::between(&from.parse().unwrap(), &to.parse().unwrap());
        assert_eq!(found, kind, "{from} to {to}");
    }
}

fn manifest(version: &str, parameters: Value) -> Manifest {
    let mut json = body(needs(), parameters);
    json["name"] = KNOWLEDGE.into();
    json["version"] = version.into();
    Manifest::from_npm(&json, None).unwrap().value
}

#[test]
fn what_breaks_is_decided_from_manifests() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.installed(&acme);
    let settings = BTreeMap::from([("CHUNK_SIZE".to_owned(), json!(512))]);
    block_on(acme.configure(instance, settings)).unwrap();
    let row = found(&acme, instance);
    let check = |version: &str, parameters: Value, expected: &[Breaking]| {
        let to = manifest(version, parameters);
        let found = breaking(&row, &to.version, &to.parameters, &[]);
        assert_eq!(found, expected, "{version}");
    };
    let names = |name: &str| vec![name.to_owned()];
    check("1.7.0", parameters(), &[]);
    check("2.0.0", parameters(), &[Breaking::Major]);
    check("1.5.0", parameters(), &[Breaking::Downgrade]);
    let gone = json!({"OPENAI_API_KEY": {"type": "string", "sensitive": true}});
    let names_gone = names("CHUNK_SIZE");
    check(
        "1.7.0",
        gone,
        &[Breaking::ParametersGone { names: names_gone }],
    );
    // A secret may be kept, of which rows say nothing.
    let without = json!({"CHUNK_SIZE": {"type": "number"}});
    let names_gone = names("OPENAI_API_KEY");
    check(
        "1.7.0",
        without,
        &[Breaking::ParametersGone { names: names_gone }],
    );
    let with = |name: &str, of: Value| {
        let mut all = parameters();
        all[name] = of;
        all
    };
    let required = with("MODEL", json!({"type": "string", "required": true}));
    let names_required = names("MODEL");
    check(
        "1.7.0",
        required,
        &[Breaking::ParametersRequired {
            names: names_required,
        }],
    );
    let with_default = json!({"type": "string", "required": true, "default": "small"});
    check("1.7.0", with("MODEL", with_default), &[]);
    let unfit = with("CHUNK_SIZE", json!({"type": "boolean"}));
    let names_unfit = names("CHUNK_SIZE");
    check(
        "1.7.0",
        unfit.clone(),
        &[Breaking::SettingsUnfit { names: names_unfit }],
    );
    let secret = with("CHUNK_SIZE", json!({"type": "number", "sensitive": true}));
    let names_unfit = names("CHUNK_SIZE");
    check(
        "1.7.0",
        secret.clone(),
        &[Breaking::SettingsUnfit { names: names_unfit }],
    );
    let kept = |parameters: Value| {
        let to = manifest("1.7.0", parameters);
        kept_settings(&row.settings, &to.parameters)
    };
    assert_eq!(kept(parameters()), row.settings);
    assert_eq!(kept(unfit), BTreeMap::new());
    assert_eq!(kept(secret), BTreeMap::new());
}

#[test]
fn a_plan_is_a_value_and_the_same_each_time() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.installed(&acme);
    let error = block_on(acme.plan_update(instance, "latest")).unwrap_err();
    assert_eq!(error.tag(), "AlreadyInstalled");
    publish_minor(&world);
    let plan = planned(&acme, instance);
    assert_eq!(
        (plan.from.as_str(), plan.to.to_string()),
        ("1.6.1", "1.7.0".to_owned())
    );
    assert_eq!((plan.kind, plan.breaking.len()), (UpdateKind::Minor, 0));
    let packages: Vec<String> = plan
        .packages()
        .iter()
        .map(|pin| format!("{}@{}", pin.name, pin.version))
        .collect();
    assert_eq!(
        packages,
        [
            "@elizaos/core@1.7.2",
            "@elizaos/plugin-sql@1.7.2",
            "@elizaos/plugin-knowledge@1.7.0"
        ]
    );
    assert_eq!(planned(&acme, instance), plan);
    let json = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<UpdatePlan>(&json).unwrap(), plan);
    // Planning writes nothing.
    assert_eq!(found(&acme, instance).version, "1.6.1");
    let uma = world.tenant("uma", "acme");
    let error = block_on(uma.plan_update(instance, "latest")).unwrap_err();
    assert_eq!(error.tag(), "OperationDenied");
}

#[test]
fn what_would_change_others_is_refused_with_what_to_do_first() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.installed(&acme);
    let needing = |needs: Value| {
        publish(&world, &[("1.7.0", body(needs, parameters()))]);
        block_on(acme.plan_update(instance, "latest")).unwrap_err()
    };
    let core = json!({"@elizaos/core": "1.7.2"});
    let sql = |versions: &[&str]| {
        let all: Vec<(&str, Value)> = versions
            .iter()
            .map(|version| (*version, json!({"dependencies": core})))
            .collect();
        world.source.put(SQL, package(SQL, &all));
    };
    sql(&["1.7.2", "2.0.0"]);
    let error = needing(json!({"@elizaos/core": "^1.7.0", SQL: "^2.0.0"}));
    let ManagerError::UpdateNeedsOthers {
        update, install, ..
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!(
        (update.as_slice(), install.len()),
        (["@elizaos/plugin-sql@2.0.0".to_owned()].as_slice(), 0)
    );
    let web = "@elizaos/plugin-web";
    world.source.put(
        web,
        package(web, &[("1.0.0", json!({"dependencies": core}))]),
    );
    let error = needing(json!({"@elizaos/core": "^1.7.0", SQL: "^1.7.0", web: "^1.0.0"}));
    assert_eq!(
        error.to_string(),
        "`@elizaos/plugin-knowledge` cannot be updated alone: install @elizaos/plugin-web@1.0.0 first"
    );
    // What needs it must be asked, too.
    let installed = block_on(acme.installed(SQL)).unwrap().unwrap();
    let plan = planned(&acme, installed.instance);
    let [dependent] = &plan.dependents[..] else {
        panic!("{plan:?}");
    };
    assert_eq!(dependent.requires.as_deref(), Some("^1.7.0"));
    assert_eq!(dependent.verdict, Verdict::Refuses);
    let dependents = vec![KNOWLEDGE.to_owned()];
    assert_eq!(
        plan.breaking,
        [Breaking::Major, Breaking::DependentsAffected { dependents }]
    );
    let outdated = block_on(acme.outdated()).unwrap();
    let said: Vec<(&str, bool)> = outdated
        .iter()
        .map(|it| (it.package.as_str(), it.held_by.is_some()))
        .collect();
    assert_eq!(said, [(KNOWLEDGE, true), (SQL, false)]);
}

#[test]
fn an_active_plugin_becomes_another_version_and_nothing_of_the_old_one_is_left_running() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let before = found(&acme, instance);
    publish_minor(&world);
    updated(&acme, instance).unwrap();
    let after = found(&acme, instance);
    assert_eq!(
        (after.version.as_str(), after.lifecycle.kind()),
        ("1.7.0", StateKind::Active)
    );
    assert_ne!(after.runtime, before.runtime);
    assert!(after.fence > before.fence);
    assert!(!runs(&world, &before.runtime));
    assert!(runs(&world, &after.runtime));
    assert_eq!(after.components, before.components);
    assert_eq!(after.members.last().unwrap().version, "1.7.0");
    assert!(after.operation.is_none() && after.strays.is_empty());
    assert!(matches!(
        search(&acme, instance).unwrap(),
        Ending::Succeeded { .. }
    ));
    assert_eq!(rules(&acme, instance)[4..6], ["T37", "T39"]);
    let kept = block_on(acme.kept_versions(instance)).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].version, "1.6.1");
    let sql = block_on(acme.installed(SQL)).unwrap().unwrap();
    assert_eq!(block_on(acme.dependents(sql.instance)).unwrap().len(), 1);
    // The new one is started before the old one is stopped.
    let calls = world.executor.calls();
    let at = |wanted: &dyn Fn(&ExecutorCall) -> bool| calls.iter().position(wanted).unwrap();
    let started =
        at(&|it| matches!(it, ExecutorCall::Start { spec } if spec.runtime == after.runtime));
    let stopped =
        at(&|it| matches!(it, ExecutorCall::Stop { runtime, .. } if *runtime == before.runtime));
    assert!(started < stopped);
}

#[test]
fn an_installed_plugin_becomes_another_version_without_being_started() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.installed(&acme);
    publish_minor(&world);
    updated(&acme, instance).unwrap();
    assert_eq!(rules(&acme, instance)[2..], ["T36", "T38"]);
    assert_eq!(state(&acme, instance), StateKind::Installed);
    assert!(world.executor.calls().is_empty());
    block_on(acme.activate(instance)).unwrap();
    let started = world
        .executor
        .calls()
        .into_iter()
        .find_map(|call| match call {
            ExecutorCall::Start { spec } => spec.plugins.last().map(|it| it.version.clone()),
            _ => None,
        });
    assert_eq!(started.as_deref(), Some("1.7.0"));
}

#[test]
fn what_breaks_has_to_be_approved_by_kind() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let settings = BTreeMap::from([("CHUNK_SIZE".to_owned(), json!(512))]);
    block_on(acme.configure(instance, settings)).unwrap();
    publish(&world, &[("2.0.0", body(needs(), json!({})))]);
    let plan = planned(&acme, instance);
    let kinds: Vec<BreakingKind> = plan.breaking.iter().map(Breaking::kind).collect();
    assert_eq!(kinds, [BreakingKind::Major, BreakingKind::ParametersGone]);
    let trail = block_on(acme.audit_all()).unwrap().events.len();
    let some = Approval::none().and(BreakingKind::Major);
    let error = block_on(acme.update(&plan, &some)).unwrap_err();
    assert_eq!(error.tag(), "UpdateNotApproved");
    // Whatever the plan says breaks, what does break counts.
    let mut edited = plan.clone();
    edited.breaking.clear();
    let error = block_on(acme.update(&edited, &some)).unwrap_err();
    assert_eq!(error.tag(), "UpdateNotApproved");
    assert_eq!(block_on(acme.audit_all()).unwrap().events.len(), trail);
    block_on(acme.update(&plan, &Approval::of(&plan))).unwrap();
    assert_eq!(found(&acme, instance).settings, BTreeMap::new());
    // It is not true any more.
    let error = block_on(acme.update(&plan, &Approval::of(&plan))).unwrap_err();
    assert_eq!(error.tag(), "PlanOutdated");
}

#[test]
fn components_that_require_more_bring_the_old_version_back_unless_that_was_approved() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let mut mighty = component(ComponentKind::Action, "SEARCH_KNOWLEDGE");
    mighty.requires = [Permission::SecretsAccess].into_iter().collect();
    let required = mighty.requires.clone();
    world
        .executor
        .plugin(KNOWLEDGE.parse().unwrap(), vec![mighty]);
    publish_minor(&world);
    let plan = planned(&acme, instance);
    let error = block_on(acme.update(&plan, &Approval::none())).unwrap_err();
    let ManagerError::UpdateRolledBack { cause, .. } = &error else {
        panic!("{error}");
    };
    let added = required.clone();
    let widened = Breaking::PermissionsWidened { added };
    assert!(matches!(
        cause.as_ref(),
        ManagerError::UpdateNotApproved { breaking, .. } if *breaking == [widened]
    ));
    let row = found(&acme, instance);
    assert_eq!(
        (row.version.as_str(), row.lifecycle.kind()),
        ("1.6.1", StateKind::Active)
    );
    let approval = Approval::none().permitting(&required);
    block_on(acme.update(&plan, &approval)).unwrap();
    assert_eq!(found(&acme, instance).version, "1.7.0");
}

#[test]
fn a_version_that_does_not_start_brings_the_old_one_back() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let before = found(&acme, instance);
    publish_minor(&world);
    let broken = StartScript::Fail(PluginFailure::new("Broken", "no such table"));
    world
        .executor
        .script_start(KNOWLEDGE.parse().unwrap(), broken);
    let error = updated(&acme, instance).unwrap_err();
    assert_eq!(error.tag(), "UpdateRolledBack");
    assert!(error.to_string().contains("no such table"), "{error}");
    let after = found(&acme, instance);
    assert_eq!(
        (after.version.as_str(), after.lifecycle.kind()),
        ("1.6.1", StateKind::Active)
    );
    assert_eq!(after.runtime, before.runtime);
    assert!(runs(&world, &after.runtime));
    assert!(after.reason.unwrap().contains("no such table"));
    assert_eq!(rules(&acme, instance)[4..7], ["T37", "T40", "T45"]);
    assert_eq!(block_on(acme.kept_versions(instance)).unwrap(), []);
    assert!(matches!(
        search(&acme, instance).unwrap(),
        Ending::Succeeded { .. }
    ));
    let calls = world.executor.calls();
    let others = calls.iter().filter_map(|call| match call {
        ExecutorCall::Start { spec } if spec.runtime != after.runtime => Some(spec.runtime),
        _ => None,
    });
    for other in others {
        assert!(!runs(&world, &other));
    }
}

#[test]
fn where_neither_version_starts_it_rests_in_error_at_the_old_one() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    publish_minor(&world);
    for _ in 0..2 {
        let broken = StartScript::Fail(PluginFailure::new("Broken", "no disk"));
        world
            .executor
            .script_start(KNOWLEDGE.parse().unwrap(), broken);
    }
    let error = updated(&acme, instance).unwrap_err();
    assert_eq!(error.tag(), "RollbackFailed");
    assert_eq!(rules(&acme, instance)[4..8], ["T37", "T40", "T46", "T46"]);
    let rest = found(&acme, instance);
    assert_eq!(
        (rest.version.as_str(), rest.lifecycle.kind()),
        ("1.6.1", StateKind::Error)
    );
    assert!(!runs(&world, &rest.runtime));
    assert_eq!(rest.strays.len(), 1);
    block_on(acme.activate(instance)).unwrap();
    assert!(found(&acme, instance).strays.is_empty());
}

#[test]
fn packages_that_cannot_be_fetched_change_nothing() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    publish_minor(&world);
    let plan = planned(&acme, instance);
    publish(&world, &[]);
    let before = found(&acme, instance);
    let error = block_on(acme.update(&plan, &Approval::none())).unwrap_err();
    assert_eq!(error.tag(), "SourceNotFound");
    assert_eq!(found(&acme, instance), before);
    block_on(acme.deactivate(instance)).unwrap();
    let before = found(&acme, instance);
    let error = block_on(acme.update(&plan, &Approval::none())).unwrap_err();
    assert_eq!(error.tag(), "SourceNotFound");
    assert_eq!(found(&acme, instance), before);
}

#[test]
fn one_command_brings_the_version_of_before_back_with_its_settings() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let error = block_on(acme.rollback(instance)).unwrap_err();
    assert_eq!(error.tag(), "NoSnapshot");
    let size = |size: u32| BTreeMap::from([("CHUNK_SIZE".to_owned(), json!(size))]);
    block_on(acme.configure(instance, size(512))).unwrap();
    publish_minor(&world);
    updated(&acme, instance).unwrap();
    let newer = found(&acme, instance);
    block_on(acme.configure(instance, size(1024))).unwrap();
    block_on(acme.rollback(instance)).unwrap();
    let back = found(&acme, instance);
    assert_eq!(
        (back.version.as_str(), back.lifecycle.kind()),
        ("1.6.1", StateKind::Active)
    );
    assert_eq!(back.settings, size(512));
    assert!(!runs(&world, &newer.runtime));
    assert!(runs(&world, &back.runtime));
    assert!(matches!(
        search(&acme, instance).unwrap(),
        Ending::Succeeded { .. }
    ));
    // What it went back to is not kept any more.
    assert_eq!(
        block_on(acme.rollback(instance)).unwrap_err().tag(),
        "NoSnapshot"
    );
    block_on(acme.deactivate(instance)).unwrap();
    updated(&acme, instance).unwrap();
    block_on(acme.rollback(instance)).unwrap();
    assert_eq!(state(&acme, instance), StateKind::Installed);
    let last = rules(&acme, instance);
    assert_eq!(last[last.len() - 4..], ["T36", "T38", "T42", "T44"]);
}

#[test]
fn the_last_snapshots_are_kept_without_secrets_and_go_with_the_plugin() {
    let world = World::new();
    let vault = std::sync::Arc::new(plugin_runtime_api::MemoryVault::new());
    let manager = world.manager.clone().with_vault(vault);
    let (alice, acme) = (crate::world::person("alice"), crate::world::group("acme"));
    let acme = block_on(manager.tenant(alice, acme)).unwrap();
    let instance = world.installed(&acme);
    let secret = BTreeMap::from([("OPENAI_API_KEY".to_owned(), json!("sk-1234"))]);
    block_on(acme.configure(instance, secret)).unwrap();
    let versions = ["1.6.2", "1.6.3", "1.6.4", "1.6.5", "1.6.6"];
    for upto in 1..=versions.len() {
        let all: Vec<(&str, Value)> = versions[..upto]
            .iter()
            .map(|version| (*version, body(needs(), parameters())))
            .collect();
        publish(&world, &all);
        updated(&acme, instance).unwrap();
        world.pass(1);
    }
    let kept = block_on(acme.kept_versions(instance)).unwrap();
    let kept: Vec<&str> = kept.iter().map(|it| it.version.as_str()).collect();
    assert_eq!(kept, ["1.6.3", "1.6.4", "1.6.5"]);
    let rows = snapshots(&world, &acme);
    assert_eq!(rows.len(), 3);
    assert!(!serde_json::to_string(&rows).unwrap().contains("sk-1234"));
    block_on(acme.uninstall(instance)).unwrap();
    assert_eq!(snapshots(&world, &acme), Vec::<Value>::new());
}

#[test]
fn executions_under_way_end_and_no_more_are_admitted() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    publish_minor(&world);
    let plan = planned(&acme, instance);
    let hanging = Script::hang_then(Script::Succeed(json!({"result": "late"})));
    world.executor.script("SEARCH_KNOWLEDGE", hanging);
    let waker = noop_waker();
    let mut context = Context::from_waker(&waker);
    let mut execution = Box::pin(acme.execute(instance, "SEARCH_KNOWLEDGE", json!({})));
    assert!(execution.as_mut().poll(&mut context).is_pending());
    let approval = Approval::none();
    let mut update = Box::pin(acme.update(&plan, &approval));
    assert!(update.as_mut().poll(&mut context).is_pending());
    let error = search(&acme, instance).unwrap_err();
    assert_eq!(error.tag(), "BeingChanged");
    assert!(
        error.to_string().contains("try again at 2026-11-20T12:01:"),
        "{error}"
    );
    assert_eq!(state(&acme, instance), StateKind::Executing);
    assert_eq!(world.executor.release("SEARCH_KNOWLEDGE"), 1);
    let Poll::Ready(outcome) = execution.as_mut().poll(&mut context) else {
        panic!("it does not end");
    };
    let late = json!({"result": "late"});
    assert!(matches!(outcome.unwrap().ending, Ending::Succeeded { output } if output == late));
    block_on(update).unwrap();
    let after = found(&acme, instance);
    assert_eq!(
        (after.version.as_str(), after.holds.is_empty()),
        ("1.7.0", true)
    );
    assert!(matches!(
        search(&acme, instance).unwrap(),
        Ending::Succeeded { .. }
    ));
}

#[test]
fn a_host_that_dies_while_it_waits_keeps_the_plugin_closed_only_for_so_long() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    publish_minor(&world);
    let plan = planned(&acme, instance);
    let hanging = Script::hang_then(Script::Succeed(Value::Null));
    world.executor.script("SEARCH_KNOWLEDGE", hanging);
    let mut execution = Box::pin(acme.execute(instance, "SEARCH_KNOWLEDGE", json!({})));
    let waker = noop_waker();
    let mut context = Context::from_waker(&waker);
    assert!(execution.as_mut().poll(&mut context).is_pending());
    crate::abandoned::abandon(acme.update(&plan, &Approval::none()));
    assert_eq!(search(&acme, instance).unwrap_err().tag(), "BeingChanged");
    world.executor.release("SEARCH_KNOWLEDGE");
    block_on(execution).unwrap();
    assert_eq!(search(&acme, instance).unwrap_err().tag(), "BeingChanged");
    world.pass(101);
    assert!(matches!(
        search(&acme, instance).unwrap(),
        Ending::Succeeded { .. }
    ));
}

#[test]
fn a_host_that_dies_while_the_new_version_starts_is_followed_by_another() {
    for then in ["recover", "give up"] {
        let world = World::new();
        let acme = world.tenant("alice", "acme");
        let instance = world.active(&acme);
        publish_minor(&world);
        let plan = planned(&acme, instance);
        let hang = || {
            let package = KNOWLEDGE.parse().unwrap();
            world.executor.script_start(package, StartScript::Hang);
        };
        hang();
        crate::abandoned::abandon(acme.update(&plan, &Approval::none()));
        assert_eq!(state(&acme, instance), StateKind::Updating);
        let admitted = search(&acme, instance).unwrap_err();
        assert_eq!(admitted.tag(), "BeingChanged");
        let group = crate::world::group("acme");
        let version = if then == "recover" {
            "1.7.0"
        } else {
            for _ in 0..2 {
                world.pass(601);
                hang();
                crate::abandoned::abandon(world.manager.recover([group]));
            }
            "1.6.1"
        };
        world.pass(601);
        let report = block_on(world.manager.recover([group]));
        assert_eq!(report.failed, []);
        let row = found(&acme, instance);
        assert_eq!(
            (row.version.as_str(), row.lifecycle.kind()),
            (version, StateKind::Active)
        );
        assert!(runs(&world, &row.runtime));
        assert!(matches!(
            search(&acme, instance).unwrap(),
            Ending::Succeeded { .. }
        ));
    }
}

#[test]
fn an_edited_plan_is_refused() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.installed(&acme);
    publish_minor(&world);
    let plan = planned(&acme, instance);
    let check = |edit: &dyn Fn(&mut UpdatePlan), words: &str| {
        let mut edited = plan.clone();
        edit(&mut edited);
        let error = block_on(acme.update(&edited, &Approval::none())).unwrap_err();
        assert_eq!(error.tag(), "PlanOutdated", "{error}");
        assert!(error.to_string().contains(words), "{error}");
    };
    check(&|p| p.steps.push(p.steps[1].clone()), "twice");
    check(&|p| drop(p.steps.pop()), "version asked for");
    check(
        &|p| p.steps[1].part = plugin_lifecycle::PlanPart::Dependency,
        "not installed",
    );
    check(
        &|p| p.group = crate::world::group("globex"),
        "another organisation",
    );
    check(&|p| p.from = "1.0.0".to_owned(), "meanwhile");
    // Another root would be a second member of the instance, with its grants and secrets.
    let present = |p: &UpdatePlan| {
        let is_sql = |step: &plugin_lifecycle::PlanStep| step.package.as_str() == SQL;
        p.steps.iter().position(is_sql).unwrap()
    };
    check(
        &|p| {
            let at = present(p);
            p.steps[at].part = plugin_lifecycle::PlanPart::Root;
        },
        "asked for",
    );
    check(
        &|p| {
            let at = present(p);
            p.steps[at].version = "9.9.9".parse().unwrap();
        },
        "another version by now",
    );
    block_on(acme.update(&plan, &Approval::none())).unwrap();
}

#[test]
fn a_need_that_is_removed_meanwhile_brings_the_old_version_back() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    publish(&world, &[("1.7.0", body(needs(), parameters()))]);
    let alone = body(json!({"@elizaos/core": "^1.7.0"}), parameters());
    let all = [("1.6.1", alone), ("1.7.0", body(needs(), parameters()))];
    world.source.put(KNOWLEDGE, package(KNOWLEDGE, &all));
    let plan = block_on(acme.plan_install(SQL, "^1.7")).unwrap();
    let sql = block_on(acme.install(&plan)).unwrap();
    let plan = block_on(acme.plan_install(KNOWLEDGE, "1.6.1")).unwrap();
    let instance = block_on(acme.install(&plan)).unwrap();
    block_on(acme.activate(instance)).unwrap();
    let plan = planned(&acme, instance);
    // It starts while what it will need goes away.
    let hang = StartScript::Hang;
    world
        .executor
        .script_start(KNOWLEDGE.parse().unwrap(), hang);
    let approval = Approval::none();
    let mut update = Box::pin(acme.update(&plan, &approval));
    let waker = noop_waker();
    let mut context = Context::from_waker(&waker);
    assert!(update.as_mut().poll(&mut context).is_pending());
    block_on(acme.uninstall(sql)).unwrap();
    world.executor.release_start(KNOWLEDGE.parse().unwrap());
    let error = block_on(update).unwrap_err();
    assert_eq!(error.tag(), "UpdateRolledBack");
    assert!(error.to_string().contains("removed meanwhile"), "{error}");
    let row = found(&acme, instance);
    assert_eq!(
        (row.version.as_str(), row.lifecycle.kind()),
        ("1.6.1", StateKind::Active)
    );
    let error = block_on(acme.update(&plan, &approval)).unwrap_err();
    assert_eq!(error.tag(), "PlanOutdated");
}

#[test]
fn a_pin_says_how_far_a_plugin_is_updated() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.installed(&acme);
    let of = || body(needs(), parameters());
    publish(&world, &[("1.6.2", of()), ("1.7.0", of()), ("2.0.0", of())]);
    let mut document = block_on(world.source.package(KNOWLEDGE)).unwrap().document;
    document["dist-tags"]["beta"] = "2.0.0".into();
    document["dist-tags"]["latest"] = "1.7.0".into();
    world.source.put(KNOWLEDGE, document);
    let to = |requested: &str| match block_on(acme.plan_update(instance, requested)) {
        Ok(plan) => plan.to.to_string(),
        Err(error) => error.tag().to_owned(),
    };
    let pin = |pin: &str| block_on(acme.pin(instance, Some(pin.parse().unwrap()))).unwrap();
    assert_eq!(
        (to("latest").as_str(), to("2.0.0").as_str()),
        ("1.7.0", "2.0.0")
    );
    let before = planned(&acme, instance);
    pin("~1.6.0");
    assert_eq!(
        (to("latest").as_str(), to("1.7.0").as_str()),
        ("1.6.2", "PluginPinned")
    );
    // A plan of before is held to it, too.
    let error = block_on(acme.update(&before, &Approval::none())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`@elizaos/plugin-knowledge` 1.6.1 is pinned to `~1.6.0`"
    );
    pin("beta");
    assert_eq!(
        (to("latest").as_str(), to("^1.7").as_str()),
        ("2.0.0", "1.7.0")
    );
    pin("hold");
    assert_eq!(
        (to("latest").as_str(), to("1.6.2").as_str()),
        ("PluginPinned", "PluginPinned")
    );
    let outdated = block_on(acme.outdated()).unwrap();
    assert!(
        outdated[0]
            .held_by
            .as_deref()
            .unwrap()
            .contains("pinned to its version")
    );
    block_on(acme.pin(instance, None)).unwrap();
    assert_eq!(to("latest"), "1.7.0");
    let uma = world.tenant("uma", "acme");
    let error = block_on(uma.pin(instance, None)).unwrap_err();
    assert_eq!(error.tag(), "OperationDenied");
}
