//! A host that keeps what it is told in memory, and records who asked what.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use plugin_runtime_api::{
    CallContext, EntityRecord, HostCall, HostError, HostReply, HostServices, MemoryRecord,
    RoomRecord,
};
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Debug, Default)]
pub(crate) struct TestHost {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    calls: Vec<(CallContext, HostCall)>,
    memories: Vec<(String, MemoryRecord)>,
    cache: BTreeMap<String, Value>,
    entities: BTreeMap<Uuid, EntityRecord>,
    rooms: BTreeMap<Uuid, RoomRecord>,
    participants: Vec<(Uuid, Uuid)>,
}

impl TestHost {
    /// The names of the calls so far.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let inner = self.inner.lock().unwrap();
        inner.calls.iter().map(|(_, call)| call.name()).collect()
    }

    /// Who made the last call with this name.
    pub(crate) fn asker(&self, name: &str) -> CallContext {
        let inner = self.inner.lock().unwrap();
        let found = inner.calls.iter().rev().find(|(_, it)| it.name() == name);
        found.unwrap().0.clone()
    }
}

/// Hashed words, normalised; the first component is never 0, which plugin-knowledge takes for a
/// failure.
pub(crate) fn embed(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0_f32; 128];
    *vector.first_mut().unwrap() = 0.1;
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        let hash = word
            .bytes()
            .fold(7_usize, |h, b| h.wrapping_mul(31) + usize::from(b | 32));
        if !word.is_empty() {
            *vector.get_mut(1 + hash % 127).unwrap() += 1.0;
        }
    }
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.iter().map(|x| x / length).collect()
}

#[async_trait]
impl HostServices for TestHost {
    async fn call(&self, context: &CallContext, call: HostCall) -> Result<HostReply, HostError> {
        let mut inner = self.inner.lock().unwrap();
        inner.calls.push((context.clone(), call.clone()));
        let name = call.name().to_owned();
        Ok(match call {
            HostCall::UseModel { model_type, params } => match model_type.as_str() {
                "TEXT_EMBEDDING" => HostReply::Value(match params.get("texts") {
                    Some(Value::Array(texts)) => texts
                        .iter()
                        .map(|text| json!(embed(text.as_str().unwrap_or(""))))
                        .collect(),
                    _ => {
                        let text = params.get("text").unwrap_or(&params);
                        json!(embed(text.as_str().unwrap_or("")))
                    }
                }),
                "TEXT_SMALL" => HostReply::Text(Some(format!("a model read {params}"))),
                other => {
                    return Err(HostError::Unsupported {
                        call: format!("model {other}"),
                    });
                }
            },
            HostCall::GetSetting { key } if key == "ABSENT" => HostReply::Value(Value::Null),
            HostCall::GetSetting { key } => HostReply::Value(json!(format!("secret {key}"))),
            HostCall::CreateMemory {
                table_name, memory, ..
            } => {
                let id = memory.id.unwrap_or(Uuid::max());
                inner.memories.push((
                    table_name,
                    MemoryRecord {
                        id: Some(id),
                        ..memory
                    },
                ));
                HostReply::Id(id)
            }
            HostCall::GetMemories { ids, .. } => HostReply::Memories(
                inner
                    .memories
                    .iter()
                    .filter(|(_, it)| it.id.is_some_and(|id| ids.contains(&id)))
                    .map(|(_, it)| it.clone())
                    .collect(),
            ),
            HostCall::ListMemories { filter } => HostReply::Memories(
                inner
                    .memories
                    .iter()
                    .filter(|(table, _)| *table == filter.table_name)
                    .map(|(_, it)| it.clone())
                    .collect(),
            ),
            HostCall::SearchMemories {
                filter, embedding, ..
            } => {
                let mut found: Vec<MemoryRecord> = inner
                    .memories
                    .iter()
                    .filter(|(table, it)| *table == filter.table_name && it.embedding.is_some())
                    .map(|(_, it)| {
                        let own = it.embedding.as_deref().unwrap_or_default();
                        let dot: f32 = own.iter().zip(&embedding).map(|(a, b)| a * b).sum();
                        MemoryRecord {
                            similarity: Some(f64::from(dot)),
                            ..it.clone()
                        }
                    })
                    .collect();
                found.sort_by(|a, b| b.similarity.partial_cmp(&a.similarity).unwrap());
                found.truncate(filter.count.unwrap_or(10) as usize);
                HostReply::Memories(found)
            }
            HostCall::UpdateMemory { .. } => HostReply::Flag(true),
            HostCall::GetCache { key } => {
                HostReply::Value(inner.cache.get(&key).cloned().unwrap_or(Value::Null))
            }
            HostCall::SetCache { key, value } => {
                if key == "panic" {
                    drop(inner);
                    panic!("the host panics");
                }
                inner.cache.insert(key, value);
                HostReply::Done
            }
            HostCall::GetEntity { id } => HostReply::Entity(inner.entities.get(&id).cloned()),
            HostCall::CreateEntity { entity } => {
                inner.entities.insert(entity.id.unwrap(), entity);
                HostReply::Flag(true)
            }
            HostCall::EmitEvent { .. } => HostReply::Done,
            HostCall::ListTasks { .. } => HostReply::Tasks(Vec::new()),
            HostCall::EnsureWorld { world } => HostReply::Id(world.id.unwrap()),
            HostCall::GetWorld { .. } => HostReply::World(None),
            HostCall::GetRoom { id } => HostReply::Room(inner.rooms.get(&id).cloned()),
            HostCall::EnsureRoom { room } => {
                let id = room.id.unwrap();
                inner.rooms.entry(id).or_insert(room);
                HostReply::Id(id)
            }
            HostCall::ListParticipants { room_id } => HostReply::Ids(
                inner
                    .participants
                    .iter()
                    .filter(|(_, room)| *room == room_id)
                    .map(|(entity, _)| *entity)
                    .collect(),
            ),
            HostCall::AddParticipant { entity_id, room_id } => {
                inner.participants.push((entity_id, room_id));
                HostReply::Flag(true)
            }
            _ => return Err(HostError::Unsupported { call: name }),
        })
    }
}
