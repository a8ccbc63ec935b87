//! What crosses between host and worker.

use plugin_runtime_api::{ComponentKind, Ending, ExecutionId, PluginFailure};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The version of the frames.
pub(crate) const PROTOCOL: u32 = 1;

/// To the worker.
#[derive(Debug, Serialize)]
#[serde(tag = "t", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub(crate) enum ToWorker<'a> {
    /// Load and start these plugins.
    Start {
        root: &'a str,
        agent: String,
        character: &'a Value,
        plugins: Vec<PluginToStart<'a>>,
    },
    /// Run a component of a plugin, which is named by its place in install order.
    Invoke {
        id: u64,
        execution: ExecutionId,
        plugin: usize,
        kind: ComponentKind,
        name: &'a str,
        input: &'a Value,
        output_bytes: u64,
    },
    /// Nobody waits for it any more.
    Cancel { id: u64 },
    /// Stop the services.
    Stop,
    /// The host's answer to a call.
    Reply {
        id: u64,
        #[serde(flatten)]
        answer: Answer,
    },
}

#[derive(Debug, Serialize)]
pub(crate) struct PluginToStart<'a> {
    pub(crate) name: &'a str,
    pub(crate) settings: &'a BTreeMap<String, Value>,
    pub(crate) secrets: &'a [String],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Value(Value),
    Error { tag: String, message: String },
}

/// From the worker, as hostile as the code inside it.
#[derive(Debug, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(crate) enum FromWorker {
    Hello {
        protocol: u32,
    },
    /// It begins a stage of starting a plugin.
    Progress {
        stage: String,
        plugin: usize,
    },
    Started {
        plugins: Vec<StartedPlugin>,
    },
    Failed {
        plugin: usize,
        failure: PluginFailure,
    },
    /// Plugin code asks the host.
    Call {
        id: u64,
        plugin: usize,
        #[serde(default)]
        execution: Option<ExecutionId>,
        call: Value,
    },
    Ended {
        id: u64,
        ending: Ending,
    },
    /// There is no such component.
    Absent {
        id: u64,
        available: Vec<String>,
    },
    Log {
        level: String,
        text: String,
    },
    /// Last words before it exits.
    Fatal {
        error: PluginFailure,
    },
    Stopped {},
}

#[derive(Debug, Deserialize)]
pub(crate) struct StartedPlugin {
    pub(crate) components: Vec<Value>,
    pub(crate) warnings: Vec<String>,
}
