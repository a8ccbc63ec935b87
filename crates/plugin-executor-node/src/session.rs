//! One running worker: its state, what waits for it, how it ends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::channel::oneshot;
use futures::executor::ThreadPool;
use futures::future::{BoxFuture, Shared};
use futures::{FutureExt as _, future};
use plugin_runtime_api::{
    Ending, ExecutionId, ExecutorError, HostServices, Invocation, Outcome, PluginFailure,
    PluginName, RuntimeInfo, RuntimeSpec, RuntimeStatus, Usage,
};

use crate::clock::now;
use crate::ending::End;
use crate::frame::{self, FrameError};
use crate::lock::lock;
use crate::log::LogHub;
use crate::outcomes::{Outcomes, Ticket};
use crate::process::Process;
use crate::timer::{Deadline, Timer};
use crate::wire::ToWorker;
use crate::writer::FrameWriter;

pub(crate) type Ready = Shared<BoxFuture<'static, Result<RuntimeInfo, ExecutorError>>>;
type Signal = Shared<BoxFuture<'static, ()>>;

/// What all sessions of an executor use.
#[derive(Clone, Debug)]
pub(crate) struct Commons {
    pub(crate) outcomes: Arc<Outcomes>,
    pub(crate) timer: Timer,
    pub(crate) pool: ThreadPool,
    /// For people: `node v20.20.2, worker 1`.
    pub(crate) engine: String,
}

/// One worker and everything under way in it.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) spec: RuntimeSpec,
    pub(crate) host: Arc<dyn HostServices>,
    pub(crate) commons: Commons,
    pub(crate) process: Process,
    pub(crate) writer: FrameWriter,
    pub(crate) logs: LogHub,
    pub(crate) began: Instant,
    pub(crate) state: Mutex<State>,
    first: PluginName,
    ready: Ready,
    ended: Signal,
}

#[derive(Debug)]
pub(crate) enum Phase {
    /// Until it is ready, or has failed to be.
    Starting {
        stage: String,
        plugin: usize,
        /// Why it will have failed to start once it has ended.
        failure: Option<ExecutorError>,
    },
    Running,
    /// Takes no more invocations.
    Stopping,
    Ended {
        end: End,
        /// Whether it was ever ready.
        ran: bool,
    },
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) phase: Phase,
    next: u64,
    pub(crate) executions: BTreeMap<u64, Execution>,
    /// Host calls under way.
    pub(crate) calls: usize,
    /// Answers nobody waited for: late, doubled, unknown.
    pub(crate) strays: u64,
    pub(crate) last_words: Option<PluginFailure>,
    killed: Option<String>,
    /// Whether its process has ended by itself, though its last words may still be on their way.
    gone: bool,
    ready: Option<oneshot::Sender<Result<RuntimeInfo, ExecutorError>>>,
    ended: Option<oneshot::Sender<()>>,
    idle: Vec<oneshot::Sender<()>>,
    pub(crate) stopped: Vec<oneshot::Sender<()>>,
}

/// An invocation the worker has not answered yet.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) id: ExecutionId,
    pub(crate) call: Asked,
    /// `None` once it was cancelled: nobody waits, but its deadline stands.
    ticket: Option<Ticket>,
    began: Instant,
    timeout: Duration,
    deadline: Deadline,
    pub(crate) usage: Usage,
}

impl Execution {
    /// Whether anybody still waits for it.
    pub(crate) const fn is_awaited(&self) -> bool {
        self.ticket.is_some()
    }
}

/// What was asked for, to say that it is not there.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) plugin: PluginName,
    pub(crate) kind: plugin_runtime_api::ComponentKind,
    pub(crate) name: plugin_runtime_api::ComponentName,
}

