//! Several plugins at once: their order, what one failure costs, and what a crash leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::task::{Context, Waker};

use futures::executor::block_on;
use one_ontology::ThingId;
use plugin_lifecycle::{
    Approval, Approvals, BatchOutcome, BatchReport, BreakingKind, Chosen, Course, StateKind,
    Tenant, UpdateKind, UpdatePlans,
};
use plugin_runtime_api::{PluginFailure, StartScript};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::update::{found, state};
use crate::world::{KNOWLEDGE, SQL, World, group, package};

const CORE: &str = "@elizaos/core";
const WEB: &str = "@elizaos/plugin-web";

fn put(world: &World, name: &str, versions: &[(&str, Value)]) {
    let bodies: Vec<(&str, Value)> = versions
        .iter()
        .map(|(version, needs)| (*version, json!({"dependencies": needs})))
        .collect();
    world.source.put(name, package(name, &bodies));
}

fn core() -> Value {
    json!({CORE: "^1.7.0"})
}

fn on_sql(range: &str) -> Value {
    json!({CORE: "^1.7.0", SQL: range})
}

/// An organisation with a plugin that needs another, and one that needs none.
fn furnished() -> (World, Tenant) {
    let world = World::new();
    put(&world, SQL, &[("1.7.2", core())]);
    put(&world, KNOWLEDGE, &[("1.6.1", on_sql("^1.7.0"))]);
    put(&world, WEB, &[("1.0.0", core())]);
    let acme = world.tenant("alice", "acme");
    for name in [KNOWLEDGE, WEB] {
        let plan = block_on(acme.plan_install(name, "latest")).unwrap();
        block_on(acme.install(&plan)).unwrap();
    }
    (world, acme)
}

fn of(tenant: &Tenant, package: &str) -> ThingId {
    let found = block_on(tenant.installed(package)).unwrap();
    found.unwrap().instance
}

/// What became of each: its short name, its version, how it went.
fn went(report: &BatchReport) -> Vec<String> {
    let lines = report.members.iter().map(|it| {
        let how = serde_json::to_value(it).unwrap()["outcome"].clone();
        let name = it.package.trim_start_matches("@elizaos/plugin-");
        format!("{name} {} {}", it.version, how.as_str().unwrap())
    });
    lines.collect()
}

fn broken(world: &World, package: &str) {
    let failure = PluginFailure::new("Broken", "no such table");
    let script = StartScript::Fail(failure);
    world
        .executor
        .script_start(package.parse().unwrap(), script);
}

#[test]
fn all_are_started_and_stopped_in_the_order_in_which_they_need_each_other() {
    let (world, acme) = furnished();
    let report = block_on(acme.activate_all(&Chosen::All)).unwrap();
    assert_eq!(
        went(&report),
        ["sql 1.7.2 done", "knowledge 1.6.1 done", "web 1.0.0 done"]
    );
    for name in [KNOWLEDGE, SQL, WEB] {
        assert_eq!(state(&acme, of(&acme, name)), StateKind::Active);
    }
    let again = block_on(acme.activate_all(&Chosen::All)).unwrap();
    assert!(
        again
            .members
            .iter()
            .all(|it| it.outcome == BatchOutcome::Already)
    );
    let report = block_on(acme.deactivate_all(&Chosen::All)).unwrap();
    assert_eq!(
        went(&report),
        ["knowledge 1.6.1 done", "sql 1.7.2 done", "web 1.0.0 done"]
    );
    let again = block_on(acme.deactivate_all(&Chosen::All)).unwrap();
    assert!(
        again
            .members
            .iter()
            .all(|it| it.outcome == BatchOutcome::Already)
    );
    // Users may, customers may not.
    assert!(block_on(world.tenant("uma", "acme").activate_all(&Chosen::All)).is_ok());
    let error = block_on(world.tenant("carl", "acme").activate_all(&Chosen::All)).unwrap_err();
    assert_eq!(error.tag(), "OperationDenied");
    assert_eq!(
        block_on(world.tenant("gil", "globex").activate_all(&Chosen::All)).unwrap(),
        BatchReport::default()
    );
}

