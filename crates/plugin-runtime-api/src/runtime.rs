//! What runs: a runtime of plugins that share one core, for one organisation and one agent.

use std::collections::BTreeMap;

use one_ontology::{GroupId, ThingId, ids, vocabulary};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Component, ContentDigest, Limits, Permissions, PluginName};

ids! {
    /// A runtime: one organisation, one agent, one isolation group.
    RuntimeId
    /// One execution of one component.
    ExecutionId
}

/// Grows each time a runtime's ownership changes hands. Whoever holds a lower one is from the
/// past and may do nothing.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Fence(pub u64);

impl Fence {
    /// The next fence, saturating.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

vocabulary! {
    /// What runs the code of a plugin.
    open Engine {
        /// A Rust value in the host's own process.
        Native = "native",
        /// A Node worker process.
        Node = "node",
        /// A WebAssembly component.
        Wasm = "wasm",
    }
}

/// Where the code of a runtime is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Artifact {
    /// In the host's own binary.
    Native,
    /// Installed packages, named by the digest of their exact list.
    Packages {
        /// SHA-256 of the canonical list of packages, versions and integrities.
        digest: ContentDigest,
        /// Where this host keeps them: a directory path, for an executor on the same machine.
        location: String,
    },
}

/// One plugin of a runtime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimePlugin {
    /// The installed instance it runs for.
    pub instance: ThingId,
    /// Its package.
    pub name: PluginName,
    /// Its exact version.
    pub version: String,
    /// What it may do.
    pub grants: Permissions,
    /// Its settings by parameter name, without secrets.
    pub settings: BTreeMap<String, Value>,
    /// The parameters that it is to have as secrets, by name. Their values never travel in a spec: an
    /// executor whose plugins read settings synchronously asks the host for each
    /// ([`HostCall::GetSetting`](crate::HostCall::GetSetting)) when the runtime starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
}

/// Everything an executor needs to start a runtime; complete and serialisable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuntimeSpec {
    /// Which runtime.
    pub runtime: RuntimeId,
    /// Whose it is. Nothing in it is ever shared with another organisation.
    pub group: GroupId,
    /// The agent it runs for.
    pub agent: ThingId,
    /// The agent's character, as elizaOS has it: at least `name`.
    pub character: Value,
    /// What is to run it.
    pub engine: Engine,
    /// Where the code is.
    pub artifact: Artifact,
    /// The plugins of the isolation group, in install order; each is initialised after those
    /// before it.
    pub plugins: Vec<RuntimePlugin>,
    /// Bounds on the runtime and its executions.
    pub limits: Limits,
    /// The owner's fence.
    pub fence: Fence,
}

/// A plugin as it is once started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DescribedPlugin {
    /// The instance.
    pub instance: ThingId,
    /// Its package.
    pub name: PluginName,
    /// Its version.
    pub version: String,
    /// Its components after initialisation, by kind, then name.
    pub components: Vec<Component>,
    /// What went wrong without keeping the plugin from running, in words.
    pub warnings: Vec<String>,
}

/// What a started runtime is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuntimeInfo {
    /// Which runtime.
    pub runtime: RuntimeId,
    /// The fence it runs under.
    pub fence: Fence,
    /// Its plugins, in install order.
    pub plugins: Vec<DescribedPlugin>,
    /// How long it took to start, in milliseconds.
    pub start_ms: u64,
    /// What runs it, for people: `node v20.20.2, worker 1`.
    pub engine: String,
}

/// Whether a runtime runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum RuntimeStatus {
    /// It runs under this fence.
    Running {
        /// The fence.
        fence: Fence,
        /// Executions under way.
        in_flight: u32,
    },
    /// It ended by itself.
    Crashed {
        /// The fence it ran under.
        fence: Fence,
        /// How it ended, in words.
        reason: String,
    },
    /// It was stopped, or this executor never started it.
    Stopped,
}

/// One line that plugin code printed or logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Where it came from.
    pub stream: LogStream,
    /// The text, cut to a bounded length, as hostile as the plugin.
    pub text: String,
}

vocabulary! {
    /// Where a log line came from.
    closed LogStream ("`stdout`, `stderr` or `logger`") {
        /// The worker's standard output.
        Stdout = "stdout",
        /// The worker's standard error.
        Stderr = "stderr",
        /// The logger that the runtime gives to plugins.
        Logger = "logger",
    }
}
