//! What every case needs: specs, calls, and what came of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use one_ontology::{Clock as _, GroupId, SystemClock, ThingId};
use plugin_runtime_api::{
    ComponentKind, Effect, Ending, ExecutionId, Executor, ExecutorError, Fence, Invocation, Limits,
    Outcome, Permissions, RuntimeId, RuntimeInfo, RuntimePlugin, RuntimeSpec, RuntimeStatus,
    Timer as _,
};
use serde_json::{Value, json};

use crate::executor::{CacheHost, Fixture, PLUGIN, VERSION, WallTimer};

/// Longer than any case waits, short enough for one that goes wrong.
pub(crate) const LONG_MS: u64 = 3_000;
/// Shorter than that.
pub(crate) const SHORT_MS: u64 = 100;
/// How long is waited for what ends by itself soon.
pub(crate) const GRACE: Duration = Duration::from_secs(20);

/// An executor, a host, one runtime.
pub(crate) struct Kit {
    pub(crate) fixture: Box<dyn Fixture>,
    pub(crate) host: Arc<CacheHost>,
    calls: AtomicU64,
}

impl Kit {
    pub(crate) fn new(fixture: Box<dyn Fixture>) -> Self {
        Self {
            fixture,
            host: Arc::default(),
            calls: AtomicU64::new(0),
        }
    }

    pub(crate) fn executor(&self) -> Arc<dyn Executor> {
        self.fixture.executor()
    }

    pub(crate) fn runtime(&self) -> RuntimeId {
        RuntimeId::of_name(&["suite"])
    }

    /// A runtime of the plugin that works, under fence 1.
    pub(crate) fn spec(&self) -> RuntimeSpec {
        RuntimeSpec {
            runtime: self.runtime(),
            group: GroupId::of_name(&["suite"]),
            agent: ThingId::of_name(&["agent"]),
            character: json!({ "name": "Ada" }),
            engine: self.fixture.engine(),
            artifact: self.fixture.artifact(),
            plugins: vec![plugin(PLUGIN)],
            limits: Limits {
                start_ms: 30_000,
                timeout_ms: 30_000,
                ..Limits::default()
            },
            fence: Fence(1),
        }
    }

    pub(crate) fn under(&self, fence: u64) -> RuntimeSpec {
        RuntimeSpec {
            fence: Fence(fence),
            ..self.spec()
        }
    }

    pub(crate) async fn start(&self, spec: RuntimeSpec) -> Result<RuntimeInfo, ExecutorError> {
        let host = Arc::<CacheHost>::clone(&self.host);
        self.executor().start(spec, host).await
    }

    /// Starts the runtime under fence 1.
    pub(crate) async fn started(&self) -> RuntimeInfo {
        self.start(self.spec()).await.expect("it starts")
    }

    /// A call of an action under fence 1, with a key of its own.
    pub(crate) fn call(&self, action: &str, input: Value) -> Invocation {
        let number = self.calls.fetch_add(1, Ordering::Relaxed).to_string();
        Invocation {
            execution: ExecutionId::of_name(&[&number]),
            key: format!("call {number}").parse().unwrap(),
            carries: None,
            fence: Fence(1),
            instance: instance(PLUGIN),
            plugin: PLUGIN.parse().unwrap(),
            kind: ComponentKind::Action,
            component: action.parse().unwrap(),
            input,
            timeout_ms: 30_000,
            effect: Effect::NonIdempotent,
        }
    }

    pub(crate) fn slow(&self, ms: u64) -> Invocation {
        self.call("SLOW", json!({ "ms": ms }))
    }

    pub(crate) async fn invoke(&self, call: Invocation) -> Result<Outcome, ExecutorError> {
        self.executor().invoke(&self.runtime(), call).await
    }

    /// How a call of an action ends.
    pub(crate) async fn ending(&self, action: &str, input: Value) -> Ending {
        let call = self.call(action, input);
        self.invoke(call).await.expect("it is answered").ending
    }

    /// What an action returns.
    pub(crate) async fn result(&self, action: &str, input: Value) -> Value {
        match self.ending(action, input).await {
            Ending::Succeeded { output } => output["result"].clone(),
            other => panic!("{action} ends as {other:?}"),
        }
    }

    pub(crate) async fn stop(&self, fence: u64, grace: Duration) -> Result<(), ExecutorError> {
        let executor = self.executor();
        executor.stop(&self.runtime(), Fence(fence), grace).await
    }

    pub(crate) async fn status(&self) -> RuntimeStatus {
        let status = self.executor().status(&self.runtime()).await;
        status.expect("it knows")
    }

    /// Returns once so many executions are under way.
    pub(crate) async fn under_way(&self, count: u32) {
        for _ in 0..1_000 {
            match self.status().await {
                RuntimeStatus::Running { in_flight, .. } if in_flight == count => return,
                _ => self.wait(10).await,
            }
        }
        panic!(
            "never {count} executions under way: {:?}",
            self.status().await
        );
    }

    pub(crate) async fn wait(&self, ms: u64) {
        let until = SystemClock.now().plus(Duration::from_millis(ms));
        WallTimer.sleep_until(until).await;
    }

    pub(crate) async fn refused_as_stale(&self, fence: u64) -> [&'static str; 3] {
        let mut call = self.call("ECHO", json!({}));
        call.fence = Fence(fence);
        [
            tag(self.start(self.under(fence)).await.map(|_| ())),
            tag(self.invoke(call).await.map(|_| ())),
            tag(self.stop(fence, Duration::ZERO).await),
        ]
    }
}

/// The tag of an error; what went well has `ok`.
pub(crate) fn tag(result: Result<(), ExecutorError>) -> &'static str {
    result.map_or_else(|error| error.tag(), |()| "ok")
}

pub(crate) fn instance(plugin: &str) -> ThingId {
    ThingId::of_name(&["instance", plugin])
}

pub(crate) fn plugin(name: &str) -> RuntimePlugin {
    RuntimePlugin {
        instance: instance(name),
        name: name.parse().unwrap(),
        version: VERSION.to_owned(),
        grants: Permissions::none(),
        secrets: Vec::new(),
        settings: std::collections::BTreeMap::new(),
    }
}
