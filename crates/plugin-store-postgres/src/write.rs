//! What a decision writes: one statement for each table, whatever the number of rows.

use std::collections::BTreeSet;

use one_ontology::search::{knowledge_text, thing_text, words};
use one_ontology::{
    Effects, Found, IdempotencyKey, Knowledge, Place, Row, RowId, StoreError, Thing, ThingStatus,
};
use uuid::Uuid;

use crate::codec::{encode, encode_vector};
use crate::key;
use crate::select::newest;
use crate::session::{Param, Query};

const GROUP: &str = "INSERT INTO @groups (place, parent, doc) VALUES ($1, $2, $3) \
    ON CONFLICT (place) DO UPDATE SET parent = excluded.parent, doc = excluded.doc";
const PEOPLE: &str = "INSERT INTO @people (place, id, name, doc) \
    SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::text[]) \
    ON CONFLICT (place, id) DO UPDATE SET name = excluded.name, doc = excluded.doc";
const MEMBERSHIPS: &str = "INSERT INTO @memberships (place, person, doc) \
    SELECT $1, * FROM unnest($2::uuid[], $3::text[]) \
    ON CONFLICT (place, person) DO UPDATE SET doc = excluded.doc";
const THINGS: &str = "INSERT INTO @things \
    (place, id, type, name, status, npm_package, registry_url, doc) \
    SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], \
    $7::text[], $8::text[]) \
    ON CONFLICT (place, id) DO UPDATE SET type = excluded.type, name = excluded.name, \
    status = excluded.status, npm_package = excluded.npm_package, \
    registry_url = excluded.registry_url, doc = excluded.doc";
const KNOWLEDGE: &str = "INSERT INTO @knowledge (place, id, type, source, newest, archived, doc) \
    SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::bytea[], $5::bigint[], $6::boolean[], \
    $7::text[]) \
    ON CONFLICT (place, id) DO UPDATE SET type = excluded.type, source = excluded.source, \
    newest = excluded.newest, archived = excluded.archived, doc = excluded.doc";
const VECTORS: &str = "INSERT INTO @vectors (place, id, model, dimension, vector) \
    SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::integer[], $5::bytea[]) \
    ON CONFLICT (place, id) DO UPDATE SET model = excluded.model, \
    dimension = excluded.dimension, vector = excluded.vector";
const VECTORS_GONE: &str = "DELETE FROM @vectors WHERE place = $1 AND id = ANY($2)";
const LABELS: &str = "INSERT INTO @labels (place, label, newest, id) \
    SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::uuid[])";
const LABELS_GONE: &str = "DELETE FROM @labels l \
    USING unnest($2::text[], $3::bigint[], $4::uuid[]) AS g (label, newest, id) \
    WHERE l.place = $1 AND l.label = g.label AND l.newest = g.newest AND l.id = g.id";
const CONNECTIONS: &str = "INSERT INTO @connections \
    (place, id, type, from_end, to_end, ended, doc) \
    SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::bytea[], $5::bytea[], $6::boolean[], \
    $7::text[]) \
    ON CONFLICT (place, id) DO UPDATE SET type = excluded.type, from_end = excluded.from_end, \
    to_end = excluded.to_end, ended = excluded.ended, doc = excluded.doc";
const BUDGETS: &str = "INSERT INTO @budgets (place, key, doc) \
    SELECT $1, * FROM unnest($2::text[], $3::text[]) \
    ON CONFLICT (place, key) DO UPDATE SET doc = excluded.doc";
const EVENTS: &str = "INSERT INTO @events (place, seq, type, target, doc) \
    SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::bytea[], $5::text[])";
const RECEIPT: &str = "INSERT INTO @receipts (place, key, doc) VALUES ($1, $2, $3)";

/// The statements that write the effects, none for a table that is left alone.
pub(crate) fn queries(
    place: Place,
    effects: &Effects,
    found: &Found,
    named: Option<&IdempotencyKey>,
) -> Result<Vec<Query>, StoreError> {
    let mut writing = Writing {
        place: key::place(place),
        queries: Vec::new(),
    };
    writing.rows(effects, found)?;
    writing.connections(effects)?;
    writing.budgets(effects)?;
    writing.events(effects)?;
    if let Some(named) = named {
        let params: Vec<Param> = vec![
            Box::new(named.as_str().to_owned()),
            Box::new(encode(&effects.receipt)?),
        ];
        writing.put(RECEIPT, params);
    }
    Ok(writing.queries)
}

struct Writing {
    place: Vec<u8>,
    queries: Vec<Query>,
}

/// Words that a row gains or loses.
#[derive(Default)]
struct Words {
    words: Vec<String>,
    ids: Vec<Uuid>,
}

