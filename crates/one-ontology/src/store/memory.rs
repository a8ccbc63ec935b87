//! The reference: what every other store is compared with.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use futures::Stream;
use futures::stream::BoxStream;

use super::sync::{Arc, Mutex, MutexGuard, PoisonError};
use crate::search::{HitId, Index};
use crate::{
    BudgetKey, BudgetState, ChangeSet, Connection, ConnectionId, ConnectionQuery, Decision,
    Directory, Embedding, End, Event, EventQuery, Found, Group, GroupId, Head, Hit, IdempotencyKey,
    Knowledge, KnowledgeId, KnowledgeQuery, Membership, Needs, Page, Person, PersonId, PersonQuery,
    Place, Query, Receipt, Row, RowId, Scope, SearchQuery, Seq, Store, StoreError, Thing, ThingId,
    ThingQuery, decide,
};

/// Keeps everything in memory, for tests and for what need not last.
///
/// Clones share what they keep.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    shared: Arc<Mutex<Places>>,
}

#[derive(Debug, Default)]
struct Places {
    places: BTreeMap<Place, Facts>,
    watchers: BTreeMap<Place, Vec<Waker>>,
}

/// What one place has.
#[derive(Debug, Default)]
struct Facts {
    group: Option<Group>,
    people: BTreeMap<PersonId, Person>,
    memberships: BTreeMap<PersonId, Membership>,
    things: BTreeMap<ThingId, Thing>,
    knowledge: BTreeMap<KnowledgeId, Knowledge>,
    connections: BTreeMap<ConnectionId, Connection>,
    events: Vec<Event>,
    budgets: BTreeMap<BudgetKey, BudgetState>,
    receipts: BTreeMap<IdempotencyKey, Receipt>,
    /// As the rows were when the place was last searched.
    index: Index,
    /// What was written since; so a commit does not pay for searches that may never come.
    unindexed: BTreeSet<HitId>,
}

impl MemoryStore {
    /// A store with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    // A panic while the lock was held has left whole rows behind: every write below is one
    // assignment after everything was decided.
    fn lock(&self) -> MutexGuard<'_, Places> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, scope: &Scope, read: impl FnOnce(&Facts) -> T) -> T {
        let places = self.lock();
        match places.places.get(&scope.place()) {
            Some(facts) => read(facts),
            None => read(&Facts::default()),
        }
    }

    fn list<'a, Q: Query>(
        query: &Q,
        rows: impl Iterator<Item = &'a Q::Row>,
        matches: impl Fn(&Q::Row) -> bool,
    ) -> Result<Page<Q::Row>, StoreError>
    where
        Q::Row: Clone + 'a,
    {
        let after = query.position()?;
        let mut rows: Vec<(Q::Position, &Q::Row)> = rows
            .filter(|row| matches(row))
            .map(|row| (Q::position_of(row), row))
            .filter(|(position, _)| after.as_ref().is_none_or(|after| position > after))
            .collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        rows.truncate(query.limit().get() + 1);
        Ok(query.page(rows.into_iter().map(|(_, row)| row.clone()).collect()))
    }
}

impl Places {
    fn find(&self, needs: &Needs) -> Found {
        let none = Facts::default();
        let facts = self.places.get(&needs.place).unwrap_or(&none);
        let global = self.places.get(&Place::Global).unwrap_or(&none);
        Found {
            receipt: needs
                .key
                .as_ref()
                .and_then(|key| facts.receipts.get(key).cloned()),
            group: facts.group.clone(),
            head: facts.events.last().map(Event::head),
            rows: needs
                .rows
                .iter()
                .filter_map(|id| Some((*id, facts.row(*id)?)))
                .collect(),
            ends: needs
                .ends
                .iter()
                .filter_map(|end| {
                    let End::Thing(id) = end else { return None };
                    let thing = facts.things.get(id).or_else(|| global.things.get(id))?;
                    Some((*end, thing.clone()))
                })
                .collect(),
            connections: needs
                .connections
                .iter()
                .filter_map(|id| Some((*id, facts.connections.get(id)?.clone())))
                .collect(),
            matches: needs
                .absent
                .iter()
                .map(|query| facts.things.values().any(|thing| query.matches(thing)))
                .collect(),
            budgets: needs
                .budgets
                .iter()
                .filter_map(|key| Some((key.clone(), facts.budgets.get(key)?.clone())))
                .collect(),
            covered: needs
                .covered
                .and_then(|seq| facts.from(seq).map(Event::head)),
        }
    }
}

