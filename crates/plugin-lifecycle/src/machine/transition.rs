//! The one function between states.

use one_ontology::PluginEventType;

use super::command::{Command, CommandKind, ExecutionEnd, LostOutcome};
use super::rule::Rule;
use super::state::{After, Interrupted, Ran, State, StateKind};
use Command as C;

/// What a command does to a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The row of the table that says so.
    pub rule: Rule,
    /// The state that follows.
    pub to: State,
}

impl Transition {
    /// What is said to have happened.
    #[must_use]
    pub const fn events(&self) -> &'static [PluginEventType] {
        self.rule.events()
    }
}

/// A command that a state does not accept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a plugin that is {state} cannot take `{command}`; possible now: {}",
    list(possible)
)]
pub struct Refusal {
    /// The state.
    pub state: StateKind,
    /// The command.
    pub command: CommandKind,
    /// The commands that people can give in this state.
    pub possible: Vec<CommandKind>,
}

fn list(commands: &[CommandKind]) -> String {
    if commands.is_empty() {
        return "nothing but waiting".to_owned();
    }
    let names: Vec<&str> = commands.iter().map(CommandKind::as_str).collect();
    names.join(", ")
}

type Verdict = Result<Transition, Refusal>;

/// What `command` does to an instance in `state`. Total: every pair is written out.
///
/// A plugin becomes [`State::Discovered`] by being in the catalog (row T01); before that there is
/// no state to ask about.
///
/// # Errors
/// The command is not for this state; the refusal says which are.
pub fn transition(state: State, command: Command) -> Verdict {
    let refuse = || {
        Err(Refusal {
            state: state.kind(),
            command: command.kind(),
            possible: possible(state),
        })
    };
    dispatch(state, command, refuse)
}

/// The commands that people give.
const ASKED: &[Command] = &[
    C::Install,
    C::Retry,
    C::Cancel,
    C::Activate,
    C::Suspend,
    C::BeginExecution,
    C::Deactivate,
    C::Resume,
    C::Update,
    C::Rollback,
    C::Uninstall,
    C::Configure,
];

/// The commands that people can give in a state, in the order of the table. An installation is given up
/// (`cancel`) by asking for its removal, so that is what is listed.
// Asks `transition` itself, one level deep: a refusal inside lists nothing.
#[must_use]
pub fn possible(state: State) -> Vec<CommandKind> {
    let accepts = |command: Command| {
        let no = || {
            Err(Refusal {
                state: state.kind(),
                command: command.kind(),
                possible: Vec::new(),
            })
        };
        dispatch(state, command, no).is_ok()
    };
    ASKED
        .iter()
        .filter(|c| accepts(**c))
        .map(|command| match command.kind() {
            CommandKind::Cancel => CommandKind::Uninstall,
            kind => kind,
        })
        .collect()
}

fn dispatch(state: State, command: Command, refuse: impl Fn() -> Verdict) -> Verdict {
    match state {
        State::Discovered => from_discovered(command, refuse),
        State::Installing => from_installing(command, refuse),
        State::Installed => from_installed(command, refuse),
        State::Activating => from_activating(command, refuse),
        State::Active => from_active(command, refuse),
        State::Executing { in_flight } => from_executing(command, in_flight, refuse),
        State::Deactivating { then, in_flight } => {
            from_deactivating(command, then, in_flight, refuse)
        }
        State::Suspended => from_suspended(command, refuse),
        State::Error => from_error(command, refuse),
        State::Failed { operation } => from_failed(command, operation, refuse),
        State::Updating { ran } => from_updating(command, ran, refuse),
        State::RollingBack { ran } => from_rolling_back(command, ran, refuse),
        State::Uninstalling => from_uninstalling(command, refuse),
        State::Uninstalled => from_uninstalled(command, refuse),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "each arm is a verdict")]
const fn go(rule: Rule, to: State) -> Verdict {
    Ok(Transition { rule, to })
}

const fn stopping(then: After, in_flight: u32) -> State {
    State::Deactivating { then, in_flight }
}

