//! The executor of the simulated world: one fleet that all hosts use, and that outlives them.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt as _};
use one_ontology::{IdempotencyKey, ThingId};
use plugin_runtime_api::{
    Component, ComponentKind, DescribedPlugin, Ending, Enforcement, Engine, ExecutionId, Executor,
    ExecutorError, Fence, HostServices, Invocation, IsolationLevel, LogLine, Outcome,
    PluginFailure, RuntimeId, RuntimeInfo, RuntimeSpec, RuntimeStatus, Usage,
};
use serde_json::{Value, json};

use super::gate::lock;

/// Whether the fleet refuses owners from the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "it does or it does not")]
pub enum Fencing {
    /// As the port demands.
    On,
    /// As it must not be: for a test of the simulator itself.
    Off,
}

/// When an execution ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// At once.
    AtOnce,
    /// When the simulator says so.
    WhenTold,
}

/// A runtime that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningRuntime {
    /// The instance that it is of: the last plugin in install order.
    pub instance: Option<ThingId>,
    /// The agent that it is for.
    pub agent: Option<ThingId>,
    /// Its version.
    pub version: String,
    /// The settings it was started with.
    pub settings: BTreeMap<String, Value>,
    /// The names of the secrets it was started with.
    pub secrets: Vec<String>,
    /// The fence it was started under.
    pub fence: Fence,
}

/// One invocation that reached the fleet.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Where.
    pub runtime: RuntimeId,
    /// Of which component.
    pub component: String,
    /// How often it was really run.
    pub times: u32,
    /// How it ended; none while it is under way.
    pub outcome: Option<Outcome>,
}

#[derive(Debug, Default)]
struct State {
    seen: BTreeMap<RuntimeId, Fence>,
    running: BTreeMap<RuntimeId, RunningRuntime>,
    runs: BTreeMap<IdempotencyKey, Run>,
    waiting: Vec<Waker>,
    refuse_starts: u32,
    changes: u64,
}

/// The executor of the simulated world.
#[derive(Debug)]
pub(super) struct Fleet {
    fencing: Fencing,
    ends: Ends,
    state: Mutex<State>,
}

/// The component that handles events.
pub(super) const EAR: &str = "EAR";
pub(super) const ACTIONS: &[&str] = &["WORK", "FAIL", "CRASH"];

impl Fleet {
    pub(super) fn new(fencing: Fencing, ends: Ends) -> Self {
        Self {
            fencing,
            ends,
            state: Mutex::default(),
        }
    }

    pub(super) fn running(&self) -> BTreeMap<RuntimeId, RunningRuntime> {
        lock(&self.state).running.clone()
    }

    /// The highest fence that was seen of each runtime.
    pub(super) fn fences(&self) -> BTreeMap<RuntimeId, Fence> {
        lock(&self.state).seen.clone()
    }

    pub(super) fn runs(&self) -> BTreeMap<IdempotencyKey, Run> {
        lock(&self.state).runs.clone()
    }

    /// Grows with everything that happens in it.
    pub(super) fn changes(&self) -> u64 {
        lock(&self.state).changes
    }

    /// Lets the next start fail.
    pub(super) fn refuse_next_start(&self) {
        lock(&self.state).refuse_starts += 1;
    }

    pub(super) fn under_way(&self) -> Vec<IdempotencyKey> {
        let state = lock(&self.state);
        let runs = state.runs.iter();
        let under_way = runs.filter(|(_, run)| run.outcome.is_none());
        under_way.map(|(key, _)| key.clone()).collect()
    }

    /// Ends an execution that is under way, as its component ends.
    pub(super) fn finish(&self, key: &IdempotencyKey) {
        let mut state = lock(&self.state);
        state.finish(key);
        state.wake();
    }

    fn admit(
        &self,
        state: &mut State,
        runtime: RuntimeId,
        given: Fence,
    ) -> Result<(), ExecutorError> {
        let seen = state.seen.entry(runtime).or_insert(given);
        if given < *seen && self.fencing == Fencing::On {
            return Err(ExecutorError::StaleFence {
                runtime,
                given,
                seen: *seen,
            });
        }
        *seen = given.max(*seen);
        Ok(())
    }
}

impl State {
    fn wake(&mut self) {
        self.changes += 1;
        for waker in self.waiting.drain(..) {
            waker.wake();
        }
    }

    fn finish(&mut self, key: &IdempotencyKey) {
        let Some(run) = self.runs.get_mut(key) else {
            return;
        };
        if run.outcome.is_some() {
            return;
        }
        let (runtime, ending) = (run.runtime, ending(&run.component));
        let crashed = matches!(ending, Ending::Crashed { .. });
        run.outcome = Some(Outcome {
            ending,
            usage: Usage::default(),
        });
        if crashed {
            self.end(runtime, "crashed");
        }
    }

    /// Ends a runtime and what runs in it.
    fn end(&mut self, runtime: RuntimeId, why: &str) {
        if self.running.remove(&runtime).is_none() {
            return;
        }
        for run in self.runs.values_mut() {
            if run.runtime == runtime && run.outcome.is_none() {
                let ending = if why == "crashed" {
                    Ending::Crashed {
                        reason: why.to_owned(),
                    }
                } else {
                    Ending::Cancelled
                };
                run.outcome = Some(Outcome {
                    ending,
                    usage: Usage::default(),
                });
            }
        }
    }
}

