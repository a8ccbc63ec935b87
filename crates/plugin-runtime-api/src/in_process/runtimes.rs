//! Every runtime of one executor.

use std::any::Any;
use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{self, Either};
use futures::stream::BoxStream;
use one_ontology::{IdempotencyKey, Validator, Violations, excerpt};

use super::bytes::json_bytes;
use super::fences::Fences;
use super::log_hub::LogHub;
use super::meter::Meter;
use super::outcomes::{Answer, Caller, Outcomes};
use super::session::{Entered, Found, Interrupt, Session};
use super::{Program, Site, StartedPlugin, Wait, lock};
use crate::{
    CallContext, DescribedPlugin, Ending, ExecutionId, ExecutorError, Fence, HostServices,
    Invocation, LogLine, Outcome, PluginFailure, PluginName, RuntimeId, RuntimeInfo, RuntimePlugin,
    RuntimeSpec, RuntimeStatus,
};

const MAX_NAMES: usize = 50;

/// Every runtime of one executor, each running `P`.
#[derive(Debug)]
pub(crate) struct Runtimes<P>(Arc<Inner<P>>);

#[derive(Debug)]
struct Inner<P> {
    program: P,
    wait: Wait,
    outcomes: Arc<Outcomes>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    fences: Fences,
    sessions: BTreeMap<RuntimeId, Arc<Session>>,
    /// Listeners to what does not run yet.
    listening: BTreeMap<RuntimeId, LogHub>,
}

enum Next {
    Wait(super::session::Starting, Option<Arc<Session>>),
    Give(RuntimeInfo),
    Refuse(Found),
}

impl<P: Program> Runtimes<P> {
    pub(crate) fn new(program: P, wait: Wait) -> Self {
        Self(Arc::new(Inner {
            program,
            wait,
            outcomes: Arc::default(),
            state: Mutex::default(),
        }))
    }

    pub(crate) fn program(&self) -> &P {
        &self.0.program
    }

    pub(crate) fn wait(&self) -> &Wait {
        &self.0.wait
    }

    pub(crate) async fn start(
        &self,
        spec: RuntimeSpec,
        host: Arc<dyn HostServices>,
    ) -> Result<RuntimeInfo, ExecutorError> {
        self.0.program.admit(&spec)?;
        well_formed(&spec)?;
        match self.0.next(spec, host)? {
            Next::Give(info) => Ok(info),
            Next::Wait(starting, replaced) => {
                if let Some(replaced) = replaced {
                    replaced.end(&Interrupt::Stopped);
                }
                starting.await
            }
            Next::Refuse(_found) => Err(ExecutorError::InvalidSpec {
                violations: Violations::one(
                    "fence",
                    "is the fence of a runtime that was started with another spec",
                ),
            }),
        }
    }

    pub(crate) async fn invoke(
        &self,
        runtime: &RuntimeId,
        call: Invocation,
    ) -> Result<Outcome, ExecutorError> {
        self.0.program.reach(&call)?;
        let caller = self.0.call(*runtime, call)?;
        caller.answer().await
    }

    pub(crate) fn cancel(
        &self,
        runtime: &RuntimeId,
        execution: &ExecutionId,
    ) -> Result<(), ExecutorError> {
        let session = self.session(runtime);
        let session = session.filter(|it| matches!(it.status(), RuntimeStatus::Running { .. }));
        let session = session.ok_or(ExecutorError::NotRunning { runtime: *runtime })?;
        session.cancel(execution);
        Ok(())
    }

    pub(crate) fn outcome(&self, key: &IdempotencyKey) -> Option<Outcome> {
        self.0.outcomes.get(key)
    }

    pub(crate) fn status(&self, runtime: &RuntimeId) -> RuntimeStatus {
        self.session(runtime)
            .map_or(RuntimeStatus::Stopped, |session| session.status())
    }

    pub(crate) async fn stop(
        &self,
        runtime: &RuntimeId,
        fence: Fence,
        grace: Duration,
    ) -> Result<(), ExecutorError> {
        let session = {
            let mut state = lock(&self.0.state);
            state.fences.admit(*runtime, fence)?;
            state.sessions.get(runtime).cloned()
        };
        if let Some(session) = session {
            let idle = session.close();
            // Without a timer nothing measures the grace, and who runs an execution may be who
            // waits here: then there is none.
            if !grace.is_zero() && self.0.wait.is_bounded() {
                self.0.wait.within(grace, idle).await;
            }
            session.end(&Interrupt::Stopped);
            self.0.remove(&session);
        }
        Ok(())
    }

