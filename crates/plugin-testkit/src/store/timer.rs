//! An end to waiting, without a runtime.

use std::future::Future;
use std::pin::pin;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, select};

/// What comes of `future`, unless it takes longer than `patience`.
pub(crate) async fn within<T>(patience: Duration, future: impl Future<Output = T>) -> Option<T> {
    let (late, is_late) = oneshot::channel();
    let (done, is_done) = mpsc::channel::<()>();
    let timer = thread::spawn(move || {
        if is_done.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _nobody_waits = late.send(());
        }
    });
    // The timer first: when it wakes this task, the future must not get away with having been
    // ready without waking it.
    let result = match select(is_late, pin!(future)).await {
        Either::Left(_) => None,
        Either::Right((result, _)) => Some(result),
    };
    drop(done);
    let _panicked = timer.join();
    result
}
