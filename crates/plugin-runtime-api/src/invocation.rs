//! One call of one component, and how it ended.

use one_ontology::{IdempotencyKey, ThingId, excerpt};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ComponentKind, ComponentName, Effect, ExecutionId, Fence, HostError, PluginName};

/// A call of one component, named exactly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invocation {
    /// This execution.
    pub execution: ExecutionId,
    /// Asking again with the same key is the same request.
    pub key: IdempotencyKey,
    /// What plugin code is told as its key, where that is not `key`: each attempt of an execution
    /// is a request of its own to the executor, and all of them are one request to anybody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carries: Option<IdempotencyKey>,
    /// The caller's fence.
    pub fence: Fence,
    /// The installed instance.
    pub instance: ThingId,
    /// Its package.
    pub plugin: PluginName,
    /// What kind of component.
    pub kind: ComponentKind,
    /// Its exact name.
    pub component: ComponentName,
    /// The input as JSON. For an action: its parameters, `text` being what a person said. For a
    /// provider: the message. For a route: `{"body", "query", "params"}`. For a model: its
    /// parameters. For an event: its payload.
    pub input: Value,
    /// How long it may take, in milliseconds, by the host's clock.
    pub timeout_ms: u64,
    /// What the action declared about repetition.
    pub effect: Effect,
}

impl Invocation {
    /// The key that plugin code carries on to others.
    #[must_use]
    pub fn carried(&self) -> &IdempotencyKey {
        self.carries.as_ref().unwrap_or(&self.key)
    }
}

/// How an execution ended, and what it used. A value: all of these are the plugin's business; an
/// [`ExecutorError`](crate::ExecutorError) is the executor's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// How it ended.
    #[serde(flatten)]
    pub ending: Ending,
    /// What it used.
    pub usage: Usage,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ending", rename_all = "snake_case")]
pub enum Ending {
    /// It returned.
    Succeeded {
        /// What it returned, as JSON. For an action `{"result", "responses"}`: what the handler
        /// returned and what it said through its callback.
        output: Value,
    },
    /// The plugin's own `validate` said no, so it was not run.
    Refused {
        /// In words.
        reason: String,
    },
    /// The plugin failed.
    Failed {
        /// Its error.
        error: PluginFailure,
    },
    /// It took longer than it may and was ended.
    TimedOut {
        /// The bound, in milliseconds.
        after_ms: u64,
    },
    /// It used more memory than it may and was ended.
    OutOfMemory {
        /// The bound, in bytes.
        limit_bytes: u64,
    },
    /// The runtime ended in the middle of it.
    Crashed {
        /// How, in words.
        reason: String,
    },
    /// It was cancelled.
    Cancelled,
}

impl Ending {
    /// The wire name: `succeeded`, `refused`, `failed`, `timed_out`, `out_of_memory`, `crashed`,
    /// `cancelled`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Succeeded { .. } => "succeeded",
            Self::Refused { .. } => "refused",
            Self::Failed { .. } => "failed",
            Self::TimedOut { .. } => "timed_out",
            Self::OutOfMemory { .. } => "out_of_memory",
            Self::Crashed { .. } => "crashed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The error of a plugin, bounded and printable but otherwise its own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginFailure {
    /// The class of the error: `TypeError`.
    pub name: String,
    /// Its message.
    pub message: String,
    /// Its stack, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
}

/// What an execution used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Time from the call to its end, in microseconds, by the executor's clock.
    pub wall_us: u64,
    /// The most memory the runtime held meanwhile, in bytes; 0 where it is not measured.
    pub memory_bytes: u64,
    /// Calls to the host.
    pub host_calls: u32,
    /// Bytes of the input and of answers from the host.
    pub bytes_in: u64,
    /// Bytes of the output and of calls to the host.
    pub bytes_out: u64,
}

impl PluginFailure {
    /// An error with a class and a message, cut to a bounded length.
    #[must_use]
    pub fn new(name: &str, message: &str) -> Self {
        Self {
            name: excerpt(name, 100),
            message: excerpt(message, 4_000),
            stack: None,
        }
    }

    /// This error with each part cut to a bounded length.
    #[must_use]
    pub fn bounded(self) -> Self {
        let stack = self.stack.map(|stack| {
            let lines = stack.lines().take(100);
            let lines: Vec<_> = lines.map(|line| excerpt(line, 500)).collect();
            lines.join("\n")
        });
        Self {
            stack,
            ..Self::new(&self.name, &self.message)
        }
    }
}

impl From<HostError> for PluginFailure {
    /// What the host refused, as the plugin's own failure.
    fn from(error: HostError) -> Self {
        Self::new(error.tag(), &error.to_string())
    }
}
