#![doc = include_str!("../README.md")]

mod component;
mod enforcement;
mod error;
mod executor;
mod host;
mod invocation;
mod limits;
mod model;
mod name;
mod permission;
mod runtime;
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
pub use model::{ModelContext, ModelError, ModelProvider, ModelType};
pub use name::{ComponentName, ContentDigest, PluginName};
pub use permission::{Permission, PermissionPreset, Permissions};
pub use runtime::{
    Artifact, DescribedPlugin, Engine, ExecutionId, Fence, LogLine, LogStream, RuntimeId,
    RuntimeInfo, RuntimePlugin, RuntimeSpec, RuntimeStatus,
};
pub use secret::{SecretName, SecretString, Vault, VaultError};
pub use timer::Timer;