    pub(crate) fn logs(&self, runtime: &RuntimeId) -> BoxStream<'static, LogLine> {
        let mut state = lock(&self.0.state);
        match state.sessions.get(runtime) {
            Some(session) if !session.has_ended() => session.logs.subscribe(),
            _ => {
                state.listening.retain(|_, hub| hub.is_heard());
                let hub = state.listening.entry(*runtime);
                hub.or_insert_with(LogHub::new).subscribe()
            }
        }
    }

    /// Ends a runtime as if by itself; `false` where it does not run.
    pub(crate) fn crash(&self, runtime: &RuntimeId, reason: &str) -> bool {
        let session = self.session(runtime);
        let session = session.filter(|it| matches!(it.status(), RuntimeStatus::Running { .. }));
        if let Some(session) = &session {
            session.end(&Interrupt::Crashed(excerpt(reason, 1_000)));
        }
        session.is_some()
    }

    fn session(&self, runtime: &RuntimeId) -> Option<Arc<Session>> {
        lock(&self.0.state).sessions.get(runtime).cloned()
    }
}

impl<P: Program> Inner<P> {
    fn next(
        self: &Arc<Self>,
        spec: RuntimeSpec,
        host: Arc<dyn HostServices>,
    ) -> Result<Next, ExecutorError> {
        let mut state = lock(&self.state);
        state.fences.admit(spec.runtime, spec.fence)?;
        let same = state.sessions.get(&spec.runtime);
        let same = same.filter(|it| it.spec.fence == spec.fence);
        match same.map_or(Found::Over, |session| session.found()) {
            Found::Over => {}
            found if same.is_some_and(|it| it.spec != spec) => return Ok(Next::Refuse(found)),
            Found::Running(info) => return Ok(Next::Give(info)),
            Found::Starting(starting) => return Ok(Next::Wait(starting, None)),
        }
        let runtime = spec.runtime;
        let logs = state.listening.remove(&runtime);
        let logs = logs.unwrap_or_else(LogHub::new);
        let session = Arc::new(Session::new(spec, host, logs));
        let beginning = Beginning {
            inner: Arc::clone(self),
            session: Arc::clone(&session),
            done: false,
        };
        let starting = beginning.bring_up().boxed().shared();
        session.started_by(&starting);
        let replaced = state.sessions.insert(runtime, session);
        Ok(Next::Wait(starting, replaced))
    }

    fn call(
        self: &Arc<Self>,
        runtime: RuntimeId,
        call: Invocation,
    ) -> Result<Caller, ExecutorError> {
        let session = {
            let mut state = lock(&self.state);
            state.fences.admit(runtime, call.fence)?;
            state.sessions.get(&runtime).cloned()
        };
        if let Some(known) = self.outcomes.known(runtime, &call.key) {
            return Ok(known);
        }
        // A higher fence than the runtime's own: its owner has yet to start it.
        let session = session.filter(|it| it.spec.fence == call.fence);
        let session = session.ok_or(ExecutorError::NotRunning { runtime })?;
        let plugin = session.plugin_of(&call)?;
        let key = call.key.clone();
        let work = Arc::clone(self).execute(session, plugin, call).boxed();
        Ok(self.outcomes.begin(runtime, &key, work))
    }

    async fn execute(
        self: Arc<Self>,
        session: Arc<Session>,
        plugin: RuntimePlugin,
        call: Invocation,
    ) -> Answer {
        let Some(mut entered) = session.enter(Some(call.execution)) else {
            let runtime = session.spec.runtime;
            return Err(ExecutorError::NotRunning { runtime });
        };
        let began = self.wait.now();
        let limits = session.spec.limits;
        let timeout = Duration::from_millis(call.timeout_ms).min(limits.timeout());
        let site = session.site(plugin, Some(call.execution));
        site.meter.take_in(json_bytes(&call.input).unwrap_or(0));
        let work = self.program.run(&site, &call);
        let ending = match self.end_of(work, timeout, &mut entered).await {
            End::Returned(result) => bounded(result?, limits.output_bytes, &site.meter),
            End::Panicked(message) => Ending::Crashed {
                reason: format!("{} `{}` panicked: {message}", call.kind, call.component),
            },
            End::TimedOut => Ending::TimedOut {
                after_ms: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
            },
            End::Interrupted(Interrupt::Cancelled | Interrupt::Stopped) => Ending::Cancelled,
            End::Interrupted(Interrupt::Crashed(reason)) => Ending::Crashed { reason },
        };
        match &ending {
            Ending::Crashed { reason } => session.end(&Interrupt::Crashed(reason.clone())),
            Ending::OutOfMemory { limit_bytes } => {
                let reason = format!("it used more than {limit_bytes} bytes of memory");
                session.end(&Interrupt::Crashed(reason));
            }
            _ => {}
        }
        let usage = site.meter.usage(self.wait.micros_since(began));
        Ok(Outcome { ending, usage })
    }

