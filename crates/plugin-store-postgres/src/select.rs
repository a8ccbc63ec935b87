//! The statements that list, and what they leave to be filtered.
//!
//! A statement lists at least what a query means, in its order; [`crate::list`] then keeps what
//! the query's own `matches` keeps. So SQL only has to be fast, never clever. Every condition
//! uses an operator that cannot leak, or row-level security would keep it from the indexes.

use std::collections::BTreeSet;

use one_ontology::{
    ConnectionId, ConnectionQuery, Ended, EventQuery, KnowledgeId, KnowledgeQuery, PersonId, Place,
    Seq, ThingId, ThingQuery, ThingStatus, Timestamp,
};
use uuid::Uuid;

use crate::key;
use crate::session::{Param, Query};

/// A statement and what it is given.
#[derive(Debug)]
pub(crate) struct Select {
    pub(crate) sql: String,
    pub(crate) params: Vec<Param>,
    /// Whether every row it lists is meant.
    pub(crate) exact: bool,
    /// Whether nothing can be meant: PostgreSQL keeps no U+0000, and no row has one here.
    pub(crate) nothing: bool,
}

impl Select {
    /// `head` ends with the table, and the alias of its columns if it has one; `place` is `$1`.
    pub(crate) fn new(head: &str, place: Place) -> Self {
        Self {
            sql: format!("{head} = $1"),
            params: vec![Box::new(key::place(place))],
            exact: true,
            nothing: false,
        }
    }

    /// `?` in the condition stands for the value.
    pub(crate) fn and(mut self, condition: &str, value: impl Into<Param>) -> Self {
        self.params.push(value.into());
        let mark = format!("${}", self.params.len());
        self.sql.push_str(" AND ");
        self.sql.push_str(&condition.replace('?', &mark));
        self
    }

    pub(crate) fn that(mut self, condition: &str) -> Self {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
        self
    }

    fn and_text(self, condition: &str, text: Option<&str>) -> Self {
        match text {
            None => self,
            Some(text) if text.contains('\0') => Self {
                nothing: true,
                ..self
            },
            Some(text) => self.and(condition, param(text.to_owned())),
        }
    }

    fn and_end(self, condition: &str, end: Option<one_ontology::End>) -> Self {
        match end {
            Some(end) => self.and(condition, param(key::end(end))),
            None => self,
        }
    }

    /// Exactly one of these; any if there are none.
    pub(crate) fn and_one_of<'a>(
        self,
        column: &str,
        values: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let values: BTreeSet<&str> = values.into_iter().collect();
        let mut all: Vec<String> = values.into_iter().map(str::to_owned).collect();
        match (all.pop(), all.is_empty()) {
            (None, _) => self,
            (Some(only), true) => self.and(&format!("{column} = ?"), param(only)),
            (Some(last), false) => {
                all.push(last);
                self.and(&format!("{column} = ANY(?)"), param(all))
            }
        }
    }

    /// Behind a name and id in this order.
    fn after_name(mut self, after: Option<(String, Uuid)>) -> Self {
        let Some((mut name, mut id)) = after else {
            return self;
        };
        // A cursor may come from outside. No name has U+0000, so what sorts behind one that has it
        // is what sorts behind its part before.
        if let Some(end) = name.find('\0') {
            name.truncate(end);
            id = Uuid::max();
        }
        self.params.push(param(name));
        self.params.push(param(id));
        let n = self.params.len();
        self.that(&format!("(name, id) > (${}, ${n})", n - 1))
    }

    fn order(mut self, by: &str) -> Self {
        self.sql.push_str(" ORDER BY ");
        self.sql.push_str(by);
        self
    }

    /// At most so many rows.
    pub(crate) fn limit(mut self, rows: usize) -> Query {
        self.params
            .push(param(i64::try_from(rows).unwrap_or(i64::MAX)));
        Query::new(
            format!("{} LIMIT ${}", self.sql, self.params.len()),
            self.params,
        )
    }

    pub(crate) fn all(self) -> Query {
        Query::new(self.sql, self.params)
    }
}

pub(crate) fn param(value: impl tokio_postgres::types::ToSql + Sync + Send + 'static) -> Param {
    Box::new(value)
}