impl Session {
    pub(crate) fn new(
        spec: RuntimeSpec,
        first: PluginName,
        host: Arc<dyn HostServices>,
        commons: Commons,
        process: Process,
        writer: FrameWriter,
        logs: LogHub,
    ) -> Self {
        let (ready, is_ready) = oneshot::channel();
        let (ended, has_ended) = oneshot::channel();
        Self {
            spec,
            first,
            host,
            commons,
            process,
            writer,
            logs,
            began: now(),
            ready: is_ready
                .map(|it| it.unwrap_or_else(|_| Err(dropped())))
                .boxed()
                .shared(),
            ended: has_ended.map(|_| ()).boxed().shared(),
            state: Mutex::new(State {
                phase: Phase::Starting {
                    stage: "start of the worker".to_owned(),
                    plugin: 0,
                    failure: None,
                },
                next: 0,
                executions: BTreeMap::new(),
                calls: 0,
                strays: 0,
                last_words: None,
                killed: None,
                gone: false,
                ready: Some(ready),
                ended: Some(ended),
                idle: Vec::new(),
                stopped: Vec::new(),
            }),
        }
    }

    pub(crate) fn ready(&self) -> Ready {
        self.ready.clone()
    }

    /// Whether it has ended or is being ended: nothing new can be asked of it.
    pub(crate) fn is_over(&self) -> bool {
        let state = lock(&self.state);
        state.gone || state.killed.is_some() || matches!(state.phase, Phase::Ended { .. })
    }

