//! Executors that are wrong on purpose.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt as _};
use one_ontology::{GroupId, IdempotencyKey};
use plugin_runtime_api::{
    Artifact, CallContext, Enforcement, Engine, ExecutionId, Executor, ExecutorError, Fence,
    HostCall, HostError, HostReply, HostServices, Invocation, LogLine, Outcome, RuntimeId,
    RuntimeInfo, RuntimeSpec, RuntimeStatus,
};

use crate::executor::{Fixture, NativeFixture};

/// One way to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a test goes through all of them")]
pub enum Fault {
    /// It lets old owners start.
    StartsForAnyone,
    /// It lets old owners invoke.
    InvokesForAnyone,
    /// It lets old owners stop.
    StopsForAnyone,
    /// It runs a known key again.
    RunsTwice,
    /// It forgets outcomes.
    ForgetsOutcomes,
    /// It does not cancel.
    IgnoresCancel,
    /// It does not stop.
    IgnoresStop,
    /// It stops at once, whatever the grace.
    StopsAtOnce,
    /// It gives plugins more time than they may have.
    NeverTimesOut,
    /// It does not say which components there are.
    HidesComponents,
    /// It finds components by a name in lower case.
    DropsCase,
    /// It mistakes one organisation for another.
    MixesOrganisations,
    /// It does not bound calls to the host.
    UnboundedHostCalls,
    /// It loses what plugins log.
    LosesLogs,
    /// It says that it runs everything.
    ClaimsEveryEngine,
}

impl Fault {
    /// Every one.
    pub const ALL: &[Self] = &[
        Self::StartsForAnyone,
        Self::InvokesForAnyone,
        Self::StopsForAnyone,
        Self::RunsTwice,
        Self::ForgetsOutcomes,
        Self::IgnoresCancel,
        Self::IgnoresStop,
        Self::StopsAtOnce,
        Self::NeverTimesOut,
        Self::HidesComponents,
        Self::DropsCase,
        Self::MixesOrganisations,
        Self::UnboundedHostCalls,
        Self::LosesLogs,
        Self::ClaimsEveryEngine,
    ];
}

/// A right executor made wrong in one way.
#[derive(Debug)]
pub struct FaultyExecutor {
    inner: Arc<dyn Executor>,
    fault: Fault,
    seen: Mutex<BTreeMap<RuntimeId, Fence>>,
    calls: AtomicU64,
}

impl FaultyExecutor {
    /// A fixture of the suite whose executor has a fault.
    #[must_use]
    pub fn fixture(fault: Fault) -> impl Fixture {
        FaultyFixture(Arc::new(Self {
            inner: NativeFixture::new().executor(),
            fault,
            seen: Mutex::default(),
            calls: AtomicU64::new(0),
        }))
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// The fence given, or for whom the fault lets pass the highest seen.
    fn fence(&self, runtime: RuntimeId, given: Fence, lets_pass: Fault) -> Fence {
        let mut seen = self.seen.lock().unwrap();
        let highest = seen.entry(runtime).or_insert(given);
        *highest = given.max(*highest);
        if self.has(lets_pass) { *highest } else { given }
    }
}

#[async_trait]
impl Executor for FaultyExecutor {
    fn enforcement(&self, engine: &Engine) -> Option<Enforcement> {
        if self.has(Fault::ClaimsEveryEngine) {
            return self.inner.enforcement(&Engine::Native);
        }
        self.inner.enforcement(engine)
    }

    async fn start(
        &self,
        mut spec: RuntimeSpec,
        host: Arc<dyn HostServices>,
    ) -> Result<RuntimeInfo, ExecutorError> {
        spec.fence = self.fence(spec.runtime, spec.fence, Fault::StartsForAnyone);
        if self.has(Fault::NeverTimesOut) {
            spec.limits.timeout_ms = 300_000;
        }
        if self.has(Fault::UnboundedHostCalls) {
            spec.limits.host_calls = u32::MAX;
        }
        let host: Arc<dyn HostServices> = if self.has(Fault::MixesOrganisations) {
            Arc::new(Mixed(host))
        } else {
            host
        };
        self.inner.start(spec, host).await
    }

    async fn invoke(
        &self,
        runtime: &RuntimeId,
        mut call: Invocation,
    ) -> Result<Outcome, ExecutorError> {
        call.fence = self.fence(*runtime, call.fence, Fault::InvokesForAnyone);
        match self.fault {
            Fault::RunsTwice => {
                let number = self.calls.fetch_add(1, Ordering::Relaxed);
                call.key = format!("{} {number}", call.key).parse().unwrap();
            }
            Fault::NeverTimesOut => call.timeout_ms = 300_000,
            Fault::DropsCase => {
                let upper = call.component.as_str().to_ascii_uppercase();
                call.component = upper.parse().unwrap();
            }
            _ => {}
        }
        let outcome = self.inner.invoke(runtime, call).await;
        match outcome {
            Err(ExecutorError::NoSuchComponent {
                plugin, kind, name, ..
            }) if self.has(Fault::HidesComponents) => Err(ExecutorError::NoSuchComponent {
                plugin,
                kind,
                name,
                available: Vec::new(),
            }),
            outcome => outcome,
        }
    }

    async fn cancel(
        &self,
        runtime: &RuntimeId,
        execution: &ExecutionId,
    ) -> Result<(), ExecutorError> {
        if self.has(Fault::IgnoresCancel) {
            return Ok(());
        }
        self.inner.cancel(runtime, execution).await
    }

    async fn outcome(&self, key: &IdempotencyKey) -> Result<Option<Outcome>, ExecutorError> {
        if self.has(Fault::ForgetsOutcomes) {
            return Ok(None);
        }
        self.inner.outcome(key).await
    }

    async fn status(&self, runtime: &RuntimeId) -> Result<RuntimeStatus, ExecutorError> {
        self.inner.status(runtime).await
    }

    async fn stop(
        &self,
        runtime: &RuntimeId,
        fence: Fence,
        grace: Duration,
    ) -> Result<(), ExecutorError> {
        let fence = self.fence(*runtime, fence, Fault::StopsForAnyone);
        match self.fault {
            Fault::IgnoresStop => Ok(()),
            Fault::StopsAtOnce => self.inner.stop(runtime, fence, Duration::ZERO).await,
            _ => self.inner.stop(runtime, fence, grace).await,
        }
    }

    fn logs(&self, runtime: &RuntimeId) -> BoxStream<'static, LogLine> {
        if self.has(Fault::LosesLogs) {
            return stream::empty().boxed();
        }
        self.inner.logs(runtime)
    }
}

/// Asks in the name of another organisation.
#[derive(Debug)]
struct Mixed(Arc<dyn HostServices>);

#[async_trait]
impl HostServices for Mixed {
    async fn call(&self, context: &CallContext, call: HostCall) -> Result<HostReply, HostError> {
        let mut context = context.clone();
        context.group = GroupId::of_name(&["somebody else"]);
        self.0.call(&context, call).await
    }
}

struct FaultyFixture(Arc<FaultyExecutor>);

impl Fixture for FaultyFixture {
    fn executor(&self) -> Arc<dyn Executor> {
        Arc::<FaultyExecutor>::clone(&self.0)
    }

    fn engine(&self) -> Engine {
        Engine::Native
    }

    fn artifact(&self) -> Artifact {
        Artifact::Native
    }
}