    async fn end_of<F: Future>(
        &self,
        work: F,
        bound: Duration,
        entered: &mut Entered,
    ) -> End<F::Output> {
        let work = AssertUnwindSafe(work).catch_unwind();
        let work = std::pin::pin!(self.wait.within(bound, work));
        let interrupted = std::pin::pin!(entered.interrupted());
        match future::select(work, interrupted).await {
            Either::Left((Some(Ok(output)), _)) => End::Returned(output),
            Either::Left((Some(Err(panic)), _)) => End::Panicked(words_of(panic.as_ref())),
            Either::Left((None, _)) => End::TimedOut,
            Either::Right((interrupt, _)) => End::Interrupted(interrupt),
        }
    }

    fn remove(&self, session: &Arc<Session>) {
        let mut state = lock(&self.state);
        let runtime = session.spec.runtime;
        let mine = state.sessions.get(&runtime);
        let removed = match mine.is_some_and(|it| Arc::ptr_eq(it, session)) {
            true => state.sessions.remove(&runtime),
            false => None,
        };
        drop(state);
        // Only now: the host that it holds may look here when it goes.
        drop(removed);
    }
}

enum End<T> {
    Returned(T),
    Panicked(String),
    TimedOut,
    Interrupted(Interrupt),
}

/// A start under way. Dropped before it is done, nothing of it is left.
struct Beginning<P: Program> {
    inner: Arc<Inner<P>>,
    session: Arc<Session>,
    done: bool,
}

impl<P: Program> Beginning<P> {
    async fn bring_up(mut self) -> Result<RuntimeInfo, ExecutorError> {
        let began = self.inner.wait.now();
        let plugins = self.start_plugins().await?;
        let spec = &self.session.spec;
        let info = RuntimeInfo {
            runtime: spec.runtime,
            fence: spec.fence,
            plugins,
            start_ms: self.inner.wait.micros_since(began) / 1_000,
            engine: self.inner.program.engine(),
        };
        if self.session.run(info.clone()) {
            self.done = true;
            Ok(info)
        } else {
            Err(self.overtaken())
        }
    }

    async fn start_plugins(&self) -> Result<Vec<DescribedPlugin>, ExecutorError> {
        let (inner, session) = (&self.inner, &self.session);
        let Some(mut entered) = session.enter(None) else {
            return Err(self.overtaken());
        };
        let at = AtomicUsize::new(0);
        let work = async {
            let mut described = Vec::new();
            for (number, plugin) in session.spec.plugins.iter().enumerate() {
                at.store(number, Ordering::Relaxed);
                let site = session.site(plugin.clone(), None);
                let started = inner.program.start(&site).await?;
                described.push(describe(plugin, started));
            }
            Ok(described)
        };
        let bound = session.spec.limits.start();
        let failure = match inner.end_of(work, bound, &mut entered).await {
            End::Returned(result) => return result,
            End::Interrupted(_) => return Err(self.overtaken()),
            End::Panicked(message) => PluginFailure::new("Panicked", &message),
            End::TimedOut => PluginFailure::new(
                "TimedOut",
                &format!("it took longer than {} ms", bound.as_millis()),
            ),
        };
        let plugin = self.plugin_name(at.load(Ordering::Relaxed))?;
        Err(ExecutorError::StartFailed { plugin, failure })
    }

    fn plugin_name(&self, number: usize) -> Result<PluginName, ExecutorError> {
        let plugin = self.session.spec.plugins.get(number);
        // INVARIANT: a spec without plugins was refused before.
        plugin.map(|it| it.name.clone()).ok_or(self.overtaken())
    }

