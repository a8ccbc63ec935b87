//! Which delivery an event came from.

use one_ontology::{Event, NewEvent, Seq, ThingId};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The delivery that an event came from: what keeps deliveries from causing each other for ever.
///
/// It is in the metadata of every event of an execution that handles an event, under `cause`: those
/// that say how it began and ended, and those of what its plugin writes meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventCause {
    /// The subscription.
    pub subscription: ThingId,
    /// The event that was delivered.
    pub seq: Seq,
    /// How many deliveries led here, each caused by an event of the one before; from 1.
    pub depth: u32,
}

impl EventCause {
    /// The name under which events say it.
    const NAME: &'static str = "cause";

    /// What the events are caused by that come from delivering `event` to `subscription`.
    #[must_use]
    pub fn of_delivery(subscription: ThingId, event: &Event) -> Self {
        let before = Self::of(event).map_or(0, |cause| cause.depth);
        Self {
            subscription,
            seq: event.seq,
            depth: before.saturating_add(1),
        }
    }

    /// What an event was caused by; none where no delivery led to it.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        Self::deserialize(event.metadata.get(Self::NAME)?).ok()
    }

    /// The event with this as its cause.
    pub(crate) fn mark(cause: Option<Self>, event: NewEvent) -> NewEvent {
        match cause {
            Some(cause) => event.with(
                Self::NAME,
                json!({
                    "subscription": cause.subscription,
                    "seq": cause.seq,
                    "depth": cause.depth,
                }),
            ),
            None => event,
        }
    }
}
