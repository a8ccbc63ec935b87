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
/// `docs/implement-a-store.md` goes through a whole implementation; the suite of `plugin-testkit`
/// holds one to each clause below.
///
/// # Contract
/// - **Scope.** Every method sees and touches rows of `scope.place()` only. What lives elsewhere is
///   not there: it is neither listed, counted, found nor hinted at in an error. Only one thing
///   crosses: [`Store::commit`] finds things of the shared registry too, as ends of connections.
/// - **Identity.** A row is found by its place and its id: the same id in two places is two rows.
/// - **One write method.** [`Store::commit`] looks up
///   [`ChangeSet::needs`](crate::ChangeSet::needs), calls [`decide`](crate::decide) and writes its
///   effects, in one transaction that other commits in the same place cannot come between.
///   Commits in different places need not wait for each other.
/// - **Atomicity.** All effects of a change set are there or none: rows, connections, budgets,
///   events, the receipt. No read sees some of them.
/// - **Own writes.** A read that starts after a commit has returned sees it, from every clone of
///   the store. Reads take no part in any transaction: two of them may see two states.
/// - **Order.** Events of a place are numbered from 1 without gaps, in the order of their commits.
///   A change set that was refused or replayed takes no number. `now` plays no part in order.
/// - **Values.** What is read is what was written: JSON with its numbers (`1` is not `1.0`), texts
///   byte for byte without normalisation, vectors bit for bit, moments to the microsecond from year
///   0 to 9999.
/// - **Comparison.** Texts, keys and names are compared by their bytes: case, accents and spaces
///   count, and no character is a wildcard.
/// - **Pruning.** Events leave only through a change set that [prunes](crate::ChangeSet::prune), in
///   the transaction that appends the event which says so: those up to
///   [`Effects::prune_to`](crate::Effects::prune_to), and no others. Numbers go on from the head.
/// - **Indexes.** No listed query scans a whole place: things by type, by name, by `npm_package`
///   and by `registry_url`; connections by type and either end; events by number and by target;
///   knowledge by type, source and label; full text; budgets and receipts by key.
/// - **Time.** A store has no clock: every moment comes with the change set.
/// - **Cancelling.** A future of a read may be dropped at any await. One of a commit that is
///   dropped has committed all or nothing; who must know uses an idempotency key.
/// - **Shutdown.** What was committed survives dropping every clone, as far as the store keeps
///   anything at all. Nothing has to be called before.
///
/// # Errors
/// Besides what a method names, each may fail with:
/// - `Busy`: others are writing. Nothing was written; the same call again may do.
/// - `Unavailable`: the disk or the server does not do its part. Nothing was written, unless the
///   reason of a failed [`Store::commit`] says that this is not known.
/// - `Corrupt`: what is stored cannot be read, or is not what was written. Retrying does not help.
///
/// An error says nothing of other places, and nothing that the scope could not read.
///
/// Every store is a [`Directory`] over the groups and memberships it keeps; a host with its own
/// users gives the manager another one.
#[async_trait]
pub trait Store: Directory {
    /// Applies all of a change set, or nothing.
    ///
    /// # Behavior
    /// In one transaction, isolated from every other commit in the place:
    /// 1. Looks up what [`ChangeSet::needs`](crate::ChangeSet::needs) names, as it is *before* this
    ///    change set: [`Found`](crate::Found) says what of, and where. Rows are found archived or
    ///    not, connections ended or not. Whether a thing matches what must be absent does not
    ///    depend on that query's limit or cursor.
    /// 2. Calls [`decide`](crate::decide). Preconditions see the state before; each write sees the
    ///    ones added before it; the ends of connections see all of them.
    /// 3. Writes [`Effects`](crate::Effects): each row and connection replaces what is there
    ///    under its id, each budget what is there under its key, events are appended in their order,
    ///    the receipt is kept under the key if there is one.
    ///
    /// With an idempotency key that this place has seen, nothing is done, whatever else the
    /// change set holds, and the first receipt comes back as
    /// [`Answer::Replayed`](crate::Answer::Replayed). A change set that was refused leaves its key
    /// free.
    ///
    /// When it returns `Ok`, the change is as durable as the store ever makes it, and watchers of
    /// the place learn of it without a further call.
    ///
    /// # Errors
    /// Those of [`decide`](crate::decide), and `Busy`, `Unavailable`, `Corrupt`. After any error nothing of it is
    /// there, but for an `Unavailable` whose reason says that this is not known, because the
    /// connection to a server was lost; try again under the same idempotency key, or read first.
    async fn commit(&self, changes: ChangeSet) -> Result<Receipt, StoreError>;

    /// One thing, archived ones too.
    ///
    /// # Behavior
    /// `None` if the place has none under this id, also if another place has.
    ///
    /// # Errors
    /// `Busy`, `Unavailable`, `Corrupt`.
    async fn thing(&self, scope: &Scope, id: ThingId) -> Result<Option<Thing>, StoreError>;

