//! What is said of releases after they were installed, and what comes of it.

use std::task::{Context, Waker};

use futures::executor::block_on;
use one_ontology::{
    Event, EventQuery, EventType, Limit, Place, Scope, SequentialIds, Store as _, ThingId,
};
use plugin_lifecycle::{
    Approval, ManagerError, Notice, NoticeKind, NoticeReport, Permit, ReleaseFacts,
    ReleaseSettings, StateKind, Tenant, Treatment, notices, permit,
};
use plugin_registry::{
    Freshness, PackageVersions, PluginRecord, Revocation, Revocations, Severity, Source as _,
    SourceId, gather, sync,
};
use plugin_resolver::PackageName;
use plugin_runtime_api::{Script, StartScript};
use serde_json::{Value, json};

use crate::update::{found, publish, publish_minor, runs, state};
use crate::world::{KNOWLEDGE, SQL, World, group, package, person};

fn name(text: &str) -> PackageName {
    text.parse().unwrap()
}

fn owner() -> one_ontology::Actor {
    "system:security".parse().unwrap()
}

impl World {
    /// Brings the shared catalog up to date.
    pub(crate) fn sync(&self, names: &[&str]) {
        let scope = Scope::system("registry_sync".parse().unwrap(), Place::Global);
        let names: Vec<PackageName> = names.iter().map(|it| name(it)).collect();
        let gathered = block_on(gather(&self.source, &names)).unwrap();
        let now = one_ontology::Clock::now(self.clock.as_ref());
        let ids = SequentialIds::starting_at(1 << 40);
        let store = self.store.as_ref();
        block_on(sync(store, &scope, &gathered.records, None, &ids, now)).unwrap();
    }

    pub(crate) fn revoke(&self, package: &str, versions: &str, reason: &str) {
        let said = (reason, Severity::Critical);
        block_on(self.manager.revoke(owner(), &name(package), versions, said)).unwrap();
    }

    fn unrevoke(&self, package: &str, versions: &str) {
        block_on(self.manager.unrevoke(owner(), &name(package), versions)).unwrap();
    }

    pub(crate) fn apply(&self) -> NoticeReport {
        block_on(self.manager.apply_notices([group("acme"), group("globex")]))
    }
}

fn deprecate(world: &World, reason: &str) {
    let body = json!({
        "dependencies": {"@elizaos/core": "^1.7.0", SQL: "^1.7.0"}, "deprecated": reason,
    });
    world
        .source
        .put(KNOWLEDGE, package(KNOWLEDGE, &[("1.6.1", body)]));
}

fn said(report: &NoticeReport) -> (usize, usize, usize, usize, usize) {
    (
        report.raised.len(),
        report.cleared.len(),
        report.suspended.len(),
        report.left.len(),
        report.failed.len(),
    )
}

fn events(world: &World, tenant: &Tenant) -> Vec<Event> {
    let query = EventQuery {
        limit: Limit::new(Limit::MAX),
        ..EventQuery::default()
    };
    let page = block_on(world.store.events(tenant.scope(), &query)).unwrap();
    let told = page.items.into_iter();
    told.filter(|it| it.event_type == EventType::NotificationEvent)
        .collect()
}

fn told(world: &World, tenant: &Tenant) -> Vec<String> {
    let text = |event: &Event, name: &str| event.metadata.text(name).unwrap_or("-").to_owned();
    let line = |event: &Event| {
        ["notice", "kind", "package", "release", "treatment"].map(|name| text(event, name))
    };
    let events = events(world, tenant);
    events.iter().map(|it| line(it).join(" ")).collect()
}