#[test]
fn one_that_does_not_start_keeps_only_those_that_need_it() {
    let (world, acme) = furnished();
    broken(&world, SQL);
    let report = block_on(acme.activate_all(&Chosen::All)).unwrap();
    assert_eq!(
        went(&report),
        [
            "sql 1.7.2 failed",
            "knowledge 1.6.1 skipped",
            "web 1.0.0 done"
        ]
    );
    assert_eq!(report.failed().count(), 2);
    let BatchOutcome::Failed { reason, .. } = &report.members[0].outcome else {
        panic!("{report:?}");
    };
    assert!(reason.contains("no such table"), "{reason}");
    let sql = of(&acme, SQL);
    assert_eq!(
        report.members[1].outcome,
        BatchOutcome::Skipped { because_of: sql }
    );
    assert_eq!(state(&acme, sql), StateKind::Error);
    assert_eq!(state(&acme, of(&acme, KNOWLEDGE)), StateKind::Installed);
    // What failed is tried again.
    let report = block_on(acme.activate_all(&Chosen::All)).unwrap();
    assert_eq!(
        went(&report),
        [
            "sql 1.7.2 done",
            "knowledge 1.6.1 done",
            "web 1.0.0 already"
        ]
    );
}

#[test]
fn what_somebody_suspended_is_left_unless_it_is_named() {
    let (_world, acme) = furnished();
    let web = of(&acme, WEB);
    block_on(acme.activate(web)).unwrap();
    block_on(acme.suspend(web, "it bills twice")).unwrap();
    let report = block_on(acme.activate_all(&Chosen::All)).unwrap();
    let left = BatchOutcome::Left {
        state: StateKind::Suspended,
    };
    assert_eq!(report.members[2].outcome, left);
    let named = Chosen::These(vec![web, web]);
    let report = block_on(acme.activate_all(&named)).unwrap();
    assert_eq!(went(&report), ["web 1.0.0 done"]);
    // Who names what is not here starts nothing.
    block_on(acme.deactivate(web)).unwrap();
    let stranger = Chosen::These(vec![web, ThingId::of_name(&["nothing"])]);
    let error = block_on(acme.activate_all(&stranger)).unwrap_err();
    assert_eq!(error.tag(), "InstanceNotFound");
    assert_eq!(state(&acme, web), StateKind::Installed);
    // Of one that is needed alone, those that need it are none of those named.
    let report = block_on(acme.deactivate_all(&Chosen::These(vec![of(&acme, SQL)]))).unwrap();
    assert_eq!(went(&report), ["sql 1.7.2 failed"]);
}

/// What is planned for each: its short name and what it comes to.
fn planned(plans: &UpdatePlans) -> Vec<String> {
    let lines = plans.plugins.iter().map(|it| {
        let name = it.offered.package.as_str();
        let name = name.trim_start_matches("@elizaos/plugin-");
        match (&it.plan, &it.offered.held_by) {
            (Some(plan), _) => format!("{name} {} {}", plan.to, plan.kind),
            (None, Some(_)) => format!("{name} held"),
            (None, None) => format!("{name} nothing"),
        }
    });
    lines.collect()
}

fn plans(tenant: &Tenant) -> UpdatePlans {
    block_on(tenant.plan_updates()).unwrap()
}

/// The next of everything: the plugin needs the next of what it needs.
fn publish_next(world: &World) {
    put(world, SQL, &[("1.7.2", core()), ("1.8.0", core())]);
    let own = [("1.6.1", on_sql("^1.7.0")), ("1.7.0", on_sql("^1.8.0"))];
    put(world, KNOWLEDGE, &own);
    put(world, WEB, &[("1.0.0", core()), ("1.1.0", core())]);
}

#[test]
fn what_needs_each_other_is_updated_in_its_order() {
    let (world, acme) = furnished();
    assert_eq!(plans(&acme).plugins, []);
    block_on(acme.activate_all(&Chosen::All)).unwrap();
    publish_next(&world);
    // By itself it cannot be.
    let knowledge = of(&acme, KNOWLEDGE);
    let error = block_on(acme.plan_update(knowledge, "latest")).unwrap_err();
    assert_eq!(error.tag(), "UpdateNeedsOthers");
    let all = plans(&acme);
    assert_eq!(
        planned(&all),
        [
            "sql 1.8.0 minor",
            "knowledge 1.7.0 minor",
            "web 1.1.0 minor"
        ]
    );
    assert_eq!(plans(&acme), all);
    let json = serde_json::to_string(&all).unwrap();
    assert_eq!(serde_json::from_str::<UpdatePlans>(&json).unwrap(), all);
    let report = block_on(acme.update_all(&all, &Approvals::none())).unwrap();
    assert_eq!(
        went(&report),
        ["sql 1.8.0 done", "knowledge 1.7.0 done", "web 1.1.0 done"]
    );
    for (name, version) in [(SQL, "1.8.0"), (KNOWLEDGE, "1.7.0"), (WEB, "1.1.0")] {
        let row = found(&acme, of(&acme, name));
        assert_eq!(
            (row.version.as_str(), row.lifecycle.kind()),
            (version, StateKind::Active)
        );
    }
    assert_eq!(plans(&acme).plugins, []);
    // A second time the plans are of the past.
    let report = block_on(acme.update_all(&all, &Approvals::none())).unwrap();
    assert_eq!(report.failed().count(), 3, "{report:?}");
    // Nobody else may, nor elsewhere.
    let error = block_on(world.tenant("uma", "acme").plan_updates()).unwrap_err();
    assert_eq!(error.tag(), "OperationDenied");
    let globex = world.tenant("gil", "globex");
    let error = block_on(globex.update_all(&all, &Approvals::none())).unwrap_err();
    assert_eq!(error.tag(), "PlanOutdated");
}

