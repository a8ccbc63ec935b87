//! The events of an organisation, read once for many subscriptions.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use one_ontology::{Event, EventQuery, GroupId, Limit, Scope, Seq, Store, StoreError, ThingId};

use super::dispatch_report::Rest;
use crate::events::passed;
use crate::{Passed, Policy, Subscription};

/// How many events are read at a time.
const PAGE: u64 = 200;
/// How many pages are kept for the next subscription.
const KEPT: usize = 16;
/// How many events are looked at for one subscription in one dispatch.
const LOOKS: u32 = 10_000;

/// The events up to the head that the dispatch found.
pub(super) struct Pages<'a> {
    store: &'a dyn Store,
    scope: &'a Scope,
    head: Seq,
    kept: VecDeque<(u64, Arc<Chunk>)>,
}

struct Chunk {
    events: Vec<Arc<Event>>,
    /// Behind which to look on.
    next: Seq,
}

/// What there is for one subscription.
pub(super) struct Queue {
    /// To be delivered, in order.
    pub(super) events: Vec<Arc<Event>>,
    /// Everything up to this one needs nothing.
    pub(super) looked: Seq,
    pub(super) own: usize,
    pub(super) too_deep: usize,
    pub(super) pruned: u64,
    pub(super) rest: Rest,
}

impl Queue {
    /// Nothing, behind `at`.
    pub(super) const fn empty(at: Seq) -> Self {
        Self {
            events: Vec::new(),
            looked: at,
            own: 0,
            too_deep: 0,
            pruned: 0,
            rest: Rest::Nothing,
        }
    }
}

impl<'a> Pages<'a> {
    pub(super) fn new(store: &'a dyn Store, scope: &'a Scope, head: Seq) -> Self {
        Self {
            store,
            scope,
            head,
            kept: VecDeque::new(),
        }
    }

    /// What is to be delivered to a subscription behind `from`, at most a batch.
    pub(super) async fn queue(
        &mut self,
        subscription: &Subscription,
        from: Seq,
        policy: &Policy,
    ) -> Result<Queue, StoreError> {
        let batch = policy.delivery_batch.max(1) as usize;
        let (mut queue, mut at, mut looks) = (Queue::empty(from), from, 0);
        'pages: while at < self.head {
            if looks >= LOOKS {
                queue.rest = Rest::More;
                break;
            }
            let chunk = self.chunk(at).await?;
            for event in chunk.events.iter().filter(|event| event.seq > from) {
                if queue.events.len() >= batch {
                    queue.rest = Rest::More;
                    break 'pages;
                }
                queue.pruned += gap(at, event.seq);
                at = event.seq;
                looks += 1;
                match passed(subscription, event, policy) {
                    None => queue.events.push(event.clone()),
                    Some(Passed::Own) => queue.own += 1,
                    Some(Passed::TooDeep) => queue.too_deep += 1,
                    Some(Passed::Elsewhere | Passed::Before | Passed::NotAsked) => {}
                }
            }
            queue.pruned += gap(at, chunk.next.next());
            at = at.max(chunk.next);
        }
        let first = queue.events.first().map(|first| first.seq.get());
        queue.looked = first.map_or(at, |first| Seq::new(first.saturating_sub(1)));
        Ok(queue)
    }

    /// The page that holds the event behind `at`.
    async fn chunk(&mut self, at: Seq) -> Result<Arc<Chunk>, StoreError> {
        let index = at.get() / PAGE;
        if let Some((_, chunk)) = self.kept.iter().find(|(it, _)| *it == index) {
            return Ok(chunk.clone());
        }
        let (start, end) = (index * PAGE, Seq::new((index + 1) * PAGE));
        let query = EventQuery {
            after: Seq::new(start),
            limit: Limit::new(u32::try_from(PAGE).unwrap_or(u32::MAX)),
            ..EventQuery::default()
        };
        let end = end.min(self.head);
        let found = self.store.events(self.scope, &query).await?.items;
        // Where all of it has left the store, the first that is there is further on.
        let first = found.first().map_or(self.head, |first| first.seq);
        let next = if first > end {
            Seq::new(first.get().saturating_sub(1)).min(self.head)
        } else {
            end
        };
        let events = found.into_iter().filter(|event| event.seq <= end);
        let events = events.map(Arc::new).collect();
        let chunk = Arc::new(Chunk { events, next });
        if self.kept.len() >= KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back((index, chunk.clone()));
        Ok(chunk)
    }
}

/// How many events are missing between two numbers.
fn gap(before: Seq, next: Seq) -> u64 {
    next.get().saturating_sub(before.get()).saturating_sub(1)
}

/// How far subscriptions have been looked through behind their cursors, so that the events that are
/// of no use to them are not read at each dispatch. Nothing is lost with it but time.
#[derive(Debug, Default)]
pub(crate) struct Hints(Mutex<BTreeMap<GroupId, Places>>);

/// By subscription: its cursor, its round, and up to where there is nothing for it.
type Places = BTreeMap<ThingId, (Seq, u64, Seq)>;

impl Hints {
    pub(super) fn of(&self, group: GroupId) -> Places {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&group).cloned().unwrap_or_default()
    }

    pub(super) fn keep(&self, group: GroupId, places: Places) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.is_empty() {
            kept.remove(&group);
        } else {
            kept.insert(group, places);
        }
    }
}

/// Behind which event to look for a subscription.
pub(super) fn start(places: &Places, subscription: &Subscription) -> Seq {
    let wanted = &subscription.properties;
    match places.get(&subscription.id) {
        Some((cursor, round, looked)) if (*cursor, *round) == (wanted.cursor, wanted.round) => {
            wanted.cursor.max(*looked)
        }
        _ => wanted.cursor,
    }
}
