//! Pages.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use one_ontology::{
    Connection, ConnectionId, ConnectionQuery, Event, EventQuery, GroupId, Knowledge, KnowledgeId,
    KnowledgeQuery, Page, Person, PersonId, PersonQuery, Place, Query, Seq, StoreError, Thing,
    ThingId, ThingQuery, Timestamp,
};
use rusqlite::{Row, params_from_iter};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::codec::{decode, decode_knowledge};
use crate::error::{OrStoreError as _, corrupt};
use crate::key;
use crate::select::{self, Select};

pub(crate) const CHILDREN: &str =
    "SELECT id FROM groups INDEXED BY groups_parent WHERE parent = ?1";

pub(crate) fn things(
    c: &rusqlite::Connection,
    place: Place,
    query: &ThingQuery,
    after: Option<(String, ThingId)>,
) -> Result<Page<Thing>, StoreError> {
    let select = select::things(place, query, after);
    let read = |row: &Row<'_>| doc("things", row);
    page(c, &select, query, read, |thing| query.matches(thing))
}

/// Whether the query has any row, its limit and cursor aside.
pub(crate) fn any_thing(
    c: &rusqlite::Connection,
    place: Place,
    query: &ThingQuery,
) -> Result<bool, StoreError> {
    let select = select::things(place, query, None);
    let mut any = false;
    scan(c, &select, |row| {
        any = query.matches(&doc("things", row)?);
        Ok(!any)
    })?;
    Ok(any)
}

pub(crate) fn connections(
    c: &rusqlite::Connection,
    place: Place,
    query: &ConnectionQuery,
    after: Option<ConnectionId>,
) -> Result<Page<Connection>, StoreError> {
    let select = select::connections(place, query, after);
    let read = |row: &Row<'_>| doc("connections", row);
    page(c, &select, query, read, |row| query.matches(row))
}

pub(crate) fn events(
    c: &rusqlite::Connection,
    place: Place,
    query: &EventQuery,
    after: Option<Seq>,
) -> Result<Page<Event>, StoreError> {
    let select = select::events(place, query, after);
    let read = |row: &Row<'_>| doc("events", row);
    page(c, &select, query, read, |event| query.matches(event))
}

pub(crate) fn people(
    c: &rusqlite::Connection,
    place: Place,
    query: &PersonQuery,
    after: Option<(String, PersonId)>,
) -> Result<Page<Person>, StoreError> {
    let select = select::people(place, after);
    let read = |row: &Row<'_>| doc("people", row);
    page(c, &select, query, read, |_| true)
}

pub(crate) fn knowledge(
    c: &rusqlite::Connection,
    place: Place,
    query: &KnowledgeQuery,
    after: Option<(Reverse<Timestamp>, KnowledgeId)>,
) -> Result<Page<Knowledge>, StoreError> {
    let after = after.map(|(Reverse(at), id)| (at, id));
    let select = select::knowledge(place, query, after);
    page(c, &select, query, knowledge_of, |row| query.matches(row))
}

/// Every group, by id.
pub(crate) fn groups(c: &mut rusqlite::Connection) -> Result<Vec<GroupId>, StoreError> {
    let mut statement = c
        .prepare("SELECT id FROM groups ORDER BY id")
        .or_store_error()?;
    let mut rows = statement.query([]).or_store_error()?;
    let mut groups = Vec::new();
    while let Some(row) = rows.next().or_store_error()? {
        groups.push(GroupId::from_uuid(uuid(row, 0)?));
    }
    Ok(groups)
}

/// Groups below a group, layer by layer.
pub(crate) fn descendants(
    c: &mut rusqlite::Connection,
    group: GroupId,
) -> Result<Vec<GroupId>, StoreError> {
    let transaction = c.transaction().or_store_error()?;
    let mut statement = transaction.prepare_cached(CHILDREN).or_store_error()?;
    let mut seen = BTreeSet::from([group]);
    let mut below = Vec::new();
    let mut layer = vec![group];
    while !layer.is_empty() {
        let mut next = BTreeSet::new();
        for parent in &layer {
            let mut rows = statement
                .query([key::id(parent.as_uuid())])
                .or_store_error()?;
            while let Some(row) = rows.next().or_store_error()? {
                let id = GroupId::from_uuid(uuid(row, 0)?);
                if seen.insert(id) {
                    next.insert(id);
                }
            }
        }
        layer = next.into_iter().collect();
        below.extend(&layer);
    }
    Ok(below)
}

pub(crate) fn uuid(row: &Row<'_>, column: usize) -> Result<Uuid, StoreError> {
    let bytes = row.get_ref(column).or_store_error()?;
    bytes
        .as_blob()
        .ok()
        .and_then(|bytes| Uuid::from_slice(bytes).ok())
        .ok_or_else(|| corrupt("an id is not 16 bytes".to_owned()))
}

/// A row of knowledge from the columns `doc, model, vector`.
pub(crate) fn knowledge_of(row: &Row<'_>) -> Result<Knowledge, StoreError> {
    let vector = row.get_ref(2).or_store_error()?;
    decode_knowledge(
        text(row)?,
        row.get(1).or_store_error()?,
        vector.as_blob_or_null().map_err(|_| not_text())?,
    )
}

pub(crate) fn doc<T: DeserializeOwned>(what: &str, row: &Row<'_>) -> Result<T, StoreError> {
    decode(what, text(row)?)
}

fn text<'a>(row: &'a Row<'_>) -> Result<&'a str, StoreError> {
    row.get_ref(0)
        .or_store_error()?
        .as_str()
        .map_err(|_| not_text())
}

fn not_text() -> StoreError {
    corrupt("a column does not hold what it should".to_owned())
}

/// Gives rows to `each` until it has enough.
pub(crate) fn scan(
    c: &rusqlite::Connection,
    select: &Select,
    mut each: impl FnMut(&Row<'_>) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let mut statement = c.prepare_cached(&select.sql).or_store_error()?;
    let mut rows = statement
        .query(params_from_iter(&select.params))
        .or_store_error()?;
    while let Some(row) = rows.next().or_store_error()? {
        if !each(row)? {
            break;
        }
    }
    Ok(())
}

fn page<Q: Query>(
    c: &rusqlite::Connection,
    select: &Select,
    query: &Q,
    read: impl Fn(&Row<'_>) -> Result<Q::Row, StoreError>,
    matches: impl Fn(&Q::Row) -> bool,
) -> Result<Page<Q::Row>, StoreError> {
    let wanted = query.limit().get() + 1;
    let mut items = Vec::new();
    scan(c, select, |row| {
        let item = read(row)?;
        if matches(&item) {
            items.push(item);
        }
        Ok(items.len() < wanted)
    })?;
    Ok(query.page(items))
}