#[test]
fn a_revoked_release_is_suspended_and_cannot_be_had_until_it_is_another() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    world.sync(&[KNOWLEDGE]);
    assert_eq!(said(&world.apply()), (0, 0, 0, 0, 0));
    world.revoke(KNOWLEDGE, "<1.7.0", "it sends\u{202e} keys\nabroad");
    let report = world.apply();
    assert_eq!(said(&report), (1, 0, 1, 0, 0), "{report:?}");
    let row = found(&acme, instance);
    assert_eq!(row.lifecycle.kind(), StateKind::Suspended);
    assert!(!runs(&world, &row.runtime));
    let reason =
        "@elizaos/plugin-knowledge 1.6.1 is revoked (critical): it sends keys\u{fffd}abroad";
    assert_eq!(row.reason.as_deref(), Some(reason));
    assert_eq!(
        block_on(acme.why(instance)).unwrap(),
        format!(
            "The platform (release_notices) suspended it: {reason}; it is not started while that stands: \
             `deactivate` it, then `update` it."
        )
    );
    // A second time nothing is doubled.
    assert_eq!(said(&world.apply()), (0, 0, 0, 0, 0));
    let line = "raised revoked @elizaos/plugin-knowledge 1.6.1 suspend";
    assert_eq!(told(&world, &acme), [line]);
    // Whatever is tried.
    let refused = |error: ManagerError| assert_eq!(error.tag(), "ReleaseRevoked", "{error}");
    refused(block_on(acme.activate(instance)).unwrap_err());
    block_on(acme.deactivate(instance)).unwrap();
    refused(block_on(acme.activate(instance)).unwrap_err());
    assert_eq!(state(&acme, instance), StateKind::Installed);
    let globex = world.tenant("gil", "globex");
    refused(block_on(globex.plan_install(KNOWLEDGE, "1.6.1")).unwrap_err());
    refused(block_on(globex.plan_install(KNOWLEDGE, "latest")).unwrap_err());
    // The way out.
    publish_minor(&world);
    world.sync(&[KNOWLEDGE]);
    let error = block_on(acme.activate(instance)).unwrap_err();
    assert!(error.to_string().ends_with("; 1.7.0 is not"), "{error}");
    let plan = block_on(acme.plan_update(instance, "latest")).unwrap();
    block_on(acme.update(&plan, &Approval::none())).unwrap();
    block_on(acme.activate(instance)).unwrap();
    assert_eq!(found(&acme, instance).notices, []);
    assert_eq!(told(&world, &acme).len(), 2, "cleared");
    refused(block_on(acme.rollback(instance)).unwrap_err());
    assert_eq!(found(&acme, instance).version, "1.7.0");
}

#[test]
fn a_plan_made_before_a_revocation_is_refused_after_it() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let globex = world.tenant("gil", "globex");
    let instance = world.active(&acme);
    publish_minor(&world);
    let update = block_on(acme.plan_update(instance, "latest")).unwrap();
    let install = block_on(globex.plan_install(KNOWLEDGE, "^1.7")).unwrap();
    world.revoke(KNOWLEDGE, "1.7.0", "it was not theirs");
    let error = block_on(acme.update(&update, &Approval::none())).unwrap_err();
    assert_eq!(error.tag(), "ReleaseRevoked");
    let error = block_on(globex.install(&install)).unwrap_err();
    assert_eq!(error.tag(), "ReleaseRevoked");
    assert_eq!(block_on(globex.list_installed()).unwrap(), []);
    assert_eq!(state(&acme, instance), StateKind::Active);
    // It is passed over where something else fits; a tag that points at it means the one below.
    let plan = block_on(globex.plan_install(KNOWLEDGE, "^1.6")).unwrap();
    assert_eq!(plan.root().unwrap().version.to_string(), "1.6.1");
    let plan = block_on(globex.plan_install(KNOWLEDGE, "latest")).unwrap();
    assert_eq!(plan.root().unwrap().version.to_string(), "1.6.1");
    // An organisation that does not heed revocations has it.
    let heed = |settings: &mut ReleaseSettings| settings.treatments.revoked = Treatment::Notify;
    block_on(globex.change_release_settings(heed)).unwrap();
    block_on(globex.install(&install)).unwrap();
}

