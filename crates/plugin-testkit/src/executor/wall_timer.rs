//! A timer of real time, for fixtures.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use async_trait::async_trait;
use futures::channel::oneshot;
use one_ontology::{Clock as _, SystemClock, Timestamp};
use plugin_runtime_api::Timer;

/// Waits in real time, on one thread for everybody.
#[derive(Clone, Copy, Debug, Default)]
pub struct WallTimer;

type Sleeper = (Timestamp, oneshot::Sender<()>);

fn sleepers() -> mpsc::Sender<Sleeper> {
    static THREAD: OnceLock<Mutex<mpsc::Sender<Sleeper>>> = OnceLock::new();
    let sender = THREAD.get_or_init(|| {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || wake(&receiver));
        Mutex::new(sender)
    });
    sender
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

fn wake(receiver: &mpsc::Receiver<Sleeper>) {
    let mut sleeping: Vec<Sleeper> = Vec::new();
    loop {
        let now = SystemClock.now();
        let (due, later): (Vec<_>, _) = sleeping.into_iter().partition(|it| it.0 <= now);
        for (_, sleeper) in due {
            let _sleeps_no_more = sleeper.send(());
        }
        sleeping = later;
        sleeping.retain(|(_, sleeper)| !sleeper.is_canceled());
        let next = sleeping.iter().map(|it| it.0).min();
        let received = match next {
            Some(next) => receiver.recv_timeout(next.since(now)),
            None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match received {
            Ok(sleeper) => sleeping.push(sleeper),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[async_trait]
impl Timer for WallTimer {
    async fn sleep_until(&self, moment: Timestamp) {
        let (sender, woken) = oneshot::channel();
        sleepers()
            .send((moment, sender))
            .expect("the thread lives as long as the process");
        let _woken = woken.await;
    }
}
