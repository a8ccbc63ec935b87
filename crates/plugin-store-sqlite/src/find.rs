//! Rows by their keys, and what a change set needs.

use one_ontology::{
    BudgetKey, BudgetState, ConnectionId, Digest, End, Found, Group, GroupId, Head, Knowledge,
    KnowledgeId, Membership, Needs, Person, PersonId, Place, Receipt, Row, RowId, Seq, StoreError,
    Thing, ThingId,
};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::codec::decode;
use crate::error::OrStoreError as _;
use crate::{key, list};

pub(crate) const GROUP: &str = "SELECT doc FROM groups WHERE id = ?1";
pub(crate) const MEMBERSHIP: &str = "SELECT doc FROM memberships WHERE place = ?1 AND person = ?2";
pub(crate) const PERSON: &str = "SELECT doc FROM people WHERE place = ?1 AND id = ?2";
pub(crate) const THING: &str = "SELECT doc FROM things WHERE place = ?1 AND id = ?2";
pub(crate) const CONNECTION: &str = "SELECT doc FROM connections WHERE place = ?1 AND id = ?2";
pub(crate) const KNOWLEDGE: &str = "SELECT k.doc, v.model, v.vector
    FROM knowledge k LEFT JOIN vectors v ON v.n = k.n
    WHERE k.place = ?1 AND k.id = ?2";
pub(crate) const HEAD: &str = "SELECT doc FROM events WHERE place = ?1 ORDER BY seq DESC LIMIT 1";
pub(crate) const EVENT: &str = "SELECT doc FROM events WHERE place = ?1 AND seq = ?2";
pub(crate) const COVERED: &str =
    "SELECT doc FROM events WHERE place = ?1 AND seq >= ?2 ORDER BY seq LIMIT 1";
pub(crate) const BUDGET: &str = "SELECT doc FROM budgets WHERE place = ?1 AND key = ?2";
pub(crate) const RECEIPT: &str = "SELECT doc FROM receipts WHERE place = ?1 AND key = ?2";

pub(crate) fn group(c: &Connection, id: GroupId) -> Result<Option<Group>, StoreError> {
    one(c, "groups", GROUP, [key::id(id.as_uuid())])
}

pub(crate) fn membership(
    c: &Connection,
    place: Place,
    person: PersonId,
) -> Result<Option<Membership>, StoreError> {
    let keys = [key::place(place), key::id(person.as_uuid())];
    one(c, "memberships", MEMBERSHIP, keys)
}

pub(crate) fn person(
    c: &Connection,
    place: Place,
    id: PersonId,
) -> Result<Option<Person>, StoreError> {
    let keys = [key::place(place), key::id(id.as_uuid())];
    one(c, "people", PERSON, keys)
}

pub(crate) fn thing(
    c: &Connection,
    place: Place,
    id: ThingId,
) -> Result<Option<Thing>, StoreError> {
    let keys = [key::place(place), key::id(id.as_uuid())];
    one(c, "things", THING, keys)
}

fn connection(
    c: &Connection,
    place: Place,
    id: ConnectionId,
) -> Result<Option<one_ontology::Connection>, StoreError> {
    let keys = [key::place(place), key::id(id.as_uuid())];
    one(c, "connections", CONNECTION, keys)
}

pub(crate) fn knowledge(
    c: &Connection,
    place: Place,
    id: KnowledgeId,
) -> Result<Option<Knowledge>, StoreError> {
    let mut statement = c.prepare_cached(KNOWLEDGE).or_store_error()?;
    let mut rows = statement
        .query([key::place(place), key::id(id.as_uuid())])
        .or_store_error()?;
    match rows.next().or_store_error()? {
        Some(row) => list::knowledge_of(row).map(Some),
        None => Ok(None),
    }
}

pub(crate) fn head(c: &Connection, place: Place) -> Result<Option<Head>, StoreError> {
    let head: Option<HeadOf> = one(c, "events", HEAD, [key::place(place)])?;
    Ok(head.map(|HeadOf { seq, digest }| Head { seq, digest }))
}