/// Begins an update to 1.7.0 whose start hangs, revokes a version meanwhile, and lets it start.
fn revoked_meanwhile(version: &str) -> (World, ThingId, ManagerError) {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    publish_minor(&world);
    let plan = block_on(acme.plan_update(instance, "1.7.0")).unwrap();
    let plugin = || KNOWLEDGE.parse().unwrap();
    world.executor.script_start(plugin(), StartScript::Hang);
    let approval = Approval::of(&plan);
    let mut update = Box::pin(acme.update(&plan, &approval));
    let mut context = Context::from_waker(Waker::noop());
    assert!(update.as_mut().poll(&mut context).is_pending());
    world.revoke(KNOWLEDGE, version, "it sends keys elsewhere");
    world.executor.release_start(plugin());
    let error = block_on(update).unwrap_err();
    (world, instance, error)
}

#[test]
fn what_is_revoked_while_it_starts_does_not_take_the_place_of_what_runs() {
    let (world, instance, error) = revoked_meanwhile("1.7.0");
    assert_eq!(error.tag(), "UpdateRolledBack");
    let row = found(&world.tenant("alice", "acme"), instance);
    let is = (row.version.as_str(), row.lifecycle.kind());
    assert_eq!(is, ("1.6.1", StateKind::Active));
}

#[test]
fn nothing_goes_back_to_what_was_revoked_meanwhile() {
    // Both are: the one that starts, and the one that there was.
    let (world, instance, error) = revoked_meanwhile("<=1.7.0");
    assert_eq!(error.tag(), "RollbackFailed");
    let acme = world.tenant("alice", "acme");
    assert_eq!(found(&acme, instance).lifecycle.kind(), StateKind::Error);
    let refused = block_on(acme.activate(instance)).unwrap_err();
    assert_eq!(refused.tag(), "ReleaseRevoked");
    block_on(acme.deactivate(instance)).unwrap();
}

#[test]
fn a_package_of_the_runtime_counts_as_the_plugin_itself() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let all = block_on(acme.list_installed()).unwrap();
    let sql = all.iter().find(|it| it.package == SQL).unwrap().instance;
    world.revoke("@elizaos/core", "1.7.2", "backdoor");
    let report = world.apply();
    assert_eq!(said(&report), (2, 0, 1, 0, 0), "{report:?}");
    assert_eq!(state(&acme, instance), StateKind::Suspended);
    // What does not run is only told, and does not start either.
    assert_eq!(state(&acme, sql), StateKind::Installed);
    let error = block_on(acme.activate(sql)).unwrap_err();
    assert_eq!(error.tag(), "ReleaseRevoked");
}

#[test]
fn what_is_lifted_is_cleared_and_started_by_nobody() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    world.revoke(KNOWLEDGE, "1.6.1", "by mistake");
    world.apply();
    world.unrevoke(KNOWLEDGE, "1.6.1");
    assert_eq!(said(&world.apply()), (0, 1, 0, 0, 0));
    let row = found(&acme, instance);
    assert_eq!(
        (row.lifecycle.kind(), row.notices.len()),
        (StateKind::Suspended, 0)
    );
    block_on(acme.activate(instance)).unwrap();
    // Again, and lifted: who activates need not wait for the next round.
    world.revoke(KNOWLEDGE, "1.6.1", "after all");
    world.apply();
    world.unrevoke(KNOWLEDGE, "1.6.1");
    block_on(acme.activate(instance)).unwrap();
    let lines = told(&world, &acme);
    let kinds: Vec<&str> = lines
        .iter()
        .map(|it| it.split(' ').next().unwrap())
        .collect();
    assert_eq!(kinds, ["raised", "cleared", "raised", "cleared"]);
    let error = block_on(world.manager.unrevoke(owner(), &name(KNOWLEDGE), "1.6.1")).unwrap_err();
    assert_eq!(error.tag(), "RevocationNotFound");
}