    /// Things in order of name (bytes), then id.
    ///
    /// # Behavior
    /// Those for which [`ThingQuery::matches`] holds: archived ones only if the query names that
    /// status. At most [`Limit`](crate::Limit) of them; there is a cursor exactly if there are
    /// more ([`Query::page`](crate::Query::page) sees to both when given one row more than the
    /// limit). The next page starts behind the last row of this one ([`Query::position`]), whatever
    /// has been written meanwhile: no row that stays is skipped or repeated.
    ///
    /// # Errors
    /// `InvalidCursor`: not made by this query (its limit may differ) or no cursor at all. `Busy`, `Unavailable`,
    /// `Corrupt`.
    ///
    /// [`Query::position`]: crate::Query::position
    async fn things(&self, scope: &Scope, query: &ThingQuery) -> Result<Page<Thing>, StoreError>;

    /// Connections in order of id.
    ///
    /// # Behavior
    /// Those for which [`ConnectionQuery::matches`] holds: ended ones only if asked for. Pages as
    /// in [`Store::things`]. Ends are compared with their kind: a person and a thing of one id are two.
    ///
    /// # Errors
    /// `InvalidCursor`, `Busy`, `Unavailable`, `Corrupt`.
    async fn connections(
        &self,
        scope: &Scope,
        query: &ConnectionQuery,
    ) -> Result<Page<Connection>, StoreError>;

    /// Events in the order of the chain, from the first that has not been pruned.
    ///
    /// # Behavior
    /// Those for which [`EventQuery::matches`] holds, by number; a query that only says `after`
    /// lists numbers without a gap. Pages as in [`Store::things`]. Each event comes back
    /// as it was sealed, so that its digest can be computed again.
    ///
    /// # Errors
    /// `InvalidCursor`, `Busy`, `Unavailable`, `Corrupt`.
    async fn events(&self, scope: &Scope, query: &EventQuery) -> Result<Page<Event>, StoreError>;

    /// The last event of the chain; `None` before the first.
    ///
    /// # Behavior
    /// The head of the last receipt that was not a replay.
    ///
    /// # Errors
    /// `Busy`, `Unavailable`, `Corrupt`.
    async fn head(&self, scope: &Scope) -> Result<Option<Head>, StoreError>;

    /// Knowledge, the newest first, then by id; never archived knowledge.
    ///
    /// # Behavior
    /// Those for which [`KnowledgeQuery::matches`] holds, by `created_at` downwards, then by id
    /// upwards. Pages as in [`Store::things`].
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
    /// # Behavior
    /// As [`Store::thing`].
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
    /// # Behavior
    /// All of them, members or not. Pages as in [`Store::things`].
    ///
    /// # Errors
    /// `InvalidCursor`, `Busy`, `Unavailable`, `Corrupt`.
    async fn people(&self, scope: &Scope, query: &PersonQuery) -> Result<Page<Person>, StoreError>;

    /// One person's record.
    ///
    /// # Behavior
    /// As [`Store::thing`]. A person may have a record in several places, and a membership
    /// where they have none.
    ///
    /// # Errors
    /// `Busy`, `Unavailable`, `Corrupt`.
    async fn person(&self, scope: &Scope, id: PersonId) -> Result<Option<Person>, StoreError>;

    /// What fits best, the best first, as [`search::rank`](crate::search::rank) orders it.
    ///
    /// # Behavior
    /// The answer is exactly that of `rank` over every row of the place that the query is
    /// [among](crate::Among): hits, order, scores and similarities. An [`Index`](crate::search::Index) of the place
    /// gives it without reading every row. How many rows there are, and which words may stand for one that is mistyped, is
    /// told from the place and from those meant, or scores would tell of others. What a commit has written is found when
    /// it has returned.
    ///
    /// # Errors
    /// `Busy`, `Unavailable`, `Corrupt`.
    async fn search(&self, scope: &Scope, query: &SearchQuery) -> Result<Vec<Hit>, StoreError>;

    /// What has been spent of a budget; `None` if nothing ever was.
    ///
    /// # Behavior
    /// The state as the last commit that touched it left it; [`BudgetState::used`] says what of it
    /// still counts at a moment. Looking spends nothing and drops nothing.
    ///
    /// # Errors
    /// `Busy`, `Unavailable`, `Corrupt`.
    async fn budget(
        &self,
        scope: &Scope,
        key: &BudgetKey,
    ) -> Result<Option<BudgetState>, StoreError>;

    /// The events after a number, then each further one as it is committed.
    ///
    /// # Behavior
    /// In order, without a gap, each once a stream, and as [`Store::events`] lists it; also
    /// what another clone, or another process on the same store, has committed. It may start before its
    /// place is made, and from a number that is not reached yet: then the first is the one behind
    /// that number. It does not end by itself and need not be polled: a watcher that is slow loses
    /// nothing. A new one from the last number seen goes on where another was dropped. Dropping it
    /// is all there is to do at the end.
    ///
    /// # Errors
    /// `Pruned`, as an item, where the next event has left the store ([`Event::next_after`]): a new
    /// stream from just before the first that is there goes on.
    /// `Busy`, `Unavailable`, `Corrupt`, as an item; after it the stream ends, and a new one from
    /// the last number seen goes on.
    fn watch(&self, scope: &Scope, after: Seq) -> BoxStream<'static, Result<Event, StoreError>>;
}
