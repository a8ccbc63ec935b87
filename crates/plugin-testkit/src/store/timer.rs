//! An end to waiting, without a runtime.

use std::future::Future;
use std::pin::pin;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, select};

/// How long a store may take for what should be there at once.
const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 10 });

/// What comes of `future`, unless it takes too long.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> Option<T> {
    let (late, is_late) = oneshot::channel();
    let (done, is_done) = mpsc::channel::<()>();
    let timer = thread::spawn(move || {
        if is_done.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _nobody_waits = late.send(());
        }
    });
    let result = match select(pin!(future), is_late).await {
        Either::Left((result, _)) => Some(result),
        Either::Right(_) => None,
    };
    drop(done);
    let _panicked = timer.join();
    result
}
