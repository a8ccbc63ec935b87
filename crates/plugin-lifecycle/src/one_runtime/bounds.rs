//! What a call may carry, decided before anything is done with it.

use one_ontology::{Embedding, Knowledge, Properties};
use plugin_runtime_api::{HostCall, HostError, MemoryFilter, MemoryRecord};
use serde::Serialize;
use serde_json::{Map, Value};

/// The most ids or labels in one list.
pub(super) const MAX_LIST: usize = 1000;
/// The longest key, name, kind or label, in characters.
pub(super) const MAX_KEY: usize = 512;
/// The longest name of a table, in characters: it becomes a label.
pub(super) const MAX_TABLE: usize = 100;
/// The deepest nesting of a value.
pub(super) const MAX_DEPTH: usize = 24;
/// The most bytes of one answer.
pub(super) const MAX_ANSWER: usize = 7 << 20;

/// Checks every part of a call.
pub(super) fn check(call: &HostCall) -> Result<(), HostError> {
    let door = Door { call: call.name() };
    match call {
        HostCall::GetSetting { key }
        | HostCall::GetCache { key }
        | HostCall::DeleteCache { key } => door.key("key", key),
        HostCall::UseModel { model_type, params } => {
            door.key("modelType", model_type)?;
            door.value("params", params)
        }
        HostCall::CreateMemory {
            table_name, memory, ..
        } => {
            door.table(table_name)?;
            door.memory(memory)
        }
        HostCall::UpdateMemory { memory } => door.memory(memory),
        HostCall::ListMemories { filter } | HostCall::CountMemories { filter } => {
            door.filter(filter)
        }
        HostCall::SearchMemories {
            filter,
            embedding,
            match_threshold,
        } => {
            door.filter(filter)?;
            door.vector(embedding)?;
            let fits = match_threshold.is_none_or(|least| (-1.0..=1.0).contains(&least));
            door.require(fits, "matchThreshold", "must be from -1 to 1")
        }
        HostCall::GetMemories { ids, table_name } => {
            door.list("ids", ids)?;
            table_name.as_ref().map_or(Ok(()), |name| door.table(name))
        }
        HostCall::SetCache { key, value } => {
            door.key("key", key)?;
            door.value("value", value)
        }
        HostCall::CreateEntity { entity } | HostCall::UpdateEntity { entity } => {
            door.list("names", entity.names.as_deref().unwrap_or_default())?;
            door.map("metadata", entity.metadata.as_ref())?;
            door.map("entity", Some(&entity.other))
        }
        HostCall::EnsureRoom { room } | HostCall::UpdateRoom { room } => {
            door.map("metadata", room.metadata.as_ref())?;
            door.map("room", Some(&room.other))
        }
        HostCall::EnsureWorld { world } | HostCall::UpdateWorld { world } => {
            door.map("metadata", world.metadata.as_ref())?;
            door.map("world", Some(&world.other))
        }
        HostCall::ListRoomsForParticipants { entity_ids } => door.list("entityIds", entity_ids),
        HostCall::GetComponent { kind, .. } => door.key("kind", kind),
        HostCall::CreateComponent { component } | HostCall::UpdateComponent { component } => {
            door.value("data", component.data.as_ref().unwrap_or(&Value::Null))?;
            door.map("component", Some(&component.other))
        }
        HostCall::CreateRelationship { relationship }
        | HostCall::UpdateRelationship { relationship } => {
            door.tags(relationship.tags.as_deref().unwrap_or_default())?;
            door.map("metadata", relationship.metadata.as_ref())?;
            door.map("relationship", Some(&relationship.other))
        }
        HostCall::ListRelationships { tags, .. } => door.tags(tags),
        HostCall::CreateTask { task } | HostCall::UpdateTask { task } => {
            door.tags(task.tags.as_deref().unwrap_or_default())?;
            door.map("metadata", task.metadata.as_ref())?;
            door.map("task", Some(&task.other))
        }
        HostCall::ListTasks { name, tags, .. } => {
            name.as_ref()
                .map_or(Ok(()), |name| door.key("name", name))?;
            door.tags(tags)
        }
        HostCall::EmitEvent { name, payload } => {
            door.key("name", name)?;
            door.value("payload", payload)
        }
        HostCall::SendMessage { target, content } => {
            door.map("target", Some(target))?;
            door.map("content", Some(content))
        }
        HostCall::RecordLog { kind, body, .. } => {
            door.key("kind", kind)?;
            door.value("body", body)
        }
        // These carry ids only, or are not offered at all.
        HostCall::DeleteMemory { .. }
        | HostCall::GetEntity { .. }
        | HostCall::ListEntitiesForRoom { .. }
        | HostCall::GetRoom { .. }
        | HostCall::DeleteRoom { .. }
        | HostCall::ListRooms { .. }
        | HostCall::ListParticipants { .. }
        | HostCall::AddParticipant { .. }
        | HostCall::RemoveParticipant { .. }
        | HostCall::GetParticipantState { .. }
        | HostCall::SetParticipantState { .. }
        | HostCall::GetWorld { .. }
        | HostCall::ListWorlds {}
        | HostCall::ListComponents { .. }
        | HostCall::DeleteComponent { .. }
        | HostCall::GetRelationship { .. }
        | HostCall::GetTask { .. }
        | HostCall::DeleteTask { .. }
        | HostCall::Fetch { .. } => Ok(()),
    }
}

/// Where a call comes in.
struct Door {
    call: &'static str,
}

impl Door {
    fn require(&self, holds: bool, field: &str, reason: &str) -> Result<(), HostError> {
        if holds {
            return Ok(());
        }
        Err(HostError::Invalid {
            call: self.call.to_owned(),
            reason: format!("`{field}` {reason}"),
        })
    }

