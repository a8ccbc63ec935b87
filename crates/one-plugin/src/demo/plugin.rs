//! The plugins of the journey: real ones, or one written in Rust.

use plugin_runtime_api::{ComponentKind, Engine, NotesPlugin};
use serde_json::{Value, json};

/// What the journey is made with.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) engine: Engine,
    /// The plugin that keeps and finds knowledge.
    pub(crate) package: &'static str,
    pub(crate) range: &'static str,
    /// A parameter to set, and its value.
    pub(crate) setting: (&'static str, Value),
    /// How a document is added.
    add: &'static str,
    /// How one is searched for.
    search: &'static str,
    /// A second plugin and one of its providers, if there is one.
    pub(crate) second: Option<(&'static str, &'static str, &'static str)>,
    /// A provider that costs little.
    pub(crate) provider: &'static str,
}

/// Documents, each with a question that it answers.
pub(crate) const DOCUMENTS: &[(&str, &str)] = &[
    (
        "Refunds are paid within fourteen days of the return of the goods.",
        "when are refunds paid",
    ),
    (
        "The office dog is called Bruno and likes cheese.",
        "what is the office dog called",
    ),
    (
        "Parking is free on Sundays and holidays.",
        "is parking free on holidays",
    ),
];

impl Subject {
    /// Real, unmodified elizaOS packages.
    pub(crate) fn real() -> Self {
        Self {
            engine: Engine::Node,
            package: "@elizaos/plugin-knowledge",
            range: "1.6.1",
            setting: ("LOAD_DOCS_ON_STARTUP", json!(false)),
            add: "PROCESS_KNOWLEDGE",
            search: "SEARCH_KNOWLEDGE",
            second: Some(("@elizaos/plugin-bootstrap", "1.7.2", "TIME")),
            provider: "KNOWLEDGE",
        }
    }

    /// A plugin written in Rust.
    pub(crate) fn native() -> Self {
        Self {
            engine: Engine::Native,
            package: NotesPlugin::NAME,
            range: "*",
            setting: ("NOTES_LIMIT", json!(5)),
            add: "ADD_NOTE",
            search: "SEARCH_NOTES",
            second: None,
            provider: "NOTE_COUNT",
        }
    }

    /// The call that adds a document.
    pub(crate) fn add(&self, document: &str) -> (&'static str, Value) {
        let text = match self.engine {
            Engine::Node => format!("Remember this: {document}"),
            _ => document.to_owned(),
        };
        (self.add, json!({"text": text}))
    }

    /// The call that searches.
    pub(crate) fn search(&self, question: &str) -> (&'static str, Value) {
        let input = match self.engine {
            Engine::Node => json!({"text": format!("search knowledge for {question}")}),
            _ => json!({"query": question, "limit": 1}),
        };
        (self.search, input)
    }

    /// A call that the plugin's own `validate` refuses.
    pub(crate) fn refused(&self) -> (&'static str, Value) {
        match self.engine {
            Engine::Node => (self.search, json!({"text": "hello there"})),
            _ => (self.search, json!({})),
        }
    }

    /// The input of its provider.
    pub(crate) fn provided(&self) -> (ComponentKind, Value) {
        (ComponentKind::Provider, json!({"text": "the office dog"}))
    }

    /// The passage that a search found first.
    pub(crate) fn found(&self, output: &Value) -> String {
        let text = output.pointer("/responses/0/text").and_then(Value::as_str);
        let text = text.unwrap_or_default();
        let passage = match self.engine {
            // The real plugin lists what it found, the best first.
            Engine::Node => text.lines().find(|line| line.starts_with("1.")),
            _ => text.lines().next(),
        };
        passage.unwrap_or_default().to_owned()
    }
}
