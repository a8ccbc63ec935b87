//! What a decision writes: one statement, with a part for each table, whatever the number of rows.

use std::collections::BTreeSet;

use one_ontology::{
    Effects, Found, IdempotencyKey, Knowledge, Place, Row, RowId, StoreError, Thing,
};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::codec::{encode, encode_vector};
use crate::key;
use crate::select::newest;
use crate::session::{Param, Query};

const GROUP: &str = "INSERT INTO @groups (place, parent, doc) VALUES ($1, $2, $3) \
    ON CONFLICT (place) DO UPDATE SET parent = excluded.parent, doc = excluded.doc";
const PEOPLE: Table = Table {
    into: "INSERT INTO @people (place, id, name, doc)",
    types: &["uuid", "text", "text"],
    then: "ON CONFLICT (place, id) DO UPDATE SET name = excluded.name, doc = excluded.doc",
};
const MEMBERSHIPS: Table = Table {
    into: "INSERT INTO @memberships (place, person, doc)",
    types: &["uuid", "text"],
    then: "ON CONFLICT (place, person) DO UPDATE SET doc = excluded.doc",
};
const THINGS: Table = Table {
    into: "INSERT INTO @things \
        (place, id, type, name, status, npm_package, registry_url, doc, changed)",
    types: &[
        "uuid", "text", "text", "text", "text", "text", "text", "bigint",
    ],
    then: "ON CONFLICT (place, id) DO UPDATE SET type = excluded.type, name = excluded.name, \
        status = excluded.status, npm_package = excluded.npm_package, \
        registry_url = excluded.registry_url, doc = excluded.doc, \
        changed = excluded.changed",
};
const KNOWLEDGE: Table = Table {
    into: "INSERT INTO @knowledge (place, id, type, source, newest, archived, doc, changed)",
    types: &[
        "uuid", "text", "bytea", "bigint", "boolean", "text", "bigint",
    ],
    then: "ON CONFLICT (place, id) DO UPDATE SET type = excluded.type, source = excluded.source, \
        newest = excluded.newest, archived = excluded.archived, doc = excluded.doc, \
        changed = excluded.changed",
};
const VECTORS: Table = Table {
    into: "INSERT INTO @vectors (place, id, model, vector)",
    types: &["uuid", "text", "bytea"],
    then: "ON CONFLICT (place, id) DO UPDATE SET model = excluded.model, \
        vector = excluded.vector",
};
const VECTORS_GONE: &str = "DELETE FROM @vectors WHERE place = $1 AND id = ANY($2)";
const LABELS: Table = Table {
    into: "INSERT INTO @labels (place, label, newest, id)",
    types: &["text", "bigint", "uuid"],
    then: "ON CONFLICT DO NOTHING",
};
const LABELS_GONE: &str = "DELETE FROM @labels l \
    USING unnest($2::text[], $3::bigint[], $4::uuid[]) AS g (label, newest, id) \
    WHERE l.place = $1 AND l.label = g.label AND l.newest = g.newest AND l.id = g.id";
const CONNECTIONS: Table = Table {
    into: "INSERT INTO @connections (place, id, type, from_end, to_end, ended, doc)",
    types: &["uuid", "text", "bytea", "bytea", "boolean", "text"],
    then: "ON CONFLICT (place, id) DO UPDATE SET type = excluded.type, \
        from_end = excluded.from_end, to_end = excluded.to_end, ended = excluded.ended, \
        doc = excluded.doc",
};
const BUDGETS: Table = Table {
    into: "INSERT INTO @budgets (place, key, doc)",
    types: &["text", "text"],
    then: "ON CONFLICT (place, key) DO UPDATE SET doc = excluded.doc",
};
const EVENTS: Table = Table {
    into: "INSERT INTO @events (place, seq, type, target, doc)",
    types: &["bigint", "text", "bytea", "text"],
    then: "",
};
const PRUNE: &str = "DELETE FROM @events WHERE place = $1 AND seq <= $2";
const RECEIPT: &str = "INSERT INTO @receipts (place, key, doc) VALUES ($1, $2, $3)";

/// How rows get into a table. `types` are those of the columns behind `place`.
struct Table {
    into: &'static str,
    types: &'static [&'static str],
    then: &'static str,
}

impl Table {
    /// The statement for one row, or for any number. Most change sets have one row for a table,
    /// which the server is spared to unpack.
    fn sql(&self, one: bool) -> String {
        let mark = |(n, of): (usize, &&str)| {
            let n = n + 2;
            if one {
                format!("${n}")
            } else {
                format!("${n}::{of}[]")
            }
        };
        let marks: Vec<String> = self.types.iter().enumerate().map(mark).collect();
        let (into, marks, then) = (self.into, marks.join(", "), self.then);
        if one {
            format!("{into} VALUES ($1, {marks}) {then}")
        } else {
            format!("{into} SELECT $1, * FROM unnest({marks}) {then}")
        }
    }
}

