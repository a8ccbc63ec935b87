//! The rule, over every row: what every quicker way is compared with.

use std::collections::BTreeMap;

use super::fusion::{closest, fuse};
use super::scoring::{Corpus, Found, best};
use super::typo::{Closeness, MOST_WORDS};
use super::{Hit, HitId, SearchQuery, terms, words};
use crate::Embedding;

/// A row that may fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What it is.
    pub id: HitId,
    /// Its text ([`thing_text`](super::thing_text), [`knowledge_text`](super::knowledge_text)).
    pub text: String,
    /// Its vector.
    pub embedding: Option<Embedding>,
}

/// Orders candidates, the best first, at most the query's limit. The candidates are all rows
/// of the place that are [among](super::Among) those meant, `rows` says how many that is. Rows that have none of
/// the terms, nor a comparable vector, may be left out if others have each of the terms.
#[must_use]
pub fn rank(query: &SearchQuery, rows: u64, candidates: &[Candidate]) -> Vec<Hit> {
    let by_text = by_text(query, rows, candidates);
    let vectors = candidates
        .iter()
        .filter_map(|row| Some((row.id, row.embedding.as_ref()?)));
    fuse(query, by_text, closest(query, vectors))
}

/// The words of a row.
struct Text {
    id: HitId,
    length: u32,
    counts: BTreeMap<String, u32>,
}

impl Text {
    fn of(row: &Candidate) -> Self {
        let (mut length, mut counts) = (0, BTreeMap::new());
        for word in words(&row.text) {
            length += 1;
            *counts.entry(word).or_default() += 1;
        }
        Self {
            id: row.id,
            length,
            counts,
        }
    }

    /// How often it has any of these words.
    fn count(&self, words: &[String]) -> u32 {
        words.iter().filter_map(|word| self.counts.get(word)).sum()
    }
}

fn by_text(query: &SearchQuery, rows: u64, candidates: &[Candidate]) -> Vec<HitId> {
    let terms = terms(query.text.as_deref().unwrap_or(""));
    if terms.is_empty() {
        return Vec::new();
    }
    let texts: Vec<Text> = candidates.iter().map(Text::of).collect();
    let mut rows_with: BTreeMap<&str, u64> = BTreeMap::new();
    for word in texts.iter().flat_map(|text| text.counts.keys()) {
        *rows_with.entry(word).or_default() += 1;
    }
    let sought: Vec<(Vec<String>, Found)> = terms
        .into_iter()
        .map(|term| match rows_with.contains_key(term.as_str()) {
            true => (vec![term], Found::AsGiven),
            false => (close_words(&term, &rows_with), Found::ByCloseWords),
        })
        .collect();
    let has_any = |text: &&Text| sought.iter().any(|(words, _)| text.count(words) > 0);
    let fitting: Vec<&Text> = texts.iter().filter(has_any).collect();
    let corpus = Corpus {
        rows,
        fitting: fitting.len() as u64,
        words: fitting.iter().map(|text| u64::from(text.length)).sum(),
    };
    let mut scores = vec![0.0; fitting.len()];
    for (words, found) in &sought {
        let with = fitting.iter().filter(|text| text.count(words) > 0).count();
        let weight = corpus.weight(with as u64, *found);
        for (score, text) in scores.iter_mut().zip(&fitting) {
            *score += corpus.score(weight, text.count(words), text.length);
        }
    }
    let ids = fitting.iter().map(|text| text.id);
    best(scores.into_iter().zip(ids).collect(), query.depth())
}

/// The words that stand for a term that no row has.
fn close_words(term: &str, rows_with: &BTreeMap<&str, u64>) -> Vec<String> {
    let mut close: Vec<(Closeness, u64, &str)> = rows_with
        .iter()
        .filter_map(|(word, rows)| Some((Closeness::of(term, word)?, *rows, *word)))
        .collect();
    close.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)).then(a.2.cmp(b.2)));
    let closest = close.first().map(|first| first.0);
    let close = close.into_iter().filter(|word| Some(word.0) == closest);
    let words = close.map(|(_, _, word)| word.to_owned());
    words.take(MOST_WORDS).collect()
}
