//! The store.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use one_ontology::{
    BudgetKey, BudgetState, ChangeSet, Connection, ConnectionQuery, Directory, Event, EventQuery,
    Group, GroupId, Head, Hit, Knowledge, KnowledgeId, KnowledgeQuery, Membership, Page, Person,
    PersonId, PersonQuery, Place, Receipt, Scope, SearchQuery, Seq, Store, StoreError, Thing,
    ThingId, ThingQuery,
};
use tokio::runtime::Handle;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, Config, NoTls, Row, Socket, Transaction};

use crate::background::Background;
use crate::error::{connecting, unavailable};
use crate::find::doc;
use crate::listen::{Wires, channel, tag};
use crate::pool::Pool;
use crate::schema::{self, Looked, RowSecurity};
use crate::search::Indexes;
use crate::session::{ByConfig, Query};
use crate::{Options, begin, commit, find, list, search, select, watch};

/// Keeps facts in a schema of a PostgreSQL database.
///
/// Clones share its connections, which end with the last clone.
#[derive(Clone)]
pub struct PostgresStore {
    wires: Arc<Wires>,
    indexes: Arc<Indexes>,
    row_security: RowSecurity,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("pool", &self.wires.pool)
            .field("row_security", &self.row_security)
            .finish()
    }
}

impl PostgresStore {
    /// Connects to the server of an address, `postgres://user:password@host:port/database`, without
    /// encryption, and makes the schema or brings it to this version. Any executor may await it:
    /// the store talks to the network on a thread of its own.
    ///
    /// # Errors
    /// `Unavailable`: not an address, no server there, no rights, a replica, or an address that
    /// asks for encryption. `Incompatible`: the schema is of a newer version or another
    /// program's, the server is too old or does not keep texts as UTF-8, row-level security was
    /// switched off. `Corrupt`: tables are missing. `Busy`: others are making the schema. After
    /// any of them the schema is as it was. None repeats the address.
    pub async fn connect(address: &str, options: Options) -> Result<Self, StoreError> {
        Self::connect_with(config_of(address)?, NoTls, options).await
    }

    /// Looks at the schema of a database and leaves it as it is: which format it has, and what it is that keeps places apart there.
    ///
    /// # Errors
    /// Those of [`PostgresStore::connect`], but for what is in the tables, which it does not look at.
    pub async fn look(address: &str, options: Options) -> Result<Looked, StoreError> {
        let background = Arc::new(Background::own()?);
        let (_pool, client) = first(config_of(address)?, NoTls, &options, background).await?;
        schema::look(&client, &options).await
    }

    /// Connects as the host configures it, over what the host encrypts with (`tokio-postgres-rustls`,
    /// `postgres-native-tls`).
    ///
    /// # Errors
    /// Those of [`PostgresStore::connect`].
    pub async fn connect_with<T>(
        config: Config,
        tls: T,
        options: Options,
    ) -> Result<Self, StoreError>
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        Self::start(config, tls, options, Background::own()?).await
    }

    /// As [`PostgresStore::connect_with`], on the host's own runtime instead of a thread. It must
    /// have time and network enabled and run for as long as the store is used.
    ///
    /// # Errors
    /// Those of [`PostgresStore::connect`].
    pub async fn connect_on<T>(
        runtime: Handle,
        config: Config,
        tls: T,
        options: Options,
    ) -> Result<Self, StoreError>
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        Self::start(config, tls, options, Background::of_host(runtime)).await
    }

    async fn start<T>(
        config: Config,
        tls: T,
        options: Options,
        background: Background,
    ) -> Result<Self, StoreError>
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let (pool, client) = first(config, tls, &options, Arc::new(background)).await?;
        let row_security = schema::open(&client, &options).await?;
        Ok(Self {
            wires: Wires::new(pool, options.poll_interval),
            indexes: Arc::new(Indexes::new(options.search_memory, options.connections)),
            row_security,
        })
    }

    /// Whether the server itself keeps places apart for the role that this store has.
    #[must_use]
    pub const fn row_security(&self) -> RowSecurity {
        self.row_security
    }

    /// Applies a change set inside a transaction of the host's own, so that the host's rows and
    /// the change set are committed together or not at all.
    ///
    /// The role of the transaction needs the rights of the store's, and the transaction must be
    /// in the same database. Until it ends, others who write in the same place wait for it. A
    /// change set that is refused (`Stale`, `BudgetExhausted` and such) leaves the transaction usable
    /// and writes nothing; after an error of the server's own the transaction can only be rolled
    /// back. Two transactions that write in several places in different order may deadlock: one
    /// of them is then `Busy`.
    ///
    /// # Errors
    /// Those of [`Store::commit`]. `Busy` also where the transaction is of a stricter isolation
    /// level than `READ COMMITTED` and somebody has committed in the place since it began.
    pub async fn commit_in(
        &self,
        transaction: &Transaction<'_>,
        changes: ChangeSet,
    ) -> Result<Receipt, StoreError> {
        let schema = &self.wires.pool.schema;
        let wire = (&*channel(schema), tag(schema, changes.place()));
        commit::commit_in(transaction, schema, wire, &changes).await
    }

    /// Every group that is kept, archived ones too, by id. For whoever looks after the whole store: the ports have no such
    /// question.
    ///
    /// # Errors
    /// `Busy`, `Unavailable`, `Corrupt`.
    pub async fn groups(&self) -> Result<Vec<GroupId>, StoreError> {
        list::groups(self.pool()).await
    }

    fn pool(&self) -> &Arc<Pool> {
        &self.wires.pool
    }

    /// The rows of one statement in one place.
    async fn rows(
        &self,
        place: Place,
        query: impl Fn() -> Query + Send + Sync,
    ) -> Result<Vec<Row>, StoreError> {
        let answers = list::rows(self.pool(), &begin::read(place), || vec![query()]).await?;
        Ok(answers.into_iter().next().unwrap_or_default())
    }
}

