//! Where an instance stands: what is said in each state, and that it is so.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{Place, Plan, Scope, SequentialIds, ThingId, Timestamp};
use plugin_lifecycle::{
    AdmissionRefusal, Approval, Beside, Breaker, CommandKind, ConditionKind, ConditionReason,
    ConditionStatus, Desired, Driver, ErrorWindow, Hold, HoldId, Holds, Instance, Moved, Offer,
    PendingOperation, Pin, Policy, Ran, State, StateKind, Status, Tenant, admit, desired, possible,
    status, transition,
};
use plugin_registry::{PackageVersions, PluginRecord, Sensitivity, Source as _, SourceId, sync};
use plugin_runtime_api::{
    ComponentKind, ExecutorCall, MemoryVault, PluginFailure, Script, StartScript,
};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::abandoned::abandon;
use crate::machine::{commands, states};
use crate::recover::{Host, left_installing};
use crate::update::{planned, publish_minor, updated};
use crate::why::STATES;
use crate::world::{KNOWLEDGE, World, group, person};

pub(crate) fn row_of(world: &World, instance: ThingId) -> Instance {
    block_on(world.tenant("alice", "acme").instance(instance)).unwrap()
}

pub(crate) fn installed() -> (Instance, Timestamp) {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let id = world.installed(&acme);
    let row = row_of(&world, id);
    let now = row.properties.installed_at.unwrap();
    (row, now)
}

fn beside(who: &str) -> Beside {
    Beside {
        who: who.to_owned(),
        secrets: Some(BTreeSet::new()),
        ..Beside::default()
    }
}

fn told(row: &Instance, now: Timestamp) -> Status {
    status(row, &beside("Alice"), &Policy::default(), now)
}

fn answer(status: &Status, kind: ConditionKind) -> (ConditionStatus, ConditionReason) {
    let found = status.condition(kind).unwrap();
    (found.status, found.reason)
}

pub(crate) fn operation(row: &mut Instance, command: CommandKind, now: Timestamp) {
    row.properties.operation = Some(PendingOperation {
        key: "operation:1".parse().unwrap(),
        command,
        attempt: 1,
        began: now,
        lease_until: now.plus(Duration::from_secs(60)),
        fence: row.properties.fence,
        phase: None,
    });
}

#[test]
fn each_state_has_its_conditions() {
    let (mut row, now) = installed();
    let mut page = String::new();
    let mut seen = BTreeSet::new();
    row.properties.reason = Some("no such table".to_owned());
    for (state, command) in STATES {
        row.properties.lifecycle = *state;
        row.properties.operation = None;
        row.properties.moved = Some(Moved {
            command: *command,
            by: person("alice").into(),
            at: now,
            wants: None,
        });
        if state.kind().is_transient() {
            operation(&mut row, *command, now);
        }
        seen.insert(state.kind());
        let status = told(&row, now);
        let commands: Vec<&str> = status.possible.iter().map(CommandKind::as_str).collect();
        page.push_str(&format!(
            "{} by `{command}`, wanted {}; possible: {}\n",
            status.state,
            status.desired,
            commands.join(", ")
        ));
        for condition in &status.conditions {
            page.push_str(&format!(
                "  {:<10} {:<7} {}: {}\n",
                condition.kind.as_str(),
                condition.status.as_str(),
                condition.reason,
                condition.message
            ));
        }
    }
    assert_eq!(seen.len(), StateKind::ALL.len());
    insta::assert_snapshot!("conditions", page);
}

#[test]
fn what_is_possible_is_what_the_machine_accepts() {
    let (mut row, now) = installed();
    // What happens by itself is nobody's to give.
    let by_itself = [
        CommandKind::ValidationFailed,
        CommandKind::StepOk,
        CommandKind::StepFailed,
        CommandKind::LeaseExpired,
        CommandKind::EndExecution,
        CommandKind::RuntimeCrashed,
    ];
    for state in states() {
        row.properties.lifecycle = state;
        let status = told(&row, now);
        for command in commands() {
            // An installation is given up by asking for its removal.
            let kind = match command.kind() {
                CommandKind::Cancel => CommandKind::Uninstall,
                kind => kind,
            };
            let accepted = transition(state, command).is_ok() && !by_itself.contains(&kind);
            if accepted {
                assert!(possible(state).contains(&kind), "{state:?} {kind}");
                assert!(status.possible.contains(&kind), "{state:?} {kind}");
            }
        }
        // What changes it while it is at work waits until that has ended.
        let waits = match state {
            State::Executing { .. } => State::Active,
            state => state,
        };
        assert_eq!(status.possible, possible(waits));
        for kind in possible(waits) {
            let mut asked = commands().into_iter();
            let by = |it: &plugin_lifecycle::Command| {
                let gives_up = it.kind() == CommandKind::Cancel && kind == CommandKind::Uninstall;
                (it.kind() == kind || gives_up) && transition(waits, *it).is_ok()
            };
            assert!(asked.any(|it| by(&it)), "{state:?} {kind}");
        }
    }
}

