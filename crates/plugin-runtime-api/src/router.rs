//! Several executors behind one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::future;
use futures::stream::{self, BoxStream, StreamExt};
use one_ontology::{IdempotencyKey, Violations};

use crate::{
    Enforcement, Engine, ExecutionId, Executor, ExecutorError, Fence, HostServices, Invocation,
    LogLine, Outcome, RuntimeId, RuntimeInfo, RuntimeSpec, RuntimeStatus,
};

/// Several executors behind one: a runtime goes to the first that runs its engine, and the router
/// remembers where. What it does not remember, after a restart of the host, it looks for.
///
/// A runtime is in one executor at a time. When its engine changes it is stopped where it was,
/// under the new fence, before it is started where it will be.
#[derive(Debug)]
pub struct EngineRouter {
    executors: Vec<Arc<dyn Executor>>,
    homes: Mutex<BTreeMap<RuntimeId, usize>>,
    moving: futures::lock::Mutex<()>,
}

impl EngineRouter {
    /// A router over executors, the preferred first.
    #[must_use]
    pub fn new(executors: impl IntoIterator<Item = Arc<dyn Executor>>) -> Self {
        Self {
            executors: executors.into_iter().collect(),
            homes: Mutex::default(),
            moving: futures::lock::Mutex::default(),
        }
    }

    fn for_engine(&self, engine: &Engine) -> Option<(usize, &Arc<dyn Executor>)> {
        let mut numbered = self.executors.iter().enumerate();
        numbered.find(|(_, executor)| executor.enforcement(engine).is_some())
    }

    fn homes(&self) -> std::sync::MutexGuard<'_, BTreeMap<RuntimeId, usize>> {
        self.homes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn home(&self, runtime: &RuntimeId) -> Option<&Arc<dyn Executor>> {
        let home = self.homes().get(runtime).copied();
        self.executors.get(home?)
    }

    /// Where a runtime is, by memory or by asking; `None` where it is nowhere.
    async fn find(&self, runtime: &RuntimeId) -> Result<Option<&Arc<dyn Executor>>, ExecutorError> {
        if let Some(home) = self.home(runtime) {
            return Ok(Some(home));
        }
        for (number, executor) in self.executors.iter().enumerate() {
            if executor.status(runtime).await? != RuntimeStatus::Stopped {
                self.homes().entry(*runtime).or_insert(number);
                return Ok(Some(executor));
            }
        }
        Ok(None)
    }

    async fn at_home(&self, runtime: &RuntimeId) -> Result<&Arc<dyn Executor>, ExecutorError> {
        let runtime = *runtime;
        let found = self.find(&runtime).await?;
        found.ok_or(ExecutorError::NotRunning { runtime })
    }

    /// Makes `number` the home of a runtime, having stopped it in its former one.
    async fn move_to(&self, number: usize, spec: &RuntimeSpec) -> Result<(), ExecutorError> {
        let runtime = spec.runtime;
        // One move at a time: of two owners the later finds the home of the earlier.
        let _moving = self.moving.lock().await;
        let target = self.executors.get(number);
        if let Some(former) = self.find(&runtime).await?
            && !target.is_some_and(|target| Arc::ptr_eq(target, former))
        {
            let status = former.status(&runtime).await?;
            if matches!(status, RuntimeStatus::Running { fence, .. } if fence == spec.fence) {
                return Err(ExecutorError::InvalidSpec {
                    violations: Violations::one(
                        "fence",
                        "is the fence of a runtime that was started with another engine",
                    ),
                });
            }
            former.stop(&runtime, spec.fence, Duration::ZERO).await?;
        }
        self.homes().insert(runtime, number);
        Ok(())
    }
}

#[async_trait]
impl Executor for EngineRouter {
    fn enforcement(&self, engine: &Engine) -> Option<Enforcement> {
        self.for_engine(engine)?.1.enforcement(engine)
    }

    async fn start(
        &self,
        spec: RuntimeSpec,
        host: Arc<dyn HostServices>,
    ) -> Result<RuntimeInfo, ExecutorError> {
        let Some((number, executor)) = self.for_engine(&spec.engine) else {
            return Err(ExecutorError::UnsupportedEngine {
                engine: spec.engine,
            });
        };
        self.move_to(number, &spec).await?;
        executor.start(spec, host).await
    }

    async fn invoke(
        &self,
        runtime: &RuntimeId,
        call: Invocation,
    ) -> Result<Outcome, ExecutorError> {
        self.at_home(runtime).await?.invoke(runtime, call).await
    }

    async fn cancel(
        &self,
        runtime: &RuntimeId,
        execution: &ExecutionId,
    ) -> Result<(), ExecutorError> {
        let home = self.at_home(runtime).await?;
        home.cancel(runtime, execution).await
    }

    /// Asks every executor; one that is unavailable only matters when no other knows.
    async fn outcome(&self, key: &IdempotencyKey) -> Result<Option<Outcome>, ExecutorError> {
        let mut unavailable = None;
        for executor in &self.executors {
            match executor.outcome(key).await {
                Ok(Some(outcome)) => return Ok(Some(outcome)),
                Ok(None) => {}
                Err(error) => unavailable = Some(error),
            }
        }
        unavailable.map_or(Ok(None), Err)
    }

    async fn status(&self, runtime: &RuntimeId) -> Result<RuntimeStatus, ExecutorError> {
        match self.find(runtime).await? {
            Some(home) => home.status(runtime).await,
            None => Ok(RuntimeStatus::Stopped),
        }
    }

    /// Where nobody knows the runtime every executor is told, so that each has seen the fence.
    async fn stop(
        &self,
        runtime: &RuntimeId,
        fence: Fence,
        grace: Duration,
    ) -> Result<(), ExecutorError> {
        if let Some(home) = self.find(runtime).await? {
            return home.stop(runtime, fence, grace).await;
        }
        for executor in &self.executors {
            executor.stop(runtime, fence, grace).await?;
        }
        Ok(())
    }

    /// Of a runtime that nobody knows yet: of whichever executor will run it, until one ends.
    fn logs(&self, runtime: &RuntimeId) -> BoxStream<'static, LogLine> {
        if let Some(home) = self.home(runtime) {
            return home.logs(runtime);
        }
        let logs = self.executors.iter().map(|executor| {
            let end = stream::once(future::ready(None));
            executor.logs(runtime).map(Some).chain(end)
        });
        stream::select_all(logs.map(StreamExt::boxed))
            .take_while(|line| future::ready(line.is_some()))
            .filter_map(future::ready)
            .boxed()
    }
}
