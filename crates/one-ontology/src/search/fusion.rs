//! How the list by text and the list by vector become one.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use super::{Hit, HitId, SearchQuery};
use crate::Embedding;

impl SearchQuery {
    /// How far down each list goes.
    pub(super) fn depth(&self) -> usize {
        self.limit.get().max(100)
    }
}

/// The closest vectors, as far as the query goes down; equals in order of id.
pub(super) fn closest(
    query: &SearchQuery,
    vectors: impl Iterator<Item = (HitId, impl Borrow<Embedding>)>,
) -> Vec<(HitId, f32)> {
    let Some(wanted) = &query.embedding else {
        return Vec::new();
    };
    let least = query.min_similarity.unwrap_or(-1.0);
    let mut close: Vec<(HitId, f32)> = vectors
        .filter_map(|(id, vector)| Some((id, wanted.similarity(vector.borrow())?)))
        .filter(|(_, similarity)| *similarity >= least)
        .collect();
    close.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    close.truncate(query.depth());
    close
}

/// Joins both lists by reciprocal rank fusion.
pub(super) fn fuse(
    query: &SearchQuery,
    by_text: Vec<HitId>,
    by_vector: Vec<(HitId, f32)>,
) -> Vec<Hit> {
    let mut scores: BTreeMap<HitId, (f64, Option<f32>)> = BTreeMap::new();
    for (rank, id) in by_text.into_iter().enumerate() {
        scores.entry(id).or_default().0 += fused(rank);
    }
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

/// Its usual constant is 60, with ranks from 1.
#[expect(clippy::cast_precision_loss, reason = "ranks are small")]
fn fused(rank: usize) -> f64 {
    1.0 / (61.0 + rank as f64)
}
