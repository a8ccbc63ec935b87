//! The store.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use one_ontology::{
    BudgetKey, BudgetState, ChangeSet, Connection, ConnectionQuery, Directory, Event, EventQuery,
    Group, GroupId, Head, Hit, Knowledge, KnowledgeId, KnowledgeQuery, Membership, Page, Person,
    PersonId, PersonQuery, Place, Query as _, Receipt, Scope, SearchQuery, Seq, Store, StoreError,
    Thing, ThingId, ThingQuery,
};

use crate::search::Indexes;
use crate::worker::Workers;
use crate::{Copied, Options, Progress, Vacuumed, backup, find, list, open, search, vacuum, watch};

/// Keeps facts in an SQLite file, or in memory.
///
/// Clones share the file and its threads, which end with the last clone. Dropping the last one
/// waits for what is being written.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    workers: Arc<Workers>,
    indexes: Arc<Indexes>,
    path: Option<Arc<Path>>,
}

impl SqliteStore {
    /// Opens a file, or makes it. Blocks while it looks at the file and brings it to this version.
    ///
    /// # Errors
    /// `Incompatible`: a newer version's file, or another program's. `Corrupt`: damaged, or no
    /// database at all. `Busy`: another process does not let go of it. `Unavailable`: it cannot
    /// be opened or written. After any of them the file is as it was.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, StoreError> {
        let workers = Workers::on_file(path.as_ref(), &options)?;
        Ok(Self {
            workers: Arc::new(workers),
            indexes: Arc::new(Indexes::new(options.search_memory)),
            path: Some(path.as_ref().into()),
        })
    }

    /// A store that is gone with its last clone.
    ///
    /// # Errors
    /// `Unavailable`: no memory or no thread for it.
    pub fn in_memory() -> Result<Self, StoreError> {
        let workers = Workers::in_memory()?;
        Ok(Self {
            workers: Arc::new(workers),
            indexes: Arc::new(Indexes::new(Options::default().search_memory)),
            path: None,
        })
    }

    /// Copies the store as it is now to a new file, while it goes on being read and written. The copy is
    /// complete and on the disk when it gets its name. Blocks; give it a thread of its own in a service.
    ///
    /// # Errors
    /// `AlreadyExists`: there is a file of that name; it stays as it is. `Unavailable`: the copy cannot
    /// be written, or this store has no file. `Corrupt`: a page cannot be read. After any of them
    /// there is no copy.
    pub fn backup(
        &self,
        path: impl AsRef<Path>,
        mut progress: impl FnMut(Progress),
    ) -> Result<Copied, StoreError> {
        let Some(source) = &self.path else {
            return Err(StoreError::Unavailable {
                reason: "a store in memory has no file to copy".to_owned(),
            });
        };
        let source = open::reader(source, &Options::default())?;
        backup::backup(&source, path.as_ref(), &mut progress)
    }

    /// Every group that is kept, archived ones too, by id. For whoever looks after the whole store: the ports have no such
    /// question.
    ///
    /// # Errors
    /// `Busy`, `Unavailable`, `Corrupt`.
    pub async fn groups(&self) -> Result<Vec<GroupId>, StoreError> {
        self.workers.read(list::groups).await
    }

    /// Gives back to the disk the space of what is gone. Commits wait meanwhile, reads do not; for a
    /// while it needs as much space again as the store has.
    ///
    /// # Errors
    /// `Busy`: another process is writing. `Unavailable`: the disk is full. `Corrupt`. After any of
    /// them the store is as it was.
    pub async fn vacuum(&self) -> Result<Vacuumed, StoreError> {
        self.workers.alone(|c| vacuum::vacuum(c)).await
    }
}

#[async_trait]
impl Directory for SqliteStore {
    async fn group(&self, id: GroupId) -> Result<Option<Group>, StoreError> {
        self.workers.point(move |c| find::group(c, id)).await
    }

