//! What the columns beside `doc` hold, computed from the row: written by a commit, held against the
//! file by a check.

use std::collections::BTreeSet;

use one_ontology::{Connection, Event, Group, Knowledge, Membership, Person, Thing};
use rusqlite::types::Value;

use crate::{key, select};

/// `id, parent`.
pub(crate) fn group(row: &Group) -> [Value; 2] {
    [
        key::id(row.id.as_uuid()),
        row.parent
            .map_or(Value::Null, |parent| key::id(parent.as_uuid())),
    ]
}

/// `id, name`.
pub(crate) fn person(row: &Person) -> [Value; 2] {
    [key::id(row.id.as_uuid()), key::text(&row.display_name)]
}

/// `person`.
pub(crate) fn membership(row: &Membership) -> [Value; 1] {
    [key::id(row.person.as_uuid())]
}

/// `id, type, name, status, npm_package, registry_url`.
pub(crate) fn thing(row: &Thing) -> [Value; 6] {
    let property = |name: &str| row.properties.text(name).map_or(Value::Null, key::text);
    [
        key::id(row.id.as_uuid()),
        key::text(row.thing_type.as_str()),
        key::text(&row.name),
        key::text(row.status.as_str()),
        property("npm_package"),
        property("registry_url"),
    ]
}

/// `id, type, source, newest, archived`.
pub(crate) fn knowledge(row: &Knowledge) -> [Value; 5] {
    [
        key::id(row.id.as_uuid()),
        key::text(row.knowledge_type.as_str()),
        row.source
            .as_ref()
            .map_or(Value::Null, |source| key::end(source.end)),
        Value::Integer(select::newest(row.created_at)),
        Value::Integer(i64::from(row.archived_at.is_some())),
    ]
}

/// `id, type, from_end, to_end, ended`.
pub(crate) fn connection(row: &Connection) -> [Value; 5] {
    [
        key::id(row.id.as_uuid()),
        key::text(row.connection_type.as_str()),
        key::end(row.from),
        key::end(row.to),
        Value::Integer(i64::from(row.valid_to.is_some())),
    ]
}

/// `seq, type, target`.
pub(crate) fn event(row: &Event) -> [Value; 3] {
    [
        Value::Integer(key::number(row.seq.get())),
        key::text(row.event_type.as_str()),
        row.target.map_or(Value::Null, key::end),
    ]
}

/// The labels that a row of knowledge is listed under; none once it is archived.
pub(crate) fn labels(row: &Knowledge) -> BTreeSet<String> {
    let labels = row.labels.iter().map(ToString::to_string);
    labels.filter(|_| row.archived_at.is_none()).collect()
}
