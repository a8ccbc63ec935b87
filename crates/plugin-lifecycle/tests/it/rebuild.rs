//! The same version with other packages: the way out where it is not the plugin itself that is bad.

use futures::executor::block_on;
use one_ontology::ThingId;
use plugin_lifecycle::{
    Approval, ManagerError, OutdatedPlugin, PackagePart, Pin, ReleaseSettings, StateKind, Tenant,
    Treatment, UpdateKind, UpdatePlan,
};
use serde_json::{Value, json};

use crate::update::{found, rules, runs, state};
use crate::world::{KNOWLEDGE, SQL, World, package};

const CORE: &str = "@elizaos/core";
const OLD: &str = "2026-11-01T00:00:00Z";
/// Two hours before the world begins.
const YOUNG: &str = "2026-11-20T10:00:00Z";

/// A package with its versions, each with what it needs and when it was published.
fn put(world: &World, name: &str, versions: &[(&str, Value, &str)]) {
    let bodies: Vec<(&str, Value)> = versions
        .iter()
        .map(|(version, needs, _)| (*version, json!({"dependencies": needs})))
        .collect();
    let mut document = package(name, &bodies);
    for (version, _, at) in versions {
        document["time"][*version] = json!(at);
    }
    world.source.put(name, document);
}

fn cores(world: &World, versions: &[(&str, &str)]) {
    let all: Vec<(&str, Value, &str)> = versions
        .iter()
        .map(|(version, at)| (*version, json!({}), *at))
        .collect();
    put(world, CORE, &all);
}

fn needs() -> Value {
    json!({CORE: "^1.7.0", SQL: "^1.7.0"})
}

fn sqls(world: &World, versions: &[(&str, &str)]) {
    let all: Vec<(&str, Value, &str)> = versions
        .iter()
        .map(|(version, at)| (*version, json!({CORE: "^1.7.0"}), *at))
        .collect();
    put(world, SQL, &all);
}

fn plugins(world: &World, versions: &[(&str, &str)]) {
    let all: Vec<(&str, Value, &str)> = versions
        .iter()
        .map(|(version, at)| (*version, needs(), *at))
        .collect();
    put(world, KNOWLEDGE, &all);
}

/// A world in which nothing says exactly what core it needs.
fn loose() -> World {
    let world = World::new();
    cores(&world, &[("1.7.2", OLD)]);
    sqls(&world, &[("1.7.2", OLD)]);
    plugins(&world, &[("1.6.1", OLD)]);
    world
}

fn cool(tenant: &Tenant) {
    let day = |settings: &mut ReleaseSettings| settings.cooldown_s = Some(24 * 3600);
    block_on(tenant.change_release_settings(day)).unwrap();
}

fn planned(tenant: &Tenant, instance: ThingId, to: &str) -> Result<UpdatePlan, ManagerError> {
    block_on(tenant.plan_update(instance, to))
}

fn changes(plan: &UpdatePlan) -> Vec<String> {
    plan.changes.iter().map(ToString::to_string).collect()
}

fn outdated(tenant: &Tenant, package: &str) -> Option<OutdatedPlugin> {
    let all = block_on(tenant.outdated()).unwrap();
    all.into_iter().find(|it| it.package.as_str() == package)
}

fn of(tenant: &Tenant, package: &str) -> ThingId {
    let found = block_on(tenant.installed(package)).unwrap();
    found.unwrap().instance
}

