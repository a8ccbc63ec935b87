//! elizaOS records as they cross the border: camelCase, ids as elizaOS makes them, unknown fields
//! kept.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// A memory: a message, a document, a fact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MemoryRecord {
    /// Its id; the host makes one where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// Who it is from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<Uuid>,
    /// The agent it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<Uuid>,
    /// The room it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room_id: Option<Uuid>,
    /// The world it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub world_id: Option<Uuid>,
    /// What it says: at least `text`, as elizaOS has it.
    pub content: Map<String, Value>,
    /// What is known about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    /// Its vector, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding: Option<Vec<f32>>,
    /// Milliseconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<i64>,
    /// Whether a similar one is not to be kept twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique: Option<bool>,
    /// How close it is to what was searched for, 0 to 1; only in answers to a search.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub similarity: Option<f64>,
}

/// Which memories.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MemoryFilter {
    /// The elizaOS table: `messages`, `documents`, `knowledge`, `facts`.
    pub table_name: String,
    /// Only of this room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room_id: Option<Uuid>,
    /// Only of one of these rooms.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub room_ids: Vec<Uuid>,
    /// Only of this world.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub world_id: Option<Uuid>,
    /// Only from this entity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<Uuid>,
    /// Only of this agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<Uuid>,
    /// Only those marked unique.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique: Option<bool>,
    /// Not before, in milliseconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<i64>,
    /// Not after, in milliseconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<i64>,
    /// At most so many, the newest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Leaving out so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u32>,
}

macro_rules! records {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $ty:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        pub struct $name {
            /// Its id; the host makes one where there is none.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub id: Option<Uuid>,
            $($(#[$fdoc])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$ty>,)*
            /// Whatever else the plugin says of it.
            #[serde(flatten)]
            pub other: Map<String, Value>,
        }
    )*};
}

records! {
    /// Somebody or something that takes part: a person, the agent itself.
    EntityRecord {
        /// Its names.
        names: Vec<String>,
        /// The agent it is known to.
        agent_id: Uuid,
        /// What is known about it.
        metadata: Map<String, Value>,
    }
    /// A place of conversation.
    RoomRecord {
        /// Its name.
        name: String,
        /// The world it is in.
        world_id: Uuid,
        /// The agent it is known to.
        agent_id: Uuid,
        /// Where it really is: `discord`.
        source: String,
        /// `DM`, `GROUP`, ...
        #[serde(rename = "type")]
        kind: String,
        /// What is known about it.
        metadata: Map<String, Value>,
    }
    /// A server, a workspace: rooms that belong together.
    WorldRecord {
        /// Its name.
        name: String,
        /// The agent it is known to.
        agent_id: Uuid,
        /// What is known about it.
        metadata: Map<String, Value>,
    }
    /// Data that a plugin keeps about an entity.
    ComponentRecord {
        /// The entity.
        entity_id: Uuid,
        /// The agent.
        agent_id: Uuid,
        /// The room.
        room_id: Uuid,
        /// The world.
        world_id: Uuid,
        /// The entity that said so.
        source_entity_id: Uuid,
        /// What kind of data.
        #[serde(rename = "type")]
        kind: String,
        /// The data.
        data: Value,
    }
    /// How two entities relate.
    RelationshipRecord {
        /// From this entity.
        source_entity_id: Uuid,
        /// To this one.
        target_entity_id: Uuid,
        /// The agent.
        agent_id: Uuid,
        /// Labels.
        tags: Vec<String>,
        /// What is known about it.
        metadata: Map<String, Value>,
    }
    /// Work to be done later.
    TaskRecord {
        /// Which worker does it.
        name: String,
        /// In words.
        description: String,
        /// The room it is for.
        room_id: Uuid,
        /// The world it is for.
        world_id: Uuid,
        /// The entity it is for.
        entity_id: Uuid,
        /// Labels.
        tags: Vec<String>,
        /// What is known about it.
        metadata: Map<String, Value>,
    }
}