pub(crate) fn things(place: Place, query: &ThingQuery, after: Option<(String, ThingId)>) -> Select {
    let text = |property: &str| {
        let value = query.properties.get(property);
        value.and_then(|value| value.as_str())
    };
    let (npm_package, registry_url) = (text("npm_package"), text("registry_url"));
    let statuses = query.statuses.iter().map(ThingStatus::as_str);
    let mut select = Select::new("SELECT doc FROM @things WHERE place", place)
        .and_text("npm_package = ?", npm_package.map(key::property))
        .and_text("registry_url = ?", registry_url.map(key::property))
        .and_text("name = ?", query.name.as_deref())
        .and_one_of("type", query.types.iter().map(|t| t.as_str()));
    select = if query.statuses.is_empty() {
        select.and(
            "status <> ?",
            param(ThingStatus::Archived.as_str().to_owned()),
        )
    } else {
        select.and_one_of("status", statuses)
    };
    let whole = [npm_package, registry_url]
        .into_iter()
        .flatten()
        .filter(|text| key::is_whole(text));
    select.exact = whole.count() == query.properties.len();
    select
        .after_name(after.map(|(name, id)| (name, *id.as_uuid())))
        .order("name, id")
}

pub(crate) fn connections(
    place: Place,
    query: &ConnectionQuery,
    after: Option<ConnectionId>,
) -> Select {
    let mut select = Select::new("SELECT doc FROM @connections WHERE place", place)
        .and_end("from_end = ?", query.from)
        .and_end("to_end = ?", query.to)
        .and_one_of("type", query.types.iter().map(|t| t.as_str()));
    if let Some(id) = after {
        select = select.and("id > ?", param(*id.as_uuid()));
    }
    if query.ended == Ended::Left {
        select = select.that("ended = false");
    }
    select.order("id")
}

pub(crate) fn events(place: Place, query: &EventQuery, after: Option<Seq>) -> Select {
    let after = after.map_or(query.after, |after| after.max(query.after));
    Select::new("SELECT doc FROM @events WHERE place", place)
        .and_end("target = ?", query.target)
        .and("seq > ?", param(key::number(after.get())))
        .and_one_of("type", query.types.iter().map(|t| t.as_str()))
        .order("seq")
}

pub(crate) fn people(place: Place, after: Option<(String, PersonId)>) -> Select {
    Select::new("SELECT doc FROM @people WHERE place", place)
        .after_name(after.map(|(name, id)| (name, *id.as_uuid())))
        .order("name, id")
}

/// Knowledge with its vector, from the index of its rarest-looking filter.
pub(crate) fn knowledge(
    place: Place,
    query: &KnowledgeQuery,
    after: Option<(Timestamp, KnowledgeId)>,
) -> Select {
    const COLUMNS: &str = "SELECT k.doc, v.model, v.vector";
    const VECTOR: &str = "LEFT JOIN @vectors v ON v.place = k.place AND v.id = k.id";
    let by_label = query.labels.first().filter(|_| query.source.is_none());
    let (order, mut select) = if let Some(label) = by_label {
        // Places, labels and order are those of `labels`; the rest is looked up by id.
        let head = format!(
            "{COLUMNS} FROM @labels l JOIN @knowledge k ON k.place = l.place AND k.id = l.id \
             {VECTOR} WHERE l.place"
        );
        let select = Select::new(&head, place).and("l.label = ?", param(label.as_str().to_owned()));
        ("l.newest, l.id", select)
    } else {
        let head = format!("{COLUMNS} FROM @knowledge k {VECTOR} WHERE k.place");
        let select = Select::new(&head, place).and_end("k.source = ?", query.source);
        ("k.newest, k.id", select)
    };
    select = select
        .that("NOT k.archived")
        .and_one_of("k.type", query.types.iter().map(|t| t.as_str()));
    if let Some((at, id)) = after {
        select.params.push(param(newest(at)));
        select.params.push(param(*id.as_uuid()));
        let n = select.params.len();
        select = select.that(&format!("({order}) > (${}, ${n})", n - 1));
    }
    select.exact = query.labels.is_empty() || (by_label.is_some() && query.labels.len() == 1);
    select.order(order)
}

/// Sorts the newest first.
pub(crate) const fn newest(at: Timestamp) -> i64 {
    at.as_micros().saturating_neg()
}
