//! What is under way on an instance, written before it is done.

use std::collections::BTreeSet;

use one_ontology::{Actor, IdempotencyKey, ThingId, Timestamp, vocabulary};
use plugin_registry::PackagePin;
use plugin_runtime_api::{Fence, Permissions, RuntimeId};
use serde::{Deserialize, Serialize};

use crate::{CommandKind, Desired, Edition, StateKind};

/// What is being done to an instance, written before it is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PendingOperation {
    /// Names it; retries keep it.
    pub key: IdempotencyKey,
    /// Which command began it.
    pub command: CommandKind,
    /// Counts the attempts, from 1.
    pub attempt: u32,
    /// When it began.
    pub began: Timestamp,
    /// Until when its driver may be silent.
    pub lease_until: Timestamp,
    /// The fence it acts under.
    pub fence: Fence,
    /// What is left to do of it. None in rows that an older version wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
}

/// What is left to do of an operation, with everything it takes: whoever takes it over need ask
/// nobody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// Fetch and verify the packages, then write that they are there.
    Fetch(Box<Batch>),
    /// Start the runtime, then write what it consists of.
    Start,
    /// Stop the runtime and let executions end, then write that it has stopped.
    Drain,
    /// Destroy secrets, end connections, then write that it is gone.
    Remove,
    /// Change the version, or change it back.
    Change(Box<Change>),
}

vocabulary! {
    /// The phases by name.
    closed PhaseKind ("`fetch`, `start`, `drain`, `remove` or `change`") {
        /// See [`Phase::Fetch`].
        Fetch = "fetch",
        /// See [`Phase::Start`].
        Start = "start",
        /// See [`Phase::Drain`].
        Drain = "drain",
        /// See [`Phase::Remove`].
        Remove = "remove",
        /// See [`Phase::Change`].
        Change = "change",
    }
}

impl Phase {
    /// Which phase.
    #[must_use]
    pub const fn kind(&self) -> PhaseKind {
        match self {
            Self::Fetch(_) => PhaseKind::Fetch,
            Self::Start => PhaseKind::Start,
            Self::Drain => PhaseKind::Drain,
            Self::Remove => PhaseKind::Remove,
            Self::Change(_) => PhaseKind::Change,
        }
    }

    /// The phase of an operation that needs nothing but its state.
    pub(crate) const fn of(state: StateKind) -> Option<Self> {
        match state {
            StateKind::Activating => Some(Self::Start),
            StateKind::Deactivating => Some(Self::Drain),
            StateKind::Uninstalling => Some(Self::Remove),
            StateKind::Discovered
            | StateKind::Installing
            | StateKind::Installed
            | StateKind::Active
            | StateKind::Executing
            | StateKind::Suspended
            | StateKind::Error
            | StateKind::Failed
            | StateKind::Updating
            | StateKind::RollingBack
            | StateKind::Uninstalled => None,
        }
    }
}

/// The plugins that are installed together, as one of them knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// All of them, this one too. They are installed together or not at all.
    pub together: Vec<ThingId>,
    /// Every package to fetch.
    pub packages: Vec<PackagePin>,
    /// The instances that this one needs.
    pub needs: Vec<ThingId>,
    /// How many were not asked for, but needed.
    pub dependencies: usize,
}

/// A change of version under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What is left to do of it.
    pub part: ChangePart,
    /// What the instance becomes. Until it has, its row says what it was.
    pub to: Edition,
    /// Runtimes that are stopped once that runs.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub leave: BTreeSet<RuntimeId>,
    /// What its components may require that none required before; only asked of a new version.
    #[serde(default, skip_serializing_if = "Permissions::is_empty")]
    pub approved: Permissions,
    /// The snapshot that was taken, or that is gone back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<ThingId>,
}

vocabulary! {
    /// How far a change of version is. Each part can be done again.
    closed ChangePart ("`fetch`, `start` or `retire`") {
        /// Fetch and verify the packages.
        Fetch = "fetch",
        /// Start the runtime, beside the one that is there; not for an instance that did not run.
        Start = "start",
        /// Stop the runtimes that are left, then write that the version is changed.
        Retire = "retire",
    }
}

/// Who brought an instance on its way, by which command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The command.
    pub command: CommandKind,
    /// Who gave it.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// What the instance is to be since. None in rows that an older version wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wants: Option<Desired>,
}
