//! Subscriptions and dead letters, as rows.

use std::collections::BTreeSet;

use one_ontology::{
    ConnectionId, EventType, IdempotencyKey, InvalidValue, Seq, Thing, ThingId, ThingProperties,
    ThingType, Timestamp,
};
use plugin_runtime_api::{ComponentName, ExecutionId};
use serde::{Deserialize, Serialize};

/// A subscription as the store has it. It is named for its instance, so that a store's index finds it.
pub type Subscription = Thing<PluginSubscription>;

/// A dead letter as the store has it. It is named for its subscription.
pub type LetterRow = Thing<DeadLetter>;

/// What an instance wants to be told, and how far it has been.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PluginSubscription {
    /// The instance that is told.
    pub instance: ThingId,
    /// Its event component that is run.
    pub component: ComponentName,
    /// Which types of events, at least one.
    pub types: BTreeSet<EventType>,
    /// The connection `subscribes_to`, from the instance to the organisation.
    pub connection: ConnectionId,
    /// Every event up to this one has been dealt with.
    pub cursor: Seq,
    /// Counts the replays. What is delivered again is another request to the executor.
    #[serde(default)]
    pub round: u64,
    /// The event that is being delivered, or is to be tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<PendingDelivery>,
    /// How many events were delivered.
    #[serde(default)]
    pub delivered: u64,
    /// How many became dead letters.
    #[serde(default)]
    pub given_up: u64,
}

/// An event that is being delivered, or is to be tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingDelivery {
    /// Which.
    pub seq: Seq,
    /// How often it was begun, as far as that counts.
    pub tries: u32,
    /// How often the handler is known to have run without success. Part of the key: what is asked
    /// under a key that the executor knows is answered, not run.
    pub runs: u32,
    /// Not before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// How the last try ended, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who is at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<DeliveryClaim>,
}

/// A host's claim to deliver an event: until it runs out, no other host does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryClaim {
    /// The execution that handles it.
    pub execution: ExecutionId,
    /// Until when it may be silent.
    pub lease_until: Timestamp,
}

impl PendingDelivery {
    /// An event that nobody has tried to deliver.
    #[must_use]
    pub const fn new(seq: Seq) -> Self {
        Self {
            seq,
            tries: 0,
            runs: 0,
            retry_at: None,
            reason: None,
            claim: None,
        }
    }
}

impl PluginSubscription {
    /// The event under way or to be tried again, if it is `seq`.
    #[must_use]
    pub fn pending_of(&self, seq: Seq) -> Option<&PendingDelivery> {
        self.pending.as_ref().filter(|pending| pending.seq == seq)
    }

    /// Names the delivery of an event to the executor: the same until a run of it is known to have
    /// ended without success, on every host.
    pub(crate) fn key(
        &self,
        id: ThingId,
        pending: &PendingDelivery,
    ) -> Result<IdempotencyKey, InvalidValue> {
        let (round, runs) = (self.round, pending.runs);
        format!("delivery:{id}:{round}:{}:{runs}", pending.seq).parse()
    }
}

/// An event that was tried as often as it may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The subscription.
    pub subscription: ThingId,
    /// The instance.
    pub instance: ThingId,
    /// Its event component.
    pub component: ComponentName,
    /// The event.
    pub seq: Seq,
    /// Its type.
    pub event_type: EventType,
    /// How often it was tried.
    pub tries: u32,
    /// How the last try ended, in words.
    pub reason: String,
    /// When it was given up.
    pub at: Timestamp,
    /// How often it was tried again by hand and failed.
    #[serde(default)]
    pub redeliveries: u32,
}

impl ThingProperties for PluginSubscription {
    fn thing_type() -> ThingType {
        own_type("plugin_subscription")
    }
}

impl ThingProperties for DeadLetter {
    fn thing_type() -> ThingType {
        own_type("plugin_dead_letter")
    }
}

fn own_type(name: &str) -> ThingType {
    // INVARIANT: both names are valid, and neither is listed.
    name.parse().unwrap_or(ThingType::ExternalConnection)
}
