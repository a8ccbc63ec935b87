//! The scripted executor.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use one_ontology::{Clock, IdempotencyKey};

use super::program::{Hanging, Scripts};
use super::{ExecutorCall, Script, StartScript};
use crate::in_process::{Runtimes, Wait, lock};
use crate::{
    Component, Enforcement, Engine, ExecutionId, Executor, ExecutorError, Fence, HostServices,
    Invocation, IsolationLevel, LogLine, Outcome, PluginName, RuntimeId, RuntimeInfo, RuntimeSpec,
    RuntimeStatus, Timer,
};

/// An executor for tests of those who drive one: its plugins do what the test says, and it
/// remembers every call. All rules of the port hold on it: fences, keys, bounds, cancelling.
///
/// ```
/// use plugin_runtime_api::{Component, ComponentKind, Engine, Script, ScriptedExecutor};
/// use serde_json::json;
///
/// let executor = ScriptedExecutor::new([Engine::Node]);
/// executor.plugin(
///     "@elizaos/plugin-echo".parse()?,
///     vec![Component::new(ComponentKind::Action, "ECHO".parse()?)],
/// );
/// // Twice unavailable, then it works.
/// executor.script("ECHO", Script::Unavailable("no process".to_owned()));
/// executor.script("ECHO", Script::Unavailable("no process".to_owned()));
/// executor.always("ECHO", Script::Succeed(json!({ "result": "hello", "responses": [] })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ScriptedExecutor {
    runtimes: Runtimes<Scripts>,
    enforcement: BTreeMap<Engine, Enforcement>,
    calls: Mutex<Vec<ExecutorCall>>,
}

impl ScriptedExecutor {
    /// An executor of these engines, without a bound on time.
    #[must_use]
    pub fn new(engines: impl IntoIterator<Item = Engine>) -> Self {
        Self::over(engines, Wait::default())
    }

    /// An executor of these engines that bounds and measures time by a timer and its clock.
    #[must_use]
    pub fn with_timer(
        engines: impl IntoIterator<Item = Engine>,
        timer: Arc<dyn Timer>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self::over(engines, Wait::new(timer, clock))
    }

    /// Says what it enforces for an engine. Unless said: `trusted` for native plugins, `none` for
    /// others, and no barrier.
    #[must_use]
    pub fn with_enforcement(mut self, engine: Engine, enforcement: Enforcement) -> Self {
        self.enforcement.insert(engine, enforcement);
        self
    }

    /// Says what a plugin has once it is started; a plugin of which nothing is said has no
    /// components.
    pub fn plugin(&self, name: PluginName, components: Vec<Component>) {
        self.runtimes.program().describe(name, components);
    }

    /// Says what a component does the next time for which nothing is said yet.
    pub fn script(&self, component: &str, script: Script) {
        self.runtimes.program().push(component, script);
    }

    /// Says what a component does whenever no [`ScriptedExecutor::script`] is left.
    pub fn always(&self, component: &str, script: Script) {
        self.runtimes.program().always(component, script);
    }

    /// Says what the next start of a plugin does for which nothing is said yet; otherwise it starts.
    pub fn script_start(&self, plugin: PluginName, script: StartScript) {
        self.runtimes.program().push_start(plugin, script);
    }

    /// Takes back what was said of starts of a plugin that have not come; gives how many those are.
    pub fn unscript_starts(&self, plugin: &PluginName) -> usize {
        self.runtimes.program().take_starts(plugin)
    }

    /// Releases every hanging run of a component; gives how many.
    pub fn release(&self, component: &str) -> usize {
        let hanging = Hanging::Component(component.to_owned());
        self.runtimes.program().release(&hanging)
    }

    /// Releases every hanging start of a plugin; gives how many.
    pub fn release_start(&self, plugin: PluginName) -> usize {
        let hanging = Hanging::Start(plugin);
        self.runtimes.program().release(&hanging)
    }

    /// Ends a runtime as if by itself; gives whether it ran.
    pub fn crash(&self, runtime: &RuntimeId, reason: &str) -> bool {
        self.runtimes.crash(runtime, reason)
    }

    /// How often a component was really run.
    #[must_use]
    pub fn runs(&self, component: &str) -> u32 {
        self.runtimes.program().runs(component)
    }

    /// Every call of the port so far, refused ones too.
    #[must_use]
    pub fn calls(&self) -> Vec<ExecutorCall> {
        lock(&self.calls).clone()
    }

    fn over(engines: impl IntoIterator<Item = Engine>, wait: Wait) -> Self {
        Self {
            runtimes: Runtimes::new(Scripts::new(engines), wait),
            enforcement: BTreeMap::new(),
            calls: Mutex::default(),
        }
    }

    fn note(&self, call: ExecutorCall) {
        lock(&self.calls).push(call);
    }
}

#[async_trait]
impl Executor for ScriptedExecutor {
    fn enforcement(&self, engine: &Engine) -> Option<Enforcement> {
        if !self.runtimes.program().runs_engine(engine) {
            return None;
        }
        let said = self.enforcement.get(engine).cloned();
        Some(said.unwrap_or_else(|| Enforcement {
            level: match engine {
                Engine::Native => IsolationLevel::Trusted,
                _ => IsolationLevel::None,
            },
            barriers: BTreeMap::new(),
        }))
    }

    async fn start(
        &self,
        spec: RuntimeSpec,
        host: Arc<dyn HostServices>,
    ) -> Result<RuntimeInfo, ExecutorError> {
        self.note(ExecutorCall::Start {
            spec: Box::new(spec.clone()),
        });
        self.runtimes.start(spec, host).await
    }

    async fn invoke(
        &self,
        runtime: &RuntimeId,
        call: Invocation,
    ) -> Result<Outcome, ExecutorError> {
        self.note(ExecutorCall::Invoke {
            runtime: *runtime,
            call: Box::new(call.clone()),
        });
        self.runtimes.invoke(runtime, call).await
    }

    async fn cancel(
        &self,
        runtime: &RuntimeId,
        execution: &ExecutionId,
    ) -> Result<(), ExecutorError> {
        self.note(ExecutorCall::Cancel {
            runtime: *runtime,
            execution: *execution,
        });
        self.runtimes.cancel(runtime, execution)
    }

    async fn outcome(&self, key: &IdempotencyKey) -> Result<Option<Outcome>, ExecutorError> {
        self.note(ExecutorCall::Outcome { key: key.clone() });
        Ok(self.runtimes.outcome(key))
    }

    async fn status(&self, runtime: &RuntimeId) -> Result<RuntimeStatus, ExecutorError> {
        self.note(ExecutorCall::Status { runtime: *runtime });
        Ok(self.runtimes.status(runtime))
    }

    async fn stop(
        &self,
        runtime: &RuntimeId,
        fence: Fence,
        grace: Duration,
    ) -> Result<(), ExecutorError> {
        self.note(ExecutorCall::Stop {
            runtime: *runtime,
            fence,
            grace,
        });
        self.runtimes.stop(runtime, fence, grace).await
    }

    fn logs(&self, runtime: &RuntimeId) -> BoxStream<'static, LogLine> {
        self.runtimes.logs(runtime)
    }
}