proptest! {
    /// However an instance comes where it is: what is wanted of it is told the same by the command
    /// that brought it there and, in a row that does not say, by its state.
    #[test]
    fn what_is_wanted_follows_from_the_row(walk in prop::collection::vec(select(commands()), 1..40)) {
        let (mut row, now) = installed();
        row.properties.lifecycle = State::Discovered;
        row.properties.moved = None;
        let mut wants = Desired::Absent;
        let mut lost = false;
        for command in walk {
            let from = row.properties.lifecycle;
            let Ok(step) = transition(from, command) else { continue };
            row.properties.lifecycle = step.to;
            if let Some(wanted) = Desired::by(from, command) {
                wants = wanted;
                row.properties.moved = Some(Moved {
                    command: command.kind(),
                    by: person("alice").into(),
                    at: now,
                    wants: None,
                });
            }
            // The one thing that a row of before does not tell.
            lost = match (from, step.to) {
                (State::RollingBack { ran: Ran::Installed }, State::Error) => true,
                (_, State::Error) => lost,
                _ => false,
            };
            if !lost {
                prop_assert_eq!(desired(&row.properties), wants, "{:?} by {:?}", step.to, command);
            }
            row.properties.moved.as_mut().unwrap().wants = Some(wants);
            prop_assert_eq!(desired(&row.properties), wants);
            let told = told(&row, now);
            let reconciled = answer(&told, ConditionKind::Reconciled).0;
            prop_assert_eq!(
                reconciled == ConditionStatus::True,
                wants.is_met_by(step.to)
            );
            row.properties.moved.as_mut().unwrap().wants = None;
        }
    }
}

/// Breakers in every position, around a moment.
fn breakers(now: Timestamp) -> [Breaker; 4] {
    let second = Duration::from_secs(1);
    [
        Breaker::default(),
        Breaker::Closed { failures: 3 },
        Breaker::Open {
            until: now.plus(second),
            passed: 0,
        },
        Breaker::Open {
            until: now.minus(second),
            passed: 1,
        },
    ]
}

#[test]
fn it_admits_exactly_when_admission_does() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let id = world.active(&acme);
    let policy = Policy::default();
    let name = "SEARCH_KNOWLEDGE".parse().unwrap();
    let mut row = row_of(&world, id);
    let now = row.updated_at;
    for state in states() {
        for breaker in breakers(now) {
            row.properties.lifecycle = state;
            row.properties.breaker = breaker;
            operation(&mut row, CommandKind::Update, now);
            let kind = ComponentKind::Action;
            let found = admit(acme.scope(), &row, Plan::Pro, &policy, now, kind, &name);
            let (answer, reason) = answer(&told(&row, now), ConditionKind::Admitting);
            match found {
                Ok(_) => assert_eq!(answer, ConditionStatus::True, "{state:?}"),
                Err(error) => {
                    assert_eq!(answer, ConditionStatus::False, "{state:?}");
                    let expected = match error {
                        AdmissionRefusal::NotActive { .. } => ConditionReason::NotRunning,
                        AdmissionRefusal::BeingChanged { .. } => ConditionReason::VersionChanging,
                        AdmissionRefusal::BreakerOpen { .. } => ConditionReason::BreakerOpen,
                        other => panic!("{other}"),
                    };
                    assert_eq!(reason, expected, "{state:?} {breaker:?}");
                }
            }
        }
    }
    // Shortly before it is changed nothing new begins, although it is active.
    row.properties.lifecycle = State::Active;
    row.properties.breaker = Breaker::default();
    let later = now.plus(Duration::from_secs(1));
    for (command, reason) in [
        (CommandKind::Update, ConditionReason::VersionChanging),
        (CommandKind::Rollback, ConditionReason::VersionChanging),
        (CommandKind::Configure, ConditionReason::SettingsChanging),
    ] {
        let hold = Hold {
            command,
            until: later,
        };
        row.properties.holds = Holds::default();
        row.properties
            .holds
            .put(HoldId::of_name(&["one"]), hold, now);
        let closed = answer(&told(&row, now), ConditionKind::Admitting);
        assert_eq!(closed, (ConditionStatus::False, reason));
    }
    let open = answer(&told(&row, later), ConditionKind::Admitting);
    assert_eq!(open, (ConditionStatus::True, ConditionReason::Open));
}

