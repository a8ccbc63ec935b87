//! The executor of native plugins.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use one_ontology::{Clock, IdempotencyKey};

use super::NativePlugin;
use super::program::NativePlugins;
use crate::in_process::{Runtimes, Wait};
use crate::{
    Barrier, Enforcement, Engine, ExecutionId, Executor, ExecutorError, Fence, HostServices,
    Invocation, IsolationLevel, LogLine, Outcome, RuntimeId, RuntimeInfo, RuntimeSpec,
    RuntimeStatus, Timer,
};

/// Runs native plugins by calling them.
///
/// It owns no thread: whoever waits for an execution runs it. When everyone who waited is gone
/// the execution is dropped where it last awaited, and is [`Cancelled`](crate::Ending::Cancelled).
/// A panic of plugin code ends its runtime, not the host.
#[derive(Debug)]
pub struct NativeExecutor {
    runtimes: Runtimes<NativePlugins>,
}

impl NativeExecutor {
    /// An executor of these plugins, without a bound on time. Of two plugins of one name and
    /// version the later is used.
    #[must_use]
    pub fn new(plugins: impl IntoIterator<Item = Arc<dyn NativePlugin>>) -> Self {
        let plugins = NativePlugins::new(plugins);
        Self {
            runtimes: Runtimes::new(plugins, Wait::default()),
        }
    }

    /// An executor of these plugins that bounds and measures time by the host's timer and clock.
    #[must_use]
    pub fn with_timer(
        plugins: impl IntoIterator<Item = Arc<dyn NativePlugin>>,
        timer: Arc<dyn Timer>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let plugins = NativePlugins::new(plugins);
        Self {
            runtimes: Runtimes::new(plugins, Wait::new(timer, clock)),
        }
    }
}

#[async_trait]
impl Executor for NativeExecutor {
    fn enforcement(&self, engine: &Engine) -> Option<Enforcement> {
        if *engine != Engine::Native {
            return None;
        }
        let mut barriers = BTreeMap::new();
        if self.runtimes.wait().is_bounded() {
            // Code that never awaits does delay it; it is the host's own.
            barriers.insert(Barrier::Time, "timer_where_code_awaits".to_owned());
        }
        Some(Enforcement {
            level: IsolationLevel::Trusted,
            barriers,
        })
    }

    async fn start(
        &self,
        spec: RuntimeSpec,
        host: Arc<dyn HostServices>,
    ) -> Result<RuntimeInfo, ExecutorError> {
        self.runtimes.start(spec, host).await
    }

    async fn invoke(
        &self,
        runtime: &RuntimeId,
        call: Invocation,
    ) -> Result<Outcome, ExecutorError> {
        self.runtimes.invoke(runtime, call).await
    }

    async fn cancel(
        &self,
        runtime: &RuntimeId,
        execution: &ExecutionId,
    ) -> Result<(), ExecutorError> {
        self.runtimes.cancel(runtime, execution)
    }

    async fn outcome(&self, key: &IdempotencyKey) -> Result<Option<Outcome>, ExecutorError> {
        Ok(self.runtimes.outcome(key))
    }

    async fn status(&self, runtime: &RuntimeId) -> Result<RuntimeStatus, ExecutorError> {
        Ok(self.runtimes.status(runtime))
    }

    async fn stop(
        &self,
        runtime: &RuntimeId,
        fence: Fence,
        grace: Duration,
    ) -> Result<(), ExecutorError> {
        self.runtimes.stop(runtime, fence, grace).await
    }

    fn logs(&self, runtime: &RuntimeId) -> BoxStream<'static, LogLine> {
        self.runtimes.logs(runtime)
    }
}
