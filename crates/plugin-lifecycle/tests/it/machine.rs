//! The transition function against the published table, row by row, and against its own laws.

use one_ontology::PluginEventType;
use plugin_lifecycle::{
    After, Command, CommandKind, ExecutionEnd, Interrupted, LostOutcome, Ran, Rule, State,
    StateKind, transition,
};

const TABLE: &str = include_str!("lifecycle_table.txt");

fn state(text: &str) -> State {
    let mut words = text.split(':');
    let mut next = || words.next().unwrap_or_default();
    let (name, detail, in_flight) = (next(), next(), next());
    let after = || match detail {
        "installed" => After::Installed,
        "suspended" => After::Suspended,
        "uninstalling" => After::Uninstalling,
        other => panic!("after {other}"),
    };
    let ran = || match detail {
        "installed" => Ran::Installed,
        "active" => Ran::Active,
        other => panic!("ran {other}"),
    };
    match name.parse::<StateKind>().unwrap() {
        StateKind::Discovered => State::Discovered,
        StateKind::Installing => State::Installing,
        StateKind::Installed => State::Installed,
        StateKind::Activating => State::Activating,
        StateKind::Active => State::Active,
        StateKind::Executing => State::Executing {
            in_flight: detail.parse().unwrap(),
        },
        StateKind::Deactivating => State::Deactivating {
            then: after(),
            in_flight: in_flight.parse().unwrap_or(0),
        },
        StateKind::Suspended => State::Suspended,
        StateKind::Error => State::Error,
        StateKind::Failed => State::Failed {
            operation: if detail == "install" {
                Interrupted::Install
            } else {
                Interrupted::Uninstall
            },
        },
        StateKind::Updating => State::Updating { ran: ran() },
        StateKind::RollingBack => State::RollingBack { ran: ran() },
        StateKind::Uninstalling => State::Uninstalling,
        StateKind::Uninstalled => State::Uninstalled,
    }
}

fn command(text: &str) -> Command {
    let (name, detail) = text.split_once(':').unwrap_or((text, ""));
    match name.parse::<CommandKind>().unwrap() {
        CommandKind::Install => Command::Install,
        CommandKind::ValidationFailed => Command::ValidationFailed,
        CommandKind::Retry => Command::Retry,
        CommandKind::StepOk => Command::StepOk,
        CommandKind::StepFailed => Command::StepFailed,
        CommandKind::LeaseExpired if detail == "unknown" => {
            Command::LeaseExpired(LostOutcome::Unknown)
        }
        CommandKind::LeaseExpired => Command::LeaseExpired(LostOutcome::Known),
        CommandKind::Cancel => Command::Cancel,
        CommandKind::Activate => Command::Activate,
        CommandKind::Suspend => Command::Suspend,
        CommandKind::BeginExecution => Command::BeginExecution,
        CommandKind::EndExecution => Command::EndExecution(match detail {
            "ok" => ExecutionEnd::Ok,
            "err" => ExecutionEnd::Err,
            "err_at_limit" => ExecutionEnd::ErrAtLimit,
            other => panic!("end {other}"),
        }),
        CommandKind::Deactivate => Command::Deactivate,
        CommandKind::Resume => Command::Resume,
        CommandKind::RuntimeCrashed => Command::RuntimeCrashed,
        CommandKind::Update => Command::Update,
        CommandKind::Rollback => Command::Rollback,
        CommandKind::Uninstall => Command::Uninstall,
        CommandKind::Configure => Command::Configure,
    }
}

struct Row {
    id: &'static str,
    from: Option<State>,
    command: &'static str,
    to: State,
    events: Vec<PluginEventType>,
}

fn rows() -> Vec<Row> {
    let parse = |line: &'static str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [id, from, command, to, events] = words[..] else {
            panic!("row `{line}`");
        };
        Row {
            id,
            from: (from != "-").then(|| state(from)),
            command,
            to: state(to),
            events: events
                .split(',')
                .filter(|event| *event != "-")
                .map(|event| event.parse().unwrap())
                .collect(),
        }
    };
    TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(parse)
        .collect()
}

#[test]
fn every_row_of_the_table_is_a_transition() {
    let rows = rows();
    assert_eq!(rows.len(), 63);
    for row in &rows {
        let Some(from) = row.from else {
            // T01: a plugin is discovered by being in the catalog; there is no state before it.
            assert_eq!((row.id, row.to), ("T01", State::Discovered));
            assert_eq!(Rule::T01.events(), row.events);
            continue;
        };
        let found = transition(from, command(row.command)).unwrap();
        assert_eq!(found.rule.as_str(), row.id);
        assert_eq!(found.to, row.to, "{}", row.id);
        assert_eq!(found.events(), row.events, "{}", row.id);
    }
}

