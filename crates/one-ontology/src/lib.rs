#![doc = include_str!("../README.md")]

mod connection_type;
mod event_type;
mod id;
mod invalid;
mod key;
mod thing_type;
mod time;
mod vocabulary;

pub use connection_type::{ConnectionType, PluginConnectionType};
pub use event_type::{EventType, PluginEventType};
pub use id::{
    ConnectionId, EventId, GroupId, IdSource, KnowledgeId, PersonId, SequentialIds, ThingId,
    uuid_of_name, uuid_v7,
};
pub use invalid::{InvalidValue, Validator, Violation, Violations, excerpt};
pub use key::IdempotencyKey;
pub use thing_type::{PluginThingType, ThingCategory, ThingType};
pub use time::{Clock, ManualClock, Timestamp};
pub use vocabulary::OtherName;
#[doc(hidden)]
pub use vocabulary::deserialize_from_str;