#[test]
fn health_follows_breaker_errors_and_leases() {
    let (mut row, now) = installed();
    row.properties.lifecycle = State::Active;
    let healthy = |row: &Instance| answer(&told(row, now), ConditionKind::Healthy);
    let [fresh, failing, open, half_open] = breakers(now);
    for (breaker, expected) in [
        (fresh, (ConditionStatus::True, ConditionReason::NoErrors)),
        (failing, (ConditionStatus::True, ConditionReason::NoErrors)),
        (open, (ConditionStatus::False, ConditionReason::BreakerOpen)),
        (
            half_open,
            (ConditionStatus::False, ConditionReason::BreakerHalfOpen),
        ),
    ] {
        row.properties.breaker = breaker;
        assert_eq!(healthy(&row), expected);
    }
    row.properties.breaker = Breaker::default();
    row.properties.errors = ErrorWindow {
        in_a_row: 2,
        recent: vec![now, now],
    };
    assert_eq!(
        healthy(&row),
        (ConditionStatus::True, ConditionReason::ErrorsOfLate)
    );
    let told = told(&row, now);
    let errors = told.errors.unwrap();
    assert_eq!(
        (errors.in_a_row, errors.in_window, errors.last),
        (2, 2, Some(now))
    );
    let hour = Duration::from_secs(3600);
    let later = status(&row, &beside("Alice"), &Policy::default(), now.plus(hour));
    assert_eq!(later.errors.unwrap().in_window, 0);
    row.properties.lifecycle = State::Activating;
    operation(&mut row, CommandKind::Activate, now);
    let lease = row.properties.operation.as_ref().unwrap().lease_until;
    let silent = status(&row, &beside("Alice"), &Policy::default(), lease);
    assert_eq!(
        answer(&silent, ConditionKind::Healthy),
        (ConditionStatus::False, ConditionReason::HostSilent)
    );
    assert_eq!(silent.operation.unwrap().driver, Driver::Silent);
    let since = silent
        .conditions
        .iter()
        .find(|it| it.kind == ConditionKind::Healthy);
    assert_eq!(since.unwrap().since, Some(lease));
}

#[test]
fn what_is_required_and_not_given_is_said_by_name() {
    let (mut row, now) = installed();
    let configured = |row: &Instance, beside: &Beside| {
        let status = status(row, beside, &Policy::default(), now);
        let found = status.condition(ConditionKind::Configured).unwrap().clone();
        (found.status, found.reason, found.message)
    };
    for parameter in &mut row.properties.parameters {
        parameter.required_hint = true;
        let secret = parameter.sensitivity == Sensitivity::Secret;
        assert_eq!(secret, parameter.name == "OPENAI_API_KEY");
    }
    let (answer, reason, message) = configured(&row, &beside("Alice"));
    assert_eq!(
        (answer, reason),
        (ConditionStatus::Unknown, ConditionReason::ValueMissing)
    );
    assert!(
        message.starts_with("CHUNK_SIZE, OPENAI_API_KEY: "),
        "{message}"
    );
    row.properties
        .settings
        .insert("CHUNK_SIZE".to_owned(), json!(5));
    let nobody_asked = Beside::default();
    let (_, reason, message) = configured(&row, &nobody_asked);
    assert_eq!(reason, ConditionReason::VaultNotAsked);
    assert!(message.starts_with("OPENAI_API_KEY: "), "{message}");
    let kept = Beside {
        secrets: Some(BTreeSet::from(["OPENAI_API_KEY".to_owned()])),
        ..Beside::default()
    };
    let complete = configured(&row, &kept);
    assert_eq!(
        (complete.0, complete.1),
        (ConditionStatus::True, ConditionReason::Complete)
    );
    row.properties
        .secrets_unsure
        .insert("OPENAI_API_KEY".to_owned());
    assert_eq!(configured(&row, &kept).1, ConditionReason::SecretUnsure);
}

