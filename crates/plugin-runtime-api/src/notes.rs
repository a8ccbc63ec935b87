//! The worked example of a native plugin: notes that are found again by what they say.

use async_trait::async_trait;
use one_ontology::uuid_of_name;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    Component, ComponentKind, Effect, HostCall, MemoryFilter, MemoryRecord, NativeCall,
    NativeDescription, NativePlugin, Permission, Permissions, PluginFailure, PluginName, Refusal,
};

const TABLE: &str = "notes";
const MAX_TEXT: usize = 10_000;
const MAX_FOUND: u64 = 50;

/// Keeps notes and finds them by meaning: `ADD_NOTE {text}`, `SEARCH_NOTES {query, limit?}`, the
/// provider `NOTE_COUNT`, and `NOTE_EVENT`, which keeps a note of an event that it is told of.
///
/// It has no state of its own. Notes are memories of the host, in the table `notes`; their vectors
/// come from the host's `TEXT_EMBEDDING` model. A note is named by the agent and its text, so adding
/// it again changes nothing. The setting `NOTES_LIMIT` bounds how many notes a search gives.
#[derive(Clone, Copy, Debug, Default)]
pub struct NotesPlugin;

impl NotesPlugin {
    /// The name of its package.
    pub const NAME: &'static str = "@one/plugin-notes";
    /// Its version.
    pub const VERSION: &'static str = "1.0.0";
}

#[async_trait]
impl NativePlugin for NotesPlugin {
    fn describe(&self) -> NativeDescription {
        let text = |name: &str, description: &str| {
            json!({
                "type": "object",
                "properties": { name: { "type": "string", "description": description } },
                "required": [name],
            })
        };
        let component = |kind, name: &str, effect, requires: &[Permission]| {
            let component = Component::new(kind, name.parse().ok()?);
            Some(Component {
                effect,
                requires: requires.iter().copied().collect::<Permissions>(),
                ..component
            })
        };
        let add = component(
            ComponentKind::Action,
            "ADD_NOTE",
            Effect::Idempotent,
            &[Permission::StorageWrite],
        )
        .map(|it| Component {
            description: "Keeps a note.".to_owned(),
            similes: vec!["REMEMBER".to_owned(), "TAKE_NOTE".to_owned()],
            parameters: Some(text("text", "what the note says")),
            ..it
        });
        let search = component(
            ComponentKind::Action,
            "SEARCH_NOTES",
            Effect::ReadOnly,
            &[Permission::StorageRead, Permission::KnowledgeQuery],
        )
        .map(|it| Component {
            description: "Finds the notes closest to a question.".to_owned(),
            similes: vec!["FIND_NOTE".to_owned()],
            parameters: Some(text("query", "what to look for")),
            ..it
        });
        let count = component(
            ComponentKind::Provider,
            "NOTE_COUNT",
            Effect::ReadOnly,
            &[Permission::StorageRead],
        )
        .map(|it| Component {
            description: "How many notes there are.".to_owned(),
            ..it
        });
        let event = component(
            ComponentKind::Event,
            "NOTE_EVENT",
            Effect::Idempotent,
            &[Permission::StorageWrite],
        )
        .map(|it| Component {
            description: "Keeps a note of an event that it is told of.".to_owned(),
            ..it
        });
        let mut parameters = Map::new();
        let limit = json!({
            "type": "number",
            "description": "how many notes a search gives at most, 1 to 50",
            "required": false,
            "default": 5,
            "sensitive": false,
        });
        parameters.insert("NOTES_LIMIT".to_owned(), limit);
        NativeDescription {
            description: "Keeps notes and finds them by what they say.".to_owned(),
            components: [add, search, count, event].into_iter().flatten().collect(),
            parameters,
            ..NativeDescription::new(Self::name(), Self::VERSION)
        }
    }

    async fn validate(&self, call: &NativeCall<'_>) -> Result<(), Refusal> {
        let field = parameter_of(call.component());
        match call.text(field) {
            None => Err(Refusal::new(&format!("`{field}` must be a text"))),
            Some(text) if text.trim().is_empty() => {
                Err(Refusal::new(&format!("`{field}` must not be empty")))
            }
            Some(text) if text.len() > MAX_TEXT => Err(Refusal::new(&format!(
                "`{field}` must have at most {MAX_TEXT} bytes"
            ))),
            Some(_) => Ok(()),
        }
    }

