//! Steps 3 and 4: the two traits over the host's tables.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use one_ontology::search::{Candidate, HitId, knowledge_text, rank, thing_text};
use one_ontology::{
    BudgetKey, BudgetState, ChangeSet, Connection, ConnectionQuery, Directory, Event, EventQuery,
    Group, GroupId, Head, Hit, Knowledge, KnowledgeId, KnowledgeQuery, Membership, Page, Person,
    PersonId, PersonQuery, Place, Query, Receipt, Scope, SearchQuery, Seq, Store, StoreError,
    Thing, ThingId, ThingQuery,
};
use rusqlite::types::ToSql;
use serde::de::DeserializeOwned;

use crate::commit;
use crate::table::{ASSETS, DOCUMENTS, LINKS, ORGANISATIONS, Org, STAFF, Table, USERS, broken};

/// The facts in a host's own database, of which this process is the only user. One connection, and whoever wants it
/// waits: a service gives it a thread of its own, or uses a pool.
#[derive(Clone, Debug)]
pub(crate) struct HostStore {
    connection: Arc<Mutex<rusqlite::Connection>>,
    watchers: Arc<Mutex<Vec<Waker>>>,
}

impl HostStore {
    pub(crate) fn new(connection: rusqlite::Connection) -> Self {
        connection.set_prepared_statement_cache_capacity(64);
        Self {
            connection: Arc::new(Mutex::new(connection)),
            watchers: Arc::default(),
        }
    }

    // Whoever panicked with the lock was in a transaction, which is rolled back.
    fn lock(&self) -> MutexGuard<'_, rusqlite::Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn watchers(&self) -> MutexGuard<'_, Vec<Waker>> {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get<T: DeserializeOwned>(
        &self,
        table: &Table,
        place: Place,
        id: &dyn std::fmt::Display,
    ) -> Result<Option<T>, StoreError> {
        let c = self.lock();
        match Org::find(&c, place)? {
            Some(org) => table.get(&c, org, id),
            None => Ok(None),
        }
    }

    /// A page of what `sql` lists in the order of the query; what is meant is decided by `matches`.
    fn list<Q: Query>(
        &self,
        scope: &Scope,
        query: &Q,
        table: &Table,
        (sql, by): (&str, &[&dyn ToSql]),
        matches: impl Fn(&Q::Row) -> bool,
    ) -> Result<Page<Q::Row>, StoreError>
    where
        Q::Row: DeserializeOwned,
    {
        let behind = query.position()?;
        let is_behind = |row: &Q::Row| {
            behind
                .as_ref()
                .is_none_or(|behind| Q::position_of(row) > *behind)
        };
        let mut rows = Vec::new();
        let c = self.lock();
        if let Some(org) = Org::find(&c, scope.place())? {
            table.each(&c, org, sql, by, |row| {
                if is_behind(&row) && matches(&row) {
                    rows.push(row);
                }
                rows.len() <= query.limit().get()
            })?;
        }
        Ok(query.page(rows))
    }

    /// The first event behind a number.
    fn next_event(&self, place: Place, after: Seq) -> Result<Option<Event>, StoreError> {
        let c = self.lock();
        match Org::find(&c, place)? {
            Some(org) => commit::events(&c, org, after, None, |_| false),
            None => Ok(None),
        }
    }
}

#[async_trait]
impl Directory for HostStore {
    async fn group(&self, id: GroupId) -> Result<Option<Group>, StoreError> {
        self.get(&ORGANISATIONS, Place::Group(id), &id)
    }

    async fn membership(
        &self,
        person: PersonId,
        place: Place,
    ) -> Result<Option<Membership>, StoreError> {
        self.get(&STAFF, place, &person)
    }

    async fn descendants(&self, group: GroupId) -> Result<Vec<GroupId>, StoreError> {
        let c = self.lock();
        let mut below = c
            .prepare_cached("SELECT org_uuid FROM organisations WHERE part_of = ?1")
            .map_err(broken)?;
        let (mut seen, mut all, mut layer) = (BTreeSet::from([group]), Vec::new(), vec![group]);
        while !layer.is_empty() {
            let mut next = BTreeSet::new();
            for parent in &layer {
                let mut rows = below.query([parent.to_string()]).map_err(broken)?;
                while let Some(row) = rows.next().map_err(broken)? {
                    let id: String = row.get(0).map_err(broken)?;
                    let id: GroupId = id.parse().map_err(|_| StoreError::Corrupt {
                        reason: "an organisation has no id".to_owned(),
                    })?;
                    next.extend(seen.insert(id).then_some(id));
                }
            }
            layer = next.into_iter().collect();
            all.extend(&layer);
        }
        Ok(all)
    }
}

#[async_trait]
impl Store for HostStore {
    async fn commit(&self, changes: ChangeSet) -> Result<Receipt, StoreError> {
        let receipt = commit::commit(&mut self.lock(), &changes)?;
        let watchers = std::mem::take(&mut *self.watchers());
        watchers.into_iter().for_each(Waker::wake);
        Ok(receipt)
    }

    async fn thing(&self, scope: &Scope, id: ThingId) -> Result<Option<Thing>, StoreError> {
        self.get(&ASSETS, scope.place(), &id)
    }

