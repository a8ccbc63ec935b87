//! Figures for each call.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use one_ontology::{Clock, Store, StoreError, Timestamp};

use crate::forward::{Call, Events, Layer, forward, over};
use crate::{Method, Rows};

/// Tells a [`Sink`] of every call: which method, how it ended, how many rows, how long it took.
///
/// Places are not told: a figure for each organisation has no bound, and says who does what.
///
/// Clones share the store below and the sink.
pub struct Metered<S: ?Sized> {
    sink: Arc<dyn Sink>,
    clock: Arc<dyn Clock>,
    inner: Arc<S>,
}

/// Where figures go: to [`Tally`], or to whatever the host measures with.
pub trait Sink: fmt::Debug + Send + Sync + 'static {
    /// A call has ended. Called on the task that asked: it must neither block nor panic.
    fn called(&self, measured: &Measured);
}

/// One call that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// What was asked. Each event of a watch counts as a call that took no time.
    pub method: Method,
    /// How it ended.
    pub ending: Ending,
    /// How many rows came back; of a commit, its events.
    pub rows: u64,
    /// From the first poll to the answer, by the clock given; zero if that clock went backwards.
    pub took: Duration,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// With an answer.
    Done,
    /// With an error of this tag.
    Failed(&'static str),
    /// The caller gave it up.
    Dropped,
}

impl<S: Store> Metered<S> {
    /// Figures of a store.
    pub fn new(inner: S, sink: Arc<dyn Sink>, clock: Arc<dyn Clock>) -> Self {
        Self::over(Arc::new(inner), sink, clock)
    }
}

impl<S: Store + ?Sized> Metered<S> {
    /// Figures of a store that is shared, also of an `Arc<dyn Store>`.
    pub fn over(inner: Arc<S>, sink: Arc<dyn Sink>, clock: Arc<dyn Clock>) -> Self {
        Self { sink, clock, inner }
    }
}

impl<S: ?Sized> Clone for Metered<S> {
    fn clone(&self) -> Self {
        Self {
            sink: Arc::clone(&self.sink),
            clock: Arc::clone(&self.clock),
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<S: Store + ?Sized> fmt::Debug for Metered<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metered")
            .field("inner", &self.inner)
            .field("sink", &self.sink)
            .finish_non_exhaustive()
    }
}

over!(Metered);
forward!(Metered);

/// Tells the sink when it goes, whatever has become of the call by then.
struct Running<'a> {
    sink: &'a dyn Sink,
    clock: &'a dyn Clock,
    began: Timestamp,
    measured: Measured,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.measured.took = self.clock.now().since(self.began);
        self.sink.called(&self.measured);
    }
}

impl<S: Store + ?Sized> Layer for Metered<S> {
    type Inner = S;

    fn store(&self) -> &S {
        &self.inner
    }

    async fn around<'a, T: Rows + Send + 'a>(
        &'a self,
        call: Call,
        asked: BoxFuture<'a, Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let mut running = Running {
            sink: self.sink.as_ref(),
            clock: self.clock.as_ref(),
            began: self.clock.now(),
            measured: Measured {
                method: call.method,
                ending: Ending::Dropped,
                rows: 0,
                took: Duration::ZERO,
            },
        };
        let answer = asked.await;
        match &answer {
            Ok(answer) => {
                running.measured.ending = Ending::Done;
                running.measured.rows = answer.rows();
            }
            Err(error) => running.measured.ending = Ending::Failed(error.tag()),
        }
        answer
    }

    fn along(&self, call: Call, events: Events) -> Events {
        let sink = Arc::clone(&self.sink);
        events
            .inspect(move |next| {
                let (ending, rows) = match next {
                    Ok(_) => (Ending::Done, 1),
                    Err(error) => (Ending::Failed(error.tag()), 0),
                };
                sink.called(&Measured {
                    method: call.method,
                    ending,
                    rows,
                    took: Duration::ZERO,
                });
            })
            .boxed()
    }
}

/// A sink that counts.
#[derive(Debug, Default)]
pub struct Tally {
    figures: Mutex<BTreeMap<(Method, Ending), Figures>>,
}

/// What a [`Tally`] has counted of one method and ending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// How many calls.
    pub calls: u64,
    /// How many rows they gave together.
    pub rows: u64,
    /// How long they took together.
    pub took: Duration,
    /// How long the longest took.
    pub longest: Duration,
}

impl Tally {
    /// A sink that has counted nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What has been counted so far.
    #[must_use]
    pub fn figures(&self) -> BTreeMap<(Method, Ending), Figures> {
        self.figures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Sink for Tally {
    fn called(&self, measured: &Measured) {
        let mut figures = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        let of = figures
            .entry((measured.method, measured.ending))
            .or_default();
        of.calls += 1;
        of.rows += measured.rows;
        of.took = of.took.saturating_add(measured.took);
        of.longest = of.longest.max(measured.took);
    }
}