/// Every state, with every detail that matters.
pub(crate) fn states() -> Vec<State> {
    let mut states: Vec<State> = [
        "DISCOVERED",
        "INSTALLING",
        "INSTALLED",
        "ACTIVATING",
        "ACTIVE",
        "EXECUTING:1",
        "EXECUTING:2",
        "DEACTIVATING:installed",
        "DEACTIVATING:suspended",
        "DEACTIVATING:uninstalling",
        "SUSPENDED",
        "ERROR",
        "FAILED:install",
        "FAILED:uninstall",
        "UPDATING:installed",
        "UPDATING:active",
        "ROLLING_BACK:installed",
        "ROLLING_BACK:active",
        "UNINSTALLING",
        "UNINSTALLED",
    ]
    .into_iter()
    .map(state)
    .collect();
    states.push(State::Deactivating {
        then: After::Installed,
        in_flight: 1,
    });
    states
}

pub(crate) fn commands() -> Vec<Command> {
    [
        "install",
        "validation_failed",
        "retry",
        "step_ok",
        "step_failed",
        "lease_expired:known",
        "lease_expired:unknown",
        "cancel",
        "activate",
        "suspend",
        "begin_execution",
        "end_execution:ok",
        "end_execution:err",
        "end_execution:err_at_limit",
        "deactivate",
        "resume",
        "runtime_crashed",
        "update",
        "rollback",
        "uninstall",
        "configure",
    ]
    .into_iter()
    .map(command)
    .collect()
}

#[test]
fn a_pair_that_the_table_does_not_have_is_refused() {
    let rows = rows();
    let listed = |from: State, command: Command| {
        rows.iter().any(|row| {
            row.from.map(|f| f.kind()) == Some(from.kind())
                && self::command(row.command).kind() == command.kind()
        })
    };
    let mut refused = 0;
    for from in states() {
        for command in commands() {
            match transition(from, command) {
                Ok(_) => assert!(listed(from, command), "{from:?} {command:?}"),
                Err(refusal) => {
                    refused += 1;
                    assert_eq!(refusal.state, from.kind());
                    assert_eq!(refusal.command, command.kind());
                    for possible in &refusal.possible {
                        let asked_by = |it: &Command| {
                            let gives_up = it.kind() == CommandKind::Cancel;
                            it.kind() == *possible
                                || (gives_up && *possible == CommandKind::Uninstall)
                        };
                        let takes = commands()
                            .into_iter()
                            .any(|c| asked_by(&c) && transition(from, c).is_ok());
                        assert!(takes, "{from:?} does not take {possible}");
                    }
                }
            }
        }
    }
    assert!(refused > 250, "{refused}");
}

#[test]
fn every_state_is_reached_and_none_is_a_trap() {
    use std::collections::BTreeSet;
    let name = |state: &State| format!("{state:?}");
    let mut seen = BTreeSet::new();
    let mut open = vec![State::Discovered];
    while let Some(from) = open.pop() {
        if from.in_flight() > 3 || !seen.insert(name(&from)) {
            continue;
        }
        let steps = commands()
            .into_iter()
            .filter_map(|c| transition(from, c).ok());
        open.extend(steps.map(|step| step.to));
        open.push(from.drained_by_one());
    }
    for state in states() {
        assert!(seen.contains(&name(&state)), "{state:?} is never reached");
    }
    // From everywhere there is a way to be gone.
    for start in states() {
        let mut seen = BTreeSet::new();
        let mut open = vec![start];
        let mut gone = false;
        while let Some(from) = open.pop() {
            if from.in_flight() > 3 || !seen.insert(name(&from)) {
                continue;
            }
            gone |= from == State::Uninstalled;
            open.push(from.drained_by_one());
            open.extend(
                commands()
                    .into_iter()
                    .filter_map(|c| Some(transition(from, c).ok()?.to)),
            );
        }
        assert!(gone, "{start:?} never ends");
    }
}

#[test]
fn a_draining_instance_waits_for_its_executions() {
    let draining = State::Deactivating {
        then: After::Suspended,
        in_flight: 2,
    };
    assert!(transition(draining, Command::StepOk).is_err());
    let drained = draining.drained_by_one().drained_by_one();
    assert_eq!(
        transition(drained, Command::StepOk).unwrap().to,
        State::Suspended
    );
    assert_eq!(drained.drained_by_one(), drained);
    assert_eq!(State::Active.drained_by_one(), State::Active);
}

#[test]
fn refusals_say_what_is_possible() {
    let said = |from: &str, command: &str| {
        transition(state(from), self::command(command))
            .unwrap_err()
            .to_string()
    };
    insta::assert_snapshot!(
        [
            said("INSTALLED", "begin_execution"),
            said("ACTIVE", "install"),
            said("INSTALLING", "activate"),
            said("ACTIVATING", "uninstall"),
            said("UNINSTALLED", "configure"),
            said("UNINSTALLING", "activate"),
        ]
        .join("\n"),
        @r"
    a plugin that is INSTALLED cannot take `begin_execution`; possible now: activate, update, rollback, uninstall, configure
    a plugin that is ACTIVE cannot take `install`; possible now: suspend, begin_execution, deactivate, update, rollback, uninstall, configure
    a plugin that is INSTALLING cannot take `activate`; possible now: uninstall
    a plugin that is ACTIVATING cannot take `uninstall`; possible now: suspend
    a plugin that is UNINSTALLED cannot take `configure`; possible now: install
    a plugin that is UNINSTALLING cannot take `activate`; possible now: nothing but waiting
    "
    );
}