fn from_discovered(command: Command, refuse: impl Fn() -> Verdict) -> Verdict {
    match command {
        C::Install => go(Rule::T02, State::Installing),
        C::ValidationFailed => go(
            Rule::T63,
            State::Failed {
                operation: Interrupted::Install,
            },
        ),
        C::Retry
        | C::StepOk
        | C::StepFailed
        | C::LeaseExpired(_)
        | C::Cancel
        | C::Activate
        | C::Suspend
        | C::BeginExecution
        | C::EndExecution(_)
        | C::Deactivate
        | C::Resume
        | C::RuntimeCrashed
        | C::Update
        | C::Rollback
        | C::Uninstall
        | C::Configure => refuse(),
    }
}

fn from_installing(command: Command, refuse: impl Fn() -> Verdict) -> Verdict {
    match command {
        C::StepOk => go(Rule::T05, State::Installed),
        C::StepFailed => go(
            Rule::T06,
            State::Failed {
                operation: Interrupted::Install,
            },
        ),
        C::LeaseExpired(_) => go(Rule::T07, State::Installing),
        C::Cancel => go(Rule::T08, State::Uninstalling),
        C::Install
        | C::ValidationFailed
        | C::Retry
        | C::Activate
        | C::Suspend
        | C::BeginExecution
        | C::EndExecution(_)
        | C::Deactivate
        | C::Resume
        | C::RuntimeCrashed
        | C::Update
        | C::Rollback
        | C::Uninstall
        | C::Configure => refuse(),
    }
}

fn from_installed(command: Command, refuse: impl Fn() -> Verdict) -> Verdict {
    match command {
        C::Activate => go(Rule::T09, State::Activating),
        C::Update => go(
            Rule::T36,
            State::Updating {
                ran: Ran::Installed,
            },
        ),
        C::Rollback => go(
            Rule::T42,
            State::RollingBack {
                ran: Ran::Installed,
            },
        ),
        C::Uninstall => go(Rule::T48, State::Uninstalling),
        C::Configure => go(Rule::T58, State::Installed),
        C::Install
        | C::ValidationFailed
        | C::Retry
        | C::StepOk
        | C::StepFailed
        | C::LeaseExpired(_)
        | C::Cancel
        | C::Suspend
        | C::BeginExecution
        | C::EndExecution(_)
        | C::Deactivate
        | C::Resume
        | C::RuntimeCrashed => refuse(),
    }
}

fn from_activating(command: Command, refuse: impl Fn() -> Verdict) -> Verdict {
    match command {
        C::StepOk => go(Rule::T10, State::Active),
        C::StepFailed => go(Rule::T11, State::Error),
        C::LeaseExpired(_) => go(Rule::T12, State::Activating),
        C::Suspend => go(Rule::T13, stopping(After::Suspended, 0)),
        C::Install
        | C::ValidationFailed
        | C::Retry
        | C::Cancel
        | C::Activate
        | C::BeginExecution
        | C::EndExecution(_)
        | C::Deactivate
        | C::Resume
        | C::RuntimeCrashed
        | C::Update
        | C::Rollback
        | C::Uninstall
        | C::Configure => refuse(),
    }
}

fn from_active(command: Command, refuse: impl Fn() -> Verdict) -> Verdict {
    match command {
        C::Suspend => go(Rule::T27, stopping(After::Suspended, 0)),
        C::BeginExecution => go(Rule::T14, State::running(1)),
        C::Deactivate => go(Rule::T22, stopping(After::Installed, 0)),
        C::RuntimeCrashed => go(Rule::T31, State::Error),
        C::Update => go(Rule::T37, State::Updating { ran: Ran::Active }),
        C::Rollback => go(Rule::T43, State::RollingBack { ran: Ran::Active }),
        C::Uninstall => go(Rule::T52, stopping(After::Uninstalling, 0)),
        C::Configure => go(Rule::T59, State::Active),
        C::Install
        | C::ValidationFailed
        | C::Retry
        | C::StepOk
        | C::StepFailed
        | C::LeaseExpired(_)
        | C::Cancel
        | C::Activate
        | C::EndExecution(_)
        | C::Resume => refuse(),
    }
}