    fn overtaken(&self) -> ExecutorError {
        let spec = &self.session.spec;
        lock(&self.inner.state)
            .fences
            .overtaken(spec.runtime, spec.fence)
    }
}

impl<P: Program> Drop for Beginning<P> {
    fn drop(&mut self) {
        if !self.done {
            self.session.end(&Interrupt::Stopped);
            self.inner.remove(&self.session);
        }
    }
}

impl Session {
    fn site(self: &Arc<Self>, plugin: RuntimePlugin, execution: Option<ExecutionId>) -> Site {
        let context = CallContext {
            group: self.spec.group,
            agent: self.spec.agent,
            runtime: self.spec.runtime,
            fence: self.spec.fence,
            instance: plugin.instance,
            execution,
        };
        Site {
            session: Arc::clone(self),
            plugin,
            context,
            meter: Arc::new(Meter::default()),
        }
    }

    /// The plugin whose component is called, if it has it.
    fn plugin_of(&self, call: &Invocation) -> Result<RuntimePlugin, ExecutorError> {
        let available = self.with_running(|info| {
            let plugins = info.plugins.iter();
            let mut names: Vec<_> = plugins
                .filter(|it| it.instance == call.instance && it.name == call.plugin)
                .flat_map(|it| &it.components)
                .filter(|it| it.kind == call.kind)
                .map(|it| &it.name)
                .collect();
            if names.contains(&&call.component) {
                return None;
            }
            names.sort();
            Some(
                names
                    .iter()
                    .take(MAX_NAMES)
                    .map(ToString::to_string)
                    .collect(),
            )
        });
        let runtime = self.spec.runtime;
        let available = available.ok_or(ExecutorError::NotRunning { runtime })?;
        let plugins = self.spec.plugins.iter();
        let plugin = plugins.clone().find(|it| it.instance == call.instance);
        match (available, plugin) {
            (None, Some(plugin)) => Ok(plugin.clone()),
            (available, _) => Err(ExecutorError::NoSuchComponent {
                plugin: call.plugin.clone(),
                kind: call.kind,
                name: call.component.clone(),
                available: available.unwrap_or_default(),
            }),
        }
    }
}

fn well_formed(spec: &RuntimeSpec) -> Result<(), ExecutorError> {
    let mut validator = Validator::new();
    let plugins = &spec.plugins;
    validator.require(!plugins.is_empty(), "plugins", "must not be empty");
    for (number, plugin) in plugins.iter().enumerate() {
        let doubled = plugins
            .iter()
            .take(number)
            .any(|it| it.instance == plugin.instance);
        let field = format!("plugins.{number}.instance");
        validator.require(!doubled, &field, "is in the runtime already");
    }
    validator
        .finish()
        .map_err(|violations| ExecutorError::InvalidSpec { violations })
}

fn describe(plugin: &RuntimePlugin, started: StartedPlugin) -> DescribedPlugin {
    let mut components = started.components;
    let mut warnings = started.warnings;
    components.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    components.dedup_by(|later, first| {
        let doubled = later.kind == first.kind && later.name == first.name;
        if doubled {
            warnings.push(format!(
                "has {} `{}` twice; the first is used",
                first.kind, first.name
            ));
        }
        doubled
    });
    DescribedPlugin {
        instance: plugin.instance,
        name: plugin.name.clone(),
        version: plugin.version.clone(),
        components,
        warnings,
    }
}

/// An ending whose parts are not larger than they may be.
fn bounded(ending: Ending, limit: u64, meter: &Meter) -> Ending {
    match ending {
        Ending::Succeeded { output } => {
            let bytes = json_bytes(&output).unwrap_or(u64::MAX);
            if bytes > limit {
                let error = PluginFailure::new(
                    "OutputTooLarge",
                    &format!("more than {limit} bytes of JSON"),
                );
                return Ending::Failed { error };
            }
            meter.give_out(bytes);
            Ending::Succeeded { output }
        }
        Ending::Failed { error } => Ending::Failed {
            error: error.bounded(),
        },
        Ending::Refused { reason } => Ending::Refused {
            reason: excerpt(&reason, 1_000),
        },
        Ending::Crashed { reason } => Ending::Crashed {
            reason: excerpt(&reason, 1_000),
        },
        Ending::TimedOut { .. } | Ending::OutOfMemory { .. } | Ending::Cancelled => ending,
    }
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().copied();
    let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    excerpt(words.unwrap_or("without words"), 1_000)
}
