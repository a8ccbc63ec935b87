//! Filters, pages and cursors.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    ConnectionType, Digest, End, EventType, InvalidValue, KnowledgeType, Label, Seq, StoreError,
    ThingStatus, ThingType, canonical_json,
};

/// How many rows a page has at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "u32", into = "u32")]
pub struct Limit(u32);

impl Limit {
    /// The most that can be asked for.
    pub const MAX: u32 = 1000;

    /// From 1 to [`Limit::MAX`]; what is outside becomes the nearest.
    #[must_use]
    pub fn new(rows: u32) -> Self {
        Self(rows.clamp(1, Self::MAX))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

impl From<u32> for Limit {
    fn from(rows: u32) -> Self {
        Self::new(rows)
    }
}

impl From<Limit> for u32 {
    fn from(limit: Limit) -> Self {
        limit.0
    }
}

impl Default for Limit {
    /// 100.
    fn default() -> Self {
        Self(100)
    }
}

/// Where the next page starts. Belongs to one query; another query refuses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(String);

impl Cursor {
    /// The longest.
    const MAX_BYTES: usize = 4096;

    /// A cursor that came from outside; checked when it is used.
    #[must_use]
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// To hand out.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn new(fingerprint: &str, position: &Value) -> Self {
        Self(format!("{fingerprint}.{position}"))
    }

    fn position(&self, fingerprint: &str) -> Result<Value, StoreError> {
        self.0
            .split_once('.')
            .filter(|_| self.0.len() <= Self::MAX_BYTES)
            .filter(|(of, _)| *of == fingerprint)
            .and_then(|(_, position)| serde_json::from_str(position).ok())
            .ok_or(StoreError::InvalidCursor)
    }
}

/// Some rows, and where the next ones start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page starts; none if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Cursor>,
}

/// A query whose rows have an order, so that a page can go on where another ended.
///
/// Stores read [`Query::position`], list rows behind it in the query's order, one more than
/// [`Query::limit`], and give them to [`Query::page`].
pub trait Query: Serialize {
    /// What it lists.
    type Row;
    /// Where a row is in the order.
    type Position: Serialize + serde::de::DeserializeOwned + Ord;

    /// Its place in the order.
    fn position_of(row: &Self::Row) -> Self::Position;
    /// How many rows a page has.
    fn limit(&self) -> Limit;
    /// Where to go on.
    fn cursor(&self) -> Option<&Cursor>;

    /// What a cursor of this query is marked with: the query without limit and cursor.
    #[must_use]
    fn fingerprint(&self) -> String {
        let mut query = serde_json::to_value(self).unwrap_or_default();
        if let Some(map) = query.as_object_mut() {
            map.remove("limit");
            map.remove("cursor");
        }
        let mut digest = Digest::of(canonical_json(&query).as_bytes()).to_string();
        digest.truncate(16);
        digest
    }

    /// Behind which position to go on.
    ///
    /// # Errors
    /// `InvalidCursor`: not a cursor, or one of another query.
    fn position(&self) -> Result<Option<Self::Position>, StoreError> {
        let Some(cursor) = self.cursor() else {
            return Ok(None);
        };
        let position = cursor.position(&self.fingerprint())?;
        serde_json::from_value(position)
            .map(Some)
            .map_err(|_| StoreError::InvalidCursor)
    }

    /// The page of the next rows in order, of which the store has read one more than the limit.
    #[must_use]
    fn page(&self, mut rows: Vec<Self::Row>) -> Page<Self::Row> {
        let more = rows.len() > self.limit().get();
        rows.truncate(self.limit().get());
        let next = rows.last().filter(|_| more).and_then(|row| {
            let position = serde_json::to_value(Self::position_of(row)).ok()?;
            Some(Cursor::new(&self.fingerprint(), &position))
        });
        Page { items: rows, next }
    }
}

macro_rules! query {
    ($name:ident lists $row:ty, by $position:ty, $of:expr) => {
        impl Query for $name {
            type Row = $row;
            type Position = $position;

            fn position_of(row: &Self::Row) -> Self::Position {
                let of: fn(&Self::Row) -> Self::Position = $of;
                of(row)
            }

            fn limit(&self) -> Limit {
                self.limit
            }

            fn cursor(&self) -> Option<&Cursor> {
                self.cursor.as_ref()
            }
        }
    };
}

/// Which things, by name (bytes), then id. Filters that are empty do not filter.
///
/// ```
/// use futures::executor::block_on;
/// use one_ontology::{Limit, MemoryStore, Place, Scope, Store, ThingQuery, ThingType};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (store, scope) = (MemoryStore::new(), Scope::system("example".parse()?, Place::Global));
/// let mut query = ThingQuery {
///     limit: Limit::new(10),
///     ..ThingQuery::of_type(ThingType::Course)
/// };
/// loop {
///     let page = block_on(store.things(&scope, &query))?;
///     for course in page.items {
///         println!("{}", course.name);
///     }
///     query.cursor = page.next;
///     if query.cursor.is_none() {
///         break;
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ThingQuery {
    /// Of one of these types.
    pub types: Vec<ThingType>,
    /// With one of these statuses; if empty, any but archived.
    pub statuses: Vec<ThingStatus>,
    /// With this exact name.
    pub name: Option<String>,
    /// With these properties, each equal to the value given. Those that stores index:
    /// `npm_package`, `registry_url`.
    pub properties: BTreeMap<String, Value>,
    /// How many.
    pub limit: Limit,
    /// Where to go on.
    pub cursor: Option<Cursor>,
}

