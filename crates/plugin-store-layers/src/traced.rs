//! A span for each call.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::Stream;
use futures::future::BoxFuture;
use one_ontology::{Event, Store, StoreError};
use tracing::{Instrument as _, Span};

use crate::forward::{Call, Events, Layer, forward, over};
use crate::{Method, Rows};

/// Opens a `tracing` span around every call.
///
/// The spans are named `store.` and the method (`store.commit`, `store.thing`, ...), of level `DEBUG`
/// and target `plugin_store_layers`. Their fields:
///
/// | field | it is |
/// |---|---|
/// | `place` | `global` or `group:<uuid>`; not there for reads of the directory by group |
/// | `rows` | how many rows came back; of a commit, its events; of a watch, the events so far |
/// | `error` | the tag of the error, where there is one; never its words |
///
/// What is asked and what comes back is never recorded: neither ids of rows, nor names, texts,
/// properties or the reasons of errors. A span that closes without `rows` and `error` belongs to a
/// call that was given up.
///
/// Clones share the store below.
pub struct Traced<S: ?Sized> {
    inner: Arc<S>,
}

impl<S: Store> Traced<S> {
    /// Spans around a store.
    pub fn new(inner: S) -> Self {
        Self::over(Arc::new(inner))
    }
}

impl<S: Store + ?Sized> Traced<S> {
    /// Spans around a store that is shared, also around an `Arc<dyn Store>`.
    pub const fn over(inner: Arc<S>) -> Self {
        Self { inner }
    }
}

impl<S: ?Sized> Clone for Traced<S> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<S: Store + ?Sized> fmt::Debug for Traced<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traced")
            .field("inner", &self.inner)
            .finish()
    }
}

over!(Traced);
forward!(Traced);

// The name of a span is part of where it stands in the source, so each method has its own.
macro_rules! span {
    ($call:expr, $($method:ident $name:literal)*) => {
        match $call.method {
            $(Method::$method => tracing::debug_span!(
                target: "plugin_store_layers",
                $name,
                place = $call.place.map(tracing::field::display),
                rows = tracing::field::Empty,
                error = tracing::field::Empty,
            ),)*
        }
    };
}

fn span(call: Call) -> Span {
    span!(call,
        Commit "store.commit"
        Thing "store.thing"
        Things "store.things"
        Connections "store.connections"
        Events "store.events"
        Head "store.head"
        Knowledge "store.knowledge"
        KnowledgeById "store.knowledge_by_id"
        People "store.people"
        Person "store.person"
        Search "store.search"
        Budget "store.budget"
        Watch "store.watch"
        Group "store.group"
        Membership "store.membership"
        Descendants "store.descendants"
    )
}

impl<S: Store + ?Sized> Layer for Traced<S> {
    type Inner = S;

    fn store(&self) -> &S {
        &self.inner
    }

    async fn around<'a, T: Rows + Send + 'a>(
        &'a self,
        call: Call,
        asked: BoxFuture<'a, Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let span = span(call);
        let answer = asked.instrument(span.clone()).await;
        match &answer {
            Ok(answer) => span.record("rows", answer.rows()),
            Err(error) => span.record("error", error.tag()),
        };
        answer
    }

    fn along(&self, call: Call, events: Events) -> Events {
        Box::pin(Along {
            span: span(call),
            events,
            rows: 0,
        })
    }
}

/// Is in its span while it is polled; the span closes with the stream.
struct Along {
    span: Span,
    events: Events,
    rows: u64,
}

impl Stream for Along {
    type Item = Result<Event, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let span = self.span.clone();
        let next = span.in_scope(|| self.events.as_mut().poll_next(context));
        match &next {
            Poll::Ready(Some(Ok(_))) => {
                self.rows += 1;
                span.record("rows", self.rows);
            }
            Poll::Ready(Some(Err(error))) => {
                span.record("error", error.tag());
            }
            Poll::Ready(None) | Poll::Pending => {}
        }
        next
    }
}