/// The value of a column in one row, or in each.
fn column<T>(mut values: Vec<T>) -> Param
where
    T: ToSql + Sync + Send + 'static,
{
    match (values.pop(), values.is_empty()) {
        (Some(only), true) => Box::new(only),
        (Some(last), false) => {
            values.push(last);
            Box::new(values)
        }
        (None, _) => Box::new(values),
    }
}

/// The statement that writes the effects, with no part for a table that is left alone.
///
/// Its parts run in no particular order and none sees what another writes; so no two of them touch
/// the same row.
pub(crate) fn query(
    place: Place,
    effects: &Effects,
    found: &Found,
    named: Option<&IdempotencyKey>,
) -> Result<Query, StoreError> {
    let mut writing = Writing {
        place: key::place(place),
        changed: key::number(effects.receipt.head.seq.get()),
        queries: Vec::new(),
    };
    writing.rows(effects, found)?;
    writing.connections(effects)?;
    writing.budgets(effects)?;
    if let Some(last) = effects.prune_to {
        writing.put(PRUNE, vec![Box::new(key::number(last.get()))]);
    }
    writing.events(effects)?;
    if let Some(named) = named {
        let params: Vec<Param> = vec![
            Box::new(named.as_str().to_owned()),
            Box::new(encode(&effects.receipt)?),
        ];
        writing.put(RECEIPT, params);
    }
    Ok(join(writing.queries))
}

/// One statement of several that have their first value, the place, in common.
fn join(queries: Vec<Query>) -> Query {
    let mut params: Vec<Param> = Vec::new();
    let mut sql = String::new();
    let last = queries.len().saturating_sub(1);
    for (n, query) in queries.into_iter().enumerate() {
        let shift = params.len().saturating_sub(1);
        let part = shifted(&query.sql, shift);
        match n {
            _ if n == last => sql.push_str(&part),
            0 => sql = format!("WITH w0 AS ({part})"),
            _ => sql.push_str(&format!(", w{n} AS ({part})")),
        }
        if n < last && n + 1 == last {
            sql.push(' ');
        }
        let mut values = query.params.into_iter();
        let place = values.next().filter(|_| params.is_empty());
        params.extend(place);
        params.extend(values);
    }
    Query::new(sql, params)
}

/// The same statement with every value but the first so much further behind.
fn shifted(sql: &str, shift: usize) -> String {
    let mut parts = sql.split('$');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(part.len());
        let (number, rest) = part.split_at(digits);
        let number: usize = number.parse().unwrap_or(1);
        let number = if number == 1 { 1 } else { number + shift };
        text.push_str(&format!("${number}{rest}"));
    }
    text
}

struct Writing {
    place: Vec<u8>,
    /// The number of the change set's last event. It goes with every row that searches find.
    changed: i64,
    queries: Vec<Query>,
}

/// Labels that rows gain or lose.
#[derive(Default)]
struct Labels {
    labels: Vec<String>,
    newest: Vec<i64>,
    ids: Vec<Uuid>,
}

impl Writing {
    /// Adds a statement whose first parameter is the place.
    fn put(&mut self, sql: &'static str, params: Vec<Param>) {
        let mut all: Vec<Param> = vec![Box::new(self.place.clone())];
        all.extend(params);
        self.queries.push(Query::new(sql, all));
    }

    /// Adds what puts `count` rows into a table.
    fn put_rows(&mut self, table: &Table, count: usize, columns: Vec<Param>) {
        let mut all: Vec<Param> = vec![Box::new(self.place.clone())];
        all.extend(columns);
        self.queries.push(Query::new(table.sql(count == 1), all));
    }

