//! What fits best, decided the same way for every store.
//!
//! A store finds candidates (every row with at least one of [`terms`], or with a comparable
//! vector) and gives them to [`rank`], which scores texts by BM25 over the scope's own rows and
//! vectors by cosine, and joins the two by reciprocal rank fusion.

mod follower;
mod index;
mod recent;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    Embedding, Knowledge, KnowledgeId, KnowledgeType, Label, Limit, Thing, ThingId, ThingStatus,
    ThingType,
};

pub use follower::Follower;
pub use index::{Index, Search};
pub use recent::Recent;

/// What to look for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SearchQuery {
    /// Among what.
    pub among: Among,
    /// With words of this text.
    pub text: Option<String>,
    /// Close to this vector.
    pub embedding: Option<Embedding>,
    /// At least so close, -1 to 1.
    pub min_similarity: Option<f32>,
    /// How many.
    pub limit: Limit,
}

/// Among what to look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "among", rename_all = "snake_case")]
pub enum Among {
    /// Things that are not archived, by name, `description` and `keywords`.
    Things {
        /// Of one of these types; any if empty.
        types: Vec<ThingType>,
    },
    /// Knowledge that is not archived, by text.
    Knowledge {
        /// Of one of these types; any if empty.
        types: Vec<KnowledgeType>,
        /// With all of these labels.
        labels: Vec<Label>,
    },
}

impl Default for Among {
    fn default() -> Self {
        Self::Knowledge {
            types: Vec::new(),
            labels: Vec::new(),
        }
    }
}

impl Among {
    /// Whether a thing is among those meant.
    #[must_use]
    pub fn has_thing(&self, thing: &Thing) -> bool {
        match self {
            Self::Things { types } => {
                thing.status != ThingStatus::Archived
                    && (types.is_empty() || types.contains(&thing.thing_type))
            }
            Self::Knowledge { .. } => false,
        }
    }

    /// Whether a row of knowledge is among those meant.
    #[must_use]
    pub fn has_knowledge(&self, knowledge: &Knowledge) -> bool {
        match self {
            Self::Things { .. } => false,
            Self::Knowledge { types, labels } => {
                knowledge.archived_at.is_none()
                    && (types.is_empty() || types.contains(&knowledge.knowledge_type))
                    && labels.iter().all(|label| knowledge.labels.contains(label))
            }
        }
    }
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "found", content = "id", rename_all = "snake_case")]
pub enum HitId {
    /// A thing.
    Thing(ThingId),
    /// A row of knowledge.
    Knowledge(KnowledgeId),
}

impl From<ThingId> for HitId {
    fn from(id: ThingId) -> Self {
        Self::Thing(id)
    }
}

impl From<KnowledgeId> for HitId {
    fn from(id: KnowledgeId) -> Self {
        Self::Knowledge(id)
    }
}

/// Something that fits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// What.
    #[serde(flatten)]
    pub id: HitId,
    /// How well, by reciprocal rank fusion; comparable within one answer only.
    pub score: f64,
    /// How close its vector is, -1 to 1, where vectors were compared.
    pub similarity: Option<f32>,
}

/// A row that may fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What it is.
    pub id: HitId,
    /// Its text ([`thing_text`], [`knowledge_text`]).
    pub text: String,
    /// Its vector.
    pub embedding: Option<Embedding>,
}

/// The text that things are found by: name (counted three times), description, keywords.
#[must_use]
pub fn thing_text(thing: &Thing) -> String {
    let mut text = [thing.name.as_str(); 3].join(" ");
    for property in ["description", "keywords"] {
        match thing.properties.get(property) {
            Some(serde_json::Value::String(words)) => {
                text.push(' ');
                text.push_str(words);
            }
            Some(serde_json::Value::Array(words)) => {
                for word in words.iter().filter_map(serde_json::Value::as_str) {
                    text.push(' ');
                    text.push_str(word);
                }
            }
            _ => {}
        }
    }
    text
}

/// The text that knowledge is found by.
#[must_use]
pub fn knowledge_text(knowledge: &Knowledge) -> String {
    knowledge.text.clone().unwrap_or_default()
}

