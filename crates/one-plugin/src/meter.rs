//! Measuring what is not our own code: registries, npm, Node.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::stream::BoxStream;
use one_ontology::IdempotencyKey;
use plugin_registry::{
    PackageDocument, ProgressSink, Source, SourceError, SourceId, StageRequest, Staged,
};
use plugin_runtime_api::{
    CallContext, Enforcement, Engine, ExecutionId, Executor, ExecutorError, Fence, HostCall,
    HostError, HostReply, HostServices, Invocation, LogLine, Outcome, RuntimeId, RuntimeInfo,
    RuntimeSpec, RuntimeStatus,
};

/// Time spent waiting for others, in microseconds. Meant for one thing at a time.
#[derive(Debug, Default)]
pub(crate) struct Waited {
    outside: AtomicU64,
    /// Our own work within a wait: answering plugins' host calls.
    inside: AtomicU64,
    /// How many documents came.
    pub(crate) documents: AtomicU64,
}

impl Waited {
    pub(crate) fn total(&self) -> Duration {
        let outside = self.outside.load(Ordering::Relaxed);
        let inside = self.inside.load(Ordering::Relaxed);
        Duration::from_micros(outside.saturating_sub(inside))
    }

    async fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        measured(&self.outside, work).await
    }
}

#[expect(clippy::disallowed_methods, reason = "a meter reads the clock")]
async fn measured<T>(total: &AtomicU64, work: impl Future<Output = T>) -> T {
    let start = Instant::now();
    let result = work.await;
    let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
    total.fetch_add(micros, Ordering::Relaxed);
    result
}

/// A source whose waiting is measured.
#[derive(Debug)]
pub(crate) struct MeteredSource(pub(crate) Arc<dyn Source>, pub(crate) Arc<Waited>);

#[async_trait]
impl Source for MeteredSource {
    fn id(&self) -> SourceId {
        self.0.id()
    }

    // Documents are asked for many at once; the collector as a whole is what is waited for, so
    // each is not measured here but by whoever asks for one batch.
    async fn package(&self, name: &str) -> Result<PackageDocument, SourceError> {
        let document = self.0.package(name).await;
        self.1.documents.fetch_add(1, Ordering::Relaxed);
        document
    }

    async fn stage(
        &self,
        request: &StageRequest,
        progress: &dyn ProgressSink,
    ) -> Result<Staged, SourceError> {
        self.1.wait(self.0.stage(request, progress)).await
    }
}

/// An executor whose running is measured, the host's answers left out.
#[derive(Debug)]
pub(crate) struct MeteredExecutor(pub(crate) Arc<dyn Executor>, pub(crate) Arc<Waited>);

#[derive(Debug)]
struct MeteredHost(Arc<dyn HostServices>, Arc<Waited>);

#[async_trait]
impl HostServices for MeteredHost {
    async fn call(&self, context: &CallContext, call: HostCall) -> Result<HostReply, HostError> {
        measured(&self.1.inside, self.0.call(context, call)).await
    }
}

#[async_trait]
impl Executor for MeteredExecutor {
    fn enforcement(&self, engine: &Engine) -> Option<Enforcement> {
        self.0.enforcement(engine)
    }

    async fn start(
        &self,
        spec: RuntimeSpec,
        host: Arc<dyn HostServices>,
    ) -> Result<RuntimeInfo, ExecutorError> {
        let host = Arc::new(MeteredHost(host, self.1.clone()));
        self.1.wait(self.0.start(spec, host)).await
    }

    async fn invoke(
        &self,
        runtime: &RuntimeId,
        call: Invocation,
    ) -> Result<Outcome, ExecutorError> {
        self.1.wait(self.0.invoke(runtime, call)).await
    }

    async fn cancel(
        &self,
        runtime: &RuntimeId,
        execution: &ExecutionId,
    ) -> Result<(), ExecutorError> {
        self.0.cancel(runtime, execution).await
    }

    async fn outcome(&self, key: &IdempotencyKey) -> Result<Option<Outcome>, ExecutorError> {
        self.0.outcome(key).await
    }

    async fn status(&self, runtime: &RuntimeId) -> Result<RuntimeStatus, ExecutorError> {
        self.0.status(runtime).await
    }

    async fn stop(
        &self,
        runtime: &RuntimeId,
        fence: Fence,
        grace: Duration,
    ) -> Result<(), ExecutorError> {
        self.1.wait(self.0.stop(runtime, fence, grace)).await
    }

    fn logs(&self, runtime: &RuntimeId) -> BoxStream<'static, LogLine> {
        self.0.logs(runtime)
    }
}