fn config_of(address: &str) -> Result<Config, StoreError> {
    address.parse::<Config>().map_err(|_| {
        // Its own error may repeat a part of the password.
        unavailable(
            "that is not an address like `postgres://user@host:5432/database` (a character \
             that means something in an address is written as `%` and two digits)"
                .to_owned(),
        )
    })
}

/// A pool, and its first connection, told what every one is told.
async fn first<T>(
    mut config: Config,
    tls: T,
    options: &Options,
    background: Arc<Background>,
) -> Result<(Arc<Pool>, Client), StoreError>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    options.check()?;
    if config.get_application_name().is_none() {
        config.application_name("one-plugin");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(options.connect_timeout);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(options.statement_timeout);
    }
    let connect = Box::new(ByConfig { config, tls });
    let pool = Arc::new(Pool::new(connect, background, options));
    let (client, mut messages) = pool.connection().await?;
    pool.background
        .spawn(async move { while let Some(Ok(_)) = messages.next().await {} });
    client
        .batch_execute(&options.settings())
        .await
        .map_err(|error| connecting(&error))?;
    Ok((pool, client))
}

#[async_trait]
impl Directory for PostgresStore {
    async fn group(&self, id: GroupId) -> Result<Option<Group>, StoreError> {
        let rows = self.rows(Place::Group(id), || find::group(id)).await?;
        find::one("groups", &rows)
    }

    async fn membership(
        &self,
        person: PersonId,
        place: Place,
    ) -> Result<Option<Membership>, StoreError> {
        let rows = self.rows(place, || find::membership(place, person)).await?;
        find::one("memberships", &rows)
    }

    async fn descendants(&self, group: GroupId) -> Result<Vec<GroupId>, StoreError> {
        list::descendants(self.pool(), group).await
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn commit(&self, changes: ChangeSet) -> Result<Receipt, StoreError> {
        let receipt = commit::commit(self.pool(), &changes).await?;
        self.wires.announce(changes.place());
        Ok(receipt)
    }

    async fn thing(&self, scope: &Scope, id: ThingId) -> Result<Option<Thing>, StoreError> {
        let place = scope.place();
        let rows = self.rows(place, || find::thing(place, id)).await?;
        find::one("things", &rows)
    }

    async fn things(&self, scope: &Scope, query: &ThingQuery) -> Result<Page<Thing>, StoreError> {
        let place = scope.place();
        list::page(
            self.pool(),
            place,
            query,
            |after| select::things(place, query, after),
            |row| doc("things", row),
            |row| query.matches(row),
        )
        .await
    }

    async fn connections(
        &self,
        scope: &Scope,
        query: &ConnectionQuery,
    ) -> Result<Page<Connection>, StoreError> {
        let place = scope.place();
        list::page(
            self.pool(),
            place,
            query,
            |after| select::connections(place, query, after),
            |row| doc("connections", row),
            |row| query.matches(row),
        )
        .await
    }

    async fn events(&self, scope: &Scope, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        let place = scope.place();
        list::page(
            self.pool(),
            place,
            query,
            |after| select::events(place, query, after),
            |row| doc("events", row),
            |row| query.matches(row),
        )
        .await
    }

    async fn head(&self, scope: &Scope) -> Result<Option<Head>, StoreError> {
        let place = scope.place();
        find::head_of(&self.rows(place, || find::head(place)).await?)
    }

    async fn knowledge(
        &self,
        scope: &Scope,
        query: &KnowledgeQuery,
    ) -> Result<Page<Knowledge>, StoreError> {
        let place = scope.place();
        list::page(
            self.pool(),
            place,
            query,
            |after| select::knowledge(place, query, list::behind(after)),
            find::knowledge_of,
            |row| query.matches(row),
        )
        .await
    }

    async fn knowledge_by_id(
        &self,
        scope: &Scope,
        id: KnowledgeId,
    ) -> Result<Option<Knowledge>, StoreError> {
        let place = scope.place();
        let rows = self.rows(place, || find::knowledge(place, id)).await?;
        rows.first().map(find::knowledge_of).transpose()
    }

    async fn people(&self, scope: &Scope, query: &PersonQuery) -> Result<Page<Person>, StoreError> {
        let place = scope.place();
        list::page(
            self.pool(),
            place,
            query,
            |after| select::people(place, after),
            |row| doc("people", row),
            |_| true,
        )
        .await
    }

    async fn person(&self, scope: &Scope, id: PersonId) -> Result<Option<Person>, StoreError> {
        let place = scope.place();
        let rows = self.rows(place, || find::person(place, id)).await?;
        find::one("people", &rows)
    }

    async fn search(&self, scope: &Scope, query: &SearchQuery) -> Result<Vec<Hit>, StoreError> {
        search::search(self.pool(), &self.indexes, scope.place(), query).await
    }

    async fn budget(
        &self,
        scope: &Scope,
        key: &BudgetKey,
    ) -> Result<Option<BudgetState>, StoreError> {
        let place = scope.place();
        let rows = self.rows(place, || find::budget(place, key)).await?;
        find::one("budgets", &rows)
    }

    fn watch(&self, scope: &Scope, after: Seq) -> BoxStream<'static, Result<Event, StoreError>> {
        watch::watch(Arc::clone(&self.wires), scope.place(), after)
    }
}