fn record(versions: &[(&str, Value)], tags: Value) -> PluginRecord {
    let mut document = crate::world::package(KNOWLEDGE, versions);
    document["dist-tags"] = tags;
    let source = plugin_registry::MemorySource::new("npm").with(KNOWLEDGE, document);
    let document = block_on(source.package(KNOWLEDGE)).unwrap();
    let versions = PackageVersions::from_document(&document).unwrap().value;
    PluginRecord::from_package(&versions, &SourceId("npm".to_owned()))
}

#[test]
fn what_is_newer_is_what_its_pin_admits() {
    let (mut row, now) = installed();
    row.properties.lifecycle = State::Active;
    let none = || json!({});
    let record = record(
        &[
            ("1.6.1", none()),
            ("1.6.4", none()),
            ("2.0.0", none()),
            ("2.1.0-beta.1", none()),
        ],
        json!({"latest": "2.0.0", "beta": "2.1.0-beta.1"}),
    );
    let table = [
        (
            None,
            "1.6.1",
            ConditionReason::UpdateAvailable,
            "2.0.0 is there",
        ),
        (
            None,
            "2.0.0",
            ConditionReason::Newest,
            "the catalog has no newer version for it",
        ),
        (
            Some("^1.6"),
            "1.6.1",
            ConditionReason::UpdateAvailable,
            "1.6.4 is there",
        ),
        (
            Some("^1.6"),
            "1.6.4",
            ConditionReason::Held,
            "2.0.0 is there, and it is pinned to `^1.6`",
        ),
        (
            Some("beta"),
            "2.0.0",
            ConditionReason::UpdateAvailable,
            "2.1.0-beta.1 is there",
        ),
        (
            Some("hold"),
            "1.6.1",
            ConditionReason::Held,
            "2.0.0 is there, and it is pinned to its version",
        ),
        (
            Some("hold"),
            "2.0.0",
            ConditionReason::Newest,
            "the catalog has no newer version for it",
        ),
    ];
    for (pin, version, reason, message) in table {
        row.properties.pin = pin.map(|pin| pin.parse::<Pin>().unwrap());
        row.properties.version = version.to_owned();
        let offer = Offer::of(&record, row.properties.pin.as_ref());
        let beside = Beside {
            offer,
            ..Beside::default()
        };
        let status = status(&row, &beside, &Policy::default(), now);
        let found = status.condition(ConditionKind::UpToDate).unwrap();
        assert_eq!(
            (found.reason, found.message.as_str()),
            (reason, message),
            "{pin:?}"
        );
    }
    let unknown = answer(&told(&row, now), ConditionKind::UpToDate);
    assert_eq!(
        unknown,
        (ConditionStatus::Unknown, ConditionReason::NotInCatalog)
    );
}

#[test]
fn the_catalog_of_the_store_is_what_is_asked() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let id = world.installed(&acme);
    let up_to_date = || answer(&block_on(acme.status(id)).unwrap(), ConditionKind::UpToDate);
    assert_eq!(up_to_date().1, ConditionReason::NotInCatalog);
    let registry = Scope::system("registry_sync".parse().unwrap(), Place::Global);
    let record = record(
        &[("1.6.1", json!({})), ("1.7.0", json!({}))],
        json!({"latest": "1.7.0"}),
    );
    let ids = SequentialIds::starting_at(9000);
    let store = world.store.as_ref();
    block_on(sync(
        store,
        &registry,
        &[record],
        None,
        &ids,
        Timestamp::EPOCH,
    ))
    .unwrap();
    assert_eq!(up_to_date().1, ConditionReason::UpdateAvailable);
    block_on(acme.pin(id, Some(Pin::Hold))).unwrap();
    assert_eq!(up_to_date().1, ConditionReason::Held);
}

fn of(tenant: &Tenant, package: &str) -> Status {
    let all = block_on(tenant.statuses()).unwrap();
    all.into_iter()
        .find(|it| it.package.as_str() == package)
        .unwrap()
}

