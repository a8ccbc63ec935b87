//! One runtime: its phase, and what is under way in it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures::FutureExt as _;
use futures::channel::oneshot;
use futures::future::{BoxFuture, Shared, WeakShared};

use super::lock;
use super::log_hub::LogHub;
use crate::{ExecutionId, ExecutorError, HostServices, RuntimeInfo, RuntimeSpec, RuntimeStatus};

pub(super) type Starting = Shared<BoxFuture<'static, Result<RuntimeInfo, ExecutorError>>>;

/// Why something under way is to end now.
#[derive(Clone, Debug)]
pub(super) enum Interrupt {
    /// Somebody cancelled it.
    Cancelled,
    /// Its runtime is being stopped or replaced.
    Stopped,
    /// Its runtime crashed.
    Crashed(String),
}

#[derive(Debug)]
enum Phase {
    Starting(Option<WeakStarting>),
    Running(RuntimeInfo),
    /// Takes no more invocations.
    Stopping,
    Stopped,
    Crashed(String),
}

type WeakStarting = WeakShared<BoxFuture<'static, Result<RuntimeInfo, ExecutorError>>>;

#[derive(Debug)]
struct UnderWay {
    execution: Option<ExecutionId>,
    interrupt: Option<oneshot::Sender<Interrupt>>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    next: u64,
    under_way: BTreeMap<u64, UnderWay>,
    idle: Vec<oneshot::Sender<()>>,
}

/// What another start of the same fence finds.
pub(super) enum Found {
    Running(RuntimeInfo),
    Starting(Starting),
    Over,
}

/// One runtime.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) spec: RuntimeSpec,
    pub(super) host: Arc<dyn HostServices>,
    pub(super) logs: LogHub,
    state: Mutex<State>,
}

impl Session {
    pub(super) fn new(spec: RuntimeSpec, host: Arc<dyn HostServices>, logs: LogHub) -> Self {
        Self {
            spec,
            host,
            logs,
            state: Mutex::new(State {
                phase: Phase::Starting(None),
                next: 0,
                under_way: BTreeMap::new(),
                idle: Vec::new(),
            }),
        }
    }

    /// Says which future starts it, so that others may wait for it too.
    pub(super) fn started_by(&self, starting: &Starting) {
        if let Phase::Starting(weak) = &mut lock(&self.state).phase {
            *weak = starting.downgrade();
        }
    }

    pub(super) fn found(&self) -> Found {
        match &lock(&self.state).phase {
            Phase::Running(info) => Found::Running(info.clone()),
            Phase::Starting(Some(weak)) => weak.upgrade().map_or(Found::Over, Found::Starting),
            Phase::Starting(None) | Phase::Stopping | Phase::Stopped | Phase::Crashed(_) => {
                Found::Over
            }
        }
    }

    /// From starting to running; `false` where it was ended meanwhile.
    pub(super) fn run(&self, info: RuntimeInfo) -> bool {
        let mut state = lock(&self.state);
        let starting = matches!(state.phase, Phase::Starting(_));
        if starting {
            state.phase = Phase::Running(info);
        }
        starting
    }

    /// What `read` finds, while it takes invocations.
    pub(super) fn with_running<T>(&self, read: impl FnOnce(&RuntimeInfo) -> T) -> Option<T> {
        match &lock(&self.state).phase {
            Phase::Running(info) => Some(read(info)),
            _ => None,
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(lock(&self.state).phase, Phase::Stopped | Phase::Crashed(_))
    }

    pub(super) fn status(&self) -> RuntimeStatus {
        let state = lock(&self.state);
        let fence = self.spec.fence;
        match &state.phase {
            Phase::Running(_) | Phase::Stopping => RuntimeStatus::Running {
                fence,
                in_flight: u32::try_from(state.under_way.len()).unwrap_or(u32::MAX),
            },
            Phase::Crashed(reason) => RuntimeStatus::Crashed {
                fence,
                reason: reason.clone(),
            },
            Phase::Starting(_) | Phase::Stopped => RuntimeStatus::Stopped,
        }
    }

    /// Enters something under way; `None` where the runtime takes nothing more.
    pub(super) fn enter(self: &Arc<Self>, execution: Option<ExecutionId>) -> Option<Entered> {
        let mut state = lock(&self.state);
        let open = match state.phase {
            Phase::Starting(_) => execution.is_none(),
            Phase::Running(_) => true,
            Phase::Stopping | Phase::Stopped | Phase::Crashed(_) => false,
        };
        if !open {
            return None;
        }
        state.next += 1;
        let number = state.next;
        let (interrupt, interrupted) = oneshot::channel();
        state.under_way.insert(
            number,
            UnderWay {
                execution,
                interrupt: Some(interrupt),
            },
        );
        Some(Entered {
            session: Arc::clone(self),
            number,
            interrupted,
        })
    }

    pub(super) fn cancel(&self, execution: &ExecutionId) {
        let mut state = lock(&self.state);
        let interrupt = state
            .under_way
            .values_mut()
            .find(|it| it.execution.as_ref() == Some(execution))
            .and_then(|it| it.interrupt.take());
        drop(state);
        if let Some(interrupt) = interrupt {
            let _it_has_ended = interrupt.send(Interrupt::Cancelled);
        }
    }

    /// Takes no more invocations; what is returned is told once none is under way.
    pub(super) fn close(&self) -> oneshot::Receiver<()> {
        let (sender, idle) = oneshot::channel();
        let mut state = lock(&self.state);
        if matches!(state.phase, Phase::Running(_)) {
            state.phase = Phase::Stopping;
        }
        // A start that is stopped has nothing to bring to an end.
        if state.under_way.is_empty() || matches!(state.phase, Phase::Starting(_)) {
            drop(state);
            let _received = sender.send(());
        } else {
            state.idle.push(sender);
        }
        idle
    }

    /// Ends it now, and everything in it. The first end stands.
    pub(super) fn end(&self, interrupt: &Interrupt) {
        let mut state = lock(&self.state);
        if !matches!(state.phase, Phase::Stopped | Phase::Crashed(_)) {
            state.phase = match interrupt {
                Interrupt::Crashed(reason) => Phase::Crashed(reason.clone()),
                Interrupt::Cancelled | Interrupt::Stopped => Phase::Stopped,
            };
        }
        let interrupts: Vec<_> = state
            .under_way
            .values_mut()
            .filter_map(|it| it.interrupt.take())
            .collect();
        drop(state);
        for sender in interrupts {
            let _it_has_ended = sender.send(interrupt.clone());
        }
        self.logs.close();
    }

    fn leave(&self, number: u64) {
        let mut state = lock(&self.state);
        state.under_way.remove(&number);
        let idle = if state.under_way.is_empty() {
            std::mem::take(&mut state.idle)
        } else {
            Vec::new()
        };
        drop(state);
        for sender in idle {
            let _nobody_waits = sender.send(());
        }
    }
}

/// Something under way, until it is dropped.
#[derive(Debug)]
pub(super) struct Entered {
    session: Arc<Session>,
    number: u64,
    interrupted: oneshot::Receiver<Interrupt>,
}

impl Entered {
    /// Returns once it is to end.
    pub(super) async fn interrupted(&mut self) -> Interrupt {
        (&mut self.interrupted)
            .map(|it| it.unwrap_or(Interrupt::Stopped))
            .await
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.session.leave(self.number);
    }
}
