//! What the tests stand on: a host in memory, specs and calls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use one_ontology::{GroupId, ManualClock, ThingId, Timestamp};
use plugin_runtime_api::{
    Artifact, CallContext, ComponentKind, Effect, Engine, ExecutionId, Fence, HostCall, HostError,
    HostReply, HostServices, Invocation, Limits, ManualTimer, MemoryRecord, RuntimeId,
    RuntimePlugin, RuntimeSpec,
};
use serde_json::{Value, json};

/// A host that keeps memories in order and embeds a text by its letters.
#[derive(Debug, Default)]
pub(crate) struct Host {
    memories: Mutex<BTreeMap<uuid::Uuid, MemoryRecord>>,
    contexts: Mutex<Vec<CallContext>>,
}

impl Host {
    pub(crate) fn contexts(&self) -> Vec<CallContext> {
        self.contexts.lock().unwrap().clone()
    }
}

fn embed(text: &str) -> Vec<f32> {
    let mut vector = vec![0.1_f32; 26];
    for letter in text
        .to_ascii_lowercase()
        .bytes()
        .filter(u8::is_ascii_lowercase)
    {
        if let Some(count) = vector.get_mut(usize::from(letter - b'a')) {
            *count += 1.0;
        }
    }
    vector
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot =
        |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum() };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[async_trait]
impl HostServices for Host {
    async fn call(&self, context: &CallContext, call: HostCall) -> Result<HostReply, HostError> {
        self.contexts.lock().unwrap().push(context.clone());
        let mut memories = self.memories.lock().unwrap();
        match call {
            HostCall::UseModel { params, .. } => {
                let text = params["text"].as_str().unwrap_or_default();
                Ok(HostReply::Value(json!(embed(text))))
            }
            HostCall::CreateMemory { memory, .. } => {
                let id = memory.id.unwrap();
                memories.insert(id, memory);
                Ok(HostReply::Id(id))
            }
            HostCall::GetMemories { ids, .. } => Ok(HostReply::Memories(
                ids.iter()
                    .filter_map(|id| memories.get(id).cloned())
                    .collect(),
            )),
            HostCall::CountMemories { .. } => Ok(HostReply::Count(memories.len() as u64)),
            HostCall::SearchMemories {
                filter, embedding, ..
            } => {
                let mut found: Vec<_> = memories.values().cloned().collect();
                for memory in &mut found {
                    let own = memory.embedding.take().unwrap();
                    memory.similarity = Some(cosine(&own, &embedding));
                }
                found.sort_by(|a, b| b.similarity.unwrap().total_cmp(&a.similarity.unwrap()));
                found.truncate(filter.count.unwrap() as usize);
                Ok(HostReply::Memories(found))
            }
            other => Err(HostError::Unsupported {
                call: other.name().to_owned(),
            }),
        }
    }
}

pub(crate) fn time() -> (Arc<ManualTimer>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(Timestamp::from_micros(
        1_800_000_000_000_000,
    )));
    (Arc::new(ManualTimer::new(Arc::clone(&clock))), clock)
}

pub(crate) fn instance() -> ThingId {
    ThingId::of_name(&["instance"])
}

pub(crate) fn spec(plugin: &str, version: &str) -> RuntimeSpec {
    RuntimeSpec {
        runtime: RuntimeId::of_name(&["runtime"]),
        group: GroupId::of_name(&["acme"]),
        agent: ThingId::of_name(&["agent"]),
        character: json!({ "name": "Ada" }),
        engine: Engine::Native,
        artifact: Artifact::Native,
        plugins: vec![RuntimePlugin {
            instance: instance(),
            name: plugin.parse().unwrap(),
            version: version.to_owned(),
            grants: plugin_runtime_api::Permissions::none(),
            secrets: Vec::new(),
            settings: BTreeMap::new(),
        }],
        limits: Limits::default(),
        fence: Fence(1),
    }
}

pub(crate) fn call(plugin: &str, component: &str, key: &str, input: Value) -> Invocation {
    Invocation {
        execution: ExecutionId::of_name(&[key]),
        key: key.parse().unwrap(),
        carries: None,
        fence: Fence(1),
        instance: instance(),
        plugin: plugin.parse().unwrap(),
        kind: ComponentKind::Action,
        component: component.parse().unwrap(),
        input,
        timeout_ms: 1_000,
        effect: Effect::NonIdempotent,
    }
}

pub(crate) const SECOND: Duration = Duration::from_secs(1);
