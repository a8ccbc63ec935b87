//! Ids as the bytes that columns hold. They sort as the ids do.

use one_ontology::{End, Place};
use rusqlite::types::Value;
use uuid::Uuid;

/// No bytes for the shared registry, 16 for a group.
pub(crate) fn place(place: Place) -> Value {
    Value::Blob(match place {
        Place::Global => Vec::new(),
        Place::Group(id) => id.as_uuid().as_bytes().to_vec(),
    })
}

pub(crate) fn id(id: &Uuid) -> Value {
    Value::Blob(id.as_bytes().to_vec())
}

/// A letter for the kind and 16 bytes.
pub(crate) fn end(end: End) -> Value {
    let (kind, id) = match &end {
        End::Thing(id) => (b't', id.as_uuid()),
        End::Person(id) => (b'p', id.as_uuid()),
        End::Group(id) => (b'g', id.as_uuid()),
    };
    let mut bytes = Vec::with_capacity(17);
    bytes.push(kind);
    bytes.extend_from_slice(id.as_bytes());
    Value::Blob(bytes)
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// A number of an event or row. No chain is longer than an `i64` can count.
pub(crate) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
