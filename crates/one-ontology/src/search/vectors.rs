//! Which vectors may be the nearest.

use std::collections::BTreeMap;
use std::fmt::Debug;

use super::slots::{Slot, Slots};
use crate::knowledge::cosine;

/// Vectors of one model and one length, none of them all zeros.
///
/// ```
/// use one_ontology::search::{ExactIndex, Int8Index, Near, Slot, VectorIndex};
///
/// fn nearest(index: &mut dyn VectorIndex) -> Vec<Slot> {
///     for (slot, vector) in [(0, [1.0, 0.0]), (1, [0.0, 1.0]), (2, [0.9, 0.1])] {
///         index.put(Slot::new(slot), &vector);
///     }
///     index.near(&Near {
///         vector: &[1.0, 0.05],
///         among: &[0, 1, 2].map(Slot::new).into_iter().collect(),
///         depth: 1,
///         min_similarity: None,
///     })
/// }
///
/// assert_eq!(nearest(&mut ExactIndex::default()), [Slot::new(0)]);
/// assert!(nearest(&mut Int8Index::default()).contains(&Slot::new(0)));
/// ```
pub trait VectorIndex: Debug {
    /// Puts a vector in, in the place of what was at its slot.
    fn put(&mut self, slot: Slot, vector: &[f32]);

    /// Takes out the vector of a slot, if there is one.
    fn remove(&mut self, slot: Slot);

    /// Gives each vector its new slot; one that gets none leaves. The order of slots stays.
    fn renumber(&mut self, to: &dyn Fn(Slot) -> Option<Slot>);

    /// Every slot whose vector may be one of the nearest, in any order: all of those meant
    /// whose cosine is at least that of the `depth`-th best of them, equals too, and not below
    /// the least that is asked for. More may be given, and cost the time to compare them exactly; one left out is
    /// never found.
    fn near(&self, near: &Near<'_>) -> Vec<Slot>;

    /// About how much memory it takes.
    fn bytes(&self) -> usize;
}

/// What is to be near to what.
#[derive(Clone, Copy, Debug)]
pub struct Near<'a> {
    /// To this vector, not all zeros, as long as those of the index.
    pub vector: &'a [f32],
    /// Those meant; some of them may not be in the index.
    pub among: &'a Slots,
    /// How many are to be found; at least 1.
    pub depth: usize,
    /// The least cosine.
    pub min_similarity: Option<f32>,
}

/// Keeps vectors as they are and compares each: for few, and to judge others by.
#[derive(Debug, Default)]
pub struct ExactIndex(BTreeMap<Slot, Vec<f32>>);

impl VectorIndex for ExactIndex {
    fn put(&mut self, slot: Slot, vector: &[f32]) {
        self.0.insert(slot, vector.to_vec());
    }

    fn remove(&mut self, slot: Slot) {
        self.0.remove(&slot);
    }

    fn renumber(&mut self, to: &dyn Fn(Slot) -> Option<Slot>) {
        let old = std::mem::take(&mut self.0).into_iter();
        self.0 = old.filter_map(|(slot, v)| Some((to(slot)?, v))).collect();
    }

    fn near(&self, near: &Near<'_>) -> Vec<Slot> {
        let least = near.min_similarity.unwrap_or(-1.0);
        let mut close: Vec<(f32, Slot)> = self
            .0
            .iter()
            .filter(|(slot, _)| near.among.contains(**slot))
            .map(|(slot, vector)| (cosine(near.vector, vector), *slot))
            .filter(|(cosine, _)| *cosine >= least)
            .collect();
        close.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let last = close.get(near.depth.saturating_sub(1)).map(|last| last.0);
        close.retain(|(cosine, _)| last.is_none_or(|last| *cosine >= last));
        close.into_iter().map(|(_, slot)| slot).collect()
    }

    fn bytes(&self) -> usize {
        let bytes = |vector: &Vec<f32>| 48 + vector.capacity() * size_of::<f32>();
        self.0.values().map(bytes).sum()
    }
}
