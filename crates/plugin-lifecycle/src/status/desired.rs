//! What an instance is to be.

use one_ontology::vocabulary;

use crate::{After, Command, CommandKind, ExecutionEnd, Interrupted, PluginInstance, Ran, State};

vocabulary! {
    /// What an instance is to be, by the last command that somebody gave. What happens to it by
    /// itself (an error, a crash, a host that goes silent) does not change that.
    closed Desired ("`running`, `installed`, `suspended` or `absent`") {
        /// Started, to be used.
        Running = "running",
        /// Here, and not started.
        Installed = "installed",
        /// Stopped until somebody resumes it.
        Suspended = "suspended",
        /// Not here.
        Absent = "absent",
    }
}

impl Desired {
    /// What a command wants an instance to be that is in `from`; none of a command that wants
    /// nothing of it.
    #[must_use]
    pub const fn by(from: State, command: Command) -> Option<Self> {
        match command {
            Command::Install | Command::ValidationFailed | Command::Deactivate => {
                Some(Self::Installed)
            }
            Command::Retry => match from {
                State::Failed { .. } => Some(Self::Installed),
                _ => Some(Self::Running),
            },
            Command::Activate
            | Command::Resume
            | Command::RuntimeCrashed
            | Command::EndExecution(ExecutionEnd::ErrAtLimit) => Some(Self::Running),
            Command::Suspend => Some(Self::Suspended),
            Command::Cancel | Command::Uninstall => Some(Self::Absent),
            Command::Update | Command::Rollback => match from {
                State::Active | State::Executing { .. } => Some(Self::Running),
                _ => Some(Self::Installed),
            },
            Command::StepOk
            | Command::StepFailed
            | Command::LeaseExpired(_)
            | Command::BeginExecution
            | Command::EndExecution(ExecutionEnd::Ok | ExecutionEnd::Err)
            | Command::Configure => None,
        }
    }

    /// Whether an instance in `state` is as it is to be.
    #[must_use]
    pub const fn is_met_by(self, state: State) -> bool {
        match self {
            Self::Running => matches!(state, State::Active | State::Executing { .. }),
            Self::Installed => matches!(state, State::Installed),
            Self::Suspended => matches!(state, State::Suspended),
            Self::Absent => matches!(state, State::Uninstalled | State::Discovered),
        }
    }
}

/// What an instance is to be, also while it is on its way there, and after whoever brought it on its
/// way has crashed.
///
/// A row that an older version wrote does not say; then its state and the last command do. They do
/// not tell, of a version that could not be brought back, whether it ran before: it is taken to have.
#[must_use]
pub fn desired(instance: &PluginInstance) -> Desired {
    let moved = instance.moved.as_ref();
    if let Some(wants) = moved.and_then(|moved| moved.wants) {
        return wants;
    }
    let command = moved.map(|moved| moved.command);
    match instance.lifecycle {
        State::Discovered
        | State::Uninstalling
        | State::Uninstalled
        | State::Deactivating {
            then: After::Uninstalling,
            ..
        }
        | State::Failed {
            operation: Interrupted::Uninstall,
        } => Desired::Absent,
        State::Installing
        | State::Installed
        | State::Failed {
            operation: Interrupted::Install,
        }
        | State::Updating {
            ran: Ran::Installed,
        }
        | State::RollingBack {
            ran: Ran::Installed,
        }
        | State::Deactivating {
            then: After::Installed,
            ..
        } => Desired::Installed,
        State::Activating
        | State::Active
        | State::Executing { .. }
        | State::Updating { ran: Ran::Active }
        | State::RollingBack { ran: Ran::Active } => Desired::Running,
        State::Suspended
        | State::Deactivating {
            then: After::Suspended,
            ..
        } => match command {
            // Its errors did that, and nobody asked for it.
            Some(CommandKind::EndExecution) => Desired::Running,
            _ => Desired::Suspended,
        },
        State::Error => match command {
            Some(CommandKind::Deactivate) => Desired::Installed,
            Some(CommandKind::Suspend) => Desired::Suspended,
            Some(CommandKind::Uninstall) => Desired::Absent,
            _ => Desired::Running,
        },
    }
}
