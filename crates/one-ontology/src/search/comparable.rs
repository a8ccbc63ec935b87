//! The vectors of a place, apart by what they may be compared with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::slots::{Slot, Slots};
use super::vectors::{Near, VectorIndex};
use crate::Embedding;

/// What a vector is compared with: those of the same model and length.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    model: String,
    dimension: usize,
}

impl Kind {
    fn of(embedding: &Embedding) -> Self {
        Self {
            model: embedding.model().to_owned(),
            dimension: embedding.values().len(),
        }
    }
}

/// The vectors of one kind.
#[derive(Debug, Default)]
struct Comparable<V> {
    index: V,
    /// Where they stand.
    slots: BTreeSet<Slot>,
    /// Where those stand that are all zeros, and so at 0 to everything. They are not in the index.
    zeros: BTreeSet<Slot>,
}

/// The vectors of a place, apart by what they may be compared with.
#[derive(Debug, Default)]
pub(super) struct Vectors<V> {
    kinds: BTreeMap<Arc<Kind>, Comparable<V>>,
    of: BTreeMap<Slot, Arc<Kind>>,
}

impl<V: VectorIndex + Default> Vectors<V> {
    /// Puts in the vector of a row that has none yet.
    pub(super) fn insert(&mut self, slot: Slot, embedding: &Embedding) {
        let kind = Kind::of(embedding);
        let known = self.kinds.get_key_value(&kind);
        let kind = known.map_or_else(|| Arc::new(kind), |(known, _)| Arc::clone(known));
        let comparable = self.kinds.entry(Arc::clone(&kind)).or_default();
        comparable.slots.insert(slot);
        if is_zero(embedding) {
            comparable.zeros.insert(slot);
        } else {
            comparable.index.put(slot, embedding.values());
        }
        self.of.insert(slot, kind);
    }

    /// Takes out the vector of a row, if it has one.
    pub(super) fn remove(&mut self, slot: Slot) {
        let Some(kind) = self.of.remove(&slot) else {
            return;
        };
        let Some(comparable) = self.kinds.get_mut(&kind) else {
            return;
        };
        comparable.slots.remove(&slot);
        if comparable.slots.is_empty() {
            self.kinds.remove(&kind);
        } else if !comparable.zeros.remove(&slot) {
            comparable.index.remove(slot);
        }
    }

    /// Gives each vector its new slot; all that are there have one.
    pub(super) fn renumber(&mut self, to: &dyn Fn(Slot) -> Option<Slot>) {
        let all = |old: &BTreeSet<Slot>| old.iter().filter_map(|slot| to(*slot)).collect();
        for comparable in self.kinds.values_mut() {
            comparable.slots = all(&comparable.slots);
            comparable.zeros = all(&comparable.zeros);
            comparable.index.renumber(to);
        }
        let old = std::mem::take(&mut self.of).into_iter();
        self.of = old
            .filter_map(|(slot, kind)| Some((to(slot)?, kind)))
            .collect();
    }

    /// Where those stand that may be among the `depth` nearest of those that are meant.
    /// Of equals the first count, in the order of `id`.
    pub(super) fn near<I: Ord>(
        &self,
        wanted: &Embedding,
        least: Option<f32>,
        among: &Slots,
        depth: usize,
        id: impl Fn(Slot) -> I,
    ) -> Vec<Slot> {
        let Some(comparable) = self.kinds.get(&Kind::of(wanted)) else {
            return Vec::new();
        };
        // At exactly 0, all of them: the first by id are before the others.
        let (mut near, at_zero) = if is_zero(wanted) {
            (Vec::new(), &comparable.slots)
        } else {
            let near = comparable.index.near(&Near {
                vector: wanted.values(),
                among,
                depth,
                min_similarity: least,
            });
            (near, &comparable.zeros)
        };
        if least.is_none_or(|least| 0.0 >= least) {
            let at_zero = at_zero.iter().filter(|slot| among.contains(**slot));
            let mut first: Vec<(I, Slot)> = at_zero.map(|slot| (id(*slot), *slot)).collect();
            first.sort_unstable();
            near.extend(first.into_iter().map(|(_, slot)| slot).take(depth));
        }
        near
    }

    /// About how much memory they take.
    pub(super) fn bytes(&self) -> usize {
        let kinds = self.kinds.iter().map(|(kind, comparable)| {
            kind.model.len() + 256 + comparable.index.bytes() + 8 * comparable.slots.len()
        });
        kinds.sum::<usize>() + 32 * self.of.len()
    }
}

fn is_zero(embedding: &Embedding) -> bool {
    embedding.values().iter().all(|value| *value == 0.0)
}
