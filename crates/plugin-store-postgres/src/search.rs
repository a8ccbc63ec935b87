//! Candidates from the tables, ranked by the ontology's own rule.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use one_ontology::search::{Candidate, HitId, knowledge_text, rank, terms, thing_text};
use one_ontology::{
    Among, Embedding, Hit, Knowledge, KnowledgeId, Label, Place, SearchQuery, StoreError, Thing,
    ThingStatus,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::codec::decode_vector;
use crate::find::{column, doc};
use crate::pool::Pool;
use crate::select::{Select, param};
use crate::session::Query;
use crate::{begin, key, list};

pub(crate) async fn search(
    pool: &Arc<Pool>,
    place: Place,
    query: &SearchQuery,
) -> Result<Vec<Hit>, StoreError> {
    let words = query.text.as_deref().map(terms).unwrap_or_default();
    let among = &query.among;
    let vector = query
        .embedding
        .as_ref()
        .filter(|_| matches!(among, Among::Knowledge { .. }));
    let by_words = !words.is_empty();
    if !by_words && vector.is_none() {
        return Ok(Vec::new());
    }
    let queries = || {
        let mut queries: Vec<Query> = Vec::new();
        if by_words {
            queries.push(count_among(place, among));
            queries.push(with_words(place, among, words.iter().cloned().collect()));
        }
        queries.extend(vector.map(|vector| with_vectors(place, among, vector)));
        queries
    };
    // One snapshot for what is counted and what is ranked.
    let mut answers = list::rows(pool, &begin::snapshot(place), queries)
        .await?
        .into_iter();
    let mut candidates: BTreeMap<HitId, Candidate> = BTreeMap::new();
    let mut rows = 0;
    if by_words {
        let counted = answers.next().unwrap_or_default();
        let count: i64 = counted.first().map_or(Ok(0), |row| column(row, 0))?;
        rows = u64::try_from(count).unwrap_or(0);
        for row in answers.next().unwrap_or_default() {
            let candidate = match among {
                Among::Things { .. } => of_thing(query, &row)?,
                Among::Knowledge { .. } => of_knowledge(query, &row)?,
            };
            candidates.extend(candidate.map(|candidate| (candidate.id, candidate)));
        }
    }
    if let Some(wanted) = vector {
        for row in answers.next().unwrap_or_default() {
            let uuid: Uuid = column(&row, 0)?;
            let id = HitId::Knowledge(KnowledgeId::from_uuid(uuid));
            // Without any of the words its text does not count, so it is not fetched.
            let candidate = candidates.entry(id).or_insert_with(|| Candidate {
                id,
                text: String::new(),
                embedding: None,
            });
            let vector = decode_vector(wanted.model().to_owned(), column(&row, 1)?)?;
            candidate.embedding = Some(vector);
        }
    }
    let candidates: Vec<Candidate> = candidates.into_values().collect();
    Ok(rank(query, rows, &candidates))
}

fn of_thing(query: &SearchQuery, row: &Row) -> Result<Option<Candidate>, StoreError> {
    let thing: Thing = doc("things", row)?;
    Ok(query.among.has_thing(&thing).then(|| Candidate {
        id: HitId::Thing(thing.id),
        text: thing_text(&thing),
        embedding: None,
    }))
}

fn of_knowledge(query: &SearchQuery, row: &Row) -> Result<Option<Candidate>, StoreError> {
    let knowledge: Knowledge = doc("knowledge", row)?;
    Ok(query.among.has_knowledge(&knowledge).then(|| Candidate {
        id: HitId::Knowledge(knowledge.id),
        text: knowledge_text(&knowledge),
        embedding: None,
    }))
}

/// Rows with any of these words.
pub(crate) fn with_words(place: Place, among: &Among, words: Vec<String>) -> Query {
    let (table, of_words) = match among {
        Among::Things { .. } => ("things", "thing_words"),
        Among::Knowledge { .. } => ("knowledge", "knowledge_words"),
    };
    let head = format!(
        "WITH w AS MATERIALIZED (SELECT DISTINCT id FROM @{of_words} \
         WHERE place = $1 AND word = ANY($2)) \
         SELECT r.doc FROM w JOIN @{table} r ON r.id = w.id WHERE r.place"
    );
    let mut select = Select::new(&head, place);
    select.params.push(param(words));
    meant(select, among).all()
}

/// Vectors that can be compared with this one.
pub(crate) fn with_vectors(place: Place, among: &Among, wanted: &Embedding) -> Query {
    let dimension = i32::try_from(wanted.values().len()).unwrap_or(i32::MAX);
    let mut select = Select::new(
        "WITH v AS MATERIALIZED (SELECT id, vector FROM @vectors \
         WHERE place = $1 AND model = $2 AND dimension = $3) \
         SELECT r.id, v.vector FROM v JOIN @knowledge r ON r.id = v.id WHERE r.place",
        place,
    );
    select.params.push(param(wanted.model().to_owned()));
    select.params.push(param(dimension));
    meant(select, among).all()
}

/// How many rows are among those meant. SQL says exactly what [`Among`] says.
pub(crate) fn count_among(place: Place, among: &Among) -> Query {
    let table = match among {
        Among::Things { .. } => "things",
        Among::Knowledge { .. } => "knowledge",
    };
    let head = format!("SELECT count(*) FROM @{table} r WHERE r.place");
    meant(Select::new(&head, place), among).all()
}

fn meant(select: Select, among: &Among) -> Select {
    match among {
        Among::Things { types } => select
            .and(
                "r.status <> ?",
                param(ThingStatus::Archived.as_str().to_owned()),
            )
            .and_one_of("r.type", types.iter().map(|t| t.as_str())),
        Among::Knowledge { types, labels } => {
            let select = select
                .that("NOT r.archived")
                .and_one_of("r.type", types.iter().map(|t| t.as_str()));
            let labels: BTreeSet<&Label> = labels.iter().collect();
            if labels.is_empty() {
                return select;
            }
            let all: Vec<String> = labels
                .iter()
                .map(|label| label.as_str().to_owned())
                .collect();
            let count = key::number(all.len() as u64);
            let mut select = select;
            select.params.push(param(all));
            let n = select.params.len();
            // Each of them.
            select.and(
                &format!(
                    "(SELECT count(*) FROM @labels l WHERE l.place = $1 AND l.label = ANY(${n}) \
                     AND l.newest = r.newest AND l.id = r.id) = ?"
                ),
                param(count),
            )
        }
    }
}
