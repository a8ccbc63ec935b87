//! What a recovery did, as a value.

use one_ontology::{GroupId, ThingId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{CommandKind, StateKind};

/// What a recovery did, and what it left.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RecoveryReport {
    /// How many instances it looked at.
    pub looked_at: usize,
    /// What it took and how that ended, by organisation in the order given, then by package.
    pub taken: Vec<Taken>,
    /// What is somebody else's for now.
    pub left: Vec<Left>,
    /// What could not be recovered, and why. The rest was not kept from it.
    pub failed: Vec<NotRecovered>,
}

/// What was taken of one instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// In which organisation.
    pub group: GroupId,
    /// Which instance.
    pub instance: ThingId,
    /// Its package.
    pub package: String,
    /// What was under way.
    pub what: TakenWhat,
    /// Its state before.
    pub from: StateKind,
    /// Its state now.
    pub to: StateKind,
}

/// What a recovery took, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
#[non_exhaustive]
pub enum TakenWhat {
    /// An operation, which went on.
    Operation {
        /// The command that began it.
        command: CommandKind,
    },
    /// An operation that had been begun too often, and now counts as failed.
    GivenUp {
        /// The command that began it.
        command: CommandKind,
    },
    /// Executions that ended as the executor says they did.
    Known {
        /// How many.
        executions: usize,
    },
    /// Executions of which nobody knows how they ended.
    Unknown {
        /// How many.
        executions: usize,
    },
    /// Secrets of which nobody knows whether the vault took them.
    Secrets {
        /// The parameters.
        names: Vec<String>,
    },
    /// A runtime of an instance in ERROR, or of an agent that may not use it any more, which was stopped.
    Runtime,
}

/// What was left because somebody may be at work on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// In which organisation.
    pub group: GroupId,
    /// Which instance.
    pub instance: ThingId,
    /// Its package.
    pub package: String,
    /// Its state.
    pub state: StateKind,
    /// When the last lease ends.
    pub until: Timestamp,
}

/// What could not be recovered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotRecovered {
    /// In which organisation.
    pub group: GroupId,
    /// Which instance; none where the organisation itself could not be entered or read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<ThingId>,
    /// The error's tag.
    pub error: String,
    /// The error in words.
    pub reason: String,
}