impl Facts {
    fn row(&self, id: RowId) -> Option<Row> {
        match id {
            RowId::Group(id) => self.group.clone().filter(|g| g.id == id).map(Row::Group),
            RowId::Person(id) => self.people.get(&id).cloned().map(Row::Person),
            RowId::Membership(id) => self.memberships.get(&id).cloned().map(Row::Membership),
            RowId::Thing(id) => self.things.get(&id).cloned().map(Row::Thing),
            RowId::Knowledge(id) => self.knowledge.get(&id).cloned().map(Row::Knowledge),
        }
    }

    /// The first event at or behind a number.
    fn from(&self, seq: Seq) -> Option<&Event> {
        let before = self.events.partition_point(|event| event.seq < seq);
        self.events.get(before)
    }

    fn put(&mut self, row: Row) {
        match row {
            Row::Group(row) => self.group = Some(row),
            Row::Person(row) => drop(self.people.insert(row.id, row)),
            Row::Membership(row) => drop(self.memberships.insert(row.person, row)),
            Row::Thing(row) => {
                self.unindexed.insert(row.id.into());
                self.things.insert(row.id, row);
            }
            Row::Knowledge(row) => {
                self.unindexed.insert(row.id.into());
                self.knowledge.insert(row.id, row);
            }
        }
    }

    /// The index, knowing every row.
    fn index(&mut self) -> &Index {
        for id in std::mem::take(&mut self.unindexed) {
            match id {
                HitId::Thing(id) => self.things.get(&id).map(|row| self.index.put_thing(row)),
                HitId::Knowledge(id) => {
                    let row = self.knowledge.get(&id);
                    row.map(|row| self.index.put_knowledge(row))
                }
            };
        }
        &self.index
    }
}

#[async_trait]
impl Directory for MemoryStore {
    async fn group(&self, id: GroupId) -> Result<Option<Group>, StoreError> {
        let places = self.lock();
        let facts = places.places.get(&Place::Group(id));
        Ok(facts.and_then(|facts| facts.group.clone()))
    }

    async fn membership(
        &self,
        person: PersonId,
        place: Place,
    ) -> Result<Option<Membership>, StoreError> {
        let places = self.lock();
        let facts = places.places.get(&place);
        Ok(facts.and_then(|facts| facts.memberships.get(&person).cloned()))
    }

    async fn descendants(&self, group: GroupId) -> Result<Vec<GroupId>, StoreError> {
        let places = self.lock();
        let groups: Vec<&Group> = places
            .places
            .values()
            .filter_map(|facts| facts.group.as_ref())
            .collect();
        let mut below: Vec<GroupId> = Vec::new();
        let mut layer = vec![group];
        while !layer.is_empty() {
            let next: Vec<GroupId> = groups
                .iter()
                .filter(|g| g.parent.is_some_and(|parent| layer.contains(&parent)))
                .map(|g| g.id)
                .filter(|id| *id != group && !below.contains(id))
                .collect();
            below.extend(&next);
            layer = next;
        }
        Ok(below)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, changes: ChangeSet) -> Result<Receipt, StoreError> {
        let mut places = self.lock();
        let effects = match decide(&changes, &places.find(&changes.needs()))? {
            Decision::Write(effects) => effects,
            Decision::Replay(receipt) => return Ok(receipt),
        };
        let facts = places.places.entry(changes.place()).or_default();
        effects.rows.into_iter().for_each(|row| facts.put(row));
        for connection in effects.connections {
            facts.connections.insert(connection.id, connection);
        }
        facts.budgets.extend(effects.budgets);
        if let Some(last) = effects.prune_to {
            facts.events.retain(|event| event.seq > last);
        }
        facts.events.extend(effects.events);
        if let Some(key) = changes.key() {
            facts.receipts.insert(key.clone(), effects.receipt.clone());
        }
        let watchers = places.watchers.remove(&changes.place());
        // A waker may run its task at once, which then wants the lock.
        drop(places);
        watchers.into_iter().flatten().for_each(Waker::wake);
        Ok(effects.receipt)
    }