#[test]
fn a_revoked_shared_package_is_left_at_the_same_version() {
    let world = loose();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    cores(&world, &[("1.7.2", OLD), ("1.7.3", OLD)]);
    world.revoke(CORE, "1.7.2", "backdoor");
    world.apply();
    assert_eq!(state(&acme, instance), StateKind::Suspended);
    let why = block_on(acme.why(instance)).unwrap();
    let way_out = "it is not started while that stands: `deactivate` it, then `update` it, which takes other packages where it stays at its version.";
    assert!(why.ends_with(way_out), "{why}");
    let offered = outdated(&acme, KNOWLEDGE).unwrap();
    assert_eq!(
        (offered.to.unwrap().to_string(), offered.kind),
        ("1.6.1".to_owned(), Some(UpdateKind::Rebuild))
    );
    assert_eq!(offered.settles, found(&acme, instance).notices);
    block_on(acme.deactivate(instance)).unwrap();
    let plan = planned(&acme, instance, "latest").unwrap();
    assert_eq!(plan.kind, UpdateKind::Rebuild);
    assert_eq!(changes(&plan), ["@elizaos/core 1.7.2 -> 1.7.3"]);
    assert_eq!(plan.changes[0].part, PackagePart::Shared);
    assert_eq!(plan.breaking, []);
    block_on(acme.update(&plan, &Approval::none())).unwrap();
    block_on(acme.activate(instance)).unwrap();
    let row = found(&acme, instance);
    assert_eq!((row.version.as_str(), row.notices.len()), ("1.6.1", 0));
    // Now nothing would change, and nobody goes back.
    let error = planned(&acme, instance, "latest").unwrap_err();
    assert_eq!(error.tag(), "AlreadyInstalled");
    let error = block_on(acme.rollback(instance)).unwrap_err();
    assert_eq!(error.tag(), "ReleaseRevoked");
    assert_eq!(outdated(&acme, KNOWLEDGE), None);
}

#[test]
fn a_revoked_plugin_of_the_runtime_is_to_be_another_first() {
    let world = loose();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let sql = of(&acme, SQL);
    world.revoke(SQL, "1.7.2", "it drops tables");
    world.apply();
    let why = block_on(acme.why(instance)).unwrap();
    assert!(
        why.ends_with("`deactivate` it, then `update` @elizaos/plugin-sql, then it."),
        "{why}"
    );
    sqls(&world, &[("1.7.2", OLD), ("1.7.3", OLD)]);
    world.sync(&[SQL]);
    let error = planned(&acme, instance, "latest").unwrap_err();
    assert_eq!(error.tag(), "ReleaseRevoked");
    let held = outdated(&acme, KNOWLEDGE).unwrap().held_by.unwrap();
    assert!(
        held.contains("`@elizaos/plugin-sql` 1.7.2 is revoked") && held.ends_with("1.7.3 is not"),
        "{held}"
    );
    let first = planned(&acme, sql, "latest").unwrap();
    block_on(acme.update(&first, &Approval::none())).unwrap();
    block_on(acme.deactivate(instance)).unwrap();
    let plan = planned(&acme, instance, "latest").unwrap();
    assert_eq!(plan.kind, UpdateKind::Rebuild);
    assert_eq!(changes(&plan), ["@elizaos/plugin-sql 1.7.2 -> 1.7.3"]);
    assert_eq!(plan.changes[0].part, PackagePart::Plugin);
    block_on(acme.update(&plan, &Approval::none())).unwrap();
    block_on(acme.activate(instance)).unwrap();
    let versions = found(&acme, instance).members;
    assert!(versions.iter().any(|it| it.version == "1.7.3"));
}

#[test]
fn what_runs_is_rebuilt_beside_what_there_is() {
    let world = loose();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let before = found(&acme, instance);
    cores(&world, &[("1.7.2", OLD), ("1.7.3", OLD)]);
    // That something shared has a newer release is no reason to offer it; whoever asks has it.
    assert_eq!(outdated(&acme, KNOWLEDGE), None);
    let plan = planned(&acme, instance, "1.6.1").unwrap();
    assert_eq!(plan.kind, UpdateKind::Rebuild);
    block_on(acme.update(&plan, &Approval::none())).unwrap();
    let row = found(&acme, instance);
    assert_eq!(row.lifecycle.kind(), StateKind::Active);
    assert!(runs(&world, &row.runtime) && !runs(&world, &before.runtime));
    let all = rules(&acme, instance);
    assert!(all.iter().any(|it| it == "T37"), "{all:?}");
    // A plan is of what there was.
    let error = block_on(acme.update(&plan, &Approval::none())).unwrap_err();
    assert_eq!(error.tag(), "PlanOutdated");
    block_on(acme.rollback(instance)).unwrap();
    assert_eq!(found(&acme, instance).packages, before.packages);
}

