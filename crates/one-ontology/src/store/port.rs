//! The port to the facts.

use async_trait::async_trait;
use futures::stream::BoxStream;

use crate::{
    BudgetKey, BudgetState, ChangeSet, Connection, ConnectionQuery, Directory, Event, EventQuery,
    Head, Hit, Knowledge, KnowledgeId, KnowledgeQuery, Page, Person, PersonId, PersonQuery,
    Receipt, Scope, SearchQuery, Seq, StoreError, Thing, ThingId, ThingQuery,
};

/// Keeps the six dimensions.
///
/// # Contract
/// - **Scope.** Every method sees and touches rows of `scope.place()` only. What lives elsewhere is
///   not there: it is neither listed, counted, found nor hinted at in an error.
/// - **One write method.** [`Store::commit`] looks up
///   [`ChangeSet::needs`](crate::ChangeSet::needs), calls [`decide`](crate::decide) and writes its
///   effects, in one transaction that other commits in the same place cannot come between.
/// - **Own writes.** A read that starts after a commit has returned sees it.
/// - **Order.** Events of a place are numbered from 1 without gaps, in the order of their commits.
/// - **Indexes.** No listed query scans a whole place: things by type, by name, by `npm_package`
///   and by `registry_url`; connections by type and either end; events by number and by target;
///   knowledge by type, source and label; full text; budgets and receipts by key.
///
/// Every store is a [`Directory`] over the groups and memberships it keeps; a host with its own
/// users gives the manager another one.
#[async_trait]
pub trait Store: Directory {
    /// Applies all of a change set, or nothing.
    ///
    /// # Behavior
    /// See the contract. With an idempotency key that this place has seen, nothing is done and
    /// the first receipt comes back as [`Answer::Replayed`](crate::Answer::Replayed). When it
    /// returns `Ok`, the change is as durable as the store ever makes it.
    ///
    /// # Errors
    /// Those of [`decide`](crate::decide), and `Busy`, `Unavailable`, `Corrupt`. After any error nothing of it is
    /// there, but for an `Unavailable` whose reason says that this is not known, because the
    /// connection to a server was lost; try again under the same idempotency key, or read first.
    async fn commit(&self, changes: ChangeSet) -> Result<Receipt, StoreError>;

    /// One thing, archived ones too.
    ///
    /// # Errors
    /// `Busy`, `Unavailable`, `Corrupt`.
    async fn thing(&self, scope: &Scope, id: ThingId) -> Result<Option<Thing>, StoreError>;

    /// Things in order of name (bytes), then id.
    ///
    /// # Errors
    /// `InvalidCursor`, `Busy`, `Unavailable`, `Corrupt`.
    async fn things(&self, scope: &Scope, query: &ThingQuery) -> Result<Page<Thing>, StoreError>;

    /// Connections in order of id.
    ///
    /// # Errors
    /// `InvalidCursor`, `Busy`, `Unavailable`, `Corrupt`.
    async fn connections(
        &self,
        scope: &Scope,
        query: &ConnectionQuery,
    ) -> Result<Page<Connection>, StoreError>;

    /// Events in the order of the chain.
    ///
    /// # Errors
    /// `InvalidCursor`, `Busy`, `Unavailable`, `Corrupt`.
    async fn events(&self, scope: &Scope, query: &EventQuery) -> Result<Page<Event>, StoreError>;

    /// The last event of the chain; `None` before the first.
    ///
    /// # Errors
    /// `Busy`, `Unavailable`, `Corrupt`.
    async fn head(&self, scope: &Scope) -> Result<Option<Head>, StoreError>;

    /// Knowledge, the newest first, then by id; never archived knowledge.
    ///
    /// # Errors
    /// `InvalidCursor`, `Busy`, `Unavailable`, `Corrupt`.
    async fn knowledge(
        &self,
        scope: &Scope,
        query: &KnowledgeQuery,
    ) -> Result<Page<Knowledge>, StoreError>;

    /// One row of knowledge, archived ones too.
    ///
    /// # Errors
    /// `Busy`, `Unavailable`, `Corrupt`.
    async fn knowledge_by_id(
        &self,
        scope: &Scope,
        id: KnowledgeId,
    ) -> Result<Option<Knowledge>, StoreError>;

    /// People whose records live here, in order of display name (bytes), then id.
    ///
    /// # Errors
    /// `InvalidCursor`, `Busy`, `Unavailable`, `Corrupt`.
    async fn people(&self, scope: &Scope, query: &PersonQuery) -> Result<Page<Person>, StoreError>;

    /// One person's record.
    ///
    /// # Errors
    /// `Busy`, `Unavailable`, `Corrupt`.
    async fn person(&self, scope: &Scope, id: PersonId) -> Result<Option<Person>, StoreError>;

    /// What fits best, the best first, as [`search::rank`](crate::search::rank) orders it.
    ///
    /// # Errors
    /// `Busy`, `Unavailable`, `Corrupt`.
    async fn search(&self, scope: &Scope, query: &SearchQuery) -> Result<Vec<Hit>, StoreError>;

    /// What has been spent of a budget; `None` if nothing ever was.
    ///
    /// # Errors
    /// `Busy`, `Unavailable`, `Corrupt`.
    async fn budget(
        &self,
        scope: &Scope,
        key: &BudgetKey,
    ) -> Result<Option<BudgetState>, StoreError>;

    /// The events after a number, then each further one as it is committed, in order, each at
    /// least once. Does not end by itself; after an error the stream ends, and a new one from the
    /// last number seen goes on.
    fn watch(&self, scope: &Scope, after: Seq) -> BoxStream<'static, Result<Event, StoreError>>;
}