    async fn thing(&self, scope: &Scope, id: ThingId) -> Result<Option<Thing>, StoreError> {
        Ok(self.read(scope, |facts| facts.things.get(&id).cloned()))
    }

    async fn things(&self, scope: &Scope, query: &ThingQuery) -> Result<Page<Thing>, StoreError> {
        self.read(scope, |facts| {
            Self::list(query, facts.things.values(), |thing| query.matches(thing))
        })
    }

    async fn connections(
        &self,
        scope: &Scope,
        query: &ConnectionQuery,
    ) -> Result<Page<Connection>, StoreError> {
        self.read(scope, |facts| {
            Self::list(query, facts.connections.values(), |row| query.matches(row))
        })
    }

    async fn events(&self, scope: &Scope, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        self.read(scope, |facts| {
            // They are in order: what is behind a number is found without looking at the others.
            let after = query
                .position()?
                .map_or(query.after, |at| at.max(query.after));
            let before = facts.events.partition_point(|event| event.seq <= after);
            let rows = facts.events.iter().skip(before);
            let rows = rows.filter(|event| query.matches(event)).cloned();
            Ok(query.page(rows.take(query.limit().get() + 1).collect()))
        })
    }

    async fn head(&self, scope: &Scope) -> Result<Option<Head>, StoreError> {
        Ok(self.read(scope, |facts| facts.events.last().map(Event::head)))
    }

    async fn knowledge(
        &self,
        scope: &Scope,
        query: &KnowledgeQuery,
    ) -> Result<Page<Knowledge>, StoreError> {
        self.read(scope, |facts| {
            Self::list(query, facts.knowledge.values(), |row| query.matches(row))
        })
    }

    async fn knowledge_by_id(
        &self,
        scope: &Scope,
        id: KnowledgeId,
    ) -> Result<Option<Knowledge>, StoreError> {
        Ok(self.read(scope, |facts| facts.knowledge.get(&id).cloned()))
    }

    async fn people(&self, scope: &Scope, query: &PersonQuery) -> Result<Page<Person>, StoreError> {
        self.read(scope, |facts| {
            Self::list(query, facts.people.values(), |_| true)
        })
    }

    async fn person(&self, scope: &Scope, id: PersonId) -> Result<Option<Person>, StoreError> {
        Ok(self.read(scope, |facts| facts.people.get(&id).cloned()))
    }

    async fn search(&self, scope: &Scope, query: &SearchQuery) -> Result<Vec<Hit>, StoreError> {
        let (search, vectors) = {
            let mut places = self.lock();
            let Some(facts) = places.places.get_mut(&scope.place()) else {
                return Ok(Vec::new());
            };
            let search = facts.index().search(query);
            let vector = |id| Some((id, facts.knowledge.get(&id)?.embedding.clone()?));
            let wanted = search.wanted().iter().copied();
            let vectors: Vec<(KnowledgeId, Embedding)> = wanted.filter_map(vector).collect();
            (search, vectors)
        };
        // Comparing needs no lock.
        Ok(search.finish(vectors))
    }

    async fn budget(
        &self,
        scope: &Scope,
        key: &BudgetKey,
    ) -> Result<Option<BudgetState>, StoreError> {
        Ok(self.read(scope, |facts| facts.budgets.get(key).cloned()))
    }

    fn watch(&self, scope: &Scope, after: Seq) -> BoxStream<'static, Result<Event, StoreError>> {
        Box::pin(Watch {
            store: self.clone(),
            place: scope.place(),
            after,
            failed: false,
        })
    }
}

struct Watch {
    store: MemoryStore,
    place: Place,
    after: Seq,
    failed: bool,
}

impl Stream for Watch {
    type Item = Result<Event, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.failed {
            return Poll::Ready(None);
        }
        let found = {
            let mut places = self.store.lock();
            let event = places
                .places
                .get(&self.place)
                .and_then(|facts| facts.from(self.after.next()).cloned());
            if event.is_none() {
                let watchers = places.watchers.entry(self.place).or_default();
                watchers.retain(|waker| !waker.will_wake(context.waker()));
                watchers.push(context.waker().clone());
            }
            event
        };
        match found {
            Some(event) => {
                let item = event.next_after(self.after);
                match &item {
                    Ok(event) => self.after = event.seq,
                    Err(_) => self.failed = true,
                }
                Poll::Ready(Some(item))
            }
            None => Poll::Pending,
        }
    }
}