    fn rows(&mut self, effects: &Effects, found: &Found) -> Result<(), StoreError> {
        let (mut things, mut knowledge) = (Vec::new(), Vec::new());
        let (mut people, mut memberships) = (Vec::new(), Vec::new());
        for row in &effects.rows {
            match row {
                Row::Group(row) => {
                    let parent = row.parent.map(|id| id.as_uuid().as_bytes().to_vec());
                    let doc = encode(row)?;
                    self.put(GROUP, vec![Box::new(parent), Box::new(doc)]);
                }
                Row::Person(row) => people.push(row),
                Row::Membership(row) => memberships.push(row),
                Row::Thing(row) => things.push(row),
                Row::Knowledge(row) => knowledge.push(row),
            }
        }
        if !people.is_empty() {
            let ids: Vec<Uuid> = people.iter().map(|row| *row.id.as_uuid()).collect();
            let names: Vec<String> = people.iter().map(|row| row.display_name.clone()).collect();
            let docs = docs(people.iter().copied())?;
            let columns = vec![column(ids), column(names), column(docs)];
            self.put_rows(&PEOPLE, people.len(), columns);
        }
        if !memberships.is_empty() {
            let ids: Vec<Uuid> = memberships
                .iter()
                .map(|row| *row.person.as_uuid())
                .collect();
            let docs = docs(memberships.iter().copied())?;
            let columns = vec![column(ids), column(docs)];
            self.put_rows(&MEMBERSHIPS, memberships.len(), columns);
        }
        if !things.is_empty() {
            self.things(&things)?;
        }
        if !knowledge.is_empty() {
            self.knowledge(&knowledge, found)?;
        }
        Ok(())
    }

    fn things(&mut self, rows: &[&Thing]) -> Result<(), StoreError> {
        let text =
            |of: fn(&Thing) -> String| -> Vec<String> { rows.iter().map(|row| of(row)).collect() };
        let property = |name: &str| -> Vec<Option<String>> {
            let texts = rows.iter().map(|row| row.properties.text(name));
            texts
                .map(|text| text.map(|text| key::property(text).to_owned()))
                .collect()
        };
        let ids: Vec<Uuid> = rows.iter().map(|row| *row.id.as_uuid()).collect();
        let params: Vec<Param> = vec![
            column(ids),
            column(text(|row| row.thing_type.as_str().to_owned())),
            column(text(|row| row.name.clone())),
            column(text(|row| row.status.as_str().to_owned())),
            column(property("npm_package")),
            column(property("registry_url")),
            column(docs(rows.iter().copied())?),
            column(vec![self.changed; rows.len()]),
        ];
        self.put_rows(&THINGS, rows.len(), params);
        Ok(())
    }

    fn knowledge(&mut self, rows: &[&Knowledge], found: &Found) -> Result<(), StoreError> {
        let ids: Vec<Uuid> = rows.iter().map(|row| *row.id.as_uuid()).collect();
        let types: Vec<String> = rows
            .iter()
            .map(|row| row.knowledge_type.as_str().to_owned())
            .collect();
        let sources: Vec<Option<Vec<u8>>> = rows
            .iter()
            .map(|row| row.source.as_ref().map(|source| key::end(source.end)))
            .collect();
        let order: Vec<i64> = rows.iter().map(|row| newest(row.created_at)).collect();
        let archived: Vec<bool> = rows.iter().map(|row| row.archived_at.is_some()).collect();
        let mut docs = Vec::with_capacity(rows.len());
        for row in rows {
            // The vector has a table of its own.
            let mut row = (*row).clone();
            row.embedding = None;
            docs.push(encode(&row)?);
        }
        let params: Vec<Param> = vec![
            column(ids),
            column(types),
            column(sources),
            column(order),
            column(archived),
            column(docs),
            column(vec![self.changed; rows.len()]),
        ];
        self.put_rows(&KNOWLEDGE, rows.len(), params);
        let (mut labels_gone, mut labels_new) = (Labels::default(), Labels::default());
        for row in rows {
            let old = match found.rows.get(&RowId::Knowledge(row.id)) {
                Some(Row::Knowledge(old)) => Some(old),
                _ => None,
            };
            let (was, is) = (old.map(labels_of).unwrap_or_default(), labels_of(row));
            // `created_at` never changes, so neither does the place of a label in the order.
            labels_gone.extend(row, was.difference(&is));
            labels_new.extend(row, is.difference(&was));
        }
        if !labels_gone.ids.is_empty() {
            let params: Vec<Param> = vec![
                Box::new(labels_gone.labels),
                Box::new(labels_gone.newest),
                Box::new(labels_gone.ids),
            ];
            self.put(LABELS_GONE, params);
        }
        if !labels_new.ids.is_empty() {
            let count = labels_new.ids.len();
            let columns = vec![
                column(labels_new.labels),
                column(labels_new.newest),
                column(labels_new.ids),
            ];
            self.put_rows(&LABELS, count, columns);
        }
        self.vectors(rows, found);
        Ok(())
    }

