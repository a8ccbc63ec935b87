//! Events as they come, more or less.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Stream;
use one_ontology::{Event, Place, Seq, StoreError};

use super::{Fault, FaultyStore};

pub(super) struct Watch {
    store: FaultyStore,
    place: Place,
    after: Seq,
    again: Option<Event>,
}

impl Watch {
    pub(super) const fn new(store: FaultyStore, place: Place, after: Seq) -> Self {
        Self {
            store,
            place,
            after,
            again: None,
        }
    }
}

impl Stream for Watch {
    type Item = Result<Event, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(event) = self.again.take() {
            return Poll::Ready(Some(Ok(event)));
        }
        let found = {
            let all = self.store.is(Fault::DropsScopeOfWatch);
            let mut state = self.store.lock();
            let event = {
                let events = state.facts.chain(self.place, all);
                let mut waiting = events.filter(|event| event.seq > self.after);
                // The last is what a bell would tell of that knows the newest only.
                if self.store.is(Fault::SkipsWaitingEvents) {
                    waiting.last().cloned()
                } else {
                    waiting.next().cloned()
                }
            };
            if event.is_none() {
                state.watchers.push(context.waker().clone());
            }
            event
        };
        match found {
            Some(event) => {
                self.after = event.seq;
                if self.store.is(Fault::WatchesTwice) {
                    self.again = Some(event.clone());
                }
                Poll::Ready(Some(Ok(event)))
            }
            None if self.store.is(Fault::EndsWatches) => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}