    async fn membership(
        &self,
        person: PersonId,
        place: Place,
    ) -> Result<Option<Membership>, StoreError> {
        self.workers
            .point(move |c| find::membership(c, place, person))
            .await
    }

    async fn descendants(&self, group: GroupId) -> Result<Vec<GroupId>, StoreError> {
        self.workers
            .read(move |c| list::descendants(c, group))
            .await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, changes: ChangeSet) -> Result<Receipt, StoreError> {
        self.workers.commit(changes).await
    }

    async fn thing(&self, scope: &Scope, id: ThingId) -> Result<Option<Thing>, StoreError> {
        let place = scope.place();
        self.workers.point(move |c| find::thing(c, place, id)).await
    }

    async fn things(&self, scope: &Scope, query: &ThingQuery) -> Result<Page<Thing>, StoreError> {
        let (place, query, after) = (scope.place(), query.clone(), query.position()?);
        self.workers
            .read(move |c| list::things(c, place, &query, after))
            .await
    }

    async fn connections(
        &self,
        scope: &Scope,
        query: &ConnectionQuery,
    ) -> Result<Page<Connection>, StoreError> {
        let (place, query, after) = (scope.place(), query.clone(), query.position()?);
        self.workers
            .read(move |c| list::connections(c, place, &query, after))
            .await
    }

    async fn events(&self, scope: &Scope, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        let (place, query, after) = (scope.place(), query.clone(), query.position()?);
        self.workers
            .read(move |c| list::events(c, place, &query, after))
            .await
    }

    async fn head(&self, scope: &Scope) -> Result<Option<Head>, StoreError> {
        let place = scope.place();
        self.workers.point(move |c| find::head(c, place)).await
    }

    async fn knowledge(
        &self,
        scope: &Scope,
        query: &KnowledgeQuery,
    ) -> Result<Page<Knowledge>, StoreError> {
        let (place, query, after) = (scope.place(), query.clone(), query.position()?);
        self.workers
            .read(move |c| list::knowledge(c, place, &query, after))
            .await
    }

    async fn knowledge_by_id(
        &self,
        scope: &Scope,
        id: KnowledgeId,
    ) -> Result<Option<Knowledge>, StoreError> {
        let place = scope.place();
        self.workers
            .point(move |c| find::knowledge(c, place, id))
            .await
    }

    async fn people(&self, scope: &Scope, query: &PersonQuery) -> Result<Page<Person>, StoreError> {
        let (place, query, after) = (scope.place(), query.clone(), query.position()?);
        self.workers
            .read(move |c| list::people(c, place, &query, after))
            .await
    }

    async fn person(&self, scope: &Scope, id: PersonId) -> Result<Option<Person>, StoreError> {
        let place = scope.place();
        self.workers
            .point(move |c| find::person(c, place, id))
            .await
    }

    async fn search(&self, scope: &Scope, query: &SearchQuery) -> Result<Vec<Hit>, StoreError> {
        let (place, query) = (scope.place(), query.clone());
        let indexes = Arc::clone(&self.indexes);
        let (query, found) = self
            .workers
            .read(move |c| {
                let found = search::at_once(c, &indexes, place, &query)?;
                Ok((query, found))
            })
            .await?;
        if let Some(hits) = found {
            return Ok(hits);
        }
        let indexes = Arc::clone(&self.indexes);
        self.workers
            .index(move |c| search::behind(c, &indexes, place, &query))
            .await
    }

    async fn budget(
        &self,
        scope: &Scope,
        key: &BudgetKey,
    ) -> Result<Option<BudgetState>, StoreError> {
        let (place, key) = (scope.place(), key.clone());
        self.workers
            .point(move |c| find::budget(c, place, &key))
            .await
    }

    fn watch(&self, scope: &Scope, after: Seq) -> BoxStream<'static, Result<Event, StoreError>> {
        watch::watch(Arc::clone(&self.workers), scope.place(), after)
    }
}