fn ending(component: &str) -> Ending {
    match component {
        "FAIL" => Ending::Failed {
            error: PluginFailure::new("Broken", "on purpose"),
        },
        "CRASH" => Ending::Crashed {
            reason: "on purpose".to_owned(),
        },
        _ => Ending::Succeeded {
            output: json!({"result": "done"}),
        },
    }
}

fn info(spec: &RuntimeSpec) -> Result<RuntimeInfo, ExecutorError> {
    let unnamed = |error: one_ontology::InvalidValue| ExecutorError::Unavailable {
        reason: error.to_string(),
    };
    let mut components = Vec::new();
    for name in ACTIONS {
        let name = name.parse().map_err(unnamed)?;
        components.push(Component::new(ComponentKind::Action, name));
    }
    let ear = EAR.parse().map_err(unnamed)?;
    components.push(Component::new(ComponentKind::Event, ear));
    Ok(RuntimeInfo {
        runtime: spec.runtime,
        fence: spec.fence,
        plugins: spec
            .plugins
            .iter()
            .map(|plugin| DescribedPlugin {
                instance: plugin.instance,
                name: plugin.name.clone(),
                version: plugin.version.clone(),
                components: components.clone(),
                warnings: Vec::new(),
            })
            .collect(),
        start_ms: 1,
        engine: "simulated".to_owned(),
    })
}

#[async_trait]
impl Executor for Fleet {
    fn enforcement(&self, engine: &Engine) -> Option<Enforcement> {
        (*engine == Engine::Node).then(|| Enforcement {
            level: IsolationLevel::Strict,
            barriers: BTreeMap::new(),
        })
    }

    async fn start(
        &self,
        spec: RuntimeSpec,
        _host: Arc<dyn HostServices>,
    ) -> Result<RuntimeInfo, ExecutorError> {
        let mut state = lock(&self.state);
        self.admit(&mut state, spec.runtime, spec.fence)?;
        if state.refuse_starts > 0 {
            state.refuse_starts -= 1;
            state.end(spec.runtime, "replaced");
            state.wake();
            let plugin = spec.plugins.last().map(|plugin| plugin.name.clone());
            return Err(match plugin {
                Some(plugin) => ExecutorError::StartFailed {
                    plugin,
                    failure: PluginFailure::new("Broken", "does not start"),
                },
                None => ExecutorError::Unavailable {
                    reason: "no plugin".to_owned(),
                },
            });
        }
        let same = |running: &RunningRuntime| running.fence == spec.fence;
        if !state.running.get(&spec.runtime).is_some_and(same) {
            state.end(spec.runtime, "replaced");
            let own = spec.plugins.last();
            let running = RunningRuntime {
                instance: own.map(|plugin| plugin.instance),
                agent: Some(spec.agent),
                version: own.map(|plugin| plugin.version.clone()).unwrap_or_default(),
                settings: own.map(|it| it.settings.clone()).unwrap_or_default(),
                secrets: own.map(|it| it.secrets.clone()).unwrap_or_default(),
                fence: spec.fence,
            };
            state.running.insert(spec.runtime, running);
        }
        state.wake();
        info(&spec)
    }

    async fn invoke(
        &self,
        runtime: &RuntimeId,
        call: Invocation,
    ) -> Result<Outcome, ExecutorError> {
        {
            let mut state = lock(&self.state);
            self.admit(&mut state, *runtime, call.fence)?;
            if !state.runs.contains_key(&call.key) {
                if !state.running.contains_key(runtime) {
                    return Err(ExecutorError::NotRunning { runtime: *runtime });
                }
                let run = Run {
                    runtime: *runtime,
                    component: call.component.to_string(),
                    times: 1,
                    outcome: None,
                };
                state.runs.insert(call.key.clone(), run);
                if self.ends == Ends::AtOnce {
                    state.finish(&call.key);
                }
                state.wake();
            }
        }
        poll_fn(|context| {
            let mut state = lock(&self.state);
            let outcome = state
                .runs
                .get(&call.key)
                .and_then(|run| run.outcome.clone());
            match outcome {
                Some(outcome) => Poll::Ready(Ok(outcome)),
                None => {
                    state.waiting.push(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    async fn cancel(
        &self,
        _runtime: &RuntimeId,
        _execution: &ExecutionId,
    ) -> Result<(), ExecutorError> {
        Ok(())
    }

    async fn outcome(&self, key: &IdempotencyKey) -> Result<Option<Outcome>, ExecutorError> {
        let state = lock(&self.state);
        Ok(state.runs.get(key).and_then(|run| run.outcome.clone()))
    }

    async fn status(&self, runtime: &RuntimeId) -> Result<RuntimeStatus, ExecutorError> {
        let state = lock(&self.state);
        Ok(match state.running.get(runtime) {
            Some(running) => RuntimeStatus::Running {
                fence: running.fence,
                in_flight: 0,
            },
            None => RuntimeStatus::Stopped,
        })
    }

    async fn stop(
        &self,
        runtime: &RuntimeId,
        fence: Fence,
        _grace: Duration,
    ) -> Result<(), ExecutorError> {
        let mut state = lock(&self.state);
        self.admit(&mut state, *runtime, fence)?;
        state.end(*runtime, "stopped");
        state.wake();
        Ok(())
    }

    fn logs(&self, _runtime: &RuntimeId) -> BoxStream<'static, LogLine> {
        stream::empty().boxed()
    }
}