#[test]
fn an_update_that_fails_keeps_only_those_that_cannot_do_without() {
    let (world, acme) = furnished();
    block_on(acme.activate_all(&Chosen::All)).unwrap();
    publish_next(&world);
    broken(&world, SQL);
    let report = block_on(acme.update_all(&plans(&acme), &Approvals::none())).unwrap();
    assert_eq!(
        went(&report),
        [
            "sql 1.7.2 failed",
            "knowledge 1.6.1 skipped",
            "web 1.1.0 done"
        ]
    );
    // Each is whole.
    for name in [SQL, KNOWLEDGE, WEB] {
        assert_eq!(state(&acme, of(&acme, name)), StateKind::Active);
    }
}

#[test]
fn what_is_not_agreed_to_is_left_and_others_go_on_beside_it() {
    let (world, acme) = furnished();
    put(&world, SQL, &[("1.7.2", core()), ("2.0.0", core())]);
    let own = [("1.6.1", on_sql("^1.7.0")), ("1.7.0", on_sql(">=1.7.0"))];
    put(&world, KNOWLEDGE, &own);
    let all = plans(&acme);
    assert_eq!(planned(&all), ["sql 2.0.0 major", "knowledge 1.7.0 minor"]);
    let report = block_on(acme.update_all(&all, &Approvals::none())).unwrap();
    assert_eq!(went(&report), ["sql 1.7.2 failed", "knowledge 1.7.0 done"]);
    let BatchOutcome::Failed { error, .. } = &report.members[0].outcome else {
        panic!("{report:?}");
    };
    assert_eq!(error, "UpdateNotApproved");
    // What is agreed to for one is not for another.
    let all = plans(&acme);
    assert_eq!(
        planned(&all),
        ["sql 2.0.0 major", "knowledge 1.7.0 rebuild"]
    );
    let (sql, knowledge) = (of(&acme, SQL), of(&acme, KNOWLEDGE));
    let major = Approval::none()
        .and(BreakingKind::Major)
        .and(BreakingKind::DependentsAffected);
    let other = Approvals::none().with(knowledge, major.clone());
    let report = block_on(acme.update_all(&all, &other)).unwrap();
    assert_eq!(
        went(&report),
        ["sql 1.7.2 failed", "knowledge 1.7.0 skipped"]
    );
    let report = block_on(acme.update_all(&all, &Approvals::none().with(sql, major))).unwrap();
    assert_eq!(went(&report), ["sql 2.0.0 done", "knowledge 1.7.0 done"]);
    let members = found(&acme, knowledge).members;
    assert!(members.iter().any(|it| it.version == "2.0.0"));
}

#[test]
fn who_needs_what_is_updated_is_rebuilt_with_it() {
    let (world, acme) = furnished();
    put(&world, SQL, &[("1.7.2", core()), ("1.7.3", core())]);
    let all = plans(&acme);
    assert_eq!(
        planned(&all),
        ["sql 1.7.3 patch", "knowledge 1.6.1 rebuild"]
    );
    let plan = all.plugins[1].plan.clone().unwrap();
    assert_eq!(plan.kind, UpdateKind::Rebuild);
    let report = block_on(acme.update_all(&all, &Approvals::of(&all))).unwrap();
    assert_eq!(went(&report), ["sql 1.7.3 done", "knowledge 1.6.1 done"]);
}

#[test]
fn what_holds_one_is_said_and_keeps_nobody_else() {
    let (world, acme) = furnished();
    publish_next(&world);
    let (sql, web) = (of(&acme, SQL), of(&acme, WEB));
    block_on(acme.pin(sql, Some("hold".parse().unwrap()))).unwrap();
    block_on(acme.activate(web)).unwrap();
    block_on(acme.suspend(web, "for now")).unwrap();
    let all = plans(&acme);
    assert_eq!(
        planned(&all),
        ["sql held", "knowledge held", "web 1.1.0 minor"]
    );
    let report = block_on(acme.update_all(&all, &Approvals::none())).unwrap();
    assert_eq!(
        went(&report),
        ["sql 1.7.2 held", "knowledge 1.6.1 held", "web 1.0.0 left"]
    );
    assert_eq!(report.failed().count(), 0);
}

