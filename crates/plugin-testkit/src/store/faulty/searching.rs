//! What the store does wrong in searches.

use std::collections::BTreeSet;

use one_ontology::search::{Candidate, rank, terms, words};
use one_ontology::{Among, Embedding, Hit, Limit, Place, SearchQuery};

use super::facts::Facts;
use super::{Fault, FaultyStore};

impl FaultyStore {
    /// As [`rank`] over what was found, though where that is the fault over something else.
    pub(super) fn ranked(
        &self,
        query: &SearchQuery,
        rows: usize,
        mut found: Vec<Candidate>,
        facts: &Facts,
        place: Place,
    ) -> Vec<Hit> {
        let mut query = query.clone();
        let own: BTreeSet<_> = found.iter().map(|row| row.id).collect();
        let asked = query.limit;
        match self.fault {
            Fault::FindsExactWordsOnly => {
                let terms = terms(query.text.as_deref().unwrap_or(""));
                let exact = |row: &Candidate| words(&row.text).any(|word| terms.contains(&word));
                let others = found.iter_mut().filter(|row| !exact(row));
                others.for_each(|row| row.text.clear());
            }
            Fault::TakesWordsOfOthersForThere => self.keep_terms(&mut query, &found, facts, place),
            Fault::StandsInFromOtherPlaces => found = self.candidates(facts, place, &query, true),
            Fault::RanksToTheEnd => query.limit = Limit::new(Limit::MAX),
            Fault::ComparesVectorsAsBytes => {
                query.embedding = query.embedding.as_ref().map(as_bytes);
                for row in &mut found {
                    row.embedding = row.embedding.as_ref().map(as_bytes);
                }
            }
            Fault::LeavesOutZeros => {
                let zero = |vector: &Embedding| vector.values().iter().all(|value| *value == 0.0);
                for row in &mut found {
                    row.embedding = row.embedding.take().filter(|vector| !zero(vector));
                }
            }
            _ => {}
        }
        let mut hits = rank(&query, rows as u64, &found);
        hits.retain(|hit| own.contains(&hit.id));
        if self.is(Fault::RanksToTheEnd) {
            hits.truncate(asked.get());
        }
        hits
    }

    /// Drops the terms that only rows have that are not meant, as if they needed nothing to stand for them.
    fn keep_terms(
        &self,
        query: &mut SearchQuery,
        found: &[Candidate],
        facts: &Facts,
        place: Place,
    ) {
        let any = SearchQuery {
            among: match query.among {
                Among::Things { .. } => Among::Things { types: Vec::new() },
                Among::Knowledge { .. } => Among::default(),
            },
            ..SearchQuery::default()
        };
        let all = self.candidates(facts, place, &any, false);
        let has = |rows: &[Candidate], term: &str| {
            rows.iter()
                .any(|row| words(&row.text).any(|word| word == term))
        };
        query.text = query.text.as_deref().map(|text| {
            let terms = terms(text).into_iter();
            let kept = terms.filter(|term| has(found, term) || !has(&all, term));
            kept.collect::<Vec<String>>().join(" ")
        });
    }
}

/// What is left of a vector in bytes.
fn as_bytes(vector: &Embedding) -> Embedding {
    let largest = vector
        .values()
        .iter()
        .fold(0.0_f32, |most, v| v.abs().max(most));
    let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
    let values = vector.values().iter().map(|v| (v / scale).round());
    Embedding::new(vector.model(), values.collect()).expect("bytes are finite")
}
