//! The one function between states.

use one_ontology::PluginEventType;

use super::command::{Command, CommandKind, ExecutionEnd, LostOutcome};
use super::state::{After, Interrupted, Ran, State, StateKind};
use Command as C;

/// A row of the published transition table, by its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the rows are documented by the table")]
pub enum Rule {
    T01,
    T02,
    T03,
    T04,
    T05,
    T06,
    T07,
    T08,
    T09,
    T10,
    T11,
    T12,
    T13,
    T14,
    T15,
    T16,
    T17,
    T18,
    T19,
    T20,
    T21,
    T22,
    T23,
    T24,
    T25,
    T26,
    T27,
    T28,
    T29,
    T30,
    T31,
    T32,
    T33,
    T34,
    T35,
    T36,
    T37,
    T38,
    T39,
    T40,
    T41,
    T42,
    T43,
    T44,
    T45,
    T46,
    T47,
    T48,
    T49,
    T50,
    T51,
    T52,
    T53,
    T54,
    T55,
    T56,
    T57,
    T58,
    T59,
    T60,
    T61,
    T62,
    T63,
}

impl Rule {
    /// Every row.
    pub const ALL: &[Self] = &[
        Self::T01,
        Self::T02,
        Self::T03,
        Self::T04,
        Self::T05,
        Self::T06,
        Self::T07,
        Self::T08,
        Self::T09,
        Self::T10,
        Self::T11,
        Self::T12,
        Self::T13,
        Self::T14,
        Self::T15,
        Self::T16,
        Self::T17,
        Self::T18,
        Self::T19,
        Self::T20,
        Self::T21,
        Self::T22,
        Self::T23,
        Self::T24,
        Self::T25,
        Self::T26,
        Self::T27,
        Self::T28,
        Self::T29,
        Self::T30,
        Self::T31,
        Self::T32,
        Self::T33,
        Self::T34,
        Self::T35,
        Self::T36,
        Self::T37,
        Self::T38,
        Self::T39,
        Self::T40,
        Self::T41,
        Self::T42,
        Self::T43,
        Self::T44,
        Self::T45,
        Self::T46,
        Self::T47,
        Self::T48,
        Self::T49,
        Self::T50,
        Self::T51,
        Self::T52,
        Self::T53,
        Self::T54,
        Self::T55,
        Self::T56,
        Self::T57,
        Self::T58,
        Self::T59,
        Self::T60,
        Self::T61,
        Self::T62,
        Self::T63,
    ];

    /// Its number in the table: `T16`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::T01 => "T01",
            Self::T02 => "T02",
            Self::T03 => "T03",
            Self::T04 => "T04",
            Self::T05 => "T05",
            Self::T06 => "T06",
            Self::T07 => "T07",
            Self::T08 => "T08",
            Self::T09 => "T09",
            Self::T10 => "T10",
            Self::T11 => "T11",
            Self::T12 => "T12",
            Self::T13 => "T13",
            Self::T14 => "T14",
            Self::T15 => "T15",
            Self::T16 => "T16",
            Self::T17 => "T17",
            Self::T18 => "T18",
            Self::T19 => "T19",
            Self::T20 => "T20",
            Self::T21 => "T21",
            Self::T22 => "T22",
            Self::T23 => "T23",
            Self::T24 => "T24",
            Self::T25 => "T25",
            Self::T26 => "T26",
            Self::T27 => "T27",
            Self::T28 => "T28",
            Self::T29 => "T29",
            Self::T30 => "T30",
            Self::T31 => "T31",
            Self::T32 => "T32",
            Self::T33 => "T33",
            Self::T34 => "T34",
            Self::T35 => "T35",
            Self::T36 => "T36",
            Self::T37 => "T37",
            Self::T38 => "T38",
            Self::T39 => "T39",
            Self::T40 => "T40",
            Self::T41 => "T41",
            Self::T42 => "T42",
            Self::T43 => "T43",
            Self::T44 => "T44",
            Self::T45 => "T45",
            Self::T46 => "T46",
            Self::T47 => "T47",
            Self::T48 => "T48",
            Self::T49 => "T49",
            Self::T50 => "T50",
            Self::T51 => "T51",
            Self::T52 => "T52",
            Self::T53 => "T53",
            Self::T54 => "T54",
            Self::T55 => "T55",
            Self::T56 => "T56",
            Self::T57 => "T57",
            Self::T58 => "T58",
            Self::T59 => "T59",
            Self::T60 => "T60",
            Self::T61 => "T61",
            Self::T62 => "T62",
            Self::T63 => "T63",
        }
    }

    /// What is said to have happened.
    #[must_use]
    pub const fn events(self) -> &'static [PluginEventType] {
        match self {
            Self::T01 => &[PluginEventType::PluginDiscovered],
            Self::T02
            | Self::T03
            | Self::T04
            | Self::T08
            | Self::T09
            | Self::T13
            | Self::T22
            | Self::T23
            | Self::T27
            | Self::T28
            | Self::T29
            | Self::T33
            | Self::T36
            | Self::T37
            | Self::T42
            | Self::T43
            | Self::T48
            | Self::T49
            | Self::T50
            | Self::T51
            | Self::T52
            | Self::T53 => &[PluginEventType::PluginOperationStarted],
            Self::T05 => &[PluginEventType::PluginInstalled],
            Self::T06 | Self::T11 | Self::T31 | Self::T40 | Self::T56 | Self::T62 | Self::T63 => {
                &[PluginEventType::PluginErrorOccurred]
            }
            Self::T07 | Self::T12 | Self::T26 | Self::T41 | Self::T47 | Self::T54 | Self::T57 => {
                &[]
            }
            Self::T10 => &[PluginEventType::PluginActivated],
            Self::T14 | Self::T15 => &[PluginEventType::PluginActionInitiated],
            Self::T16 | Self::T17 | Self::T20 => &[PluginEventType::PluginActionExecuted],
            Self::T18 | Self::T19 | Self::T32 => &[
                PluginEventType::PluginActionFailed,
                PluginEventType::PluginErrorOccurred,
            ],
            Self::T21 => &[PluginEventType::PluginActionFailed],
            Self::T24 | Self::T25 | Self::T30 | Self::T34 | Self::T35 => {
                &[PluginEventType::PluginDeactivated]
            }
            Self::T38 | Self::T39 => &[PluginEventType::PluginUpdated],
            Self::T44 | Self::T45 => &[PluginEventType::PluginRolledBack],
            Self::T46 => &[
                PluginEventType::PluginRolledBack,
                PluginEventType::PluginErrorOccurred,
            ],
            Self::T55 => &[PluginEventType::PluginUninstalled],
            Self::T58 | Self::T59 | Self::T60 | Self::T61 => &[PluginEventType::PluginConfigured],
        }
    }
}

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

// Asks `transition` itself, one level deep: a refusal inside lists nothing.
fn possible(state: State) -> Vec<CommandKind> {
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
        .map(Command::kind)
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
