//! What can be asked of an instance, and what can happen to it.

use one_ontology::vocabulary;

vocabulary! {
    /// The commands by name.
    closed CommandKind ("a lifecycle command") {
        /// Fetch it and keep it here.
        Install = "install",
        /// Its manifest or signature was rejected before anything was fetched.
        ValidationFailed = "validation_failed",
        /// Try again what failed.
        Retry = "retry",
        /// The last step of the operation under way succeeded.
        StepOk = "step_ok",
        /// A step of the operation under way failed for good.
        StepFailed = "step_failed",
        /// Whoever drove the operation or execution has gone silent.
        LeaseExpired = "lease_expired",
        /// Give the installation up.
        Cancel = "cancel",
        /// Start it.
        Activate = "activate",
        /// Stop it until somebody resumes it.
        Suspend = "suspend",
        /// Start an execution.
        BeginExecution = "begin_execution",
        /// An execution ended.
        EndExecution = "end_execution",
        /// Stop it.
        Deactivate = "deactivate",
        /// Start it after a suspension.
        Resume = "resume",
        /// Its runtime ended by itself.
        RuntimeCrashed = "runtime_crashed",
        /// Change its version.
        Update = "update",
        /// Change its version back.
        Rollback = "rollback",
        /// Remove it.
        Uninstall = "uninstall",
        /// Change its settings.
        Configure = "configure",
    }
}

/// A command, with what the transition depends on. Guards that need more than the state (roles,
/// budgets, permissions) are admission's and have been asked before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// See [`CommandKind::Install`].
    Install,
    /// See [`CommandKind::ValidationFailed`].
    ValidationFailed,
    /// See [`CommandKind::Retry`].
    Retry,
    /// See [`CommandKind::StepOk`].
    StepOk,
    /// See [`CommandKind::StepFailed`].
    StepFailed,
    /// See [`CommandKind::LeaseExpired`].
    LeaseExpired(LostOutcome),
    /// See [`CommandKind::Cancel`].
    Cancel,
    /// See [`CommandKind::Activate`].
    Activate,
    /// See [`CommandKind::Suspend`].
    Suspend,
    /// See [`CommandKind::BeginExecution`].
    BeginExecution,
    /// See [`CommandKind::EndExecution`].
    EndExecution(ExecutionEnd),
    /// See [`CommandKind::Deactivate`].
    Deactivate,
    /// See [`CommandKind::Resume`].
    Resume,
    /// See [`CommandKind::RuntimeCrashed`].
    RuntimeCrashed,
    /// See [`CommandKind::Update`].
    Update,
    /// See [`CommandKind::Rollback`].
    Rollback,
    /// See [`CommandKind::Uninstall`].
    Uninstall,
    /// See [`CommandKind::Configure`].
    Configure,
}

/// How an execution ended, as far as its instance is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecutionEnd {
    /// Well, or refused, or cancelled.
    Ok,
    /// With an error; there have been fewer than the limit.
    Err,
    /// With an error, and that was one too many.
    ErrAtLimit,
}

/// What is known of an execution whose driver has gone silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostOutcome {
    /// The executor knows how it ended. Operations other than executions are always continued and
    /// use this too.
    Known,
    /// Nobody knows.
    Unknown,
}

impl Command {
    /// Which command.
    #[must_use]
    pub const fn kind(&self) -> CommandKind {
        match self {
            Self::Install => CommandKind::Install,
            Self::ValidationFailed => CommandKind::ValidationFailed,
            Self::Retry => CommandKind::Retry,
            Self::StepOk => CommandKind::StepOk,
            Self::StepFailed => CommandKind::StepFailed,
            Self::LeaseExpired(_) => CommandKind::LeaseExpired,
            Self::Cancel => CommandKind::Cancel,
            Self::Activate => CommandKind::Activate,
            Self::Suspend => CommandKind::Suspend,
            Self::BeginExecution => CommandKind::BeginExecution,
            Self::EndExecution(_) => CommandKind::EndExecution,
            Self::Deactivate => CommandKind::Deactivate,
            Self::Resume => CommandKind::Resume,
            Self::RuntimeCrashed => CommandKind::RuntimeCrashed,
            Self::Update => CommandKind::Update,
            Self::Rollback => CommandKind::Rollback,
            Self::Uninstall => CommandKind::Uninstall,
            Self::Configure => CommandKind::Configure,
        }
    }
}
