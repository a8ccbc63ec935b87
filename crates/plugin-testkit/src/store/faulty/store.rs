//! The store.

use std::cmp::Reverse;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use one_ontology::{
    Among, BudgetKey, BudgetState, ChangeSet, Connection, ConnectionQuery, Decision, Directory,
    Ended, Event, EventQuery, Group, GroupId, GroupStatus, Head, Hit, Knowledge, KnowledgeId,
    KnowledgeQuery, Limit, Membership, MembershipStatus, Page, Person, PersonId, PersonQuery,
    Place, Query, Receipt, Row, Scope, SearchQuery, Seq, Store, StoreError, Thing, ThingId,
    ThingQuery, ThingStatus,
};

use super::Fault;
use super::facts::Facts;
use super::watch::Watch;

/// A store in memory that does one thing wrong.
#[derive(Clone, Debug)]
pub struct FaultyStore {
    pub(super) fault: Fault,
    shared: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) facts: Facts,
    /// As it was before the last commit.
    earlier: Facts,
    /// As it was at the last search.
    indexed: Option<Facts>,
    pub(super) watchers: Vec<Waker>,
}

impl FaultyStore {
    /// A store with nothing in it and this fault.
    #[must_use]
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            shared: Arc::default(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn facts(&self) -> Facts {
        let state = self.lock();
        if self.is(Fault::ReadsLate) {
            state.earlier.clone()
        } else {
            state.facts.clone()
        }
    }

    /// A page of rows that match, in order of `key`.
    fn page<'a, Q: Query, K: Ord>(
        &self,
        query: &Q,
        rows: impl Iterator<Item = &'a Q::Row>,
        matches: impl Fn(&Q::Row) -> bool,
        key: impl Fn(&Q::Row) -> K,
    ) -> Result<Page<Q::Row>, StoreError>
    where
        Q::Row: Clone + 'a,
    {
        let after = match query.position() {
            Err(_) if self.is(Fault::IgnoresForeignCursors) => None,
            Err(_) if self.is(Fault::IgnoresMadeUpPositions) && Self::made_up(query) => None,
            position => position?,
        };
        let mut rows: Vec<&Q::Row> = rows.filter(|row| matches(row)).collect();
        rows.sort_by_key(|row| key(row));
        let mut rows: Vec<Q::Row> = rows
            .into_iter()
            .filter(|row| {
                let at = Q::position_of(row);
                after.as_ref().is_none_or(|after| {
                    at > *after || (self.is(Fault::RepeatsAtPages) && at == *after)
                })
            })
            .cloned()
            .collect();
        if after.is_some() && self.is(Fault::SkipsAtPages) && !rows.is_empty() {
            rows.remove(0);
        }
        if self.is(Fault::SkipsEqualNamesAtPages) {
            let first = |position: &Q::Position| {
                let value = serde_json::to_value(position).ok()?;
                value.get(0).cloned()
            };
            let last = after.as_ref().and_then(first);
            rows.retain(|row| last.is_none() || first(&Q::position_of(row)) != last);
        }
        if self.is(Fault::CapsPages) {
            rows.truncate(100);
        }
        let more = rows.get(query.limit().get()).cloned();
        if self.is(Fault::PromisesMore) && more.is_none() {
            rows.extend(rows.last().cloned());
        }
        let mut page = query.page(rows);
        if self.is(Fault::OverfillsPages) {
            page.items.extend(more);
        }
        Ok(page)
    }

    fn thing_matches(&self, query: &ThingQuery, thing: &Thing) -> bool {
        let mut query = query.clone();
        if self.is(Fault::ListsArchivedThings) && query.statuses.is_empty() {
            query.statuses = ThingStatus::ALL.to_vec();
        }
        if self.is(Fault::IgnoresCase)
            && let Some(name) = &mut query.name
            && name.to_lowercase() == thing.name.to_lowercase()
        {
            name.clone_from(&thing.name);
        }
        if self.is(Fault::ComparesPropertiesAsText) {
            for (name, value) in &mut query.properties {
                let text = |v: &serde_json::Value| v.to_string().replace('"', "");
                if let Some(found) = thing.properties.get(name)
                    && text(found) == text(value)
                {
                    *value = found.clone();
                }
            }
        }
        if self.is(Fault::IgnoresTypes) {
            query.types.clear();
        }
        if self.is(Fault::IgnoresStatuses) {
            query.statuses.clear();
        }
        if self.is(Fault::ListsOnlyTheActive) && query.statuses.is_empty() {
            query.statuses.push(ThingStatus::Active);
        }
        if self.is(Fault::ChecksOneProperty) {
            query.properties = query.properties.into_iter().take(1).collect();
        }
        if self.is(Fault::TakesMissingForNull) {
            let there = |name: &String| thing.properties.get(name).is_some();
            query
                .properties
                .retain(|name, value| !value.is_null() || there(name));
        }
        query.matches(thing)
    }