fn from_suspended(command: Command, refuse: impl Fn() -> Verdict) -> Verdict {
    match command {
        C::Deactivate => go(Rule::T30, State::Installed),
        C::Resume => go(Rule::T29, State::Activating),
        C::Uninstall => go(Rule::T49, State::Uninstalling),
        C::Configure => go(Rule::T60, State::Suspended),
        C::Install
        | C::ValidationFailed
        | C::Retry
        | C::StepOk
        | C::StepFailed
        | C::LeaseExpired(_)
        | C::Cancel
        | C::Activate
        | C::Suspend
        | C::BeginExecution
        | C::EndExecution(_)
        | C::RuntimeCrashed
        | C::Update
        | C::Rollback => refuse(),
    }
}

fn from_error(command: Command, refuse: impl Fn() -> Verdict) -> Verdict {
    match command {
        C::Retry => go(Rule::T33, State::Activating),
        C::Suspend => go(Rule::T34, State::Suspended),
        C::Deactivate => go(Rule::T35, State::Installed),
        C::Uninstall => go(Rule::T50, State::Uninstalling),
        C::Configure => go(Rule::T61, State::Error),
        C::Install
        | C::ValidationFailed
        | C::StepOk
        | C::StepFailed
        | C::LeaseExpired(_)
        | C::Cancel
        | C::Activate
        | C::BeginExecution
        | C::EndExecution(_)
        | C::Resume
        | C::RuntimeCrashed
        | C::Update
        | C::Rollback => refuse(),
    }
}

fn from_uninstalling(command: Command, refuse: impl Fn() -> Verdict) -> Verdict {
    match command {
        C::StepOk => go(Rule::T55, State::Uninstalled),
        C::StepFailed => go(
            Rule::T56,
            State::Failed {
                operation: Interrupted::Uninstall,
            },
        ),
        C::LeaseExpired(_) => go(Rule::T57, State::Uninstalling),
        C::Install
        | C::ValidationFailed
        | C::Retry
        | C::Cancel
        | C::Activate
        | C::Suspend
        | C::BeginExecution
        | C::EndExecution(_)
        | C::Deactivate
        | C::Resume
        | C::RuntimeCrashed
        | C::Update
        | C::Rollback
        | C::Uninstall
        | C::Configure => refuse(),
    }
}

fn from_uninstalled(command: Command, refuse: impl Fn() -> Verdict) -> Verdict {
    match command {
        C::Install => go(Rule::T03, State::Installing),
        C::ValidationFailed
        | C::Retry
        | C::StepOk
        | C::StepFailed
        | C::LeaseExpired(_)
        | C::Cancel
        | C::Activate
        | C::Suspend
        | C::BeginExecution
        | C::EndExecution(_)
        | C::Deactivate
        | C::Resume
        | C::RuntimeCrashed
        | C::Update
        | C::Rollback
        | C::Uninstall
        | C::Configure => refuse(),
    }
}

fn from_executing(command: Command, in_flight: u32, refuse: impl Fn() -> Verdict) -> Verdict {
    let rest = State::running(in_flight.saturating_sub(1));
    match command {
        C::LeaseExpired(LostOutcome::Known) => go(Rule::T20, rest),
        C::LeaseExpired(LostOutcome::Unknown) => go(Rule::T21, rest),
        C::Suspend => go(Rule::T28, stopping(After::Suspended, in_flight)),
        C::BeginExecution => go(Rule::T15, State::running(in_flight.saturating_add(1))),
        C::EndExecution(ExecutionEnd::Ok) if in_flight > 1 => go(Rule::T16, rest),
        C::EndExecution(ExecutionEnd::Ok) => go(Rule::T17, rest),
        C::EndExecution(ExecutionEnd::Err) => go(Rule::T18, rest),
        C::EndExecution(ExecutionEnd::ErrAtLimit) => go(
            Rule::T19,
            stopping(After::Suspended, in_flight.saturating_sub(1)),
        ),
        C::Deactivate => go(Rule::T23, stopping(After::Installed, in_flight)),
        C::RuntimeCrashed => go(Rule::T32, State::Error),
        C::Uninstall => go(Rule::T53, stopping(After::Uninstalling, in_flight)),
        C::Install
        | C::ValidationFailed
        | C::Retry
        | C::StepOk
        | C::StepFailed
        | C::Cancel
        | C::Activate
        | C::Resume
        | C::Update
        | C::Rollback
        | C::Configure => refuse(),
    }
}

