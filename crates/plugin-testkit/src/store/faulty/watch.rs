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
    failed: bool,
}

impl Watch {
    pub(super) const fn new(store: FaultyStore, place: Place, after: Seq) -> Self {
        Self {
            store,
            place,
            after,
            again: None,
            failed: false,
        }
    }
}

impl Stream for Watch {
    type Item = Result<Event, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(event) = self.again.take() {
            return Poll::Ready(Some(Ok(event)));
        }
        if self.failed && !self.store.is(Fault::WatchesAfterErrors) {
            return Poll::Ready(None);
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
                let leaps = [
                    Fault::DropsScopeOfWatch,
                    Fault::WatchesLate,
                    Fault::WatchesOverGaps,
                    Fault::SkipsWaitingEvents,
                ];
                let after = if leaps.iter().any(|leap| self.store.is(*leap)) {
                    event.seq
                } else {
                    self.after
                };
                let item = event.next_after(after);
                match &item {
                    Ok(event) => {
                        self.after = event.seq;
                        if self.store.is(Fault::WatchesTwice) {
                            self.again = Some(event.clone());
                        }
                    }
                    Err(_) => self.failed = true,
                }
                Poll::Ready(Some(item))
            }
            None if self.store.is(Fault::EndsWatches) => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}