#[test]
fn a_crash_in_the_middle_leaves_each_whole() {
    let (world, acme) = furnished();
    block_on(acme.activate_all(&Chosen::All)).unwrap();
    publish_next(&world);
    let all = plans(&acme);
    // The second hangs as it starts, and the host dies.
    world
        .executor
        .script_start(KNOWLEDGE.parse().unwrap(), StartScript::Hang);
    let approvals = Approvals::none();
    let mut update = Box::pin(acme.update_all(&all, &approvals));
    let mut context = Context::from_waker(Waker::noop());
    assert!(update.as_mut().poll(&mut context).is_pending());
    drop(update);
    let knowledge = of(&acme, KNOWLEDGE);
    assert_eq!(state(&acme, knowledge), StateKind::Updating);
    world.pass(3600);
    let report = block_on(world.manager.recover([group("acme")]));
    assert_eq!(report.failed, []);
    let stands = |name: &str| {
        let row = found(&acme, of(&acme, name));
        (row.version, row.lifecycle.kind())
    };
    let active = |version: &str| (version.to_owned(), StateKind::Active);
    assert_eq!(stands(SQL), active("1.8.0"));
    assert_eq!(stands(KNOWLEDGE), active("1.7.0"));
    assert_eq!(stands(WEB), active("1.0.0"));
    // What is left is planned anew.
    let left = plans(&acme);
    assert_eq!(planned(&left), ["web 1.1.0 minor"]);
    let report = block_on(acme.update_all(&left, &Approvals::none())).unwrap();
    assert_eq!(report.failed().count(), 0);
}

fn ids(count: usize) -> Vec<ThingId> {
    let ids = (0..count).map(|number| ThingId::of_name(&[&number.to_string()]));
    ids.collect()
}

proptest! {
    #[test]
    fn everyone_is_gone_through_once_and_after_those_waited_for(
        count in 1..9_usize,
        pairs in prop::collection::vec((0..9_usize, 0..9_usize), 0..24),
    ) {
        let all = ids(count);
        // From higher to lower: nobody waits for himself in the end.
        let waits = pairs.iter().filter(|(who, whom)| who > whom && *who < count);
        let waits: Vec<_> = waits.map(|(who, whom)| (all[*who], all[*whom])).collect();
        let given: Vec<ThingId> = all.iter().rev().copied().collect();
        let course = Course::new(&given, waits.clone());
        let places = course.order().iter().enumerate().map(|(at, id)| (*id, at));
        let places: BTreeMap<ThingId, usize> = places.collect();
        prop_assert_eq!((course.order().len(), places.len()), (count, count));
        for (who, whom) in &waits {
            prop_assert!(places[whom] < places[who]);
            prop_assert_eq!(course.held_by(*who, &BTreeSet::from([*whom])), Some(*whom));
        }
    }

    #[test]
    fn those_who_wait_for_each_other_are_gone_through_once(
        count in 1..9_usize,
        pairs in prop::collection::vec((0..9_usize, 0..9_usize), 0..24),
    ) {
        let all = ids(count);
        let waits = pairs.iter().filter(|(who, whom)| *who < count && *whom < count);
        let course = Course::new(&all, waits.map(|(who, whom)| (all[*who], all[*whom])));
        let once: BTreeSet<&ThingId> = course.order().iter().collect();
        prop_assert_eq!((course.order().len(), once.len()), (count, count));
    }
}

#[test]
fn what_is_suspended_meanwhile_is_left_suspended() {
    let (world, acme) = furnished();
    let web = of(&acme, WEB);
    broken(&world, WEB);
    assert!(block_on(acme.activate(web)).is_err());
    assert_eq!(state(&acme, web), StateKind::Error);
    world
        .executor
        .script_start(SQL.parse().unwrap(), StartScript::Hang);
    let all = Chosen::All;
    let mut batch = Box::pin(acme.activate_all(&all));
    let mut context = Context::from_waker(Waker::noop());
    assert!(batch.as_mut().poll(&mut context).is_pending());
    block_on(acme.suspend(web, "it bills twice")).unwrap();
    world.executor.release_start(SQL.parse().unwrap());
    let report = block_on(batch).unwrap();
    let last = report.members.last().unwrap();
    let left = BatchOutcome::Left {
        state: StateKind::Suspended,
    };
    assert_eq!((last.instance, &last.outcome), (web, &left));
    assert_eq!(state(&acme, web), StateKind::Suspended);
}
