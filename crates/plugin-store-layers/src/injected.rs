//! Failures, delays and crashes on purpose.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{BoxFuture, Either, FutureExt as _, Shared, select};
use futures::stream::{BoxStream, StreamExt as _};
use one_ontology::{Place, Store, StoreError};

use crate::forward::{Call, Events, Layer, forward, over};
use crate::{Method, Rows};

/// Does to a host what disks, servers and power failures do, in an order that can be repeated.
///
/// A crash ends this handle and its clones: the call that crashed, streams that are open and every
/// later call answer `Unavailable`. What was committed stays in [`Injected::inner`], from which the
/// test goes on as a new process would. After [`Fault::CrashAfter`] the change set of the commit *is*
/// there although its caller was given an error: nobody gets an answer from a process that has
/// died, so a test must take that error for silence. No other fault breaks the contract of the port.
///
/// Clones share the store below, the counts and the crash.
pub struct Injected<S: ?Sized> {
    shared: Arc<Injecting>,
    inner: Arc<S>,
}

/// One fault, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Injection {
    fault: Fault,
    at: At,
    on: Option<Method>,
    place: Option<Place>,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// The call answers with this error, and the store below is not asked.
    Fail(StoreError),
    /// The store below is asked so much later.
    Delay(Duration),
    /// The answer of the store below is handed on so much later.
    Linger(Duration),
    /// The process dies before the store below is asked.
    CrashBefore,
    /// The process dies when the store below has answered: a commit that it did is there.
    CrashAfter,
}

/// Which of the calls that an injection counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum At {
    /// This one only, from 1.
    Nth(u64),
    /// Each that is a multiple of this; none if zero.
    Every(u64),
    /// So many of a thousand, as drawn from this seed: the same ones for the same seed.
    Chance {
        /// Where the draws come from.
        seed: u64,
        /// How many, 0 to 1000.
        in_a_thousand: u16,
    },
}

impl At {
    /// Whether the `nth` call (from 1) is one of them.
    #[must_use]
    pub const fn is(self, nth: u64) -> bool {
        match self {
            Self::Nth(this) => nth == this,
            Self::Every(step) => step != 0 && nth.is_multiple_of(step),
            Self::Chance {
                seed,
                in_a_thousand,
            } => draw(seed, nth) % 1000 < in_a_thousand as u64,
        }
    }
}

