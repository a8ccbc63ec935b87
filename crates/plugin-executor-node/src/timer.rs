//! One thread that calls back in time, for every deadline of an executor.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::channel::oneshot;

use crate::clock::now;
use crate::lock::lock;

type Callback = Box<dyn FnOnce() + Send>;

/// Names a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deadline(Instant, u64);

#[derive(Default)]
struct Queue {
    next: u64,
    due: BTreeMap<Deadline, Callback>,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

/// The deadlines of one executor. The thread ends with the last handle.
#[derive(Clone)]
pub(crate) struct Timer(Arc<Owner>);

struct Owner(Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        lock(&self.0.queue).closed = true;
        self.0.changed.notify_all();
    }
}

impl Timer {
    pub(crate) fn start() -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let inner = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("node-deadlines".to_owned())
            .spawn(move || run(&inner))?;
        Ok(Self(Arc::new(Owner(shared))))
    }

    /// Calls back after `delay`, on the timer's own thread: `callback` must not block.
    pub(crate) fn after(
        &self,
        delay: Duration,
        callback: impl FnOnce() + Send + 'static,
    ) -> Deadline {
        // Far enough for any deadline, and never out of an Instant's range.
        let delay = delay.min(Duration::from_secs(86_400));
        let mut queue = lock(&self.0.0.queue);
        queue.next += 1;
        let deadline = Deadline(now() + delay, queue.next);
        queue.due.insert(deadline, Box::new(callback));
        self.0.0.changed.notify_all();
        deadline
    }

    pub(crate) fn cancel(&self, deadline: Deadline) {
        lock(&self.0.0.queue).due.remove(&deadline);
    }

    /// Waits for `delay`.
    pub(crate) async fn sleep(&self, delay: Duration) {
        let (sender, receiver) = oneshot::channel();
        self.after(delay, move || {
            let _gone = sender.send(());
        });
        let _closed = receiver.await;
    }
}

impl std::fmt::Debug for Timer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Timer")
    }
}

fn run(shared: &Shared) {
    let mut queue = lock(&shared.queue);
    while !queue.closed {
        let Some((first, wait)) = queue
            .due
            .keys()
            .next()
            .map(|first| (*first, first.0.saturating_duration_since(now())))
        else {
            queue = shared
                .changed
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        if wait.is_zero() {
            let callback = queue.due.remove(&first);
            drop(queue);
            if let Some(callback) = callback {
                callback();
            }
            queue = lock(&shared.queue);
        } else {
            queue = shared
                .changed
                .wait_timeout(queue, wait)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}
