//! Work for threads: many put, many take, and it can be closed.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};

#[derive(Debug)]
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<T>,
    closed: bool,
}

impl<T> Queue<T> {
    pub(crate) const fn new() -> Self {
        Self {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                closed: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// Puts work at the end; gives it back dropped if nobody will take it any more.
    pub(crate) fn put(&self, work: T) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.closed {
            state.waiting.push_back(work);
            // Who is woken wants the lock at once.
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Takes the oldest, waiting for it; none once the queue is closed and empty.
    pub(crate) fn take(&self) -> Option<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(work) = state.waiting.pop_front() {
                return Some(work);
            }
            if state.closed {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes what waits in front as long as it is wanted, at most `most`, without waiting.
    pub(crate) fn take_more(&self, most: usize, wanted: impl Fn(&T) -> bool) -> Vec<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let count = state
            .waiting
            .iter()
            .take(most)
            .take_while(|work| wanted(work))
            .count();
        state.waiting.drain(..count).collect()
    }

    /// Takes no more work. What waits is still done.
    pub(crate) fn close(&self) {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .closed = true;
        self.changed.notify_all();
    }
}
