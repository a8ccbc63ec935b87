//! What a dispatch did, as a value.

use one_ontology::{GroupId, ThingId, Timestamp};
use serde::{Deserialize, Serialize};

/// What a dispatch did, and what it left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DispatchReport {
    /// How many subscriptions it looked at.
    pub looked_at: usize,
    /// Those for which there was something, in each organisation in the order given, by id.
    pub subscriptions: Vec<Delivered>,
    /// What could not be served, and why. The rest was not kept from it.
    pub failed: Vec<NotDispatched>,
}

/// What was done for one subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// In which organisation.
    pub group: GroupId,
    /// Which subscription.
    pub subscription: ThingId,
    /// The instance.
    pub instance: ThingId,
    /// How many events were delivered.
    pub delivered: usize,
    /// How many became dead letters.
    pub given_up: usize,
    /// How many of its types were not delivered because its own handler caused them.
    pub own: usize,
    /// How many of its types were not delivered because too many deliveries led to them.
    pub too_deep: usize,
    /// How many events left the store before they could be looked at.
    pub pruned: u64,
    /// Why there is more to deliver, if something keeps it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<Waits>,
    /// Whether there is more for the next dispatch.
    pub rest: Rest,
}

/// Whether there is more to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// Nothing that had happened when the dispatch began.
    Nothing,
    /// Events behind the batch, or behind the one that is waited for.
    More,
}

/// What keeps an event back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waits {
    /// `UnderWay`, `Retry`, or the tag of the refusal.
    pub why: String,
    /// The same in words.
    pub reason: String,
    /// Until when, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// What could not be served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotDispatched {
    /// In which organisation.
    pub group: GroupId,
    /// Which subscription; none where the organisation itself could not be entered or read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<ThingId>,
    /// The error's tag.
    pub error: String,
    /// The error in words.
    pub reason: String,
}
