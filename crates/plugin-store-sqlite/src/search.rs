//! Searches, answered by an index in memory that is brought up to date from the rows changed since.
//!
//! Each row holds the number of the last event of the change set that wrote it, and a place's head is that
//! of its last change set. Commits come one after another, whichever process they are of. So a snapshot
//! with this head has every row up to it and none behind it, and an index that has come to another event
//! of the same chain lacks exactly the rows behind that one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard, TryLockError};

use one_ontology::search::{Follower, Recent, Search};
use one_ontology::{
    Embedding, Head, Hit, Knowledge, KnowledgeId, Place, SearchQuery, StoreError, Thing,
};
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::codec::decode_vector;
use crate::error::{OrStoreError as _, corrupt};
use crate::list::{self, scan};
use crate::select::Select;
use crate::{find, key};

pub(crate) const THINGS: &str = "SELECT doc FROM things INDEXED BY things_changed
    WHERE place = ?1 AND changed > ?2 ORDER BY changed";
pub(crate) const KNOWLEDGE: &str = "SELECT k.doc, v.model, v.vector
    FROM knowledge k INDEXED BY knowledge_changed LEFT JOIN vectors v ON v.n = k.n
    WHERE k.place = ?1 AND k.changed > ?2 ORDER BY k.changed";
pub(crate) const VECTOR: &str = "SELECT v.model, v.vector
    FROM knowledge k CROSS JOIN vectors v ON v.n = k.n WHERE k.place = ?1 AND k.id = ?2";

/// The indexes of the places that were searched last. Whoever searches holds its lock for reading, and only
/// the one thread that reads rows holds it for writing.
#[derive(Debug)]
pub(crate) struct Indexes(Mutex<Recent<Arc<RwLock<Follower>>>>);

impl Indexes {
    pub(crate) const fn new(most: usize) -> Self {
        Self(Mutex::new(Recent::new(most)))
    }

    /// The index of a place, a new one if there is none.
    pub(crate) fn of(&self, place: Place) -> Arc<RwLock<Follower>> {
        self.lock().of(place)
    }

    fn lock(&self) -> MutexGuard<'_, Recent<Arc<RwLock<Follower>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer, if the place's index knows every row; else it has to be [`brought up to date`](behind)
/// first, for which readers have no time.
pub(crate) fn at_once(
    c: &mut Connection,
    indexes: &Indexes,
    place: Place,
    query: &SearchQuery,
) -> Result<Option<Vec<Hit>>, StoreError> {
    let moment = c.transaction().or_store_error()?;
    let Some(head) = find::head(&moment, place)? else {
        return Ok(Some(Vec::new()));
    };
    let follower = indexes.of(place);
    let search = match follower.try_read() {
        Ok(follower) if follower.knows(head) => follower.index.search(query),
        Ok(_) | Err(TryLockError::WouldBlock | TryLockError::Poisoned(_)) => return Ok(None),
    };
    finish(&moment, place, search).map(Some)
}

/// The answer of an index that lacks rows: it is given them first.
pub(crate) fn behind(
    c: &mut Connection,
    indexes: &Indexes,
    place: Place,
    query: &SearchQuery,
) -> Result<Vec<Hit>, StoreError> {
    let moment = c.transaction().or_store_error()?;
    let Some(head) = find::head(&moment, place)? else {
        return Ok(Vec::new());
    };
    let shared = indexes.of(place);
    // While somebody waits to write, nobody reads: only what lacks rows is written.
    let follower = shared.read().unwrap_or_else(PoisonError::into_inner);
    if follower.knows(head) {
        let search = follower.index.search(query);
        drop(follower);
        return finish(&moment, place, search);
    }
    drop(follower);
    let mut follower = shared.write().unwrap_or_else(PoisonError::into_inner);
    // Taken out: after an error it would know a part of what was written, and nobody which.
    *follower = caught_up(&moment, place, head, std::mem::take(&mut *follower))?;
    let bytes = follower.index.bytes();
    indexes.lock().put(place, Arc::clone(&shared), bytes);
    let follower = RwLockWriteGuard::downgrade(follower);
    let search = follower.index.search(query);
    drop(follower);
    finish(&moment, place, search)
}

fn caught_up(
    moment: &Connection,
    place: Place,
    head: Head,
    mut follower: Follower,
) -> Result<Follower, StoreError> {
    let there = match follower.at() {
        Some(at) => find::event(moment, place, at.seq)?,
        None => None,
    };
    let after = follower.lacks(there);
    let rows = |sql: &str| Select {
        sql: sql.to_owned(),
        params: vec![
            key::place(place),
            // Rows that version 1 wrote have 0.
            Value::Integer(after.map_or(-1, |seq| key::number(seq.get()))),
        ],
    };
    scan(moment, &rows(THINGS), |row| {
        let thing: Thing = list::doc("things", row)?;
        follower.index.put_thing(&thing);
        Ok(true)
    })?;
    scan(moment, &rows(KNOWLEDGE), |row| {
        let knowledge: Knowledge = list::knowledge_of(row)?;
        follower.index.put_knowledge(&knowledge);
        Ok(true)
    })?;
    follower.reached(head);
    Ok(follower)
}

/// Answers with the exact vectors that it wants, of the same moment.
fn finish(moment: &Connection, place: Place, search: Search) -> Result<Vec<Hit>, StoreError> {
    let mut vectors = Vec::with_capacity(search.wanted().len());
    for id in search.wanted() {
        vectors.extend(vector(moment, place, *id)?.map(|vector| (*id, vector)));
    }
    Ok(search.finish(vectors))
}

fn vector(
    moment: &Connection,
    place: Place,
    id: KnowledgeId,
) -> Result<Option<Embedding>, StoreError> {
    let mut statement = moment.prepare_cached(VECTOR).or_store_error()?;
    let mut rows = statement
        .query([key::place(place), key::id(id.as_uuid())])
        .or_store_error()?;
    let Some(row) = rows.next().or_store_error()? else {
        return Ok(None);
    };
    let bytes = row.get_ref(1).or_store_error()?;
    let bytes = bytes
        .as_blob()
        .map_err(|_| corrupt("a vector is not bytes".to_owned()))?;
    decode_vector(row.get(0).or_store_error()?, bytes).map(Some)
}