/// What is wanted stays what it was when the host goes silent, and is what recovery brings about.
#[test]
fn a_crash_changes_nothing_of_what_is_wanted() {
    type Left = fn(&World) -> Tenant;
    let table: [(Left, Desired, StateKind); 5] = [
        (left_installing, Desired::Installed, StateKind::Installing),
        (
            |world| {
                let acme = world.tenant("alice", "acme");
                let id = world.installed(&acme);
                world
                    .executor
                    .script_start(KNOWLEDGE.parse().unwrap(), StartScript::Hang);
                abandon(acme.activate(id));
                acme
            },
            Desired::Running,
            StateKind::Activating,
        ),
        (
            |world| {
                let acme = at_work(world);
                let id = of(&acme, KNOWLEDGE).instance;
                abandon(acme.deactivate(id));
                acme
            },
            Desired::Installed,
            StateKind::Deactivating,
        ),
        (
            |world| {
                let acme = at_work(world);
                let id = of(&acme, KNOWLEDGE).instance;
                abandon(acme.suspend(id, "a law"));
                acme
            },
            Desired::Suspended,
            StateKind::Deactivating,
        ),
        (
            |world| {
                let acme = world.tenant("alice", "acme");
                let id = world.active(&acme);
                publish_minor(world);
                let plan = planned(&acme, id);
                world
                    .executor
                    .script_start(KNOWLEDGE.parse().unwrap(), StartScript::Hang);
                abandon(acme.update(&plan, &Approval::none()));
                acme
            },
            Desired::Running,
            StateKind::Updating,
        ),
    ];
    for (leave, wants, state) in table {
        let world = World::new();
        let acme = leave(&world);
        let found = of(&acme, KNOWLEDGE);
        assert_eq!((found.desired, found.state), (wants, state));
        assert_eq!(
            answer(&found, ConditionKind::Reconciled),
            (ConditionStatus::False, ConditionReason::InProgress),
            "{state}"
        );
        world.pass(601);
        let silent = of(&acme, KNOWLEDGE);
        assert_eq!(silent.desired, wants);
        assert_eq!(
            answer(&silent, ConditionKind::Reconciled).1,
            ConditionReason::HostSilent
        );
        let report = Host::beside(&world, 2000).recover(&["acme"]);
        assert_eq!(report.failed, [], "{state}");
        let rest = of(&acme, KNOWLEDGE);
        assert_eq!(rest.desired, wants);
        assert_eq!(
            answer(&rest, ConditionKind::Reconciled).1,
            ConditionReason::AsWanted,
            "{rest:?}"
        );
    }
}

/// An organisation with a plugin that has an execution under way, whose driver is gone.
fn at_work(world: &World) -> Tenant {
    let acme = world.tenant("alice", "acme");
    let id = world.active(&acme);
    let hanging = Script::hang_then(Script::Succeed(Value::Null));
    world.executor.script("SEARCH_KNOWLEDGE", hanging);
    abandon(acme.execute(id, "SEARCH_KNOWLEDGE", Value::Null));
    acme
}

#[test]
fn what_is_under_way_is_listed_with_its_lease() {
    let world = World::new();
    let acme = at_work(&world);
    let found = of(&acme, KNOWLEDGE);
    let [execution] = &found.executions[..] else {
        panic!("{found:?}");
    };
    assert_eq!(execution.component.as_str(), "SEARCH_KNOWLEDGE");
    assert_eq!(execution.driver, Driver::Alive);
    assert_eq!(found.since, Some(found.moved.clone().unwrap().at));
    world.pass(100);
    let silent = of(&acme, KNOWLEDGE);
    assert_eq!(silent.executions[0].driver, Driver::Silent);
    assert_eq!(
        answer(&silent, ConditionKind::Healthy).1,
        ConditionReason::HostSilent
    );
    // Since when it runs is not what an execution changes.
    assert_eq!(silent.since, found.since);
}