#[test]
fn what_an_author_says_is_told_once_and_in_short() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    deprecate(&world, &format!("use another; {}", "x".repeat(400)));
    world.sync(&[KNOWLEDGE]);
    assert_eq!(said(&world.apply()), (1, 0, 0, 0, 0));
    assert_eq!(said(&world.apply()), (0, 0, 0, 0, 0));
    let row = found(&acme, instance);
    assert_eq!(row.lifecycle.kind(), StateKind::Active);
    let message = row.notices[0].message.clone().unwrap();
    assert!(message.starts_with("use another; xxx"), "{message}");
    assert_eq!(
        message.chars().count(),
        Notice::MESSAGE + 1,
        "and a mark that it was cut"
    );
    let why = block_on(acme.why(instance)).unwrap();
    assert!(
        why.contains("; @elizaos/plugin-knowledge 1.6.1 is deprecated: use another"),
        "{why}"
    );
    // The same in other words is nothing new; then no longer.
    world.pass(3600);
    deprecate(&world, "use plugin-x");
    world.sync(&[KNOWLEDGE]);
    assert_eq!(said(&world.apply()), (0, 0, 0, 0, 0));
    assert_eq!(found(&acme, instance).notices, row.notices);
    assert_eq!(told(&world, &acme).len(), 1);
    publish(&world, &[]);
    world.sync(&[KNOWLEDGE]);
    assert_eq!(said(&world.apply()), (0, 1, 0, 0, 0));
    assert_eq!(found(&acme, instance).notices, []);
}

#[test]
fn what_is_suspended_for_less_than_a_revocation_may_be_resumed() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    publish_minor(&world);
    world.sync(&[KNOWLEDGE]);
    // The one that is installed is withdrawn.
    let left = json!({"dependencies": {"@elizaos/core": "^1.7.0", SQL: "^1.7.0"}});
    world
        .source
        .put(KNOWLEDGE, package(KNOWLEDGE, &[("1.7.0", left)]));
    world.sync(&[KNOWLEDGE]);
    assert_eq!(said(&world.apply()), (1, 0, 0, 0, 0));
    assert_eq!(
        found(&acme, instance).notices[0].kind,
        NoticeKind::Unpublished
    );
    let suspend = |it: &mut ReleaseSettings| it.treatments.unpublished = Treatment::Suspend;
    block_on(acme.change_release_settings(suspend)).unwrap();
    let report = world.apply();
    assert_eq!(said(&report), (1, 0, 1, 0, 0), "{report:?}");
    assert_eq!(state(&acme, instance), StateKind::Suspended);
    // Whoever resumes it has decided.
    block_on(acme.activate(instance)).unwrap();
    assert_eq!(said(&world.apply()), (0, 0, 0, 0, 0));
    assert_eq!(state(&acme, instance), StateKind::Active);
    let ignore = |it: &mut ReleaseSettings| it.treatments.unpublished = Treatment::Ignore;
    block_on(acme.change_release_settings(ignore)).unwrap();
    assert_eq!(said(&world.apply()), (0, 1, 0, 0, 0));
}

#[test]
fn organisations_treat_the_same_each_in_its_way_and_read_nothing_of_each_other() {
    let world = World::new();
    let (acme, globex) = (world.tenant("alice", "acme"), world.tenant("gil", "globex"));
    let (here, there) = (world.active(&acme), world.active(&globex));
    let notify = |it: &mut ReleaseSettings| it.treatments.revoked = Treatment::Notify;
    block_on(acme.change_release_settings(notify)).unwrap();
    assert_eq!(
        block_on(globex.release_settings()).unwrap(),
        ReleaseSettings::default()
    );
    world.revoke(KNOWLEDGE, "*", "bad");
    let report = block_on(world.manager.apply_notices([group("acme")]));
    assert_eq!(said(&report), (1, 0, 0, 0, 0));
    assert_eq!(state(&acme, here), StateKind::Active);
    assert_eq!(
        (told(&world, &globex), state(&globex, there)),
        (vec![], StateKind::Active)
    );
    let report = world.apply();
    assert_eq!(said(&report), (1, 0, 1, 0, 0));
    assert_eq!(report.suspended[0].group, group("globex"));
    assert_eq!(state(&globex, there), StateKind::Suspended);
    // Told only to go on where it was.
    block_on(acme.deactivate(here)).unwrap();
    block_on(acme.activate(here)).unwrap();
}