    async fn things(&self, scope: &Scope, query: &ThingQuery) -> Result<Page<Thing>, StoreError> {
        let kind = match query.types.as_slice() {
            [kind] => Some(kind.as_str()),
            _ => None,
        };
        let sql: (&str, &[&dyn ToSql]) = match &kind {
            Some(kind) => ("AND kind = ? ORDER BY label, asset_uuid", &[kind]),
            None => ("ORDER BY label, asset_uuid", &[]),
        };
        self.list(scope, query, &ASSETS, sql, |thing| query.matches(thing))
    }

    async fn connections(
        &self,
        scope: &Scope,
        query: &ConnectionQuery,
    ) -> Result<Page<Connection>, StoreError> {
        let (from, to) = (
            query.from.map(|end| end.to_string()),
            query.to.map(|end| end.to_string()),
        );
        let sql: (&str, &[&dyn ToSql]) = match (&from, &to) {
            (Some(from), _) => ("AND source = ? ORDER BY link_uuid", &[from]),
            (None, Some(to)) => ("AND target = ? ORDER BY link_uuid", &[to]),
            (None, None) => ("ORDER BY link_uuid", &[]),
        };
        self.list(scope, query, &LINKS, sql, |row| query.matches(row))
    }

    async fn events(&self, scope: &Scope, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        let after = query
            .position()?
            .map_or(query.after, |at| at.max(query.after));
        let mut rows = Vec::new();
        let c = self.lock();
        if let Some(org) = Org::find(&c, scope.place())? {
            commit::events(&c, org, after, query.target, |event| {
                rows.extend(query.matches(event).then(|| event.clone()));
                rows.len() <= query.limit().get()
            })?;
        }
        Ok(query.page(rows))
    }

    async fn head(&self, scope: &Scope) -> Result<Option<Head>, StoreError> {
        let c = self.lock();
        match Org::find(&c, scope.place())? {
            Some(org) => commit::head(&c, org),
            None => Ok(None),
        }
    }

    async fn knowledge(
        &self,
        scope: &Scope,
        query: &KnowledgeQuery,
    ) -> Result<Page<Knowledge>, StoreError> {
        let sql = ("ORDER BY written DESC, document_uuid", [].as_slice());
        self.list(scope, query, &DOCUMENTS, sql, |row| query.matches(row))
    }

    async fn knowledge_by_id(
        &self,
        scope: &Scope,
        id: KnowledgeId,
    ) -> Result<Option<Knowledge>, StoreError> {
        self.get(&DOCUMENTS, scope.place(), &id)
    }

    async fn people(&self, scope: &Scope, query: &PersonQuery) -> Result<Page<Person>, StoreError> {
        let sql = ("ORDER BY full_name, user_uuid", [].as_slice());
        self.list(scope, query, &USERS, sql, |_| true)
    }

    async fn person(&self, scope: &Scope, id: PersonId) -> Result<Option<Person>, StoreError> {
        self.get(&USERS, scope.place(), &id)
    }

    async fn search(&self, scope: &Scope, query: &SearchQuery) -> Result<Vec<Hit>, StoreError> {
        let mut candidates = Vec::new();
        let c = self.lock();
        if let Some(org) = Org::find(&c, scope.place())? {
            ASSETS.each(&c, org, "", &[], |thing: Thing| {
                candidates.extend(query.among.has_thing(&thing).then(|| Candidate {
                    id: HitId::Thing(thing.id),
                    text: thing_text(&thing),
                    embedding: None,
                }));
                true
            })?;
            DOCUMENTS.each(&c, org, "", &[], |row: Knowledge| {
                candidates.extend(query.among.has_knowledge(&row).then(|| Candidate {
                    id: HitId::Knowledge(row.id),
                    text: knowledge_text(&row),
                    embedding: row.embedding.clone(),
                }));
                true
            })?;
        }
        Ok(rank(query, candidates.len() as u64, &candidates))
    }

    async fn budget(
        &self,
        scope: &Scope,
        key: &BudgetKey,
    ) -> Result<Option<BudgetState>, StoreError> {
        let c = self.lock();
        match Org::find(&c, scope.place())? {
            Some(org) => commit::budget(&c, org, key),
            None => Ok(None),
        }
    }

    fn watch(&self, scope: &Scope, after: Seq) -> BoxStream<'static, Result<Event, StoreError>> {
        let watched = (self.clone(), scope.place());
        let next = move |after: Option<Seq>| {
            let (store, place) = watched.clone();
            async move {
                let after = after?;
                let found = poll_fn(|context| {
                    // Asks to be woken before it looks: a commit between the two is not missed.
                    let mut watchers = store.watchers();
                    watchers.retain(|waker| !waker.will_wake(context.waker()));
                    watchers.push(context.waker().clone());
                    drop(watchers);
                    match store.next_event(place, after) {
                        Ok(None) => Poll::Pending,
                        Ok(Some(event)) => Poll::Ready(event.next_after(after)),
                        Err(error) => Poll::Ready(Err(error)),
                    }
                });
                let item = found.await;
                // After an error the stream ends.
                let after = item.as_ref().ok().map(|event| event.seq);
                Some((item, after))
            }
        };
        stream::unfold(Some(after), next).boxed()
    }
}
