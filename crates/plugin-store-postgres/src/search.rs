//! Searches, answered by an index in memory that is brought up to date from the rows changed since.
//!
//! Each row holds the number of the last event of the change set that wrote it, and a place's head is that
//! of its last change set. Whoever commits in a place holds its lock until the commit is done, whichever host
//! it is, or the transaction of a host's own. So a snapshot with this head has every row up to it
//! and none behind it, and an index that has come to another event of the same chain lacks exactly
//! the rows behind that one.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use one_ontology::search::{Follower, Recent, Search};
use one_ontology::{Head, Hit, KnowledgeId, Place, SearchQuery, Seq, StoreError};
use tokio::sync::{self, OwnedMutexGuard, OwnedSemaphorePermit, RwLock, Semaphore};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::codec::decode_vector;
use crate::error::{Failure, unavailable};
use crate::find::{self, column, doc};
use crate::pool::{Lease, Pool};
use crate::session::Query;
use crate::{begin, key};

const THINGS: &str = "SELECT doc FROM @things WHERE place = $1";
const KNOWLEDGE: &str = "SELECT k.doc, v.model, v.vector FROM @knowledge k \
    LEFT JOIN @vectors v ON v.place = k.place AND v.id = k.id \
    WHERE k.place = $1";
const VECTORS: &str = "SELECT id, model, vector FROM @vectors WHERE place = $1 AND id = ANY($2)";

/// How often a search is tried on another connection.
const ATTEMPTS: usize = 3;

/// How often a search looks whether what another one gave the index is enough, before it gives it rows itself.
const LOOKS: usize = 3;

/// The index of one place.
#[derive(Clone, Debug, Default)]
struct Shared {
    follower: Arc<RwLock<Follower>>,
    /// Whoever has it gives the index what it lacks. The others wait for it and not for the lock: a lock that
    /// somebody waits to write lets nobody read, and searches would follow one another.
    turn: Arc<sync::Mutex<()>>,
}

/// The indexes of the places that were searched last.
#[derive(Debug)]
pub(crate) struct Indexes {
    recent: Mutex<Recent<Shared>>,
    /// For reading a whole place, which takes long: the other connections stay free for whoever has less to do.
    builds: Arc<Semaphore>,
}

impl Indexes {
    /// At most so many bytes of them, made over a part of so many connections.
    pub(crate) fn new(most: usize, connections: usize) -> Self {
        Self {
            recent: Mutex::new(Recent::new(most)),
            builds: Arc::new(Semaphore::new((connections / 4).max(1))),
        }
    }