/// The words of a text: runs of letters and digits, in lower case, at most 64 characters each.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().flat_map(char::to_lowercase).take(64).collect())
}

/// The words to look for, each once, at most 32.
#[must_use]
pub fn terms(text: &str) -> BTreeSet<String> {
    let mut terms = BTreeSet::new();
    for word in words(text) {
        terms.insert(word);
        if terms.len() == 32 {
            break;
        }
    }
    terms
}

/// Orders candidates, the best first, at most the query's limit. `rows` is how many rows of the
/// scope are among those meant, fitting or not.
#[must_use]
pub fn rank(query: &SearchQuery, rows: u64, candidates: &[Candidate]) -> Vec<Hit> {
    let mut scores: BTreeMap<HitId, (f64, Option<f32>)> = BTreeMap::new();
    let by_text = query
        .text
        .as_deref()
        .map_or_else(Vec::new, |text| by_text(&terms(text), rows, candidates));
    for (rank, id) in by_text.into_iter().enumerate() {
        scores.entry(id).or_default().0 += fused(rank);
    }
    let by_vector = query
        .embedding
        .as_ref()
        .map_or_else(Vec::new, |wanted| by_vector(wanted, query, candidates));
    for (rank, (id, similarity)) in by_vector.into_iter().enumerate() {
        let entry = scores.entry(id).or_default();
        entry.0 += fused(rank);
        entry.1 = Some(similarity);
    }
    let mut hits: Vec<Hit> = scores
        .into_iter()
        .map(|(id, (score, similarity))| Hit {
            id,
            score,
            similarity,
        })
        .collect();
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
    hits.truncate(query.limit.get());
    hits
}

/// Reciprocal rank fusion with its usual constant of 60.
#[expect(clippy::cast_precision_loss, reason = "ranks are small")]
fn fused(rank: usize) -> f64 {
    1.0 / (61.0 + rank as f64)
}

/// BM25 with k1 = 1.2 and b = 0.75, the mean length taken over the candidates.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of words and rows are small"
)]
fn by_text(terms: &BTreeSet<String>, rows: u64, candidates: &[Candidate]) -> Vec<HitId> {
    let counted: Vec<(HitId, f64, BTreeMap<String, f64>)> = candidates
        .iter()
        .map(|candidate| {
            let mut length = 0.0;
            let mut counts = BTreeMap::new();
            for word in words(&candidate.text) {
                length += 1.0;
                if terms.contains(&word) {
                    *counts.entry(word).or_insert(0.0) += 1.0;
                }
            }
            (candidate.id, length, counts)
        })
        .filter(|(_, _, counts): &(_, _, BTreeMap<String, f64>)| !counts.is_empty())
        .collect();
    let mean =
        counted.iter().map(|(_, length, _)| length).sum::<f64>() / (counted.len().max(1) as f64);
    let rows = (rows as f64).max(counted.len() as f64);
    let weight: BTreeMap<&String, f64> = terms
        .iter()
        .map(|term| {
            let with = counted
                .iter()
                .filter(|(_, _, c)| c.contains_key(term))
                .count() as f64;
            (term, (1.0 + (rows - with + 0.5) / (with + 0.5)).ln())
        })
        .collect();
    let mut scored: Vec<(f64, HitId)> = counted
        .iter()
        .map(|(id, length, counts)| {
            let score = counts
                .iter()
                .map(|(term, count)| {
                    let weight = weight.get(term).copied().unwrap_or_default();
                    weight * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length / mean.max(1.0)))
                })
                .sum();
            (score, *id)
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    scored.into_iter().map(|(_, id)| id).collect()
}

fn by_vector(
    wanted: &Embedding,
    query: &SearchQuery,
    candidates: &[Candidate],
) -> Vec<(HitId, f32)> {
    let mut close: Vec<(HitId, f32)> = candidates
        .iter()
        .filter_map(|candidate| {
            let similarity = wanted.similarity(candidate.embedding.as_ref()?)?;
            (similarity >= query.min_similarity.unwrap_or(-1.0))
                .then_some((candidate.id, similarity))
        })
        .collect();
    close.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    close
}
