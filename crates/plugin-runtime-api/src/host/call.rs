//! The closed list of calls.

use one_ontology::vocabulary;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::records::{
    ComponentRecord, EntityRecord, MemoryFilter, MemoryRecord, RelationshipRecord, RoomRecord,
    TaskRecord, WorldRecord,
};

vocabulary! {
    /// Calls that belong together; grants are checked by family.
    closed HostFamily ("a family of host calls") {
        /// Settings, secrets as placeholders.
        Settings = "settings",
        /// Models.
        Models = "models",
        /// Memories.
        Memories = "memories",
        /// The cache.
        Cache = "cache",
        /// Entities.
        Entities = "entities",
        /// Rooms and who takes part in them.
        Rooms = "rooms",
        /// Worlds.
        Worlds = "worlds",
        /// Components.
        Components = "components",
        /// Relationships.
        Relationships = "relationships",
        /// Tasks.
        Tasks = "tasks",
        /// Events.
        Events = "events",
        /// Messages to people.
        Messages = "messages",
        /// The network.
        Fetch = "fetch",
        /// The log.
        Log = "log",
    }
}

macro_rules! calls {
    ($($(#[$doc:meta])* $family:ident $name:literal $variant:ident { $($(#[$fdoc:meta])* $field:ident: $ty:ty,)* })*) => {
        /// One call. On the wire `{"call": "memory.create", ...fields in camelCase}`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "call", rename_all_fields = "camelCase")]
        #[expect(clippy::exhaustive_enums, reason = "a host decides about every call")]
        pub enum HostCall {
            $($(#[$doc])* #[serde(rename = $name)] $variant { $($(#[$fdoc])* $field: $ty,)* },)*
        }

        impl HostCall {
            /// Every wire name, in order.
            pub const NAMES: &'static [&'static str] = &[$($name,)*];

            /// The wire name.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $name,)* }
            }

            /// The family.
            #[must_use]
            pub const fn family(&self) -> HostFamily {
                match self { $(Self::$variant { .. } => HostFamily::$family,)* }
            }
        }
    };
}

calls! {
    /// A setting of the instance; `null` where there is none, a placeholder where it is a secret.
    Settings "setting.get" GetSetting {
        /// Its name.
        key: String,
    }
    /// Asks a model of the host.
    Models "model.use" UseModel {
        /// elizaOS's name: `TEXT_SMALL`, `TEXT_EMBEDDING`.
        model_type: String,
        /// Its parameters, as elizaOS has them.
        params: Value,
    }
    /// Keeps a memory; gives its id.
    Memories "memory.create" CreateMemory {
        /// The table.
        table_name: String,
        /// The memory.
        memory: MemoryRecord,
        /// Whether a similar one is not to be kept twice.
        #[serde(default)]
        unique: bool,
    }
    /// Lists memories, the newest first.
    Memories "memory.list" ListMemories {
        /// Which.
        filter: MemoryFilter,
    }
    /// Some memories by id, in the order asked; unknown ones are left out.
    Memories "memory.get" GetMemories {
        /// Their ids, at most 1,000.
        ids: Vec<Uuid>,
        /// Only of this table.
        #[serde(default)]
        table_name: Option<String>,
    }
    /// The memories closest to a vector, the closest first.
    Memories "memory.search" SearchMemories {
        /// Which.
        filter: MemoryFilter,
        /// The vector.
        embedding: Vec<f32>,
        /// Only those at least so similar, 0 to 1.
        #[serde(default)]
        match_threshold: Option<f64>,
    }
    /// Changes the given fields of a memory; gives whether there was one.
    Memories "memory.update" UpdateMemory {
        /// The memory; `id` says which.
        memory: MemoryRecord,
    }
    /// Forgets a memory.
    Memories "memory.delete" DeleteMemory {
        /// Its id.
        id: Uuid,
    }
    /// Counts memories.
    Memories "memory.count" CountMemories {
        /// Which.
        filter: MemoryFilter,
    }
    /// A cached value; `null` where there is none.
    Cache "cache.get" GetCache {
        /// Its key.
        key: String,
    }
    /// Caches a value.
    Cache "cache.set" SetCache {
        /// Its key.
        key: String,
        /// The value.
        value: Value,
    }
    /// Forgets a cached value; gives whether there was one.
    Cache "cache.delete" DeleteCache {
        /// Its key.
        key: String,
    }
    /// An entity; `null` where there is none.
    Entities "entity.get" GetEntity {
        /// Its id.
        id: Uuid,
    }
    /// Keeps an entity; gives whether it is new.
    Entities "entity.create" CreateEntity {
        /// The entity.
        entity: EntityRecord,
    }
    /// Replaces an entity.
    Entities "entity.update" UpdateEntity {
        /// The entity; `id` says which.
        entity: EntityRecord,
    }
    /// The entities that take part in a room.
    Entities "entity.list_for_room" ListEntitiesForRoom {
        /// The room.
        room_id: Uuid,
        /// Whether their components come with them, as `components`.
        #[serde(default)]
        include_components: bool,
    }
    /// A room; `null` where there is none.
    Rooms "room.get" GetRoom {
        /// Its id.
        id: Uuid,
    }
    /// Makes a room where it is not there yet; gives its id.
    Rooms "room.ensure" EnsureRoom {
        /// The room.
        room: RoomRecord,
    }
    /// Replaces a room.
    Rooms "room.update" UpdateRoom {
        /// The room; `id` says which.
        room: RoomRecord,
    }
    /// Forgets a room.
    Rooms "room.delete" DeleteRoom {
        /// Its id.
        id: Uuid,
    }
    /// The rooms of a world.
    Rooms "room.list" ListRooms {
        /// The world.
        world_id: Uuid,
    }
    /// The ids of the rooms that any of these entities takes part in.
    Rooms "participant.rooms" ListRoomsForParticipants {
        /// The entities.
        entity_ids: Vec<Uuid>,
    }
    /// The ids of the entities in a room.
    Rooms "participant.list" ListParticipants {
        /// The room.
        room_id: Uuid,
    }
    /// Lets an entity take part in a room; gives whether that is new.
    Rooms "participant.add" AddParticipant {
        /// The entity.
        entity_id: Uuid,
        /// The room.
        room_id: Uuid,
    }
    /// Ends that; gives whether it was so.
    Rooms "participant.remove" RemoveParticipant {
        /// The entity.
        entity_id: Uuid,
        /// The room.
        room_id: Uuid,
    }
    /// How an entity takes part: `FOLLOWED`, `MUTED` or `null`.
    Rooms "participant.state" GetParticipantState {
        /// The room.
        room_id: Uuid,
        /// The entity.
        entity_id: Uuid,
    }
    /// Sets how an entity takes part.
    Rooms "participant.set_state" SetParticipantState {
        /// The room.
        room_id: Uuid,
        /// The entity.
        entity_id: Uuid,
        /// `FOLLOWED`, `MUTED` or `null`.
        state: Option<String>,
    }
    /// A world; `null` where there is none.
    Worlds "world.get" GetWorld {
        /// Its id.
        id: Uuid,
    }
    /// Makes a world where it is not there yet; gives its id.
    Worlds "world.ensure" EnsureWorld {
        /// The world.
        world: WorldRecord,
    }
    /// Replaces a world.
    Worlds "world.update" UpdateWorld {
        /// The world; `id` says which.
        world: WorldRecord,
    }
    /// Every world of the agent.
    Worlds "world.list" ListWorlds {}
    /// The component of an entity with a type; `null` where there is none.
    Components "component.get" GetComponent {
        /// The entity.
        entity_id: Uuid,
        /// The type.
        kind: String,
        /// Only of this world.
        #[serde(default)]
        world_id: Option<Uuid>,
        /// Only from this entity.
        #[serde(default)]
        source_entity_id: Option<Uuid>,
    }
    /// The components of an entity.
    Components "component.list" ListComponents {
        /// The entity.
        entity_id: Uuid,
        /// Only of this world.
        #[serde(default)]
        world_id: Option<Uuid>,
        /// Only from this entity.
        #[serde(default)]
        source_entity_id: Option<Uuid>,
    }
    /// Keeps a component.
    Components "component.create" CreateComponent {
        /// The component.
        component: ComponentRecord,
    }
    /// Replaces a component.
    Components "component.update" UpdateComponent {
        /// The component; `id` says which.
        component: ComponentRecord,
    }
    /// Forgets a component.
    Components "component.delete" DeleteComponent {
        /// Its id.
        id: Uuid,
    }
    /// Keeps a relationship.
    Relationships "relationship.create" CreateRelationship {
        /// The relationship.
        relationship: RelationshipRecord,
    }
    /// The relationship from one entity to another; `null` where there is none.
    Relationships "relationship.get" GetRelationship {
        /// From.
        source_entity_id: Uuid,
        /// To.
        target_entity_id: Uuid,
    }
    /// The relationships of an entity, in both directions.
    Relationships "relationship.list" ListRelationships {
        /// The entity.
        entity_id: Uuid,
        /// Only with all of these labels.
        #[serde(default)]
        tags: Vec<String>,
    }
    /// Replaces a relationship.
    Relationships "relationship.update" UpdateRelationship {
        /// The relationship; `id` says which.
        relationship: RelationshipRecord,
    }
    /// Keeps a task; gives its id.
    Tasks "task.create" CreateTask {
        /// The task.
        task: TaskRecord,
    }
    /// A task; `null` where there is none.
    Tasks "task.get" GetTask {
        /// Its id.
        id: Uuid,
    }
    /// Tasks.
    Tasks "task.list" ListTasks {
        /// Only with this name.
        #[serde(default)]
        name: Option<String>,
        /// Only of this room.
        #[serde(default)]
        room_id: Option<Uuid>,
        /// Only with all of these labels.
        #[serde(default)]
        tags: Vec<String>,
    }
    /// Changes the given fields of a task.
    Tasks "task.update" UpdateTask {
        /// The task; `id` says which.
        task: TaskRecord,
    }
    /// Forgets a task.
    Tasks "task.delete" DeleteTask {
        /// Its id.
        id: Uuid,
    }
    /// Publishes an event to the organisation; handlers inside the runtime were already called.
    Events "event.emit" EmitEvent {
        /// Its name.
        name: String,
        /// Its payload.
        payload: Value,
    }
    /// Sends a message to somebody outside the runtime.
    Messages "message.send" SendMessage {
        /// To whom, as elizaOS has it: `source`, `roomId`, `channelId`, ...
        target: Map<String, Value>,
        /// What.
        content: Map<String, Value>,
    }
    /// A request to the network.
    Fetch "fetch" Fetch {
        /// The address.
        url: String,
        /// `GET`, ...
        method: String,
        /// Header fields.
        headers: Vec<(String, String)>,
        /// The body as text.
        #[serde(default)]
        body: Option<String>,
    }
    /// Records something a plugin did, as elizaOS's `runtime.log` does.
    Log "log.record" RecordLog {
        /// Of what type.
        kind: String,
        /// What.
        body: Value,
        /// In which room.
        #[serde(default)]
        room_id: Option<Uuid>,
        /// By whom.
        #[serde(default)]
        entity_id: Option<Uuid>,
    }
}