#[test]
fn why_a_release_is_revoked_is_told_again_when_that_changes() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    world.revoke(KNOWLEDGE, "1.6.1", "bad");
    world.apply();
    world.revoke(KNOWLEDGE, "1.6.1", "worse");
    assert_eq!(said(&world.apply()), (1, 0, 0, 0, 0));
    let message = found(&acme, instance).notices[0].message.clone();
    assert_eq!(message.as_deref(), Some("worse"));
}

#[test]
fn who_is_busy_keeps_no_other_organisation_from_being_suspended() {
    let world = World::new();
    let (acme, globex) = (world.tenant("alice", "acme"), world.tenant("gil", "globex"));
    let (busy, idle) = (world.active(&acme), world.active(&globex));
    let hanging = Script::hang_then(Script::Succeed(json!({})));
    world.executor.script("SEARCH_KNOWLEDGE", hanging);
    let mut context = Context::from_waker(Waker::noop());
    let mut execution = Box::pin(acme.execute(busy, "SEARCH_KNOWLEDGE", json!({})));
    assert!(execution.as_mut().poll(&mut context).is_pending());
    world.revoke(KNOWLEDGE, "*", "bad");
    let groups = [group("acme"), group("globex")];
    let mut applying = Box::pin(world.manager.apply_notices(groups));
    assert!(applying.as_mut().poll(&mut context).is_pending());
    // The one waits for its execution, the other does not wait for the one.
    assert_eq!(state(&acme, busy), StateKind::Deactivating);
    assert_eq!(state(&globex, idle), StateKind::Suspended);
    world.executor.release("SEARCH_KNOWLEDGE");
    drop(block_on(execution));
    let report = block_on(applying);
    assert_eq!(said(&report), (2, 0, 2, 0, 0), "{report:?}");
    assert_eq!(state(&acme, busy), StateKind::Suspended);
}

#[test]
fn what_was_kept_from_before_withdraws_nothing() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    world.active(&acme);
    world.sync(&[KNOWLEDGE]);
    // An older document, from a cache, of before the version that is installed.
    let body = json!({"dependencies": {"@elizaos/core": "^1.7.0", SQL: "^1.7.0"}});
    let old = package(KNOWLEDGE, &[("1.5.0", body)]);
    world.source.put(KNOWLEDGE, old);
    let document = block_on(world.source.package(KNOWLEDGE)).unwrap();
    let versions = PackageVersions::from_document(&document).unwrap().value;
    let record = PluginRecord::from_package(&versions, &SourceId("npm".to_owned()));
    let bring = |record: &PluginRecord| {
        let scope = Scope::system("registry_sync".parse().unwrap(), Place::Global);
        let now = one_ontology::Clock::now(world.clock.as_ref());
        let ids = SequentialIds::starting_at(1 << 41);
        let (store, records) = (world.store.as_ref(), std::slice::from_ref(record));
        block_on(sync(store, &scope, records, None, &ids, now)).unwrap();
    };
    bring(&record.clone().as_fresh(Freshness::Cached));
    assert_eq!(said(&world.apply()), (0, 0, 0, 0, 0));
    bring(&record.as_fresh(Freshness::Live));
    assert_eq!(said(&world.apply()), (1, 0, 0, 0, 0));
}

