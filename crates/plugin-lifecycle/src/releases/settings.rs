//! How an organisation follows releases.

use std::time::Duration;

use one_ontology::{GroupId, ThingId, ThingProperties, ThingType, vocabulary};
use serde::{Deserialize, Serialize};

use super::{Channel, NoticeKind};
use crate::Policy;

vocabulary! {
    /// What is done about something that is said of a release.
    closed Treatment ("`ignore`, `notify` or `suspend`") {
        /// Nothing.
        Ignore = "ignore",
        /// It is written down, for people to read.
        Notify = "notify",
        /// It is written down, and what runs it is suspended.
        Suspend = "suspend",
    }
}

/// What is done, by what is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Treatments {
    /// About releases that the owner of the platform has revoked: they are suspended, and cannot be had. Unless
    /// it is `suspend`, they can.
    pub revoked: Treatment,
    /// About releases that their registry has no longer: it is written down.
    pub unpublished: Treatment,
    /// About releases that their authors advise against: it is written down.
    pub deprecated: Treatment,
}

impl Default for Treatments {
    fn default() -> Self {
        Self {
            revoked: Treatment::Suspend,
            unpublished: Treatment::Notify,
            deprecated: Treatment::Notify,
        }
    }
}

impl Treatments {
    /// What is done about something.
    #[must_use]
    pub const fn of(&self, kind: NoticeKind) -> Treatment {
        match kind {
            NoticeKind::Revoked => self.revoked,
            NoticeKind::Unpublished => self.unpublished,
            NoticeKind::Deprecated => self.deprecated,
        }
    }

    /// The same, but for what is said.
    #[must_use]
    pub const fn with(mut self, kind: NoticeKind, treatment: Treatment) -> Self {
        match kind {
            NoticeKind::Revoked => self.revoked = treatment,
            NoticeKind::Unpublished => self.unpublished = treatment,
            NoticeKind::Deprecated => self.deprecated = treatment,
        }
        self
    }
}

/// How an organisation follows releases: the properties of one thing in it. Where there is none, the defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ReleaseSettings {
    /// Along which tag plugins are updated where neither their pin nor a command says otherwise; none is `latest`. A plugin whose
    /// publisher has no such tag is updated as if there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// How many seconds old a release has to be before it is offered; none is as the host says. By its exact version it can be had
    /// at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cooldown_s: Option<u64>,
    /// What is done about what is said of installed releases.
    pub treatments: Treatments,
}

impl ReleaseSettings {
    /// How old a release has to be before it is offered.
    #[must_use]
    pub fn cooldown(&self, policy: &Policy) -> Duration {
        self.cooldown_s
            .map_or(policy.release_cooldown, Duration::from_secs)
    }

    /// The id of the row of an organisation.
    pub(crate) fn id(group: GroupId) -> ThingId {
        ThingId::of_name(&[&group.to_string(), "plugin_release_settings"])
    }
}

impl ThingProperties for ReleaseSettings {
    fn thing_type() -> ThingType {
        // INVARIANT: the name is valid, and not listed.
        "plugin_release_settings"
            .parse()
            .unwrap_or(ThingType::ExternalConnection)
    }
}
