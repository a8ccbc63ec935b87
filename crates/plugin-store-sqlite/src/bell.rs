//! Tells watchers that something was committed, and the poller whether anybody watches.

use std::future::poll_fn;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

/// Rung after each commit.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    rung: u64,
    waiting: Vec<Waker>,
    watchers: usize,
    closed: bool,
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn ring(&self) {
        let wakers = {
            let mut state = self.lock();
            state.rung += 1;
            std::mem::take(&mut state.waiting)
        };
        // A waker may run foreign code: not under the lock.
        wakers.into_iter().for_each(Waker::wake);
    }

    /// How often it has rung.
    pub(crate) fn rung(&self) -> u64 {
        self.lock().rung
    }

    /// Waits until it has rung more often than `seen`.
    pub(crate) async fn rings_after(&self, seen: u64) {
        poll_fn(|context| {
            let mut state = self.lock();
            if state.rung > seen {
                return Poll::Ready(());
            }
            if !state.waiting.iter().any(|w| w.will_wake(context.waker())) {
                state.waiting.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }

    pub(crate) fn watcher_came(&self) {
        self.lock().watchers += 1;
        self.changed.notify_all();
    }

    pub(crate) fn watcher_left(&self) {
        let mut state = self.lock();
        state.watchers = state.watchers.saturating_sub(1);
    }

    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits for `interval`, and for as long as nobody watches; false once closed.
    pub(crate) fn wait_to_poll(&self, interval: Duration) -> bool {
        let state = self.lock();
        let (state, _) = self
            .changed
            .wait_timeout_while(state, interval, |state| !state.closed)
            .unwrap_or_else(PoisonError::into_inner);
        let state = self
            .changed
            .wait_while(state, |state| !state.closed && state.watchers == 0)
            .unwrap_or_else(PoisonError::into_inner);
        !state.closed
    }
}