    /// Whether nothing of it is left.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(lock(&self.state).phase, Phase::Ended { .. })
    }

    /// Whether it runs.
    pub(crate) fn status(&self) -> RuntimeStatus {
        let fence = self.spec.fence;
        let state = lock(&self.state);
        match (&state.phase, &state.killed) {
            // What never ran did not crash: its start failed, and whoever started it knows.
            (Phase::Starting { .. }, Some(_)) | (Phase::Ended { ran: false, .. }, _) => {
                RuntimeStatus::Stopped
            }
            (
                Phase::Ended {
                    end: End::Stopped, ..
                },
                _,
            ) => RuntimeStatus::Stopped,
            (Phase::Ended { end, ran: true }, _) => RuntimeStatus::Crashed {
                fence,
                reason: end.words(),
            },
            (Phase::Running | Phase::Stopping, Some(why)) => RuntimeStatus::Crashed {
                fence,
                reason: why.clone(),
            },
            (Phase::Starting { .. } | Phase::Running | Phase::Stopping, None) => {
                RuntimeStatus::Running {
                    fence,
                    in_flight: u32::try_from(state.executions.len()).unwrap_or(u32::MAX),
                }
            }
        }
    }

    /// Ends the worker at once; `why` is what executions are told.
    pub(crate) fn kill(&self, why: &str) {
        let mut state = lock(&self.state);
        if !state.gone {
            state.killed.get_or_insert_with(|| why.to_owned());
        }
        drop(state);
        self.process.kill();
    }

    /// Its process has ended: whatever is done to it from now on is not why.
    pub(crate) fn gone(&self) {
        lock(&self.state).gone = true;
    }

    /// Sends a frame; a worker that does not read any more is ended.
    pub(crate) fn send(&self, message: &ToWorker<'_>) -> Result<u64, FrameError> {
        let bytes = frame::encode(message)?;
        let length = bytes.len() as u64;
        if !self.writer.send(bytes) {
            self.kill("the worker stopped reading from its channel");
        }
        Ok(length)
    }

    /// The worker is ready.
    pub(crate) fn started(&self, info: RuntimeInfo) {
        let mut state = lock(&self.state);
        if matches!(state.phase, Phase::Starting { failure: None, .. }) {
            state.phase = Phase::Running;
            if let Some(ready) = state.ready.take() {
                let _nobody_waits = ready.send(Ok(info));
            }
        } else {
            state.strays += 1;
        }
    }

    /// It will not be ready. Whoever waits is told once nothing of it is left.
    pub(crate) fn start_failed(&self, error: ExecutorError) {
        let mut state = lock(&self.state);
        if let Phase::Starting { failure, .. } = &mut state.phase {
            failure.get_or_insert(error);
            drop(state);
            self.kill("it failed to start");
        } else {
            state.strays += 1;
        }
    }

    /// The time for its start is over.
    pub(crate) fn start_overdue(&self) {
        let state = lock(&self.state);
        let Phase::Starting { stage, plugin, .. } = &state.phase else {
            return;
        };
        let error = ExecutorError::StartFailed {
            plugin: self.plugin_name(*plugin),
            failure: PluginFailure {
                name: "TimedOut".to_owned(),
                message: format!(
                    "{stage}: it took longer than {} ms",
                    self.spec.limits.start().as_millis()
                ),
                stack: None,
            },
        };
        drop(state);
        self.start_failed(error);
    }

    /// Begins an invocation; how it ends is said through `ticket`.
    pub(crate) fn invoke(self: &Arc<Self>, call: &Invocation, plugin: usize, ticket: Ticket) {
        let mut state = lock(&self.state);
        if !matches!(state.phase, Phase::Running) || state.gone || state.killed.is_some() {
            drop(state);
            let runtime = self.spec.runtime;
            self.commons
                .outcomes
                .settle(ticket, Err(ExecutorError::NotRunning { runtime }));
            return;
        }
        state.next += 1;
        let id = state.next;
        let timeout = Duration::from_millis(call.timeout_ms).min(self.spec.limits.timeout());
        let message = ToWorker::Invoke {
            id,
            execution: call.execution,
            plugin,
            kind: call.kind,
            name: call.component.as_str(),
            input: &call.input,
            output_bytes: self.spec.limits.output_bytes,
        };
        let weak = Arc::downgrade(self);
        let deadline = self.commons.timer.after(timeout, move || {
            if let Some(session) = weak.upgrade() {
                session.overdue(id);
            }
        });
        state.executions.insert(
            id,
            Execution {
                id: call.execution,
                call: Asked {
                    plugin: call.plugin.clone(),
                    kind: call.kind,
                    name: call.component.clone(),
                },
                ticket: Some(ticket),
                began: now(),
                timeout,
                deadline,
                usage: Usage::default(),
            },
        );
        drop(state);
        match self.send(&message) {
            Ok(bytes) => {
                if let Some(execution) = lock(&self.state).executions.get_mut(&id) {
                    execution.usage.bytes_in += bytes;
                }
            }
            Err(error) => self.answered(id, Ok(failed("InputTooLarge", error.to_string())), 0),
        }
    }

    /// The worker, or the host for it, says how an invocation ended.
    pub(crate) fn answered(&self, id: u64, ending: Result<Ending, ExecutorError>, bytes: u64) {
        let mut state = lock(&self.state);
        let Some(execution) = state.executions.remove(&id) else {
            state.strays += 1;
            return;
        };
        let idle = if state.executions.is_empty() {
            std::mem::take(&mut state.idle)
        } else {
            Vec::new()
        };
        drop(state);
        self.settle(execution, ending, bytes);
        for waiting in idle {
            let _nobody_waits = waiting.send(());
        }
    }

    /// Ends the wait for an execution. Its deadline stays, so that code which goes on is ended.
    pub(crate) fn cancel(&self, execution: &ExecutionId) {
        let mut state = lock(&self.state);
        let Some((id, it)) = state
            .executions
            .iter_mut()
            .find(|(_, it)| it.id == *execution)
        else {
            return;
        };
        let Some(ticket) = it.ticket.take() else {
            return;
        };
        let (id, usage) = (*id, self.used(it, 0));
        drop(state);
        let ending = Ending::Cancelled;
        self.commons
            .outcomes
            .settle(ticket, Ok(Outcome { ending, usage }));
        // A cancel frame is small; it always fits.
        let _sent = self.send(&ToWorker::Cancel { id });
    }

    /// Stops it: executions may end, services may stop, for `grace` in all; then by force.
    pub(crate) async fn stop(&self, grace: Duration) {
        if let Some(idle) = self.begin_stop()
            && !grace.is_zero()
        {
            let time_is_up = self.commons.timer.sleep(grace).boxed().shared();
            future::select(idle, time_is_up.clone()).await;
            let (sender, stopped) = oneshot::channel();
            lock(&self.state).stopped.push(sender);
            if self.send(&ToWorker::Stop).is_ok() {
                future::select(stopped, time_is_up).await;
            }
        }
        self.process.kill();
        self.ended.clone().await;
    }

    /// Takes no more invocations. Says when none is under way any more; `None` if it was not
    /// running.
    fn begin_stop(&self) -> Option<oneshot::Receiver<()>> {
        let mut state = lock(&self.state);
        match &mut state.phase {
            Phase::Running | Phase::Stopping => {
                state.phase = Phase::Stopping;
                let (sender, idle) = oneshot::channel();
                // Dropped at once where nothing is under way, which also wakes the receiver.
                if !state.executions.is_empty() {
                    state.idle.push(sender);
                }
                Some(idle)
            }
            Phase::Starting {
                stage,
                plugin,
                failure,
            } => {
                let error = End::Stopped.of_start(self.plugin_name(*plugin), stage);
                failure.get_or_insert(error);
                None
            }
            Phase::Ended { .. } => None,
        }
    }

    /// The process is gone: nothing waits any more.
    pub(crate) fn ended(&self, status: Option<std::process::ExitStatus>) {
        let mut state = lock(&self.state);
        let limit_bytes = self.spec.limits.memory_bytes;
        let stopping = matches!(state.phase, Phase::Stopping) && state.killed.is_none();
        let end = if stopping {
            End::Stopped
        } else {
            End::judge(
                state.killed.as_deref(),
                status,
                state.last_words.as_ref(),
                &self.logs.tail(),
                limit_bytes,
            )
        };
        let ran = !matches!(state.phase, Phase::Starting { .. });
        let phase = std::mem::replace(
            &mut state.phase,
            Phase::Ended {
                end: end.clone(),
                ran,
            },
        );
        let ready = state.ready.take();
        let ended = state.ended.take();
        let executions = std::mem::take(&mut state.executions);
        state.idle.clear();
        state.stopped.clear();
        drop(state);
        for execution in executions.into_values() {
            self.settle(execution, Ok(end.of_execution()), 0);
        }
        if let (
            Phase::Starting {
                stage,
                plugin,
                failure,
            },
            Some(ready),
        ) = (phase, ready)
        {
            let error = failure.unwrap_or_else(|| end.of_start(self.plugin_name(plugin), &stage));
            let _nobody_waits = ready.send(Err(error));
        }
        self.writer.close();
        self.logs.close();
        if let Some(ended) = ended {
            let _nobody_waits = ended.send(());
        }
    }

    /// The plugin at a place in install order; the first where the worker names none there is.
    pub(crate) fn plugin_name(&self, index: usize) -> PluginName {
        self.spec
            .plugins
            .get(index)
            .map_or_else(|| self.first.clone(), |plugin| plugin.name.clone())
    }

    fn overdue(&self, id: u64) {
        let Some(execution) = lock(&self.state).executions.remove(&id) else {
            return;
        };
        let after_ms = u64::try_from(execution.timeout.as_millis()).unwrap_or(u64::MAX);
        let why = format!(
            "the worker was ended because {} `{}` took longer than {after_ms} ms",
            execution.call.kind, execution.call.name
        );
        self.kill(&why);
        self.settle(execution, Ok(Ending::TimedOut { after_ms }), 0);
    }

    fn settle(&self, execution: Execution, ending: Result<Ending, ExecutorError>, bytes: u64) {
        self.commons.timer.cancel(execution.deadline);
        let usage = self.used(&execution, bytes);
        if let Some(ticket) = execution.ticket {
            let answer = ending.map(|ending| Outcome { ending, usage });
            self.commons.outcomes.settle(ticket, answer);
        }
    }

    fn used(&self, execution: &Execution, bytes: u64) -> Usage {
        let mut usage = execution.usage;
        let wall = now().saturating_duration_since(execution.began);
        usage.wall_us = u64::try_from(wall.as_micros()).unwrap_or(u64::MAX);
        usage.memory_bytes = self.process.resident_bytes();
        usage.bytes_out += bytes;
        usage
    }
}

/// An ending that the host finds, not the plugin.
pub(crate) fn failed(name: &str, message: String) -> Ending {
    Ending::Failed {
        error: PluginFailure {
            name: name.to_owned(),
            message,
            stack: None,
        },
    }
}

fn dropped() -> ExecutorError {
    ExecutorError::Unavailable {
        reason: "the worker was lost".to_owned(),
    }
}
