//! What keeps an executor or a host from doing its own job.

use one_ontology::{Timestamp, Violations};
use serde::{Deserialize, Serialize};

use crate::{
    ComponentKind, ComponentName, Engine, Fence, Permission, PluginFailure, PluginName, RuntimeId,
};

/// Why an executor could not do its own job.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExecutorError {
    /// Another owner has a higher fence: stop acting on this runtime.
    #[error("runtime {runtime} belongs to a newer owner (fence {seen}, yours {given})", seen = seen.0, given = given.0)]
    StaleFence {
        /// The runtime.
        runtime: RuntimeId,
        /// The fence given.
        given: Fence,
        /// The highest seen.
        seen: Fence,
    },
    /// Start it first.
    #[error("runtime {runtime} is not running")]
    NotRunning {
        /// The runtime.
        runtime: RuntimeId,
    },
    /// A plugin could not be loaded or initialised: change the plugin, its settings or its limits.
    #[error("plugin `{plugin}` did not start: {message}", message = failure.message)]
    StartFailed {
        /// The plugin.
        plugin: PluginName,
        /// What it did, as the plugin or the executor says it.
        failure: PluginFailure,
    },
    /// Ask for one that is there.
    #[error("plugin `{plugin}` has no {kind} named `{name}`; it has: {}", if available.is_empty() { "none".to_owned() } else { available.join(", ") })]
    NoSuchComponent {
        /// The plugin.
        plugin: PluginName,
        /// The kind asked for.
        kind: ComponentKind,
        /// The name asked for.
        name: ComponentName,
        /// The names of that kind that there are, sorted, at most 50.
        available: Vec<String>,
    },
    /// Choose another executor.
    #[error("this executor does not run `{engine}` plugins")]
    UnsupportedEngine {
        /// The engine asked for.
        engine: Engine,
    },
    /// Install the packages again.
    #[error("the packages of this runtime are not at `{location}`")]
    ArtifactMissing {
        /// Where they should be.
        location: String,
    },
    /// The spec contradicts itself.
    #[error("the runtime cannot be started as described: {violations}")]
    InvalidSpec {
        /// Each field that does not hold.
        violations: Violations,
    },
    /// Try again, or look at the machine: no process, no memory, no engine.
    #[error("the executor is unavailable: {reason}")]
    Unavailable {
        /// What is missing, in words.
        reason: String,
    },
}

impl ExecutorError {
    /// Each tag, with what to do about it.
    pub const TAGS: &'static [(&'static str, &'static str)] = &[
        (
            "StaleFence",
            "another host has taken over; read the state again and stop acting on this runtime",
        ),
        ("RuntimeNotRunning", "activate the plugin first"),
        (
            "PluginStartFailed",
            "read the plugin's own error; correct its settings, permissions or limits, then activate again",
        ),
        (
            "NoSuchComponent",
            "use one of the names listed; names are compared exactly",
        ),
        (
            "UnsupportedEngine",
            "give the manager an executor for this engine",
        ),
        (
            "ArtifactMissing",
            "install the plugin again; its packages were removed from disk",
        ),
        ("InvalidRuntimeSpec", "correct the named fields"),
        (
            "ExecutorUnavailable",
            "retry; if it stays, the reason names what the machine lacks",
        ),
    ];

    /// The stable machine name.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::StaleFence { .. } => "StaleFence",
            Self::NotRunning { .. } => "RuntimeNotRunning",
            Self::StartFailed { .. } => "PluginStartFailed",
            Self::NoSuchComponent { .. } => "NoSuchComponent",
            Self::UnsupportedEngine { .. } => "UnsupportedEngine",
            Self::ArtifactMissing { .. } => "ArtifactMissing",
            Self::InvalidSpec { .. } => "InvalidRuntimeSpec",
            Self::Unavailable { .. } => "ExecutorUnavailable",
        }
    }
}

/// Why the host does not do what plugin code asks. Crosses into the plugin, so it never says
/// anything of another organisation or of the host's insides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "_tag")]
#[non_exhaustive]
pub enum HostError {
    /// This host does not offer it.
    #[error("not supported by this host: {call}")]
    #[serde(rename = "HostUnsupported")]
    Unsupported {
        /// The name of the call.
        call: String,
    },
    /// The instance was not granted it.
    #[error("permission `{permission}` is not granted for {call}")]
    #[serde(rename = "HostPermissionDenied")]
    Denied {
        /// The name of the call.
        call: String,
        /// What it needs.
        permission: Permission,
    },
    /// The arguments do not hold.
    #[error("{call}: {reason}")]
    #[serde(rename = "HostCallInvalid")]
    Invalid {
        /// The name of the call.
        call: String,
        /// Which field, and why.
        reason: String,
    },
    /// A budget is used up.
    #[error("{call}: at most {limit}; try again at {retry_at}")]
    #[serde(rename = "HostBudgetExhausted")]
    Exhausted {
        /// The name of the call.
        call: String,
        /// The limit in words: `10 requests a minute`.
        limit: String,
        /// When it would be granted.
        retry_at: Timestamp,
    },
    /// Try again later.
    #[error("{call} is unavailable: {reason}")]
    #[serde(rename = "HostUnavailable")]
    Unavailable {
        /// The name of the call.
        call: String,
        /// In words.
        reason: String,
    },
}

impl HostError {
    /// Each tag, with what to do about it.
    pub const TAGS: &'static [(&'static str, &'static str)] = &[
        (
            "HostUnsupported",
            "the plugin needs something this host does not offer; choose another plugin or give the host an implementation",
        ),
        (
            "HostPermissionDenied",
            "grant the permission to the instance if the plugin should have it",
        ),
        (
            "HostCallInvalid",
            "the plugin passed arguments that do not hold; report it to its author",
        ),
        (
            "HostBudgetExhausted",
            "wait until the time given, or raise the limit",
        ),
        ("HostUnavailable", "retry later"),
    ];

    /// The stable machine name.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::Unsupported { .. } => "HostUnsupported",
            Self::Denied { .. } => "HostPermissionDenied",
            Self::Invalid { .. } => "HostCallInvalid",
            Self::Exhausted { .. } => "HostBudgetExhausted",
            Self::Unavailable { .. } => "HostUnavailable",
        }
    }
}
