//! The one thread that talks to the network, so that any executor can await the store.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::task::{Context, Poll};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, select};
use one_ontology::StoreError;
use tokio::runtime::Handle;

/// Where connections live: a runtime of the store's own, or the host's.
#[derive(Debug)]
pub(crate) struct Background {
    handle: Handle,
    own: Mutex<Option<Own>>,
}

#[derive(Debug)]
struct Own {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// How long connections get to say goodbye.
const GOODBYE: Duration = Duration::from_millis(200);

impl Background {
    /// A runtime on a thread of its own.
    pub(crate) fn own() -> Result<Self, StoreError> {
        let no_thread = |error: std::io::Error| StoreError::Unavailable {
            reason: format!("no thread: {error}"),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(no_thread)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = Builder::new()
            .name("store-postgres".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    let _stopped = stopped.await;
                    let last = tokio::time::Instant::now() + GOODBYE;
                    while runtime.metrics().num_alive_tasks() > 0
                        && tokio::time::Instant::now() < last
                    {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                });
            })
            .map_err(no_thread)?;
        Ok(Self {
            handle,
            own: Mutex::new(Some(Own { stop, thread })),
        })
    }

    /// The host's runtime, which must run for as long as the store is used.
    pub(crate) const fn of_host(handle: Handle) -> Self {
        Self {
            handle,
            own: Mutex::new(None),
        }
    }

    /// Runs to its end, whoever waits for it or not.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        // Who starts it does not wait for it.
        drop(self.handle.spawn(future));
    }

    /// What comes of a future that needs the network or the clock.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.spawn(async move {
            let cancelled = reply.send(future.await);
            drop(cancelled);
        });
        answer.await.map_err(|_| ended())
    }

    /// What comes of work that takes its time, on a thread that waits for nobody's network.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        match self.handle.spawn_blocking(work).await {
            Ok(done) => Ok(done),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(ended()),
        }
    }

    /// Ends after a while, and with whoever waits for it.
    pub(crate) fn sleep(&self, time: Duration) -> Sleep {
        // Made on the runtime, whose clock it needs.
        Sleep(
            self.handle
                .spawn(async move { tokio::time::sleep(time).await }),
        )
    }

    /// What comes of a future, unless it takes longer.
    pub(crate) async fn within<T>(
        &self,
        time: Duration,
        future: impl Future<Output = T> + Send,
    ) -> Option<T> {
        match select(pin!(future), self.sleep(time)).await {
            Either::Left((result, _)) => Some(result),
            Either::Right(_) => None,
        }
    }
}

fn ended() -> StoreError {
    StoreError::Unavailable {
        reason: "the store's runtime has ended".to_owned(),
    }
}

/// A while on the runtime's clock, awaited anywhere.
#[derive(Debug)]
pub(crate) struct Sleep(tokio::task::JoinHandle<()>);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // An error means that the runtime has ended, and time with it.
        Pin::new(&mut self.0).poll(context).map(drop)
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let own = self.own.get_mut().ok().and_then(Option::take);
        if let Some(Own { stop, thread }) = own {
            let _ended = stop.send(());
            // Woken foreign code may drop the last handle on the thread itself.
            if thread.thread().id() != std::thread::current().id() {
                let _panicked = thread.join();
            }
        }
    }
}
