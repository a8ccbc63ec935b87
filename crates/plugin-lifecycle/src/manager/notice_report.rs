//! What became of what is said of releases.

use one_ontology::{GroupId, ThingId};
use serde::{Deserialize, Serialize};

use crate::{Notice, StateKind};

/// What [`PluginManager::apply_notices`](crate::PluginManager::apply_notices) did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NoticeReport {
    /// How many instances were looked at.
    pub looked_at: usize,
    /// What is said that was not said before.
    pub raised: Vec<Noted>,
    /// What is said no longer.
    pub cleared: Vec<Noted>,
    /// What was suspended, and for what.
    pub suspended: Vec<Noted>,
    /// What something else is being done to: call again.
    pub left: Vec<NotYetNoted>,
    /// What could not be done. It kept nobody from the others.
    pub failed: Vec<NotNoted>,
}

/// A notice of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// In which organisation.
    pub group: GroupId,
    /// Of which instance.
    pub instance: ThingId,
    /// Its package.
    pub package: String,
    /// What is said.
    pub notice: Notice,
}

/// An instance that something else is being done to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotYetNoted {
    /// In which organisation.
    pub group: GroupId,
    /// Which.
    pub instance: ThingId,
    /// Its package.
    pub package: String,
    /// In which state it is.
    pub state: StateKind,
}

/// An instance, or a whole organisation, where notices could not be applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotNoted {
    /// Which organisation.
    pub group: GroupId,
    /// Which instance; none if it is the organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<ThingId>,
    /// The tag of the error.
    pub error: String,
    /// In words.
    pub reason: String,
}

impl NoticeReport {
    pub(crate) fn add(&mut self, part: Self) {
        self.looked_at += part.looked_at;
        self.raised.extend(part.raised);
        self.cleared.extend(part.cleared);
        self.suspended.extend(part.suspended);
        self.left.extend(part.left);
        self.failed.extend(part.failed);
    }
}
