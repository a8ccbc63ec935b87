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
}

impl Watch {
    pub(super) const fn new(store: FaultyStore, place: Place, after: Seq) -> Self {
        Self {
            store,
            place,
            after,
        }
    }
}

impl Stream for Watch {
    type Item = Result<Event, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let found = {
            let all = self.store.is(Fault::DropsScopeOfWatch);
            let mut state = self.store.lock();
            let mut events = state.facts.chain(self.place, all);
            let event = events.find(|event| event.seq > self.after).cloned();
            drop(events);
            if event.is_none() {
                state.watchers.push(context.waker().clone());
            }
            event
        };
        match found {
            Some(event) => {
                self.after = event.seq;
                Poll::Ready(Some(Ok(event)))
            }
            None if self.store.is(Fault::EndsWatches) => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}
