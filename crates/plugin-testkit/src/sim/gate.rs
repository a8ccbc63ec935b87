//! What every call of a simulated host passes: where it may die, wait, or lose an answer.

use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use futures::future::BoxFuture;

/// What happens to one call of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "a test goes through all of them")]
pub enum Fate {
    /// The host dies before it makes the call.
    CrashBefore,
    /// The host dies when the call has been done, before it has the answer.
    CrashAfter,
    /// The host dies when it has sent the call, which arrives much later.
    CrashSent,
    /// The call is refused and not done.
    Refuse,
    /// The call is done, and its answer is lost.
    LoseAnswer,
    /// The call is done twice, and the second answer comes back.
    Twice,
}

impl Fate {
    /// Every one.
    pub const ALL: &[Self] = &[
        Self::CrashBefore,
        Self::CrashAfter,
        Self::CrashSent,
        Self::Refuse,
        Self::LoseAnswer,
        Self::Twice,
    ];

    /// Those that end a host.
    pub const CRASHES: &[Self] = &[Self::CrashBefore, Self::CrashAfter, Self::CrashSent];
}

/// How often a call gives way to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Never: a command runs through.
    Through,
    /// Before each call and before each answer.
    Stepwise,
}

/// A call that was sent, with its name.
type Sent = (String, BoxFuture<'static, ()>);

/// Calls that were sent and have not arrived.
#[derive(Clone, Default)]
pub(super) struct Network(Arc<Mutex<Vec<Sent>>>);

impl Network {
    pub(super) fn send(&self, what: &str, call: BoxFuture<'static, ()>) {
        lock(&self.0).push((what.to_owned(), call));
    }

    pub(super) fn waiting(&self) -> usize {
        lock(&self.0).len()
    }

    pub(super) fn take(&self, number: usize) -> Option<Sent> {
        let mut calls = lock(&self.0);
        (number < calls.len()).then(|| calls.remove(number))
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} calls", self.waiting())
    }
}

#[derive(Debug)]
struct State {
    pace: Pace,
    calls: u64,
    fates: BTreeMap<u64, Fate>,
    crashed: bool,
    trace: Vec<String>,
}

/// The gate of one host.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    state: Arc<Mutex<State>>,
    network: Network,
}

/// What a call is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Do,
    DoTwice,
    Send,
    Refuse,
}

impl Gate {
    pub(super) fn new(pace: Pace, network: Network) -> Self {
        let state = State {
            pace,
            calls: 0,
            fates: BTreeMap::new(),
            crashed: false,
            trace: Vec::new(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            network,
        }
    }

    /// Says what happens to the `nth` call from now on, from 1.
    pub(super) fn plan(&self, nth: u64, fate: Fate) {
        let mut state = lock(&self.state);
        let number = state.calls + nth;
        state.fates.insert(number, fate);
    }

    pub(super) fn calls(&self) -> u64 {
        lock(&self.state).calls
    }

    pub(super) fn has_crashed(&self) -> bool {
        lock(&self.state).crashed
    }

    pub(super) fn crash(&self) {
        lock(&self.state).crashed = true;
    }

    /// What happened since it was asked last.
    pub(super) fn take_trace(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.state).trace)
    }

    /// Before a call: its way, and what becomes of its answer.
    pub(super) async fn enter(&self, what: &str) -> (Way, Option<Fate>) {
        self.give_way().await;
        let fate = {
            let mut state = lock(&self.state);
            state.calls += 1;
            let number = state.calls;
            let fate = state.fates.get(&number).copied();
            state.trace.push(match fate {
                Some(fate) => format!("{number} {what} {fate:?}"),
                None => format!("{number} {what}"),
            });
            fate
        };
        match fate {
            Some(Fate::CrashBefore) => self.die().await,
            Some(Fate::CrashSent) => (Way::Send, fate),
            Some(Fate::Refuse) => (Way::Refuse, fate),
            Some(Fate::Twice) => (Way::DoTwice, fate),
            Some(Fate::CrashAfter | Fate::LoseAnswer) | None => (Way::Do, fate),
        }
    }

    /// After a call; whether its answer is lost.
    pub(super) async fn leave(&self, fate: Option<Fate>) -> bool {
        if fate == Some(Fate::CrashAfter) {
            self.die::<()>().await;
        }
        self.give_way().await;
        fate == Some(Fate::LoseAnswer)
    }

    /// Sends a call and dies.
    pub(super) async fn send<T>(&self, what: &str, call: BoxFuture<'static, ()>) -> T {
        self.network.send(what, call);
        self.die().await
    }

    pub(super) async fn die<T>(&self) -> T {
        self.crash();
        std::future::pending().await
    }

    async fn give_way(&self) {
        let mut yielded = lock(&self.state).pace == Pace::Through;
        poll_fn(|context| {
            if lock(&self.state).crashed {
                return Poll::Pending;
            }
            if yielded {
                return Poll::Ready(());
            }
            yielded = true;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

/// What is kept behind our locks is whole between any two statements.
pub(super) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
