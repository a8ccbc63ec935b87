//! BM25, in one order of additions, so that every way to it ends in the same bits.

use super::HitId;

/// How a term is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// As it was given.
    AsGiven,
    /// By words close to it.
    ByCloseWords,
}

/// What is known of the rows that a text is compared with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Corpus {
    /// How many rows are meant.
    pub(super) rows: u64,
    /// How many of them have any of the words.
    pub(super) fitting: u64,
    /// How many words those have.
    pub(super) words: u64,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of words and rows are far below 2^53"
)]
impl Corpus {
    /// How much a term weighs that so many rows have.
    pub(super) fn weight(&self, with: u64, found: Found) -> f64 {
        let rows = self.rows.max(self.fitting) as f64;
        let with = with as f64;
        let weight = (1.0 + (rows - with + 0.5) / (with + 0.5)).ln();
        match found {
            Found::AsGiven => weight,
            Found::ByCloseWords => weight / 2.0,
        }
    }

    /// What a term adds to the score of a row of so many words that has it so many times.
    pub(super) fn score(&self, weight: f64, count: u32, words: u32) -> f64 {
        let mean = self.words as f64 / self.fitting.max(1) as f64;
        let (count, words) = (f64::from(count), f64::from(words));
        weight * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * words / mean.max(1.0)))
    }
}

/// The best, at most so many; equals in order of id.
pub(super) fn best(mut scored: Vec<(f64, HitId)>, most: usize) -> Vec<HitId> {
    let order = |a: &(f64, HitId), b: &(f64, HitId)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if scored.len() > most {
        scored.select_nth_unstable_by(most, order);
        scored.truncate(most);
    }
    scored.sort_unstable_by(order);
    scored.into_iter().map(|(_, id)| id).collect()
}
