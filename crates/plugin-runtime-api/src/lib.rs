#![doc = include_str!("../README.md")]

mod component;
mod enforcement;
mod error;
mod executor;
mod host;
mod in_process;
mod invocation;
mod limits;
mod manual_timer;
mod memory_vault;
mod model;
mod name;
mod native;
mod notes;
mod permission;
mod router;
mod runtime;
mod scripted;
mod secret;
mod timer;

pub use component::{Component, ComponentKind, Effect};
pub use enforcement::{Barrier, Enforcement, IsolationLevel};
pub use error::{ExecutorError, HostError};
pub use executor::Executor;
pub use host::{
    CallContext, ComponentRecord, EntityRecord, HostCall, HostFamily, HostReply, HostServices,
    MemoryFilter, MemoryRecord, RelationshipRecord, RoomRecord, TaskRecord, WorldRecord,
};
pub use invocation::{Ending, Invocation, Outcome, PluginFailure, Usage};
pub use limits::Limits;
pub use manual_timer::ManualTimer;
pub use memory_vault::{Lease, MemoryVault};
pub use model::{ModelContext, ModelError, ModelProvider, ModelType};
pub use name::{ComponentName, ContentDigest, PluginName};
pub use native::{
    NativeCall, NativeDescription, NativeExecutor, NativeHost, NativePlugin, NativeStart, Refusal,
};
pub use notes::NotesPlugin;
pub use permission::{Permission, PermissionPreset, Permissions};
pub use router::EngineRouter;
pub use runtime::{
    Artifact, DescribedPlugin, Engine, ExecutionId, Fence, LogLine, LogStream, RuntimeId,
    RuntimeInfo, RuntimePlugin, RuntimeSpec, RuntimeStatus,
};
pub use scripted::{ExecutorCall, Script, ScriptedCall, ScriptedExecutor, StartScript};
pub use secret::{SecretName, SecretString, Vault, VaultError};
pub use timer::Timer;