query!(ThingQuery lists crate::Thing, by (String, crate::ThingId), |t| (t.name.clone(), t.id));

impl ThingQuery {
    /// Things of one type.
    #[must_use]
    pub fn of_type(thing_type: impl Into<ThingType>) -> Self {
        Self {
            types: vec![thing_type.into()],
            ..Self::default()
        }
    }

    /// Only those whose property equals this value.
    #[must_use]
    pub fn with(mut self, property: &str, value: impl Into<Value>) -> Self {
        self.properties.insert(property.to_owned(), value.into());
        self
    }

    /// Only those with this status.
    #[must_use]
    pub fn in_status(mut self, status: ThingStatus) -> Self {
        self.statuses.push(status);
        self
    }

    /// Whether a thing is among those meant, its place aside.
    #[must_use]
    pub fn matches(&self, thing: &crate::Thing) -> bool {
        let status = if self.statuses.is_empty() {
            thing.status != ThingStatus::Archived
        } else {
            self.statuses.contains(&thing.status)
        };
        status
            && (self.types.is_empty() || self.types.contains(&thing.thing_type))
            && self.name.as_ref().is_none_or(|name| *name == thing.name)
            && self
                .properties
                .iter()
                .all(|(name, value)| thing.properties.get(name) == Some(value))
    }
}

/// Which connections, by id. Filters that are empty do not filter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionQuery {
    /// Of one of these types.
    pub types: Vec<ConnectionType>,
    /// From this end.
    pub from: Option<End>,
    /// To this end.
    pub to: Option<End>,
    /// Whether those that have ended are listed too.
    pub ended: Ended,
    /// How many.
    pub limit: Limit,
    /// Where to go on.
    pub cursor: Option<Cursor>,
}

/// Whether what has ended is listed too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// No.
    #[default]
    Left,
    /// Yes.
    Listed,
}

query!(ConnectionQuery lists crate::Connection, by crate::ConnectionId, |c| c.id);

impl ConnectionQuery {
    /// Connections of one type from one end.
    #[must_use]
    pub fn from(end: impl Into<End>, connection_type: impl Into<ConnectionType>) -> Self {
        Self {
            types: vec![connection_type.into()],
            from: Some(end.into()),
            ..Self::default()
        }
    }

    /// Connections of one type to one end.
    #[must_use]
    pub fn to(end: impl Into<End>, connection_type: impl Into<ConnectionType>) -> Self {
        Self {
            types: vec![connection_type.into()],
            to: Some(end.into()),
            ..Self::default()
        }
    }

    /// Whether a connection is among those meant, its place aside.
    #[must_use]
    pub fn matches(&self, connection: &crate::Connection) -> bool {
        (self.types.is_empty() || self.types.contains(&connection.connection_type))
            && self.from.is_none_or(|end| end == connection.from)
            && self.to.is_none_or(|end| end == connection.to)
            && (self.ended == Ended::Listed || connection.valid_to.is_none())
    }
}

/// Which events, in the order of the chain. Filters that are empty do not filter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventQuery {
    /// Of one of these types.
    pub types: Vec<EventType>,
    /// About this.
    pub target: Option<End>,
    /// Behind this one.
    pub after: Seq,
    /// How many.
    pub limit: Limit,
    /// Where to go on.
    pub cursor: Option<Cursor>,
}

query!(EventQuery lists crate::Event, by Seq, |e| e.seq);

impl EventQuery {
    /// Events about one thing, person or group.
    #[must_use]
    pub fn about(target: impl Into<End>) -> Self {
        Self {
            target: Some(target.into()),
            ..Self::default()
        }
    }

    /// Whether an event is among those meant, its place aside.
    #[must_use]
    pub fn matches(&self, event: &crate::Event) -> bool {
        event.seq > self.after
            && (self.types.is_empty() || self.types.contains(&event.event_type))
            && self
                .target
                .is_none_or(|target| event.target == Some(target))
    }
}

/// Which people, by display name (bytes), then id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonQuery {
    /// How many.
    pub limit: Limit,
    /// Where to go on.
    pub cursor: Option<Cursor>,
}

query!(PersonQuery lists crate::Person, by (String, crate::PersonId), |p| (p.display_name.clone(), p.id));

/// Which knowledge, the newest first, then by id. Filters that are empty do not filter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KnowledgeQuery {
    /// Of one of these types.
    pub types: Vec<KnowledgeType>,
    /// About this.
    pub source: Option<End>,
    /// With all of these labels.
    pub labels: Vec<Label>,
    /// How many.
    pub limit: Limit,
    /// Where to go on.
    pub cursor: Option<Cursor>,
}

query!(KnowledgeQuery lists crate::Knowledge, by (std::cmp::Reverse<crate::Timestamp>, crate::KnowledgeId), |k| (std::cmp::Reverse(k.created_at), k.id));

impl KnowledgeQuery {
    /// Whether a row is among those meant, its place aside.
    #[must_use]
    pub fn matches(&self, knowledge: &crate::Knowledge) -> bool {
        knowledge.archived_at.is_none()
            && (self.types.is_empty() || self.types.contains(&knowledge.knowledge_type))
            && self
                .source
                .is_none_or(|end| knowledge.source.as_ref().is_some_and(|s| s.end == end))
            && self
                .labels
                .iter()
                .all(|label| knowledge.labels.contains(label))
    }
}

impl std::str::FromStr for Cursor {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if text.len() <= Self::MAX_BYTES && text.contains('.') {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidValue::new("Cursor", text, "a cursor from a page"))
        }
    }
}