fn from_deactivating(
    command: Command,
    then: After,
    in_flight: u32,
    refuse: impl Fn() -> Verdict,
) -> Verdict {
    match command {
        C::StepOk if in_flight > 0 => refuse(),
        C::StepOk => match then {
            After::Installed => go(Rule::T24, State::Installed),
            After::Suspended => go(Rule::T25, State::Suspended),
            After::Uninstalling => go(Rule::T54, State::Uninstalling),
        },
        C::StepFailed => go(Rule::T62, State::Error),
        C::LeaseExpired(_) => go(Rule::T26, stopping(then, in_flight)),
        C::Install
        | C::ValidationFailed
        | C::Retry
        | C::Cancel
        | C::Activate
        | C::Suspend
        | C::BeginExecution
        | C::EndExecution(_)
        | C::Deactivate
        | C::Resume
        | C::RuntimeCrashed
        | C::Update
        | C::Rollback
        | C::Uninstall
        | C::Configure => refuse(),
    }
}

fn from_failed(command: Command, operation: Interrupted, refuse: impl Fn() -> Verdict) -> Verdict {
    match command {
        C::Retry => match operation {
            Interrupted::Install => go(Rule::T04, State::Installing),
            Interrupted::Uninstall => refuse(),
        },
        C::Uninstall => go(Rule::T51, State::Uninstalling),
        C::Install
        | C::ValidationFailed
        | C::StepOk
        | C::StepFailed
        | C::LeaseExpired(_)
        | C::Cancel
        | C::Activate
        | C::Suspend
        | C::BeginExecution
        | C::EndExecution(_)
        | C::Deactivate
        | C::Resume
        | C::RuntimeCrashed
        | C::Update
        | C::Rollback
        | C::Configure => refuse(),
    }
}

fn from_updating(command: Command, ran: Ran, refuse: impl Fn() -> Verdict) -> Verdict {
    match command {
        C::StepOk => match ran {
            Ran::Installed => go(Rule::T38, State::Installed),
            Ran::Active => go(Rule::T39, State::Active),
        },
        C::StepFailed => go(Rule::T40, State::RollingBack { ran }),
        C::LeaseExpired(_) => go(Rule::T41, State::Updating { ran }),
        C::Install
        | C::ValidationFailed
        | C::Retry
        | C::Cancel
        | C::Activate
        | C::Suspend
        | C::BeginExecution
        | C::EndExecution(_)
        | C::Deactivate
        | C::Resume
        | C::RuntimeCrashed
        | C::Update
        | C::Rollback
        | C::Uninstall
        | C::Configure => refuse(),
    }
}

fn from_rolling_back(command: Command, ran: Ran, refuse: impl Fn() -> Verdict) -> Verdict {
    match command {
        C::StepOk => match ran {
            Ran::Installed => go(Rule::T44, State::Installed),
            Ran::Active => go(Rule::T45, State::Active),
        },
        C::StepFailed => go(Rule::T46, State::Error),
        C::LeaseExpired(_) => go(Rule::T47, State::RollingBack { ran }),
        C::Install
        | C::ValidationFailed
        | C::Retry
        | C::Cancel
        | C::Activate
        | C::Suspend
        | C::BeginExecution
        | C::EndExecution(_)
        | C::Deactivate
        | C::Resume
        | C::RuntimeCrashed
        | C::Update
        | C::Rollback
        | C::Uninstall
        | C::Configure => refuse(),
    }
}