    fn with<T>(&self, use_: impl FnOnce(&mut Recent<Shared>) -> T) -> T {
        use_(&mut self.recent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The right to read a whole place.
    async fn build(builds: Arc<Semaphore>) -> Result<OwnedSemaphorePermit, StoreError> {
        let permit = builds.acquire_owned().await;
        permit.map_err(|_| unavailable("the store was dropped".to_owned()))
    }
}

/// Where a search looks.
#[derive(Clone)]
struct Looking {
    pool: Arc<Pool>,
    place: Place,
    query: SearchQuery,
}

pub(crate) async fn search(
    pool: &Arc<Pool>,
    indexes: &Arc<Indexes>,
    place: Place,
    query: &SearchQuery,
) -> Result<Vec<Hit>, StoreError> {
    let looking = Looking {
        pool: Arc::clone(pool),
        place,
        query: query.clone(),
    };
    let mut attempt = 1;
    loop {
        match looking.once(indexes).await {
            Err(Failure::Lost(_) | Failure::Again(_)) if attempt < ATTEMPTS => attempt += 1,
            result => return Ok(result?),
        }
    }
}

impl Looking {
    async fn once(&self, indexes: &Arc<Indexes>) -> Result<Vec<Hit>, Failure> {
        let mut looks = 1;
        let (shared, turn) = loop {
            let shared = indexes.with(|recent| recent.of(self.place));
            if let Some(hits) = self.at_once(&shared).await? {
                return Ok(hits);
            }
            let turn = Arc::clone(&shared.turn).try_lock_owned().ok();
            if turn.is_some() || looks >= LOOKS {
                break (shared, turn);
            }
            looks += 1;
            // In the background: were it awaited here, whoever asked could be given the turn and not go on.
            let wait = async move { drop(shared.turn.lock().await) };
            self.pool.background.run(wait).await?;
        };
        // It runs to its end although whoever asked may give up: what was read is not read again.
        let behind = self.clone().behind(Arc::downgrade(indexes), shared, turn);
        self.pool.background.run(behind).await?
    }

    /// The answer, if the index knows every row.
    async fn at_once(&self, shared: &Shared) -> Result<Option<Vec<Hit>>, Failure> {
        let mut lease = self.pool.acquire().await?;
        let (head, _) = self.snapshot(&mut lease, None).await?;
        let Some(head) = head else {
            return Ok(Some(Vec::new()));
        };
        // Waiting for it would keep a connection from those it waits for.
        let Ok(follower) = Arc::clone(&shared.follower).try_read_owned() else {
            return Ok(None);
        };
        if !follower.knows(head) {
            return Ok(None);
        }
        let query = self.query.clone();
        let search = move || follower.index.search(&query);
        let search = self.pool.background.compute(search).await?;
        self.finish(&mut lease, search).await.map(Some)
    }

    /// The answer of an index that lacks rows: it is given them first.
    async fn behind(
        self,
        indexes: Weak<Indexes>,
        shared: Shared,
        turn: Option<OwnedMutexGuard<()>>,
    ) -> Result<Vec<Hit>, Failure> {
        // First the index, then a connection: whoever waits for its turn holds none.
        let turn = match turn {
            Some(turn) => turn,
            None => Arc::clone(&shared.turn).lock_owned().await,
        };
        // Only who has the turn writes, so this waits for nobody.
        let mut follower = Arc::clone(&shared.follower).read_owned().await;
        let build = match follower.at() {
            Some(_) => None,
            None => Some(Indexes::build(Arc::clone(&still(&indexes)?.builds)).await?),
        };
        let mut lease = self.pool.acquire().await?;
        let (head, there) = self.snapshot(&mut lease, follower.at()).await?;
        let Some(head) = head else {
            return Ok(Vec::new());
        };
        if !follower.knows(head) {
            drop(follower);
            // Whoever reads it has its connection already, and waits for none of us.
            let mut writes = Arc::clone(&shared.follower).write_owned().await;
            // Taken out: after an error it would know a part of what was written, and nobody which.
            let known = std::mem::take(&mut *writes);
            *writes = self
                .caught_up(&mut lease, &indexes, known, (head, there))
                .await?;
            let bytes = writes.index.bytes();
            still(&indexes)?.with(|recent| recent.put(self.place, shared, bytes));
            follower = writes.downgrade();
        }
        drop((turn, build));
        let query = self.query.clone();
        let search = move || follower.index.search(&query);
        let search = self.pool.background.compute(search).await?;
        self.finish(&mut lease, search).await
    }

    /// An index, with the rows that it lacks of a moment whose last event is the first of these; the second is
    /// the event under the number of its own.
    async fn caught_up(
        &self,
        lease: &mut Lease,
        indexes: &Weak<Indexes>,
        mut known: Follower,
        (head, there): (Head, Option<Head>),
    ) -> Result<Follower, Failure> {
        let after = known.lacks(there);
        let open = [Of::Things, Of::Knowledge].map(|of| of.open(self.place, after));
        lease.flight(None, open.into(), None).await?;
        known = self.read(lease, indexes, known, Of::Things).await?;
        known = self.read(lease, indexes, known, Of::Knowledge).await?;
        known.reached(head);
        Ok(known)
    }

    /// Begins a transaction that sees one moment: the place's last event, and the one that it has under the
    /// number of another.
    async fn snapshot(
        &self,
        lease: &mut Lease,
        at: Option<Head>,
    ) -> Result<(Option<Head>, Option<Head>), Failure> {
        let mut queries = vec![find::head(self.place)];
        queries.extend(at.map(|at| find::event(self.place, at.seq)));
        let begin = Some(begin::snapshot(self.place));
        let answers = lease.flight(begin, queries, None).await?;
        let mut heads = answers.iter().map(|rows| find::head_of(rows));
        let head = heads.next().transpose()?.flatten();
        Ok((head, heads.next().transpose()?.flatten()))
    }

    /// Gives an index the rows that a cursor lists, some at a time: however many there are, no statement takes
    /// long and no more of them are in memory.
    async fn read(
        &self,
        lease: &mut Lease,
        indexes: &Weak<Indexes>,
        mut known: Follower,
        of: Of,
    ) -> Result<Follower, Failure> {
        loop {
            let answers = lease.flight(None, vec![of.fetch()], None).await?;
            still(indexes)?;
            let rows = answers.into_iter().next().unwrap_or_default();
            if rows.is_empty() {
                return Ok(known);
            }
            let put = move || {
                rows.iter().try_for_each(|row| of.put(&mut known, row))?;
                Ok::<_, StoreError>(known)
            };
            known = self.pool.background.compute(put).await??;
        }
    }

    /// Answers with the exact vectors that it wants, of the same moment.
    async fn finish(&self, lease: &mut Lease, search: Search) -> Result<Vec<Hit>, Failure> {
        if search.wanted().is_empty() {
            return Ok(search.finish([]));
        }
        let queries = vec![vectors(self.place, search.wanted())];
        let answers = lease.flight(None, queries, Some("COMMIT")).await?;
        let vectors: Result<Vec<_>, StoreError> = answers
            .iter()
            .flatten()
            .map(|row| {
                let id = KnowledgeId::from_uuid(column(row, 0)?);
                Ok((id, decode_vector(column(row, 1)?, column(row, 2)?)?))
            })
            .collect();
        let vectors = vectors?;
        Ok(self
            .pool
            .background
            .compute(move || search.finish(vectors))
            .await?)
    }
}

/// The indexes, if somebody is left who may search.
fn still(indexes: &Weak<Indexes>) -> Result<Arc<Indexes>, StoreError> {
    indexes
        .upgrade()
        .ok_or_else(|| unavailable("the store was dropped".to_owned()))
}

/// What rows an index is given.
#[derive(Clone, Copy)]
pub(crate) enum Of {
    Things,
    Knowledge,
}

impl Of {
    /// The rows behind an event, all of them if there is none.
    pub(crate) fn changed(self, place: Place, after: Option<Seq>) -> Query {
        let (all, changed) = match self {
            Self::Things => (THINGS, "changed"),
            Self::Knowledge => (KNOWLEDGE, "k.changed"),
        };
        let place = Box::new(key::place(place));
        let Some(after) = after else {
            return Query::new(all, vec![place]);
        };
        // The first condition says that the index will do, which has only what is above 0.
        let sql = format!("{all} AND {changed} > 0 AND {changed} > $2");
        Query::new(sql, vec![place, Box::new(key::number(after.get()))])
    }

    /// Opens a cursor on them, which ends with the transaction.
    fn open(self, place: Place, after: Option<Seq>) -> Query {
        let Query { sql, params } = self.changed(place, after);
        let cursor = match self {
            Self::Things => "one_things",
            Self::Knowledge => "one_knowledge",
        };
        let sql = format!("DECLARE {cursor} NO SCROLL CURSOR FOR {sql}");
        Query::new(sql, params)
    }

    /// The next of them. A text of knowledge may be as long as a thousand things.
    fn fetch(self) -> Query {
        let sql = match self {
            Self::Things => "FETCH 1000 FROM one_things",
            Self::Knowledge => "FETCH 64 FROM one_knowledge",
        };
        Query::new(sql, Vec::new())
    }

    fn put(self, known: &mut Follower, row: &Row) -> Result<(), StoreError> {
        match self {
            Self::Things => known.index.put_thing(&doc("things", row)?),
            Self::Knowledge => known.index.put_knowledge(&find::knowledge_of(row)?),
        }
        Ok(())
    }
}

pub(crate) fn vectors(place: Place, ids: &[KnowledgeId]) -> Query {
    let ids: Vec<Uuid> = ids.iter().map(|id| *id.as_uuid()).collect();
    Query::new(VECTORS, vec![Box::new(key::place(place)), Box::new(ids)])
}