#[test]
fn a_crash_and_a_bad_update_are_not_what_was_wanted() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let id = world.active(&acme);
    publish_minor(&world);
    let refused = StartScript::Fail(PluginFailure::new("Error", "no"));
    world
        .executor
        .script_start(KNOWLEDGE.parse().unwrap(), refused);
    updated(&acme, id).unwrap_err();
    let back = of(&acme, KNOWLEDGE);
    assert_eq!(
        (back.desired, back.state),
        (Desired::Running, StateKind::Active)
    );
    world
        .executor
        .script("SEARCH_KNOWLEDGE", Script::Crash("out".to_owned()));
    let _crashed = block_on(acme.execute(id, "SEARCH_KNOWLEDGE", Value::Null));
    let crashed = of(&acme, KNOWLEDGE);
    assert_eq!(
        (crashed.desired, crashed.state),
        (Desired::Running, StateKind::Error)
    );
    assert_eq!(
        answer(&crashed, ConditionKind::Reconciled),
        (ConditionStatus::False, ConditionReason::RuntimeFailed)
    );
    block_on(acme.suspend(id, "until it is mended")).unwrap();
    let suspended = of(&acme, KNOWLEDGE);
    assert_eq!(suspended.desired, Desired::Suspended);
    assert_eq!(
        answer(&suspended, ConditionKind::Reconciled).1,
        ConditionReason::AsWanted
    );
    block_on(acme.resume(id)).unwrap();
    assert_eq!(of(&acme, KNOWLEDGE).desired, Desired::Running);
    let again = block_on(acme.resume(id)).unwrap_err();
    assert_eq!(again.tag(), "CommandRefused");
}

#[test]
fn each_sees_what_they_may() {
    let world = World::new();
    let (alice, uma) = (world.tenant("alice", "acme"), world.tenant("uma", "acme"));
    let id = world.active(&alice);
    let own = block_on(alice.status(id)).unwrap();
    assert!(own.errors.is_some() && own.waiting == Some(0));
    assert!(own.possible.contains(&CommandKind::Uninstall));
    let user = block_on(uma.status(id)).unwrap();
    assert_eq!((user.errors, user.waiting), (None, None));
    assert_eq!(
        user.possible,
        [CommandKind::BeginExecution, CommandKind::Deactivate]
    );
    assert_eq!(user.conditions, own.conditions);
    let carl = world.tenant("carl", "acme");
    assert_eq!(
        block_on(carl.status(id)).unwrap_err().tag(),
        "OperationDenied"
    );
    assert_eq!(
        block_on(carl.statuses()).unwrap_err().tag(),
        "OperationDenied"
    );
    assert_eq!(
        block_on(carl.resume(id)).unwrap_err().tag(),
        "OperationDenied"
    );
    let gil = world.tenant("gil", "globex");
    assert_eq!(
        block_on(gil.status(id)).unwrap_err().tag(),
        "InstanceNotFound"
    );
    assert_eq!(
        block_on(gil.resume(id)).unwrap_err().tag(),
        "InstanceNotFound"
    );
    assert_eq!(block_on(gil.statuses()).unwrap(), []);
}

#[test]
fn a_status_asks_no_executor_and_says_no_secret() {
    let world = World::new();
    let manager = world
        .manager
        .clone()
        .with_vault(Arc::new(MemoryVault::new()));
    let acme = block_on(manager.tenant(person("alice"), group("acme"))).unwrap();
    let id = world.active(&acme);
    let settings = [
        ("OPENAI_API_KEY", json!("sk-hush")),
        ("CHUNK_SIZE", json!(77_123)),
    ];
    let settings = settings
        .map(|(name, value)| (name.to_owned(), value))
        .into();
    block_on(acme.configure(id, settings)).unwrap();
    let before = world.executor.calls();
    let status = block_on(acme.status(id)).unwrap();
    assert_eq!(world.executor.calls().len(), before.len());
    assert!(
        !before
            .iter()
            .any(|call| matches!(call, ExecutorCall::Stop { .. }))
    );
    let text = serde_json::to_string(&status).unwrap();
    assert!(!text.contains("hush") && !text.contains("77123"), "{text}");
    let read: Status = serde_json::from_str(&text).unwrap();
    assert_eq!(read, status);
}

#[test]
fn a_row_of_before_is_read_and_told_of() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let id = world.active(&acme);
    let row = row_of(&world, id);
    let mut old = serde_json::to_value(&row.properties).unwrap();
    let fields = old.as_object_mut().unwrap();
    assert!(fields.remove("since").is_some());
    let moved = fields["moved"].as_object_mut().unwrap();
    assert_eq!(moved.remove("wants"), Some(json!("running")));
    let old = Instance {
        properties: serde_json::from_value(old).unwrap(),
        ..row
    };
    let status = told(&old, old.updated_at);
    assert_eq!((status.desired, status.since), (Desired::Running, None));
    assert_eq!(
        answer(&status, ConditionKind::Reconciled),
        (ConditionStatus::True, ConditionReason::AsWanted)
    );
}