    /// Whether a cursor is of this query, and its position none.
    fn made_up(query: &impl Query) -> bool {
        let of = query
            .cursor()
            .and_then(|cursor| cursor.as_str().split_once('.'));
        of.is_some_and(|(fingerprint, _)| fingerprint == query.fingerprint())
    }
}

#[async_trait]
impl Directory for FaultyStore {
    async fn group(&self, id: GroupId) -> Result<Option<Group>, StoreError> {
        let group = self.facts().groups().find(|g| g.id == id).cloned();
        Ok(group.filter(|group| {
            !self.is(Fault::HidesArchivedGroups) || group.status == GroupStatus::Active
        }))
    }

    async fn membership(
        &self,
        person: PersonId,
        place: Place,
    ) -> Result<Option<Membership>, StoreError> {
        let facts = self.facts();
        let mut rows = facts.memberships(place, self.is(Fault::DropsScopeOfMembership));
        let found = rows.find(|m| m.person == person).cloned();
        Ok(found.filter(|m| {
            !self.is(Fault::HidesEndedMemberships) || m.status == MembershipStatus::Active
        }))
    }

    async fn descendants(&self, group: GroupId) -> Result<Vec<GroupId>, StoreError> {
        let facts = self.facts();
        if self.is(Fault::NeedsTheParent) && !facts.groups().any(|g| g.id == group) {
            return Ok(Vec::new());
        }
        let mut below: Vec<GroupId> = Vec::new();
        let mut layer = vec![group];
        let mut layers = 0;
        while !layer.is_empty() {
            let mut next: Vec<GroupId> = facts
                .groups()
                .filter(|g| g.parent.is_some_and(|parent| layer.contains(&parent)))
                .filter(|g| {
                    !self.is(Fault::LeavesOutArchivedGroups) || g.status == GroupStatus::Active
                })
                .map(|g| g.id)
                .filter(|id| *id != group && !below.contains(id))
                .collect();
            next.sort();
            below.extend(&next);
            layer = next;
            layers += 1;
            let most = match self.fault {
                Fault::ListsChildrenOnly => 1,
                Fault::ListsTwoLayers => 2,
                Fault::ListsFiftyLayers => 50,
                _ => usize::MAX,
            };
            if layers == most {
                break;
            }
        }
        if self.is(Fault::ListsItselfAsDescendant) {
            below.push(group);
        }
        if self.is(Fault::OrdersDescendantsById) {
            below.sort_by_key(|id| Reverse(*id));
        }
        Ok(below)
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn commit(&self, changes: ChangeSet) -> Result<Receipt, StoreError> {
        let mut state = self.lock();
        let found = state.facts.find(&changes.needs(), self.fault);
        if self.is(Fault::DecidesOutsideTheLock) {
            drop(state);
            std::thread::sleep(Duration::from_micros(300));
            state = self.lock();
        }
        let effects = match self.decide(&changes, &found) {
            Ok(Decision::Write(effects)) => effects,
            Ok(Decision::Replay(receipt)) => return Ok(receipt),
            Err(error) => {
                self.keep_of_refused(&mut state, &changes, found);
                return Err(error);
            }
        };
        state.earlier = state.facts.clone();
        if self.is(Fault::ShowsHalfACommit) && effects.rows.len() > 1 {
            let first: Vec<Row> = effects.rows.iter().take(1).cloned().collect();
            state.facts.rows.extend(first);
            drop(state);
            std::thread::sleep(Duration::from_millis(2));
            state = self.lock();
            state.facts.rows.pop();
        }
        if self.is(Fault::ShowsEventsFirst) {
            state.facts.events.extend(effects.events.iter().cloned());
            state.watchers.drain(..).for_each(Waker::wake);
            drop(state);
            std::thread::sleep(Duration::from_millis(2));
            state = self.lock();
            let before = state.facts.events.len() - effects.events.len();
            state.facts.events.truncate(before);
        }
        let receipt = state.facts.write(&changes, effects, self.fault);
        let wakes = match self.fault {
            Fault::NeverWakes => 0,
            Fault::WakesOne => state.watchers.len().min(1),
            _ => state.watchers.len(),
        };
        state.watchers.drain(..wakes).for_each(Waker::wake);
        Ok(receipt)
    }

    async fn thing(&self, scope: &Scope, id: ThingId) -> Result<Option<Thing>, StoreError> {
        let facts = self.facts();
        let own = facts.things(scope.place(), false).find(|row| row.id == id);
        let all = self.is(Fault::DropsScopeOfThing);
        let any = facts.things(scope.place(), all).find(|row| row.id == id);
        let hides = self.is(Fault::HidesArchivedThings);
        let found = own.or(any).cloned();
        Ok(found.filter(|row| !hides || row.status != ThingStatus::Archived))
    }

    async fn things(&self, scope: &Scope, query: &ThingQuery) -> Result<Page<Thing>, StoreError> {
        let all = match self.fault {
            Fault::DropsScopeOfThings => true,
            Fault::DropsScopeOfPackages => query.properties.contains_key("npm_package"),
            Fault::DropsScopeOfUrls => query.properties.contains_key("registry_url"),
            Fault::DropsScopeOfNames => query.name.is_some(),
            Fault::DropsScopeOfTypes => !query.types.is_empty(),
            _ => false,
        };
        let by_id = self.is(Fault::ListsThingsById);
        self.page(
            query,
            self.facts().things(scope.place(), all),
            |thing| self.thing_matches(query, thing),
            |thing| {
                let name = (!by_id).then(|| thing.name.clone());
                (name, thing.id)
            },
        )
    }

    async fn connections(
        &self,
        scope: &Scope,
        query: &ConnectionQuery,
    ) -> Result<Page<Connection>, StoreError> {
        let mut wide = query.clone();
        if self.is(Fault::ListsEndedConnections) {
            wide.ended = Ended::Listed;
        }
        match self.fault {
            Fault::IgnoresConnectionTypes => wide.types.clear(),
            Fault::IgnoresFrom => wide.from = None,
            Fault::IgnoresTo => wide.to = None,
            _ => {}
        }
        let all = self.is(Fault::DropsScopeOfConnections)
            || (self.is(Fault::DropsScopeOfEnds) && (query.from.is_some() || query.to.is_some()));
        self.page(
            query,
            self.facts().joins(scope.place(), all),
            |row| wide.matches(row),
            |row| row.id,
        )
    }

    async fn events(&self, scope: &Scope, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        let mut wide = query.clone();
        if self.is(Fault::IgnoresAfter) {
            wide.after = Seq::START;
        }
        match self.fault {
            Fault::IgnoresEventTypes => wide.types.clear(),
            Fault::IgnoresTargets => wide.target = None,
            _ => {}
        }
        let all = match self.fault {
            Fault::DropsScopeOfTargets => query.target.is_some(),
            Fault::DropsScopeOfEventTypes => !query.types.is_empty(),
            Fault::DropsScopeOfEvents => true,
            _ => false,
        };
        let reordered = self.is(Fault::ReordersEvents);
        let facts = self.facts();
        // What was appended in the wrong order is listed so.
        let position = |event: &Event| {
            if reordered {
                facts.events.iter().position(|e| e.id == event.id)
            } else {
                usize::try_from(event.seq.get()).ok()
            }
        };
        self.page(
            query,
            facts.chain(scope.place(), all),
            |row| wide.matches(row),
            position,
        )
    }

    async fn head(&self, scope: &Scope) -> Result<Option<Head>, StoreError> {
        let facts = self.facts();
        let all = self.is(Fault::DropsScopeOfHead);
        Ok(facts.chain(scope.place(), all).last().map(Event::head))
    }

    async fn knowledge(
        &self,
        scope: &Scope,
        query: &KnowledgeQuery,
    ) -> Result<Page<Knowledge>, StoreError> {
        let mut wide = query.clone();
        if self.is(Fault::ChecksOneLabel) {
            wide.labels.truncate(1);
        }
        match self.fault {
            Fault::IgnoresKnowledgeTypes => wide.types.clear(),
            Fault::IgnoresSources => wide.source = None,
            _ => {}
        }
        let archived_too = self.is(Fault::ListsArchivedKnowledge);
        let oldest = self.is(Fault::ListsOldestFirst);
        let all = match self.fault {
            Fault::DropsScopeOfKnowledge => true,
            Fault::DropsScopeOfLabels => !query.labels.is_empty(),
            Fault::DropsScopeOfSources => query.source.is_some(),
            _ => false,
        };
        self.page(
            query,
            self.facts().knowledge(scope.place(), all),
            |row| {
                let mut row = row.clone();
                row.archived_at = row.archived_at.filter(|_| !archived_too);
                wide.matches(&row)
            },
            |row| {
                let at = row.created_at.as_micros();
                (if oldest { at } else { -at }, row.id)
            },
        )
    }

    async fn knowledge_by_id(
        &self,
        scope: &Scope,
        id: KnowledgeId,
    ) -> Result<Option<Knowledge>, StoreError> {
        let all = self.is(Fault::DropsScopeOfKnowledgeById);
        let facts = self.facts();
        Ok(facts
            .knowledge(scope.place(), all)
            .find(|row| row.id == id)
            .filter(|row| !self.is(Fault::HidesArchivedKnowledge) || row.archived_at.is_none())
            .cloned())
    }

    async fn people(&self, scope: &Scope, query: &PersonQuery) -> Result<Page<Person>, StoreError> {
        let all = self.is(Fault::DropsScopeOfPeople);
        self.page(
            query,
            self.facts().people(scope.place(), all),
            |_| true,
            |row| (row.display_name.clone(), row.id),
        )
    }

    async fn person(&self, scope: &Scope, id: PersonId) -> Result<Option<Person>, StoreError> {
        let all = self.is(Fault::DropsScopeOfPerson);
        let facts = self.facts();
        Ok(facts
            .people(scope.place(), all)
            .find(|row| row.id == id)
            .cloned())
    }

    async fn search(&self, scope: &Scope, query: &SearchQuery) -> Result<Vec<Hit>, StoreError> {
        let mut facts = self.facts();
        if self.is(Fault::IndexesAfterSearching) {
            let indexed = self.lock().indexed.replace(facts.clone());
            facts = indexed.unwrap_or(facts);
        }
        if self.is(Fault::IndexesOnce) {
            // Only the first writing of each row is in the index.
            let rows = std::mem::take(&mut facts.rows);
            for row in rows {
                if !facts
                    .rows
                    .iter()
                    .any(|r| (r.id(), r.place()) == (row.id(), row.place()))
                {
                    facts.rows.push(row);
                }
            }
        }
        let mut query = query.clone();
        let any = match &query.among {
            Among::Things { .. } => Among::Things { types: Vec::new() },
            Among::Knowledge { .. } => Among::default(),
        };
        if self.is(Fault::SearchesAmongAll) {
            query.among = any.clone();
        }
        let candidates =
            |query: &SearchQuery, all| self.candidates(&facts, scope.place(), query, all);
        let found = candidates(
            &query,
            match self.fault {
                Fault::DropsScopeOfSearch => true,
                Fault::DropsScopeOfVectors => query.embedding.is_some(),
                Fault::DropsScopeOfThingSearch => matches!(query.among, Among::Things { .. }),
                _ => false,
            },
        );
        let counted = if self.is(Fault::CountsWhatIsNotMeant) {
            let among = any;
            candidates(
                &SearchQuery {
                    among,
                    ..query.clone()
                },
                false,
            )
            .len()
        } else {
            candidates(&query, self.is(Fault::CountsAllPlaces)).len()
        };
        match self.fault {
            Fault::IgnoresCloseness => query.min_similarity = None,
            Fault::IgnoresWordsBesideVectors if query.embedding.is_some() => query.text = None,
            _ => {}
        }
        if self.is(Fault::FindsTooMuch) {
            let rows = u32::try_from(query.limit.get()).unwrap_or(Limit::MAX);
            query.limit = Limit::new(rows + 1);
        }
        let mut hits = self.ranked(&query, counted, found, &facts, scope.place());
        if self.is(Fault::OrdersHitsById) {
            hits.sort_by_key(|hit| hit.id);
        }
        Ok(hits)
    }

    async fn budget(
        &self,
        scope: &Scope,
        key: &BudgetKey,
    ) -> Result<Option<BudgetState>, StoreError> {
        let all = self.is(Fault::DropsScopeOfBudget);
        Ok(self.facts().budget(scope.place(), key, all).cloned())
    }

    fn watch(&self, scope: &Scope, after: Seq) -> BoxStream<'static, Result<Event, StoreError>> {
        let after = match self.fault {
            Fault::WatchesLate => after.next(),
            Fault::WatchesFromTheLastSeen => Seq::new(after.get().saturating_sub(1)),
            Fault::WatchesFromTheHead => {
                let head = self.lock().facts.chain(scope.place(), false).count();
                after.min(Seq::new(head as u64))
            }
            _ => after,
        };
        Watch::new(self.clone(), scope.place(), after).boxed()
    }
}
