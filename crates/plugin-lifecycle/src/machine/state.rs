//! The 14 states.

use one_ontology::{ThingStatus, vocabulary};
use serde::{Deserialize, Serialize};

vocabulary! {
    /// The 14 states by name.
    closed StateKind ("a lifecycle state") {
        /// In the catalog, not installed here.
        Discovered = "DISCOVERED",
        /// Its packages are being fetched and verified.
        Installing = "INSTALLING",
        /// Here, not running.
        Installed = "INSTALLED",
        /// Its runtime is being started.
        Activating = "ACTIVATING",
        /// Running, nothing under way.
        Active = "ACTIVE",
        /// Running, with executions under way.
        Executing = "EXECUTING",
        /// Its runtime is being stopped; executions under way may end.
        Deactivating = "DEACTIVATING",
        /// Stopped by a policy or after errors, until somebody resumes it.
        Suspended = "SUSPENDED",
        /// Its runtime failed.
        Error = "ERROR",
        /// Its installation or removal failed.
        Failed = "FAILED",
        /// Its version is being changed.
        Updating = "UPDATING",
        /// Its version is being changed back.
        RollingBack = "ROLLING_BACK",
        /// It is being removed.
        Uninstalling = "UNINSTALLING",
        /// Gone; its trail stays.
        Uninstalled = "UNINSTALLED",
    }
}

impl StateKind {
    /// Whether an operation is under way in it.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Installing
                | Self::Activating
                | Self::Deactivating
                | Self::Updating
                | Self::RollingBack
                | Self::Uninstalling
        )
    }

    /// How a thing in this state stands.
    #[must_use]
    pub const fn thing_status(self) -> ThingStatus {
        match self {
            Self::Discovered | Self::Installing => ThingStatus::Draft,
            Self::Active | Self::Executing => ThingStatus::Active,
            Self::Installed
            | Self::Activating
            | Self::Deactivating
            | Self::Suspended
            | Self::Error
            | Self::Failed
            | Self::Updating
            | Self::RollingBack
            | Self::Uninstalling => ThingStatus::Inactive,
            Self::Uninstalled => ThingStatus::Archived,
        }
    }
}

/// The state of an instance, with what the next transition depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// See [`StateKind::Discovered`].
    Discovered,
    /// See [`StateKind::Installing`].
    Installing,
    /// See [`StateKind::Installed`].
    Installed,
    /// See [`StateKind::Activating`].
    Activating,
    /// See [`StateKind::Active`].
    Active,
    /// See [`StateKind::Executing`].
    Executing {
        /// How many executions are under way; at least one.
        in_flight: u32,
    },
    /// See [`StateKind::Deactivating`].
    Deactivating {
        /// What comes when it has stopped.
        then: After,
        /// How many executions are still under way.
        in_flight: u32,
    },
    /// See [`StateKind::Suspended`].
    Suspended,
    /// See [`StateKind::Error`].
    Error,
    /// See [`StateKind::Failed`].
    Failed {
        /// What failed.
        operation: Interrupted,
    },
    /// See [`StateKind::Updating`].
    Updating {
        /// Whether it ran before.
        ran: Ran,
    },
    /// See [`StateKind::RollingBack`].
    RollingBack {
        /// Whether it ran before.
        ran: Ran,
    },
    /// See [`StateKind::Uninstalling`].
    Uninstalling,
    /// See [`StateKind::Uninstalled`].
    Uninstalled,
}

/// What comes after a runtime has been stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum After {
    /// It stays installed.
    Installed,
    /// It is suspended.
    Suspended,
    /// It is removed.
    Uninstalling,
}

/// Which operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interrupted {
    /// The installation.
    Install,
    /// The removal.
    Uninstall,
}

/// Whether an instance ran before an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ran {
    /// It was installed.
    Installed,
    /// It was active.
    Active,
}

impl State {
    /// Which of the 14 it is.
    #[must_use]
    pub const fn kind(&self) -> StateKind {
        match self {
            Self::Discovered => StateKind::Discovered,
            Self::Installing => StateKind::Installing,
            Self::Installed => StateKind::Installed,
            Self::Activating => StateKind::Activating,
            Self::Active => StateKind::Active,
            Self::Executing { .. } => StateKind::Executing,
            Self::Deactivating { .. } => StateKind::Deactivating,
            Self::Suspended => StateKind::Suspended,
            Self::Error => StateKind::Error,
            Self::Failed { .. } => StateKind::Failed,
            Self::Updating { .. } => StateKind::Updating,
            Self::RollingBack { .. } => StateKind::RollingBack,
            Self::Uninstalling => StateKind::Uninstalling,
            Self::Uninstalled => StateKind::Uninstalled,
        }
    }

    /// How many executions are under way.
    #[must_use]
    pub const fn in_flight(&self) -> u32 {
        match self {
            Self::Executing { in_flight } | Self::Deactivating { in_flight, .. } => *in_flight,
            _ => 0,
        }
    }

    /// Whether an instance that comes from here to `other` has stayed where it was.
    pub(crate) fn is_same_stay(self, other: Self) -> bool {
        let runs = |state: Self| matches!(state, Self::Active | Self::Executing { .. });
        self.kind() == other.kind() || runs(self) && runs(other)
    }

    /// Active with so many executions under way.
    #[must_use]
    pub(crate) const fn running(in_flight: u32) -> Self {
        if in_flight == 0 {
            Self::Active
        } else {
            Self::Executing { in_flight }
        }
    }

    /// The same state when an execution that was under way has ended while its instance drains.
    /// Draining is no transition: the instance is on its way already, and only its executions,
    /// which have a machine of their own, still move.
    #[must_use]
    pub const fn drained_by_one(self) -> Self {
        match self {
            Self::Deactivating { then, in_flight } => Self::Deactivating {
                then,
                in_flight: in_flight.saturating_sub(1),
            },
            other => other,
        }
    }
}
