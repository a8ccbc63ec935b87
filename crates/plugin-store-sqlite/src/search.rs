//! Candidates from the indexes, ranked by the ontology's own rule.

use std::collections::{BTreeMap, BTreeSet};

use one_ontology::search::{Candidate, HitId, knowledge_text, rank, terms, thing_text};
use one_ontology::{
    Among, Embedding, Hit, Knowledge, KnowledgeId, Label, Place, SearchQuery, StoreError, Thing,
    ThingStatus,
};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use crate::codec::decode_vector;
use crate::error::{OrStoreError as _, corrupt};
use crate::key;
use crate::list::{doc, scan, uuid};
use crate::select::Select;

pub(crate) fn search(
    c: &mut Connection,
    place: Place,
    query: &SearchQuery,
) -> Result<Vec<Hit>, StoreError> {
    if let Among::Knowledge { labels, .. } = &query.among
        && labels.iter().collect::<BTreeSet<_>>().len() > MOST_LABELS
    {
        return Ok(Vec::new());
    }
    // One snapshot for what is counted and what is ranked.
    let transaction = c.transaction().or_store_error()?;
    let words = query.text.as_deref().map(terms).unwrap_or_default();
    let mut candidates: BTreeMap<HitId, Candidate> = BTreeMap::new();
    let mut rows = 0;
    if !words.is_empty() {
        let wanted = match_any(place, words.iter());
        rows = count(&transaction, &count_among(place, &query.among))?;
        scan(
            &transaction,
            &with_words(place, &query.among, wanted),
            |row| {
                let candidate = match &query.among {
                    Among::Things { .. } => of_thing(query, row)?,
                    Among::Knowledge { .. } => of_knowledge(query, row)?,
                };
                candidates.extend(candidate.map(|candidate| (candidate.id, candidate)));
                Ok(true)
            },
        )?;
    }
    if let (Some(wanted), Among::Knowledge { .. }) = (&query.embedding, &query.among) {
        scan(
            &transaction,
            &with_vectors(place, &query.among, wanted),
            |row| {
                let id = HitId::Knowledge(KnowledgeId::from_uuid(uuid(row, 0)?));
                let vector = row.get_ref(1).or_store_error()?;
                let vector = vector
                    .as_blob()
                    .map_err(|_| corrupt("a vector is not bytes".to_owned()))?;
                // Without any of the words its text does not count, so it is not fetched.
                let candidate = candidates.entry(id).or_insert_with(|| Candidate {
                    id,
                    text: String::new(),
                    embedding: None,
                });
                candidate.embedding = Some(decode_vector(wanted.model().to_owned(), vector)?);
                Ok(true)
            },
        )?;
    }
    let candidates: Vec<Candidate> = candidates.into_values().collect();
    Ok(rank(query, rows, &candidates))
}

fn of_thing(query: &SearchQuery, row: &Row<'_>) -> Result<Option<Candidate>, StoreError> {
    let thing: Thing = doc("things", row)?;
    Ok(query.among.has_thing(&thing).then(|| Candidate {
        id: HitId::Thing(thing.id),
        text: thing_text(&thing),
        embedding: None,
    }))
}

fn of_knowledge(query: &SearchQuery, row: &Row<'_>) -> Result<Option<Candidate>, StoreError> {
    let knowledge: Knowledge = doc("knowledge", row)?;
    Ok(query.among.has_knowledge(&knowledge).then(|| Candidate {
        id: HitId::Knowledge(knowledge.id),
        text: knowledge_text(&knowledge),
        embedding: None,
    }))
}

/// Any of these words, in the language of FTS5. Words have letters and digits only.
fn match_any<'a>(place: Place, words: impl Iterator<Item = &'a String>) -> Value {
    let prefix = key::word_prefix(place);
    let words: Vec<String> = words.map(|word| format!("\"{prefix}{word}\"")).collect();
    Value::Text(words.join(" OR "))
}

pub(crate) fn with_words(place: Place, among: &Among, wanted: Value) -> Select {
    let (table, words) = match among {
        Among::Things { .. } => ("things", "thing_words"),
        Among::Knowledge { .. } => ("knowledge", "knowledge_words"),
    };
    let select = Select {
        sql: format!(
            "SELECT r.doc FROM {words} CROSS JOIN {table} r ON r.n = {words}.rowid \
             WHERE {words} MATCH ?"
        ),
        params: vec![wanted],
    }
    .and("r.place = ?", [key::place(place)]);
    meant(select, place, among)
}

pub(crate) fn with_vectors(place: Place, among: &Among, wanted: &Embedding) -> Select {
    let bytes = i64::try_from(4 * wanted.values().len()).unwrap_or(i64::MAX);
    let select = Select {
        sql: "SELECT r.id, v.vector FROM vectors v INDEXED BY vectors_model \
              CROSS JOIN knowledge r ON r.n = v.n \
              WHERE v.place = ? AND v.model = ? AND length(v.vector) = ?"
            .to_owned(),
        params: vec![
            key::place(place),
            key::text(wanted.model()),
            Value::Integer(bytes),
        ],
    }
    .and("r.place = ?", [key::place(place)]);
    meant(select, place, among)
}

/// How many rows are among those meant. SQL says exactly what [`Among`] says.
pub(crate) fn count_among(place: Place, among: &Among) -> Select {
    let (table, index) = match among {
        Among::Things { types } if types.is_empty() => ("things", "things_name"),
        Among::Things { .. } => ("things", "things_type"),
        Among::Knowledge { types, .. } if types.is_empty() => ("knowledge", "knowledge_newest"),
        Among::Knowledge { .. } => ("knowledge", "knowledge_type"),
    };
    let select = Select {
        sql: format!("SELECT count(*) FROM {table} r INDEXED BY {index} WHERE r.place = ?"),
        params: vec![key::place(place)],
    };
    meant(select, place, among)
}

/// No row has more labels, and no statement could ask for many more.
const MOST_LABELS: usize = 64;

fn meant(select: Select, place: Place, among: &Among) -> Select {
    match among {
        Among::Things { types } => select
            .and("r.status <> ?", [key::text(ThingStatus::Archived.as_str())])
            .and_any_of("r.type", types.iter().map(|t| t.as_str())),
        Among::Knowledge { types, labels } => {
            let select = select
                .and("r.archived = 0", [])
                .and_any_of("r.type", types.iter().map(|t| t.as_str()));
            let labels: BTreeSet<&Label> = labels.iter().collect();
            labels
                .into_iter()
                .take(MOST_LABELS)
                .fold(select, |select, label| {
                    select.and(
                        "EXISTS (SELECT 1 FROM labels l WHERE l.place = ? AND l.label = ? \
                     AND l.newest = r.newest AND l.id = r.id)",
                        [key::place(place), key::text(label.as_str())],
                    )
                })
        }
    }
}

fn count(c: &Connection, select: &Select) -> Result<u64, StoreError> {
    let count: i64 = c
        .prepare_cached(&select.sql)
        .and_then(|mut statement| {
            statement.query_row(params_from_iter(&select.params), |row| row.get(0))
        })
        .or_store_error()?;
    Ok(u64::try_from(count).unwrap_or(0))
}