#[test]
fn a_plugin_that_is_held_may_be_rebuilt_at_its_version() {
    let world = loose();
    let acme = world.tenant("alice", "acme");
    let instance = world.installed(&acme);
    block_on(acme.pin(instance, Some(Pin::Hold))).unwrap();
    cores(&world, &[("1.7.2", OLD), ("1.7.3", OLD)]);
    plugins(&world, &[("1.6.1", OLD), ("1.7.0", OLD)]);
    for to in ["latest", "1.7.0", "^1.6"] {
        let error = planned(&acme, instance, to).unwrap_err();
        assert_eq!(error.tag(), "PluginPinned", "{to}");
    }
    let plan = planned(&acme, instance, "1.6.1").unwrap();
    assert_eq!(plan.kind, UpdateKind::Rebuild);
    block_on(acme.update(&plan, &Approval::none())).unwrap();
    // Where something is said of what it runs, that is offered.
    world.revoke(CORE, "1.7.3", "worse");
    world.apply();
    let offered = outdated(&acme, KNOWLEDGE).unwrap();
    assert_eq!(offered.kind, Some(UpdateKind::Rebuild));
    assert!(offered.held_by.unwrap().contains("pinned"));
}

#[test]
fn an_exact_version_is_had_at_once_and_what_it_needs_is_not() {
    let world = loose();
    let acme = world.tenant("alice", "acme");
    cool(&acme);
    cores(&world, &[("1.7.2", OLD), ("1.7.3", YOUNG)]);
    plugins(&world, &[("1.6.1", OLD), ("1.7.0", YOUNG)]);
    let core = |plan: &[plugin_lifecycle::PlanStep]| {
        let mut steps = plan.iter();
        let core = steps.find(|it| it.package.as_str() == CORE).unwrap();
        core.version.to_string()
    };
    // To install.
    for (asked, own, warnings) in [
        ("latest", "1.6.1", 1),
        ("^1.6", "1.6.1", 1),
        ("1.7.0", "1.7.0", 0),
    ] {
        let plan = block_on(acme.plan_install(KNOWLEDGE, asked)).unwrap();
        let root = plan.root().unwrap().version.to_string();
        assert_eq!(
            (root.as_str(), core(&plan.steps).as_str()),
            (own, "1.7.2"),
            "{asked}"
        );
        assert_eq!(plan.warnings.len(), warnings, "{:?}", plan.warnings);
    }
    let waits = block_on(acme.plan_install(KNOWLEDGE, "latest"))
        .unwrap()
        .warnings;
    assert_eq!(
        waits,
        [
            "of @elizaos/plugin-knowledge, 1.7.0 is 2 hours old; it is offered from 2026-11-21T10:00:00.000000Z on"
        ]
    );
    // To update.
    let instance = world.installed(&acme);
    let plan = planned(&acme, instance, "1.7.0").unwrap();
    assert_eq!(
        (plan.to.to_string(), core(&plan.steps)),
        ("1.7.0".to_owned(), "1.7.2".to_owned())
    );
    let error = planned(&acme, instance, "latest").unwrap_err();
    assert_eq!(error.tag(), "AlreadyInstalled");
    // Whoever says how old a release has to be is heeded.
    let now = one_ontology::Clock::now(world.clock.as_ref());
    let none = plugin_resolver::Cooldown::published_until(now.as_datetime());
    let how = plugin_resolver::Request::new().cooldown(none);
    let plan = block_on(acme.plan_update_with(instance, "latest", how)).unwrap();
    assert_eq!(
        (plan.to.to_string(), core(&plan.steps)),
        ("1.7.0".to_owned(), "1.7.3".to_owned())
    );
}

