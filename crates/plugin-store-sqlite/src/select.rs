//! The statements that list: which index each query uses, and what it leaves to be filtered.
//!
//! A statement lists at least what a query means, in its order; [`crate::list`] then keeps what
//! the query's own `matches` keeps. So SQL only has to be fast, never clever.

use std::collections::BTreeSet;

use one_ontology::{
    ConnectionId, ConnectionQuery, Ended, EventQuery, KnowledgeId, KnowledgeQuery, PersonId, Place,
    Seq, ThingId, ThingQuery, ThingStatus, Timestamp,
};
use rusqlite::types::Value;

use crate::key;

/// More values than that are left to be filtered.
const MOST_VALUES: usize = 64;

/// A statement and what it is given.
#[derive(Debug)]
pub(crate) struct Select {
    pub(crate) sql: String,
    pub(crate) params: Vec<Value>,
}

impl Select {
    /// `head` ends with the table, and the alias of its columns if it has one.
    fn new(head: &str, place: Place) -> Self {
        Self {
            sql: format!("{head} WHERE place = ?"),
            params: vec![key::place(place)],
        }
    }

    pub(crate) fn and(mut self, condition: &str, values: impl IntoIterator<Item = Value>) -> Self {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
        self.params.extend(values);
        self
    }

    pub(crate) fn and_maybe(self, condition: &str, value: Option<Value>) -> Self {
        match value {
            Some(value) => self.and(condition, [value]),
            None => self,
        }
    }

    pub(crate) fn and_one_of<'a>(
        self,
        column: &str,
        values: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let values: BTreeSet<&str> = values.into_iter().collect();
        match values.len() {
            0 => self,
            1 => self.and(&format!("{column} = ?"), values.into_iter().map(key::text)),
            n if n <= MOST_VALUES => {
                let marks = vec!["?"; n].join(", ");
                self.and(
                    &format!("{column} IN ({marks})"),
                    values.into_iter().map(key::text),
                )
            }
            _ => self,
        }
    }

    fn order(mut self, by: &str) -> Self {
        self.sql.push_str(" ORDER BY ");
        self.sql.push_str(by);
        self
    }
}

pub(crate) fn things(place: Place, query: &ThingQuery, after: Option<(String, ThingId)>) -> Select {
    let indexed = |property: &str| {
        let text = query
            .properties
            .get(property)
            .and_then(|value| value.as_str());
        text.map(key::text)
    };
    let (npm_package, registry_url) = (indexed("npm_package"), indexed("registry_url"));
    let index = if npm_package.is_some() {
        "things_npm_package"
    } else if registry_url.is_some() {
        "things_registry_url"
    } else if query.name.is_some() || !(1..=MOST_VALUES).contains(&query.types.len()) {
        "things_name"
    } else {
        "things_type"
    };
    let statuses = query.statuses.iter().map(ThingStatus::as_str);
    let select = Select::new(&format!("SELECT doc FROM things INDEXED BY {index}"), place)
        .and_maybe("npm_package = ?", npm_package)
        .and_maybe("registry_url = ?", registry_url)
        .and_maybe("name = ?", query.name.as_deref().map(key::text))
        .and_one_of("type", query.types.iter().map(|t| t.as_str()));
    let select = if query.statuses.is_empty() {
        select.and("status <> ?", [key::text(ThingStatus::Archived.as_str())])
    } else {
        select.and_one_of("status", statuses)
    };
    match after {
        Some((name, id)) => select.and(
            "(name, id) > (?, ?)",
            [Value::Text(name), key::id(id.as_uuid())],
        ),
        None => select,
    }
    .order("name, id")
}

pub(crate) fn connections(
    place: Place,
    query: &ConnectionQuery,
    after: Option<ConnectionId>,
) -> Select {
    let index = if query.from.is_some() {
        "connections_from"
    } else if query.to.is_some() {
        "connections_to"
    } else if (1..=MOST_VALUES).contains(&query.types.len()) {
        "connections_type"
    } else {
        "connections_id"
    };
    let select = Select::new(
        &format!("SELECT doc FROM connections INDEXED BY {index}"),
        place,
    )
    .and_maybe("from_end = ?", query.from.map(key::end))
    .and_maybe("to_end = ?", query.to.map(key::end))
    .and_one_of("type", query.types.iter().map(|t| t.as_str()))
    .and_maybe("id > ?", after.map(|id| key::id(id.as_uuid())));
    match query.ended {
        Ended::Left => select.and("ended = 0", []),
        Ended::Listed => select,
    }
    .order("id")
}

pub(crate) fn events(place: Place, query: &EventQuery, after: Option<Seq>) -> Select {
    let index = match query.target {
        Some(_) => "events_target",
        None => "events_seq",
    };
    let after = after.map_or(query.after, |after| after.max(query.after));
    Select::new(&format!("SELECT doc FROM events INDEXED BY {index}"), place)
        .and_maybe("target = ?", query.target.map(key::end))
        .and("seq > ?", [Value::Integer(key::number(after.get()))])
        .and_one_of("type", query.types.iter().map(|t| t.as_str()))
        .order("seq")
}

pub(crate) fn people(place: Place, after: Option<(String, PersonId)>) -> Select {
    let select = Select::new("SELECT doc FROM people INDEXED BY people_name", place);
    match after {
        Some((name, id)) => select.and(
            "(name, id) > (?, ?)",
            [Value::Text(name), key::id(id.as_uuid())],
        ),
        None => select,
    }
    .order("name, id")
}

/// Knowledge with its vector, from the index of its rarest-looking filter.
pub(crate) fn knowledge(
    place: Place,
    query: &KnowledgeQuery,
    after: Option<(Timestamp, KnowledgeId)>,
) -> Select {
    let columns = "doc, model, vector";
    let after = after.map(|(at, id)| [Value::Integer(newest(at)), key::id(id.as_uuid())]);
    let types = query.types.iter().map(|t| t.as_str());
    if let (Some(label), None) = (query.labels.first(), query.source) {
        // Places, labels and order are those of `labels`; the rest is looked up by id.
        let select = Select {
            sql: format!(
                "SELECT {columns} FROM labels l \
                 CROSS JOIN knowledge k INDEXED BY knowledge_id \
                 ON k.place = l.place AND k.id = l.id \
                 LEFT JOIN vectors v ON v.n = k.n \
                 WHERE l.place = ? AND l.label = ?"
            ),
            params: vec![key::place(place), key::text(label.as_str())],
        };
        let select = match after {
            Some(after) => select.and("(l.newest, l.id) > (?, ?)", after),
            None => select,
        };
        return select
            .and("k.archived = 0", [])
            .and_one_of("k.type", types)
            .order("l.newest, l.id");
    }
    let index = if query.source.is_some() {
        "knowledge_source"
    } else if query.types.is_empty() {
        "knowledge_newest"
    } else {
        "knowledge_type"
    };
    let select = Select {
        sql: format!(
            "SELECT {columns} FROM knowledge k INDEXED BY {index} \
             LEFT JOIN vectors v ON v.n = k.n \
             WHERE k.archived = 0 AND k.place = ?"
        ),
        params: vec![key::place(place)],
    }
    .and_maybe("k.source = ?", query.source.map(key::end))
    .and_one_of("k.type", types);
    match after {
        Some(after) => select.and("(k.newest, k.id) > (?, ?)", after),
        None => select,
    }
    .order("k.newest, k.id")
}

/// Sorts the newest first.
pub(crate) fn newest(at: Timestamp) -> i64 {
    at.as_micros().saturating_neg()
}