    fn vectors(&mut self, rows: &[&Knowledge], found: &Found) {
        let mut gone: Vec<Uuid> = Vec::new();
        let (mut ids, mut models) = (Vec::<Uuid>::new(), Vec::<String>::new());
        let mut vectors = Vec::<Vec<u8>>::new();
        for row in rows {
            let old = match found.rows.get(&RowId::Knowledge(row.id)) {
                Some(Row::Knowledge(old)) => old.embedding.as_ref(),
                _ => None,
            };
            match &row.embedding {
                Some(is) if old != Some(is) => {
                    ids.push(*row.id.as_uuid());
                    models.push(is.model().to_owned());
                    vectors.push(encode_vector(is.values()));
                }
                None if old.is_some() => gone.push(*row.id.as_uuid()),
                _ => {}
            }
        }
        if !gone.is_empty() {
            self.put(VECTORS_GONE, vec![Box::new(gone)]);
        }
        if !ids.is_empty() {
            let count = ids.len();
            let columns = vec![column(ids), column(models), column(vectors)];
            self.put_rows(&VECTORS, count, columns);
        }
    }

    fn connections(&mut self, effects: &Effects) -> Result<(), StoreError> {
        let rows = &effects.connections;
        if rows.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = rows.iter().map(|row| *row.id.as_uuid()).collect();
        let types: Vec<String> = rows
            .iter()
            .map(|row| row.connection_type.as_str().to_owned())
            .collect();
        let from: Vec<Vec<u8>> = rows.iter().map(|row| key::end(row.from)).collect();
        let to: Vec<Vec<u8>> = rows.iter().map(|row| key::end(row.to)).collect();
        let ended: Vec<bool> = rows.iter().map(|row| row.valid_to.is_some()).collect();
        let params: Vec<Param> = vec![
            column(ids),
            column(types),
            column(from),
            column(to),
            column(ended),
            column(docs(rows)?),
        ];
        self.put_rows(&CONNECTIONS, rows.len(), params);
        Ok(())
    }

    fn budgets(&mut self, effects: &Effects) -> Result<(), StoreError> {
        if effects.budgets.is_empty() {
            return Ok(());
        }
        let keys: Vec<String> = effects
            .budgets
            .keys()
            .map(|k| k.as_str().to_owned())
            .collect();
        let docs = docs(effects.budgets.values())?;
        let columns = vec![column(keys), column(docs)];
        self.put_rows(&BUDGETS, effects.budgets.len(), columns);
        Ok(())
    }

    fn events(&mut self, effects: &Effects) -> Result<(), StoreError> {
        let rows = &effects.events;
        let numbers: Vec<i64> = rows.iter().map(|row| key::number(row.seq.get())).collect();
        let types: Vec<String> = rows
            .iter()
            .map(|row| row.event_type.as_str().to_owned())
            .collect();
        let targets: Vec<Option<Vec<u8>>> =
            rows.iter().map(|row| row.target.map(key::end)).collect();
        let params: Vec<Param> = vec![
            column(numbers),
            column(types),
            column(targets),
            column(docs(rows)?),
        ];
        self.put_rows(&EVENTS, rows.len(), params);
        Ok(())
    }
}

impl Labels {
    fn extend<'a>(&mut self, row: &Knowledge, labels: impl Iterator<Item = &'a String>) {
        for label in labels {
            self.labels.push(label.clone());
            self.newest.push(newest(row.created_at));
            self.ids.push(*row.id.as_uuid());
        }
    }
}

fn docs<'a, T: serde::Serialize + 'a>(
    rows: impl IntoIterator<Item = &'a T>,
) -> Result<Vec<String>, StoreError> {
    rows.into_iter().map(encode).collect()
}

fn labels_of(row: &Knowledge) -> BTreeSet<String> {
    let labels = row.labels.iter().map(ToString::to_string);
    labels.filter(|_| row.archived_at.is_none()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_keep_their_values_apart_and_share_the_place() {
        let part = |sql: &'static str, values: &[i64]| {
            let mut params: Vec<Param> = vec![Box::new("place".to_owned())];
            params.extend(values.iter().map(|n| -> Param { Box::new(*n) }));
            Query::new(sql, params)
        };
        let all = join(vec![
            part("INSERT a VALUES ($1, $2, $3)", &[2, 3]),
            part("DELETE b WHERE $1 AND ANY($2::text[])", &[4]),
            part("INSERT c VALUES ($1, $2) THEN $3", &[5, 6]),
        ]);
        assert_eq!(
            all.sql,
            "WITH w0 AS (INSERT a VALUES ($1, $2, $3)), \
             w1 AS (DELETE b WHERE $1 AND ANY($4::text[])) INSERT c VALUES ($1, $5) THEN $6"
        );
        assert_eq!(format!("{:?}", all.params), r#"["place", 2, 3, 4, 5, 6]"#);
        let one = join(vec![part("INSERT a VALUES ($1, $2)", &[2])]);
        assert_eq!(one.sql, "INSERT a VALUES ($1, $2)");
        assert_eq!(one.params.len(), 2);
    }
}
