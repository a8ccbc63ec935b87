//! The port behind which the host answers.

use std::fmt::Debug;

use async_trait::async_trait;
use one_ontology::{GroupId, ThingId};
use serde::{Deserialize, Serialize};

use crate::{ExecutionId, Fence, HostCall, HostError, HostReply, RuntimeId};

/// Who asks. Filled by the executor from what *it* knows, never from what plugin code says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallContext {
    /// The organisation.
    pub group: GroupId,
    /// The agent.
    pub agent: ThingId,
    /// The runtime.
    pub runtime: RuntimeId,
    /// The fence it runs under.
    pub fence: Fence,
    /// The instance whose code asks, as far as the executor can tell plugins of one runtime apart;
    /// else the first of the runtime. Plugins of one runtime trust each other.
    pub instance: ThingId,
    /// The execution it asks within; none while starting or between executions.
    pub execution: Option<ExecutionId>,
}

/// What the host does for running plugin code: one place to check grants, meter, record.
#[async_trait]
pub trait HostServices: Debug + Send + Sync + 'static {
    /// Answers one call.
    ///
    /// # Behavior
    /// Checks the grants of `context.instance`, acts within `context.group` only, records what
    /// changes.
    ///
    /// # Errors
    /// [`HostError`]; `Unsupported` by name for what this host does not offer.
    async fn call(&self, context: &CallContext, call: HostCall) -> Result<HostReply, HostError>;
}