    async fn invoke(&self, call: &NativeCall<'_>) -> Result<Value, PluginFailure> {
        match call.component() {
            "ADD_NOTE" => add(call).await,
            "SEARCH_NOTES" => search(call).await,
            "NOTE_EVENT" => note_event(call).await,
            _ => count(call).await,
        }
    }
}

impl NotesPlugin {
    #[expect(
        clippy::expect_used,
        reason = "a constant that a test parses, like every use of this plugin"
    )]
    fn name() -> PluginName {
        Self::NAME.parse().expect("is a package name")
    }
}

fn parameter_of(component: &str) -> &'static str {
    if component == "ADD_NOTE" {
        "text"
    } else {
        "query"
    }
}

async fn add(call: &NativeCall<'_>) -> Result<Value, PluginFailure> {
    let text = call.text("text").unwrap_or_default().trim();
    keep(call, text).await
}

/// Being told of the same event again changes nothing: the note is the same.
async fn note_event(call: &NativeCall<'_>) -> Result<Value, PluginFailure> {
    let what = call.text("type").unwrap_or("something");
    let seq = call.input().get("seq").and_then(Value::as_u64);
    let text = match seq {
        Some(seq) => format!("{what} happened, event {seq}"),
        None => format!("{what} happened"),
    };
    keep(call, &text).await
}

async fn keep(call: &NativeCall<'_>, text: &str) -> Result<Value, PluginFailure> {
    let agent = *call.host().context().agent.as_uuid();
    let id = uuid_of_name(&["note", &agent.to_string(), text]);
    let known: Vec<MemoryRecord> = call
        .host()
        .ask(HostCall::GetMemories {
            ids: vec![id],
            table_name: Some(TABLE.to_owned()),
        })
        .await?;
    if known.is_empty() {
        let embedding = embed(call, text).await?;
        let mut content = Map::new();
        content.insert("text".to_owned(), text.into());
        let memory = MemoryRecord {
            id: Some(id),
            entity_id: Some(agent),
            agent_id: Some(agent),
            room_id: Some(agent),
            content,
            embedding: Some(embedding),
            ..MemoryRecord::default()
        };
        let create = HostCall::CreateMemory {
            table_name: TABLE.to_owned(),
            memory,
            unique: false,
        };
        let _id: Uuid = call.host().ask(create).await?;
        call.log(&format!("kept note {id}"));
    }
    call.respond(json!({ "text": "Noted." }));
    Ok(json!({ "id": id, "new": known.is_empty() }))
}

async fn search(call: &NativeCall<'_>) -> Result<Value, PluginFailure> {
    let query = call.text("query").unwrap_or_default().trim();
    let asked = call.input().get("limit").and_then(Value::as_u64);
    let configured = call.settings().get("NOTES_LIMIT").and_then(Value::as_u64);
    let limit = asked.or(configured).unwrap_or(5).clamp(1, MAX_FOUND);
    let embedding = embed(call, query).await?;
    let found: Vec<MemoryRecord> = call
        .host()
        .ask(HostCall::SearchMemories {
            filter: MemoryFilter {
                count: u32::try_from(limit).ok(),
                ..notes_of(call)
            },
            embedding,
            match_threshold: None,
        })
        .await?;
    let notes: Vec<_> = found
        .into_iter()
        .map(|note| {
            let text = note.content.get("text").cloned().unwrap_or_default();
            json!({ "id": note.id, "text": text, "similarity": note.similarity })
        })
        .collect();
    let text = match notes.first().and_then(|note| note.get("text")?.as_str()) {
        Some(first) => format!("The closest note says: {first}"),
        None => "There is no such note.".to_owned(),
    };
    call.respond(json!({ "text": text }));
    Ok(json!({ "notes": notes }))
}

async fn count(call: &NativeCall<'_>) -> Result<Value, PluginFailure> {
    let filter = notes_of(call);
    let count: u64 = call.host().ask(HostCall::CountMemories { filter }).await?;
    Ok(json!({
        "text": format!("There are {count} notes."),
        "values": { "noteCount": count },
        "data": {},
    }))
}

async fn embed(call: &NativeCall<'_>, text: &str) -> Result<Vec<f32>, PluginFailure> {
    let use_model = HostCall::UseModel {
        model_type: "TEXT_EMBEDDING".to_owned(),
        params: json!({ "text": text }),
    };
    Ok(call.host().ask(use_model).await?)
}

fn notes_of(call: &NativeCall<'_>) -> MemoryFilter {
    MemoryFilter {
        table_name: TABLE.to_owned(),
        agent_id: Some(*call.host().context().agent.as_uuid()),
        ..MemoryFilter::default()
    }
}
