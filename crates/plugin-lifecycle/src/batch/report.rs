//! What became of several instances.

use one_ontology::ThingId;
use plugin_registry::{ProgressSink, Silent};
use serde::{Deserialize, Serialize};

use crate::{ManagerError, StateKind};

/// Which instances are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// All that a command is for: those that somebody has suspended, and those that something else is being done to, are left.
    All,
    /// These, whatever their states.
    These(Vec<ThingId>),
}

/// What became of several instances, in the order in which they were gone through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BatchReport {
    /// One by one.
    pub members: Vec<BatchMember>,
}

impl BatchReport {
    /// Those of which it did not come to pass, for an error or because one that they need is among those.
    pub fn failed(&self) -> impl Iterator<Item = &BatchMember> {
        self.members.iter().filter(|it| it.outcome.is_failure())
    }
}

/// What became of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchMember {
    /// Which.
    pub instance: ThingId,
    /// Its package.
    pub package: String,
    /// Its version afterwards.
    pub version: String,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: BatchOutcome,
}

/// How it went with one of several instances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[non_exhaustive]
pub enum BatchOutcome {
    /// It was done.
    Done,
    /// It was so already.
    Already,
    /// It is nothing to be done to, as it is.
    Left {
        /// Its state.
        state: StateKind,
    },
    /// There is nothing that could be done.
    Held {
        /// Why, in words.
        reason: String,
    },
    /// It needs one of which it did not come to pass, or that one needs it.
    Skipped {
        /// That one.
        because_of: ThingId,
    },
    /// It was tried.
    Failed {
        /// The tag of the error.
        error: String,
        /// In words.
        reason: String,
    },
}

impl BatchOutcome {
    /// Of an error.
    #[must_use]
    pub fn failed(error: &ManagerError) -> Self {
        Self::Failed {
            error: error.tag().to_owned(),
            reason: error.to_string(),
        }
    }

    /// Whether it should have come to pass and did not.
    #[must_use]
    pub const fn is_failure(&self) -> bool {
        match self {
            Self::Skipped { .. } | Self::Failed { .. } => true,
            Self::Done | Self::Already | Self::Left { .. } | Self::Held { .. } => false,
        }
    }
}

/// How far a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchStep<'a> {
    /// One begins.
    Begins {
        /// Its package.
        package: &'a str,
        /// Which it is, from 1.
        at: usize,
        /// Of how many.
        of: usize,
    },
    /// One has ended.
    Ended(&'a BatchMember),
}

/// Is told how far a batch is, and what it fetches. Called from any thread, must not block.
pub trait BatchProgress: ProgressSink {
    /// Something happened.
    fn step(&self, step: BatchStep<'_>);
}

impl BatchProgress for Silent {
    fn step(&self, _step: BatchStep<'_>) {}
}
