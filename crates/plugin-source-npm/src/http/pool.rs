//! A few threads that do what blocks, for callers that await.

use std::fmt;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use futures::channel::oneshot;

use crate::NpmError;

type Job = Box<dyn FnOnce() + Send>;

/// Threads that live as long as their pool; jobs beyond their number wait in order.
pub(crate) struct Pool {
    jobs: Sender<Job>,
}

impl Pool {
    /// Starts `threads` threads, at least one.
    pub(crate) fn new(name: &str, threads: usize) -> Result<Self, NpmError> {
        let (jobs, queue) = channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..threads.max(1) {
            let queue = Arc::clone(&queue);
            thread::Builder::new()
                .name(format!("{name}-{number}"))
                .spawn(move || {
                    while let Some(job) = next(&queue) {
                        job();
                    }
                })
                .map_err(|error| NpmError::disk("start a thread for", name.as_ref(), error))?;
        }
        Ok(Self { jobs })
    }

    /// Runs `work` on a thread. A caller that stopped waiting before it began saves the work.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, NpmError> + Send + 'static,
    ) -> Result<T, NpmError> {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move || {
            if !sender.is_canceled() {
                let _nobody_waits = sender.send(work());
            }
        });
        self.jobs.send(job).map_err(|_| NpmError::ShutDown)?;
        receiver.await.map_err(|_| NpmError::ShutDown)?
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pool")
    }
}

fn next(queue: &Mutex<Receiver<Job>>) -> Option<Job> {
    let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    queue.recv().ok()
}
