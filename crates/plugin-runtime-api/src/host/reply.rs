//! What the host answers.

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::records::{
    ComponentRecord, EntityRecord, MemoryRecord, RelationshipRecord, RoomRecord, TaskRecord,
    WorldRecord,
};

/// An answer. On the wire it is the bare value: what elizaOS's runtime method resolves to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[expect(
    clippy::exhaustive_enums,
    reason = "an executor passes every answer on"
)]
pub enum HostReply {
    /// Done; `null`.
    Done,
    /// Yes or no.
    Flag(bool),
    /// How many.
    Count(u64),
    /// An id.
    Id(Uuid),
    /// Ids.
    Ids(Vec<Uuid>),
    /// Text or `null`.
    Text(Option<String>),
    /// Any JSON.
    Value(Value),
    /// Memories.
    Memories(Vec<MemoryRecord>),
    /// An entity or `null`.
    Entity(Option<EntityRecord>),
    /// Entities.
    Entities(Vec<EntityRecord>),
    /// A room or `null`.
    Room(Option<RoomRecord>),
    /// Rooms.
    Rooms(Vec<RoomRecord>),
    /// A world or `null`.
    World(Option<WorldRecord>),
    /// Worlds.
    Worlds(Vec<WorldRecord>),
    /// A component or `null`.
    Component(Option<ComponentRecord>),
    /// Components.
    Components(Vec<ComponentRecord>),
    /// A relationship or `null`.
    Relationship(Option<RelationshipRecord>),
    /// Relationships.
    Relationships(Vec<RelationshipRecord>),
    /// A task or `null`.
    Task(Option<TaskRecord>),
    /// Tasks.
    Tasks(Vec<TaskRecord>),
}