/// The event of a number.
pub(crate) fn event(c: &Connection, place: Place, seq: Seq) -> Result<Option<Head>, StoreError> {
    let keys = [key::place(place), Value::Integer(key::number(seq.get()))];
    let head: Option<HeadOf> = one(c, "events", EVENT, keys)?;
    Ok(head.map(|HeadOf { seq, digest }| Head { seq, digest }))
}

/// What of an event is the head of its chain. The rest of it is read past.
#[derive(Deserialize)]
struct HeadOf {
    seq: Seq,
    digest: Digest,
}

/// The first event at or behind a number.
fn covered(c: &Connection, place: Place, seq: Seq) -> Result<Option<Head>, StoreError> {
    let keys = [key::place(place), Value::Integer(key::number(seq.get()))];
    let head: Option<HeadOf> = one(c, "events", COVERED, keys)?;
    Ok(head.map(|HeadOf { seq, digest }| Head { seq, digest }))
}

pub(crate) fn budget(
    c: &Connection,
    place: Place,
    budget: &BudgetKey,
) -> Result<Option<BudgetState>, StoreError> {
    let keys = [key::place(place), key::text(budget.as_str())];
    one(c, "budgets", BUDGET, keys)
}

/// What a change set needs; inside the transaction that then writes.
pub(crate) fn needs(c: &Connection, needs: &Needs) -> Result<Found, StoreError> {
    let place = needs.place;
    let mut found = Found {
        head: head(c, place)?,
        ..Found::default()
    };
    if let Some(named) = &needs.key {
        let keys = [key::place(place), key::text(named.as_str())];
        found.receipt = one::<Receipt>(c, "receipts", RECEIPT, keys)?;
        if found.receipt.is_some() {
            // Nothing else counts then.
            return Ok(found);
        }
    }
    if let Place::Group(id) = place {
        found.group = group(c, id)?;
    }
    if let Some(seq) = needs.covered {
        found.covered = covered(c, place, seq)?;
    }
    for id in &needs.rows {
        if let Some(row) = row(c, place, *id)? {
            found.rows.insert(*id, row);
        }
    }
    for end in &needs.ends {
        if let End::Thing(id) = end {
            let thing = match thing(c, place, *id)? {
                Some(own) => Some(own),
                None => thing(c, Place::Global, *id)?,
            };
            found.ends.extend(thing.map(|thing| (*end, thing)));
        }
    }
    for id in &needs.connections {
        let connection = connection(c, place, *id)?;
        found.connections.extend(connection.map(|row| (*id, row)));
    }
    for query in &needs.absent {
        found.matches.push(list::any_thing(c, place, query)?);
    }
    for key in &needs.budgets {
        let state = budget(c, place, key)?;
        found
            .budgets
            .extend(state.map(|state| (key.clone(), state)));
    }
    Ok(found)
}

fn row(c: &Connection, place: Place, id: RowId) -> Result<Option<Row>, StoreError> {
    Ok(match id {
        // A group lives in its own place only.
        RowId::Group(id) if place == Place::Group(id) => group(c, id)?.map(Row::Group),
        RowId::Group(_) => None,
        RowId::Person(id) => person(c, place, id)?.map(Row::Person),
        RowId::Membership(id) => membership(c, place, id)?.map(Row::Membership),
        RowId::Thing(id) => thing(c, place, id)?.map(Row::Thing),
        RowId::Knowledge(id) => knowledge(c, place, id)?.map(Row::Knowledge),
    })
}

fn one<T: DeserializeOwned>(
    c: &Connection,
    what: &str,
    sql: &str,
    keys: impl IntoIterator<Item = Value>,
) -> Result<Option<T>, StoreError> {
    let mut statement = c.prepare_cached(sql).or_store_error()?;
    let doc: Option<String> = statement
        .query_row(params_from_iter(keys), |row| row.get(0))
        .optional()
        .or_store_error()?;
    doc.map(|doc| decode(what, &doc)).transpose()
}
