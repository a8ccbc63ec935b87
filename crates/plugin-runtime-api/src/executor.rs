//! The port that runs plugins.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use one_ontology::IdempotencyKey;

use crate::{
    Enforcement, Engine, ExecutionId, ExecutorError, Fence, HostServices, Invocation, LogLine,
    Outcome, RuntimeId, RuntimeInfo, RuntimeSpec, RuntimeStatus,
};

/// Runs runtimes of plugins.
///
/// Ids, not handles, cross this port, so an executor may be a fleet on other machines. An
/// executor knows nothing of organisations beyond keeping runtimes apart, and nothing of what
/// host calls mean. The port has no default methods: each implementor decides each.
#[async_trait]
pub trait Executor: Debug + Send + Sync + 'static {
    /// What it can really enforce for `engine`, found by probing; `None` if it does not run that
    /// engine.
    fn enforcement(&self, engine: &Engine) -> Option<Enforcement>;

    /// Starts a runtime and describes it.
    ///
    /// # Behavior
    /// Loads the plugins in order, initialises each after those before it, starts their services
    /// and describes the components as they are then. Calls of plugin code to the host go to
    /// `host`, with a context filled from `spec`. Starting the same spec under the same fence
    /// again gives the runtime that runs; a higher fence replaces it. A failed start leaves
    /// nothing running.
    ///
    /// # Errors
    /// `StaleFence` below the highest fence seen, `StartFailed` with the plugin that failed and
    /// its words, `UnsupportedEngine`, `ArtifactMissing`, `Unavailable`.
    async fn start(
        &self,
        spec: RuntimeSpec,
        host: Arc<dyn HostServices>,
    ) -> Result<RuntimeInfo, ExecutorError>;

    /// Runs one component.
    ///
    /// # Behavior
    /// Answers within `call.timeout_ms` and a short grace, whatever the code inside does. An action's own
    /// `validate` is always asked first. A second call with a known idempotency key does not run
    /// again: it waits for, or gives, the outcome of the first.
    ///
    /// # Errors
    /// `NotRunning`, `StaleFence`, `NoSuchComponent` with the names there are, `Unavailable`. All
    /// that plugin code does is an [`Outcome`].
    async fn invoke(&self, runtime: &RuntimeId, call: Invocation)
    -> Result<Outcome, ExecutorError>;

    /// Ends one execution. An execution that is not under way is none to cancel: `Ok`.
    ///
    /// # Errors
    /// `NotRunning`, `Unavailable`.
    async fn cancel(
        &self,
        runtime: &RuntimeId,
        execution: &ExecutionId,
    ) -> Result<(), ExecutorError>;

    /// The outcome of an earlier invocation; `None` if this executor does not know it.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn outcome(&self, key: &IdempotencyKey) -> Result<Option<Outcome>, ExecutorError>;

    /// Whether a runtime runs.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn status(&self, runtime: &RuntimeId) -> Result<RuntimeStatus, ExecutorError>;

    /// Stops a runtime: lets executions end for `grace`, then ends it by force. Stopping what
    /// does not run is `Ok`; the fence counts as seen all the same.
    ///
    /// # Errors
    /// `StaleFence`, `Unavailable`.
    async fn stop(
        &self,
        runtime: &RuntimeId,
        fence: Fence,
        grace: Duration,
    ) -> Result<(), ExecutorError>;

    /// What its code prints and logs from now on; ends with the runtime. Asked for before the
    /// start it begins with the next one. A slow reader loses lines, never memory.
    fn logs(&self, runtime: &RuntimeId) -> BoxStream<'static, LogLine>;
}