#[test]
fn only_the_owner_of_the_platform_revokes() {
    let world = World::new();
    for who in ["alice", "uma", "carl", "gil", "nobody"] {
        let said = ("envy", Severity::Low);
        let error = block_on(world.manager.revoke(person(who), &name(SQL), "*", said)).unwrap_err();
        assert_eq!(error.tag(), "OperationDenied", "{who}");
        let error = block_on(world.manager.unrevoke(person(who), &name(SQL), "*")).unwrap_err();
        assert_eq!(error.tag(), "OperationDenied", "{who}");
    }
    assert!(block_on(world.manager.revocations()).unwrap().is_empty());
    let error = block_on(world.manager.revoke(
        owner(),
        &name(SQL),
        "not a range",
        ("", Severity::Low),
    ));
    assert_eq!(error.unwrap_err().tag(), "InvalidRange");
    // Nor do all of an organisation decide how it follows them.
    use plugin_lifecycle::Operation::UpdatePluginConfig;
    for (who, role) in [
        ("alice", one_ontology::Role::GroupOwner),
        ("uma", one_ontology::Role::GroupUser),
    ] {
        let acme = world.tenant(who, "acme");
        let ignore = |it: &mut ReleaseSettings| it.treatments.revoked = Treatment::Ignore;
        let changed = block_on(acme.change_release_settings(ignore)).is_ok();
        assert_eq!(
            changed,
            permit(role, UpdatePluginConfig) == Permit::Allow,
            "{who}"
        );
    }
}

#[test]
fn revoking_again_says_why_anew_and_lifting_takes_that_one_only() {
    let world = World::new();
    world.revoke(SQL, "<2", "first");
    world.revoke(SQL, "<2", "second");
    world.revoke(SQL, "1.7.2", "third");
    let standing = block_on(world.manager.revocations()).unwrap();
    let reasons: Vec<&str> = standing.iter().map(|it| it.reason.as_str()).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons.contains(&"second") && reasons.contains(&"third"));
    world.unrevoke(SQL, "<2");
    let standing = block_on(world.manager.revocations()).unwrap();
    assert_eq!(standing.iter().count(), 1);
    world.revoke(SQL, "<2", "again");
    assert_eq!(
        block_on(world.manager.revocations())
            .unwrap()
            .iter()
            .count(),
        2
    );
}

#[test]
fn rows_of_before_are_read_and_the_decision_is_one_of_data() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let row = found(&acme, instance);
    let written = serde_json::to_value(&row).unwrap();
    assert_eq!(written.get("notices"), None, "as rows of before have it");
    let now = one_ontology::Clock::now(world.clock.as_ref());
    let document = block_on(world.source.package(KNOWLEDGE)).unwrap();
    let versions = PackageVersions::from_document(&document).unwrap().value;
    let record = PluginRecord::from_package(&versions, &SourceId("npm".to_owned()));
    let revoked = |versions: &str, severity| {
        Revocation::new(name(KNOWLEDGE), versions, "bad", severity, (owner(), now)).unwrap()
    };
    let settings: ReleaseSettings = serde_json::from_value(json!({})).unwrap();
    assert_eq!(
        settings.treatments.of(NoticeKind::Revoked),
        Treatment::Suspend
    );
    let said = |facts: &ReleaseFacts| -> Vec<String> {
        let notices = notices(&row, facts, &settings, now);
        notices.iter().map(ToString::to_string).collect()
    };
    let nothing = ReleaseFacts::default();
    assert_eq!(said(&nothing), [""; 0]);
    assert_eq!(said(&nothing.clone().with(&record)), [""; 0]);
    // Of several revocations the worst is told; what does not cover the version is not.
    let all = [
        revoked("<1.6.1", Severity::Critical),
        revoked("1.x", Severity::Low),
        revoked("<2", Severity::High),
    ];
    let facts = ReleaseFacts::new(Revocations::of(all)).with(&record);
    assert_eq!(
        said(&facts),
        ["@elizaos/plugin-knowledge 1.6.1 is revoked (high): bad"]
    );
    assert_eq!(facts.instead_of(KNOWLEDGE), None, "there is no other");
    // The same facts say the same, and what is said already keeps its time.
    let mut told = row.clone();
    told.notices = notices(&row, &facts, &settings, now);
    let later = now.plus(std::time::Duration::from_secs(60));
    assert_eq!(notices(&told, &facts, &settings, later), told.notices);
    let _value: Value = serde_json::to_value(&told).unwrap();
}