impl Words {
    fn extend(&mut self, id: Uuid, words: impl Iterator<Item = String>) {
        for word in words {
            self.words.push(word);
            self.ids.push(id);
        }
    }
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
            let docs = docs(people)?;
            self.put(PEOPLE, vec![Box::new(ids), Box::new(names), Box::new(docs)]);
        }
        if !memberships.is_empty() {
            let ids: Vec<Uuid> = memberships
                .iter()
                .map(|row| *row.person.as_uuid())
                .collect();
            let docs = docs(memberships)?;
            self.put(MEMBERSHIPS, vec![Box::new(ids), Box::new(docs)]);
        }
        if !things.is_empty() {
            self.things(&things, found)?;
        }
        if !knowledge.is_empty() {
            self.knowledge(&knowledge, found)?;
        }
        Ok(())
    }

    fn things(&mut self, rows: &[&Thing], found: &Found) -> Result<(), StoreError> {
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
            Box::new(ids),
            Box::new(text(|row| row.thing_type.as_str().to_owned())),
            Box::new(text(|row| row.name.clone())),
            Box::new(text(|row| row.status.as_str().to_owned())),
            Box::new(property("npm_package")),
            Box::new(property("registry_url")),
            Box::new(docs(rows.iter().copied())?),
        ];
        self.put(THINGS, params);
        let (mut gone, mut new) = (Words::default(), Words::default());
        for row in rows {
            let was = match found.rows.get(&RowId::Thing(row.id)) {
                Some(Row::Thing(old)) => words_of_thing(old),
                _ => BTreeSet::new(),
            };
            let is = words_of_thing(row);
            gone.extend(*row.id.as_uuid(), was.difference(&is).cloned());
            new.extend(*row.id.as_uuid(), is.difference(&was).cloned());
        }
        self.words(
            "DELETE FROM @thing_words w USING unnest($2::text[], $3::uuid[]) AS g (word, id) \
             WHERE w.place = $1 AND w.word = g.word AND w.id = g.id",
            gone,
        );
        self.words(
            "INSERT INTO @thing_words (place, word, id) \
             SELECT $1, * FROM unnest($2::text[], $3::uuid[])",
            new,
        );
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
            Box::new(ids),
            Box::new(types),
            Box::new(sources),
            Box::new(order),
            Box::new(archived),
            Box::new(docs),
        ];
        self.put(KNOWLEDGE, params);
        let (mut gone, mut new) = (Words::default(), Words::default());
        let (mut labels_gone, mut labels_new) = (Labels::default(), Labels::default());
        for row in rows {
            let id = *row.id.as_uuid();
            let old = match found.rows.get(&RowId::Knowledge(row.id)) {
                Some(Row::Knowledge(old)) => Some(old),
                _ => None,
            };
            let (was, is) = (
                old.map(words_of_knowledge).unwrap_or_default(),
                words_of_knowledge(row),
            );
            gone.extend(id, was.difference(&is).cloned());
            new.extend(id, is.difference(&was).cloned());
            let (was, is) = (old.map(labels_of).unwrap_or_default(), labels_of(row));
            // `created_at` never changes, so neither does the place of a label in the order.
            labels_gone.extend(row, was.difference(&is));
            labels_new.extend(row, is.difference(&was));
        }
        self.words(
            "DELETE FROM @knowledge_words w USING unnest($2::text[], $3::uuid[]) AS g (word, id) \
             WHERE w.place = $1 AND w.word = g.word AND w.id = g.id",
            gone,
        );
        self.words(
            "INSERT INTO @knowledge_words (place, word, id) \
             SELECT $1, * FROM unnest($2::text[], $3::uuid[])",
            new,
        );
        for (sql, labels) in [(LABELS_GONE, labels_gone), (LABELS, labels_new)] {
            if !labels.ids.is_empty() {
                let params: Vec<Param> = vec![
                    Box::new(labels.labels),
                    Box::new(labels.newest),
                    Box::new(labels.ids),
                ];
                self.put(sql, params);
            }
        }
        self.vectors(rows, found);
        Ok(())
    }

    fn vectors(&mut self, rows: &[&Knowledge], found: &Found) {
        let mut gone: Vec<Uuid> = Vec::new();
        let (mut ids, mut models) = (Vec::<Uuid>::new(), Vec::<String>::new());
        let (mut dimensions, mut vectors) = (Vec::<i32>::new(), Vec::<Vec<u8>>::new());
        for row in rows {
            let old = match found.rows.get(&RowId::Knowledge(row.id)) {
                Some(Row::Knowledge(old)) => old.embedding.as_ref(),
                _ => None,
            };
            match &row.embedding {
                Some(is) if old != Some(is) => {
                    ids.push(*row.id.as_uuid());
                    models.push(is.model().to_owned());
                    dimensions.push(i32::try_from(is.values().len()).unwrap_or(i32::MAX));
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
            let params: Vec<Param> = vec![
                Box::new(ids),
                Box::new(models),
                Box::new(dimensions),
                Box::new(vectors),
            ];
            self.put(VECTORS, params);
        }
    }

    fn words(&mut self, sql: &'static str, words: Words) {
        if !words.ids.is_empty() {
            self.put(sql, vec![Box::new(words.words), Box::new(words.ids)]);
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
            Box::new(ids),
            Box::new(types),
            Box::new(from),
            Box::new(to),
            Box::new(ended),
            Box::new(docs(rows)?),
        ];
        self.put(CONNECTIONS, params);
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
        self.put(BUDGETS, vec![Box::new(keys), Box::new(docs)]);
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
            Box::new(numbers),
            Box::new(types),
            Box::new(targets),
            Box::new(docs(rows)?),
        ];
        self.put(EVENTS, params);
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

/// Each word once, of what is not archived.
fn words_of_thing(row: &Thing) -> BTreeSet<String> {
    if row.status == ThingStatus::Archived {
        return BTreeSet::new();
    }
    words(&thing_text(row)).collect()
}

fn words_of_knowledge(row: &Knowledge) -> BTreeSet<String> {
    if row.archived_at.is_some() {
        return BTreeSet::new();
    }
    words(&knowledge_text(row)).collect()
}

fn labels_of(row: &Knowledge) -> BTreeSet<String> {
    let labels = row.labels.iter().map(ToString::to_string);
    labels.filter(|_| row.archived_at.is_none()).collect()
}
