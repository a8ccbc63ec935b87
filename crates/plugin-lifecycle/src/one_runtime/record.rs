//! elizaOS records as things.

use one_ontology::{ThingId, ThingType};
use plugin_runtime_api::{ComponentRecord, EntityRecord, RoomRecord, TaskRecord, WorldRecord};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

/// A record that is kept as a thing.
pub(super) trait Record:
    Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync
{
    /// What it is, in one word; part of its id.
    const KIND: &'static str;

    fn id(&self) -> Option<Uuid>;
    fn set_id(&mut self, id: Uuid);
    /// What the thing is called.
    fn title(&self) -> String;
    /// The wire name of the thing's type.
    fn type_name(&self, agent: ThingId) -> &'static str;
    /// Properties that lists filter by.
    fn found_by(&self) -> Vec<(&'static str, Value)>;
}

macro_rules! record {
    ($name:ident $kind:literal $title:expr, $type_name:expr, $found_by:expr) => {
        impl Record for $name {
            const KIND: &'static str = $kind;

            fn id(&self) -> Option<Uuid> {
                self.id
            }

            fn set_id(&mut self, id: Uuid) {
                self.id = Some(id);
            }

            fn title(&self) -> String {
                let title: fn(&Self) -> String = $title;
                title(self)
            }

            fn type_name(&self, agent: ThingId) -> &'static str {
                let type_name: fn(&Self, ThingId) -> &'static str = $type_name;
                type_name(self, agent)
            }

            fn found_by(&self) -> Vec<(&'static str, Value)> {
                let found_by: fn(&Self) -> Vec<(&'static str, Value)> = $found_by;
                found_by(self)
            }
        }
    };
}

record!(EntityRecord "entity"
    |it| it.names.iter().flatten().next().cloned().unwrap_or_default(),
    |it, agent| if it.id == Some(*agent.as_uuid()) { "external_agent" } else { "audience_member" },
    |_| Vec::new());
record!(RoomRecord "room"
    |it| it.name.clone().unwrap_or_default(),
    |_, _| "conversation",
    |it| vec![("world", of(it.world_id))]);
record!(WorldRecord "world"
    |it| it.name.clone().unwrap_or_default(),
    |_, _| "community",
    |_| Vec::new());
record!(ComponentRecord "component"
    |it| component_title(it.entity_id.unwrap_or_default()),
    |_, _| "eliza_component",
    |it| vec![("component", Value::from(it.kind.clone()))]);
record!(TaskRecord "task"
    |it| it.name.clone().unwrap_or_default(),
    |_, _| "eliza_task",
    |_| Vec::new());

/// Components are found by the name of their thing, which stores index.
pub(super) fn component_title(entity: Uuid) -> String {
    format!("component of {entity}")
}

fn of(id: Option<Uuid>) -> Value {
    id.map_or(Value::Null, |id| Value::from(id.to_string()))
}

/// A name that a thing may have: `title` without U+0000, cut to 512 characters, or else `kind`.
pub(super) fn thing_name(title: &str, kind: &str) -> String {
    let name: String = title.chars().filter(|c| *c != '\0').take(512).collect();
    if name.trim().is_empty() {
        kind.to_owned()
    } else {
        name
    }
}

/// The type of a thing by its wire name.
pub(super) fn thing_type(name: &'static str) -> ThingType {
    // INVARIANT: every name given here is a listed name or a valid other one.
    name.parse().unwrap_or(ThingType::ExternalConnection)
}