    fn key(&self, field: &str, key: &str) -> Result<(), HostError> {
        let fits = !key.is_empty() && key.chars().nth(MAX_KEY).is_none() && !key.contains('\0');
        let reason = format!("must be 1 to {MAX_KEY} characters without U+0000");
        self.require(fits, field, &reason)
    }

    fn table(&self, name: &str) -> Result<(), HostError> {
        let fits = !name.trim().is_empty()
            && name.chars().nth(MAX_TABLE).is_none()
            && !name.chars().any(char::is_control);
        let reason = format!("must be 1 to {MAX_TABLE} characters without control characters");
        self.require(fits, "tableName", &reason)
    }

    fn list<T>(&self, field: &str, list: &[T]) -> Result<(), HostError> {
        let reason = format!("must be at most {MAX_LIST}");
        self.require(list.len() <= MAX_LIST, field, &reason)
    }

    fn tags(&self, tags: &[String]) -> Result<(), HostError> {
        self.list("tags", tags)?;
        tags.iter().try_for_each(|tag| self.key("tags", tag))
    }

    fn value(&self, field: &str, value: &Value) -> Result<(), HostError> {
        self.size(field, &Size::of([value]))
    }

    fn map(&self, field: &str, map: Option<&Map<String, Value>>) -> Result<(), HostError> {
        self.size(field, &map.map(Size::of_map).unwrap_or_default())
    }

    fn size(&self, field: &str, size: &Size) -> Result<(), HostError> {
        let deep = format!("must be at most {MAX_DEPTH} levels deep");
        self.require(size.depth <= MAX_DEPTH, field, &deep)?;
        let large = format!("must have at most {} bytes as JSON", Properties::MAX_BYTES);
        self.require(size.bytes <= Properties::MAX_BYTES, field, &large)?;
        self.require(!size.nul, field, "must not contain the character U+0000")
    }

    fn vector(&self, vector: &[f32]) -> Result<(), HostError> {
        let fits = (1..=Embedding::MAX_DIMENSION).contains(&vector.len());
        let reason = format!("must be 1 to {} numbers", Embedding::MAX_DIMENSION);
        self.require(fits, "embedding", &reason)?;
        let finite = vector.iter().all(|value| value.is_finite());
        self.require(finite, "embedding", "must be finite")?;
        // A model that fails often says so with zeros; nothing is near them.
        let real = vector.iter().any(|value| *value != 0.0);
        self.require(real, "embedding", "must not be all zeros")
    }

    fn memory(&self, memory: &MemoryRecord) -> Result<(), HostError> {
        // The text is kept beside the other fields and has a bound of its own.
        let text = memory.content.get("text").and_then(Value::as_str);
        let large = format!("must have at most {} bytes", Knowledge::MAX_TEXT);
        let text = text.unwrap_or_default();
        self.require(text.len() <= Knowledge::MAX_TEXT, "content.text", &large)?;
        let mut size = Size::of_map(&memory.content);
        size.bytes = size.bytes.saturating_sub(text.len());
        self.size("content", &size)?;
        self.map("metadata", memory.metadata.as_ref())?;
        let vector = memory.embedding.as_deref();
        vector.map_or(Ok(()), |vector| self.vector(vector))
    }

    fn filter(&self, filter: &MemoryFilter) -> Result<(), HostError> {
        self.table(&filter.table_name)?;
        self.list("roomIds", &filter.room_ids)
    }
}

/// How large JSON is, measured without recursion.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    pub(super) bytes: usize,
    depth: usize,
    nul: bool,
}

impl Size {
    fn of<'a>(values: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut size = Self::default();
        let mut stack: Vec<(&Value, usize)> = values.into_iter().map(|value| (value, 1)).collect();
        while let Some((value, depth)) = stack.pop() {
            size.depth = size.depth.max(depth);
            match value {
                Value::Null | Value::Bool(_) => size.bytes += 5,
                Value::Number(_) => size.bytes += 24,
                Value::String(text) => size.text(text),
                Value::Array(items) => {
                    size.bytes += 2 + items.len();
                    stack.extend(items.iter().map(|item| (item, depth + 1)));
                }
                Value::Object(map) => {
                    size.bytes += 2;
                    for (name, item) in map {
                        size.text(name);
                        stack.push((item, depth + 1));
                    }
                }
            }
            if size.bytes > MAX_ANSWER || size.depth > MAX_DEPTH {
                break;
            }
        }
        size
    }

    fn of_map(map: &Map<String, Value>) -> Self {
        let mut size = Self::of(map.values());
        map.keys().for_each(|name| size.text(name));
        size
    }

    fn text(&mut self, text: &str) {
        self.bytes += text.len() + 4;
        self.nul |= text.contains('\0');
    }
}

/// Adds answers up, and refuses what no caller could take.
#[derive(Debug)]
pub(super) struct AnswerSize {
    call: &'static str,
    bytes: usize,
}

impl AnswerSize {
    pub(super) const fn new(call: &'static str) -> Self {
        Self { call, bytes: 0 }
    }

    /// Adds a record.
    pub(super) fn add(&mut self, record: &impl Serialize) -> Result<(), HostError> {
        let mut counted = Counter(0);
        // What was read can be written; a count that fails counts what came before.
        let _ = serde_json::to_writer(&mut counted, record);
        self.bytes += counted.0 + 1;
        if self.bytes <= MAX_ANSWER {
            return Ok(());
        }
        Err(HostError::Invalid {
            call: self.call.to_owned(),
            reason: format!("the answer has more than {MAX_ANSWER} bytes; ask for less at a time"),
        })
    }
}

struct Counter(usize);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