/// The `nth` number of SplitMix64.
const fn draw(seed: u64, nth: u64) -> u64 {
    let mut mixed = seed.wrapping_add(nth.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Injection {
    /// A fault at some of all calls.
    #[must_use]
    pub const fn new(fault: Fault, at: At) -> Self {
        Self {
            fault,
            at,
            on: None,
            place: None,
        }
    }

    /// Counts calls of this method only.
    #[must_use]
    pub const fn on(mut self, method: Method) -> Self {
        self.on = Some(method);
        self
    }

    /// Counts calls for this place only; `Directory::group` and `descendants` are for none.
    #[must_use]
    pub const fn for_place(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    fn counts(&self, call: Call) -> bool {
        self.on.is_none_or(|method| method == call.method)
            && self.place.is_none_or(|place| call.place == Some(place))
    }
}

struct Injecting {
    injections: Vec<(Injection, AtomicU64)>,
    calls: AtomicU64,
    // Taken by the first crash.
    kill: Mutex<Option<oneshot::Sender<()>>>,
    killed: Shared<oneshot::Receiver<()>>,
    on_crash: Option<Box<dyn Fn() + Send + Sync>>,
}

impl<S: Store> Injected<S> {
    /// A store with these faults.
    pub fn new(inner: S, injections: impl IntoIterator<Item = Injection>) -> Self {
        Self::over(Arc::new(inner), injections)
    }
}

impl<S: Store + ?Sized> Injected<S> {
    /// A store that is shared, also an `Arc<dyn Store>`, with these faults.
    pub fn over(inner: Arc<S>, injections: impl IntoIterator<Item = Injection>) -> Self {
        Self::made(inner, injections, None)
    }

    /// As [`Injected::over`]; a crash first calls `on_crash`, which may end the process
    /// (`std::process::abort`).
    pub fn crashing(
        inner: Arc<S>,
        injections: impl IntoIterator<Item = Injection>,
        on_crash: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self::made(inner, injections, Some(Box::new(on_crash)))
    }

    fn made(
        inner: Arc<S>,
        injections: impl IntoIterator<Item = Injection>,
        on_crash: Option<Box<dyn Fn() + Send + Sync>>,
    ) -> Self {
        let (kill, killed) = oneshot::channel();
        let injections = injections.into_iter();
        Self {
            shared: Arc::new(Injecting {
                injections: injections.map(|one| (one, AtomicU64::new(0))).collect(),
                calls: AtomicU64::new(0),
                kill: Mutex::new(Some(kill)),
                killed: killed.shared(),
                on_crash,
            }),
            inner,
        }
    }

    /// How many calls there were.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.shared.calls.load(Ordering::Relaxed)
    }

    /// Whether it has crashed.
    #[must_use]
    pub fn has_crashed(&self) -> bool {
        self.shared.has_crashed()
    }

    /// Crashes now, between two calls.
    pub fn crash(&self) {
        self.shared.crash();
    }
}

impl Injecting {
    /// Which faults this call meets.
    fn faults(&self, call: Call) -> Vec<Fault> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let counted = self.injections.iter().filter(|(one, _)| one.counts(call));
        counted
            .filter(|(one, count)| one.at.is(count.fetch_add(1, Ordering::Relaxed) + 1))
            .map(|(one, _)| one.fault.clone())
            .collect()
    }

    fn kill(&self) -> std::sync::MutexGuard<'_, Option<oneshot::Sender<()>>> {
        self.kill.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_crashed(&self) -> bool {
        self.kill().is_none()
    }

    fn crash(&self) -> StoreError {
        if let Some(on_crash) = &self.on_crash {
            on_crash();
        }
        let kill = self.kill().take();
        if let Some(kill) = kill {
            let _nobody_watches = kill.send(());
        }
        crashed()
    }

    /// What comes before the store below is asked.
    async fn before(&self, faults: &[Fault]) -> Result<(), StoreError> {
        if self.has_crashed() {
            return Err(crashed());
        }
        for fault in faults {
            match fault {
                Fault::Delay(time) => futures_timer::Delay::new(*time).await,
                Fault::CrashBefore => return Err(self.crash()),
                Fault::Fail(error) => return Err(error.clone()),
                Fault::Linger(_) | Fault::CrashAfter => {}
            }
        }
        // It may have happened during a delay.
        if self.has_crashed() {
            return Err(crashed());
        }
        Ok(())
    }

    /// What comes after it has answered.
    async fn after(&self, faults: &[Fault]) -> Result<(), StoreError> {
        for fault in faults {
            match fault {
                Fault::Linger(time) => futures_timer::Delay::new(*time).await,
                Fault::CrashAfter => return Err(self.crash()),
                Fault::Fail(_) | Fault::Delay(_) | Fault::CrashBefore => {}
            }
        }
        Ok(())
    }
}

fn crashed() -> StoreError {
    StoreError::Unavailable {
        reason: "a crash was injected, so whoever asked is taken for dead".to_owned(),
    }
}

impl<S: ?Sized> Clone for Injected<S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<S: Store + ?Sized> fmt::Debug for Injected<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Injected")
            .field("inner", &self.inner)
            .field("injections", &self.shared.injections)
            .field("calls", &self.calls())
            .field("has_crashed", &self.has_crashed())
            .finish_non_exhaustive()
    }
}

over!(Injected);
forward!(Injected);

impl<S: Store + ?Sized> Layer for Injected<S> {
    type Inner = S;

    fn store(&self) -> &S {
        &self.inner
    }

    async fn around<'a, T: Rows + Send + 'a>(
        &'a self,
        call: Call,
        asked: BoxFuture<'a, Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let faults = self.shared.faults(call);
        self.shared.before(&faults).await?;
        let answer = asked.await;
        self.shared.after(&faults).await?;
        answer
    }

    fn along(&self, call: Call, events: Events) -> Events {
        let (shared, killed) = (Arc::clone(&self.shared), self.shared.killed.clone());
        let faults = shared.faults(call);
        let opening = async move {
            let opened = match shared.before(&faults).await {
                Ok(()) => shared.after(&faults).await,
                refused => refused,
            };
            match opened {
                Ok(()) => until(events, killed),
                Err(error) => futures::stream::iter([Err(error)]).boxed(),
            }
        };
        opening.flatten_stream().boxed()
    }
}

/// The events until the crash, which is told last.
fn until(events: Events, killed: Shared<oneshot::Receiver<()>>) -> Events {
    let next = |open: Option<(BoxStream<'static, _>, Shared<_>)>| async move {
        let (mut events, killed) = open?;
        let next = match select(killed.clone(), events.next()).await {
            Either::Left(_) => Err(crashed()),
            Either::Right((next, _)) => next?,
        };
        let open = next.is_ok().then_some((events, killed));
        Some((next, open))
    };
    futures::stream::unfold(Some((events, killed)), next).boxed()
}
