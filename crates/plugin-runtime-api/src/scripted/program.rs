//! Scripts as a program.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use futures::channel::oneshot;

use super::{Script, ScriptedCall, StartScript};
use crate::in_process::{Program, Site, StartedPlugin, lock};
use crate::{
    Component, Ending, Engine, ExecutorError, Invocation, PluginFailure, PluginName, RuntimeSpec,
};

/// Who hangs: the start of a plugin or a component.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hanging {
    Start(PluginName),
    Component(String),
}

#[derive(Debug, Default)]
struct State {
    components: BTreeMap<PluginName, Vec<Component>>,
    starts: BTreeMap<PluginName, VecDeque<StartScript>>,
    next: BTreeMap<String, VecDeque<Script>>,
    always: BTreeMap<String, Script>,
    runs: BTreeMap<String, u32>,
    hanging: BTreeMap<Hanging, Vec<oneshot::Sender<()>>>,
}

/// What each plugin and component does.
#[derive(Debug)]
pub(super) struct Scripts {
    engines: BTreeSet<Engine>,
    state: Mutex<State>,
}

impl Scripts {
    pub(super) fn new(engines: impl IntoIterator<Item = Engine>) -> Self {
        Self {
            engines: engines.into_iter().collect(),
            state: Mutex::default(),
        }
    }

    pub(super) fn runs_engine(&self, engine: &Engine) -> bool {
        self.engines.contains(engine)
    }

    pub(super) fn describe(&self, plugin: PluginName, components: Vec<Component>) {
        lock(&self.state).components.insert(plugin, components);
    }

    pub(super) fn push(&self, component: &str, script: Script) {
        let mut state = lock(&self.state);
        let scripts = state.next.entry(component.to_owned()).or_default();
        scripts.push_back(script);
    }

    pub(super) fn always(&self, component: &str, script: Script) {
        lock(&self.state)
            .always
            .insert(component.to_owned(), script);
    }

    pub(super) fn push_start(&self, plugin: PluginName, script: StartScript) {
        let mut state = lock(&self.state);
        state.starts.entry(plugin).or_default().push_back(script);
    }

    pub(super) fn take_starts(&self, plugin: &PluginName) -> usize {
        let taken = lock(&self.state).starts.remove(plugin);
        taken.map_or(0, |scripts| scripts.len())
    }

    pub(super) fn runs(&self, component: &str) -> u32 {
        lock(&self.state).runs.get(component).copied().unwrap_or(0)
    }

    pub(super) fn release(&self, hanging: &Hanging) -> usize {
        let waiting = lock(&self.state)
            .hanging
            .remove(hanging)
            .unwrap_or_default();
        let told = waiting.into_iter().filter_map(|it| it.send(()).ok());
        told.count()
    }

    async fn hang(&self, hanging: Hanging) {
        let (sender, released) = oneshot::channel();
        {
            let mut state = lock(&self.state);
            state.hanging.entry(hanging).or_default().push(sender);
        }
        let _released = released.await;
    }

    /// The next script of a component, which counts as a run of it.
    fn take(&self, component: &str) -> Option<Script> {
        let mut state = lock(&self.state);
        let runs = state.runs.entry(component.to_owned()).or_default();
        *runs = runs.saturating_add(1);
        let next = state.next.get_mut(component).and_then(VecDeque::pop_front);
        next.or_else(|| state.always.get(component).cloned())
    }
}

#[async_trait]
impl Program for Scripts {
    fn engine(&self) -> String {
        "scripted, for tests".to_owned()
    }

    fn admit(&self, spec: &RuntimeSpec) -> Result<(), ExecutorError> {
        if self.runs_engine(&spec.engine) {
            Ok(())
        } else {
            Err(ExecutorError::UnsupportedEngine {
                engine: spec.engine.clone(),
            })
        }
    }

    async fn start(&self, site: &Site) -> Result<StartedPlugin, ExecutorError> {
        let plugin = site.plugin().name.clone();
        let script = lock(&self.state)
            .starts
            .get_mut(&plugin)
            .and_then(VecDeque::pop_front);
        match script {
            None => {}
            Some(StartScript::Fail(failure)) => {
                return Err(ExecutorError::StartFailed { plugin, failure });
            }
            Some(StartScript::Error(error)) => return Err(error),
            Some(StartScript::Hang) => self.hang(Hanging::Start(plugin.clone())).await,
        }
        let components = lock(&self.state).components.get(&plugin).cloned();
        Ok(StartedPlugin {
            components: components.unwrap_or_default(),
            warnings: Vec::new(),
        })
    }

    fn reach(&self, call: &Invocation) -> Result<(), ExecutorError> {
        let mut state = lock(&self.state);
        let component = call.component.as_str();
        let queue = state.next.get_mut(component);
        let reason = match queue.and_then(|it| it.pop_front_if(is_unavailable)) {
            Some(Script::Unavailable(reason)) => reason,
            Some(_) | None => match state.always.get(component) {
                Some(Script::Unavailable(reason))
                    if state.next.get(component).is_none_or(VecDeque::is_empty) =>
                {
                    reason.clone()
                }
                Some(_) | None => return Ok(()),
            },
        };
        Err(ExecutorError::Unavailable { reason })
    }

    async fn run(&self, site: &Site, call: &Invocation) -> Result<Ending, ExecutorError> {
        let component = call.component.as_str();
        let mut script = self.take(component);
        while let Some(Script::Hang(then)) = script {
            self.hang(Hanging::Component(component.to_owned())).await;
            script = Some(*then);
        }
        let limits = site.spec().limits;
        Ok(match script {
            None | Some(Script::Hang(_)) => Ending::Failed {
                error: PluginFailure::new("Unscripted", "the test does not say what it does"),
            },
            Some(Script::Succeed(output)) => Ending::Succeeded { output },
            Some(Script::Refuse(reason)) => Ending::Refused { reason },
            Some(Script::Fail(error)) => Ending::Failed { error },
            Some(Script::TimeOut) => {
                let bound = Duration::from_millis(call.timeout_ms).min(limits.timeout());
                Ending::TimedOut {
                    after_ms: u64::try_from(bound.as_millis()).unwrap_or(u64::MAX),
                }
            }
            Some(Script::OutOfMemory) => Ending::OutOfMemory {
                limit_bytes: limits.memory_bytes,
            },
            Some(Script::Crash(reason)) => Ending::Crashed { reason },
            Some(Script::Lose) => {
                return Err(ExecutorError::Unavailable {
                    reason: "the answer was lost".to_owned(),
                });
            }
            Some(Script::Unavailable(reason)) => {
                return Err(ExecutorError::Unavailable { reason });
            }
            Some(Script::Run(behaviour)) => {
                behaviour(ScriptedCall::new(call.clone(), site.clone())).await
            }
        })
    }
}

fn is_unavailable(script: &mut Script) -> bool {
    matches!(script, Script::Unavailable(_))
}