#[test]
fn what_runs_already_is_never_too_young() {
    let world = loose();
    let acme = world.tenant("alice", "acme");
    cores(&world, &[("1.7.2", OLD), ("1.7.3", YOUNG)]);
    let instance = world.installed(&acme);
    cool(&acme);
    let error = planned(&acme, instance, "latest").unwrap_err();
    assert_eq!(error.tag(), "AlreadyInstalled");
    plugins(&world, &[("1.6.1", OLD), ("1.7.0", OLD)]);
    let plan = planned(&acme, instance, "latest").unwrap();
    assert_eq!(
        (plan.to.to_string(), plan.changes.len()),
        ("1.7.0".to_owned(), 0)
    );
}

type Versions = &'static [(&'static str, &'static str)];

/// What there is of core and of the plugin besides what is installed, what is revoked, which version of the plugin with which core comes
/// of it, and how much of that is too young.
type Case = (
    Versions,
    Versions,
    (&'static str, &'static str),
    (&'static str, &'static str),
    usize,
);

#[test]
fn a_fix_may_be_younger_than_the_organisation_wants() {
    let table: [Case; 5] = [
        // The fix is all that there is.
        (
            &[("1.7.3", YOUNG)],
            &[],
            (CORE, "1.7.2"),
            ("1.6.1", "1.7.3"),
            1,
        ),
        // Something old enough will do.
        (
            &[("1.7.1", OLD), ("1.7.3", YOUNG)],
            &[],
            (CORE, "1.7.2"),
            ("1.6.1", "1.7.1"),
            0,
        ),
        // The fix is of the plugin, and only that is hurried.
        (
            &[("1.7.3", YOUNG)],
            &[("1.6.2", YOUNG)],
            (KNOWLEDGE, "1.6.1"),
            ("1.6.2", "1.7.2"),
            1,
        ),
        // An older one is no better than a young fix.
        (
            &[],
            &[("1.6.0", OLD), ("1.6.2", YOUNG)],
            (KNOWLEDGE, "1.6.1"),
            ("1.6.2", "1.7.2"),
            1,
        ),
        // But better than none.
        (
            &[],
            &[("1.6.0", OLD)],
            (KNOWLEDGE, "1.6.1"),
            ("1.6.0", "1.7.2"),
            0,
        ),
    ];
    for (number, (core, own, (revoked, versions), (to, with), hurried)) in table.iter().enumerate()
    {
        let world = loose();
        let acme = world.tenant("alice", "acme");
        let instance = world.active(&acme);
        cool(&acme);
        let also = |there: (&'static str, &'static str), more: &[(&'static str, &'static str)]| {
            let mut all = more.to_vec();
            all.push(there);
            all.sort_unstable();
            all
        };
        cores(&world, &also(("1.7.2", OLD), core));
        plugins(&world, &also(("1.6.1", OLD), own));
        world.revoke(revoked, versions, "bad");
        let plan = planned(&acme, instance, "latest").unwrap();
        let core = plan.steps.iter().find(|it| it.package.as_str() == CORE);
        assert_eq!(
            (
                plan.to.to_string().as_str(),
                core.unwrap().version.to_string().as_str()
            ),
            (*to, *with),
            "{number}"
        );
        let words = "old, and taken because what is installed is revoked";
        let told = plan.warnings.iter().filter(|it| it.ends_with(words));
        assert_eq!(told.count(), *hurried, "{number}: {:?}", plan.warnings);
    }
}

#[test]
fn age_counts_where_a_revocation_is_only_told() {
    let world = loose();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    cool(&acme);
    let notify = |it: &mut ReleaseSettings| it.treatments.revoked = Treatment::Notify;
    block_on(acme.change_release_settings(notify)).unwrap();
    cores(&world, &[("1.7.2", OLD), ("1.7.3", YOUNG)]);
    world.revoke(CORE, "1.7.2", "bad");
    let error = planned(&acme, instance, "latest").unwrap_err();
    assert_eq!(error.tag(), "AlreadyInstalled");
}
