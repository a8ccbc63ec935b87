//! Rows of one kind, by their words, types and labels.

use std::collections::BTreeMap;

use super::scoring::{Corpus, Found, best};
use super::slots::{Slot, Slots};
use super::words::{Meant, Posting, Words};
use super::{Among, HitId, terms, words};
use crate::Label;

/// What rows are filtered by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Facet {
    /// A type.
    Type(Box<str>),
    /// A label.
    Label(Label),
}

/// Rows of one kind, by their words, types and labels.
///
/// A row that is written again gets a new slot, so that every list grows at its end only; what
/// has left stays in the lists until [`Rows::compact`].
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// By slot.
    ids: Vec<HitId>,
    /// How many words each has, by slot.
    lengths: Vec<u32>,
    slots: BTreeMap<HitId, Slot>,
    live: Slots,
    words: Words,
    facets: BTreeMap<Facet, Vec<Slot>>,
    /// How many slots all facets have.
    labelled: usize,
}

impl Rows {
    /// Puts in a row that is not there.
    pub(super) fn insert(
        &mut self,
        id: HitId,
        text: &str,
        facets: impl IntoIterator<Item = Facet>,
    ) -> Slot {
        let slot = next(&self.ids);
        let mut all: Vec<String> = words(text).collect();
        all.sort_unstable();
        for same in all.chunk_by(|a, b| a == b) {
            if let Some(word) = same.first() {
                let count = number(same.len());
                self.words.add(word, Posting { slot, count });
            }
        }
        for facet in facets {
            self.facets.entry(facet).or_default().push(slot);
            self.labelled += 1;
        }
        self.ids.push(id);
        self.lengths.push(number(all.len()));
        self.slots.insert(id, slot);
        self.live.insert(slot);
        slot
    }

    /// Takes a row out; where it stood.
    pub(super) fn remove(&mut self, id: HitId) -> Option<Slot> {
        let slot = self.slots.remove(&id)?;
        self.live.remove(slot);
        Some(slot)
    }

    /// Whether more than half of what is kept has left.
    pub(super) fn is_sparse(&self) -> bool {
        self.ids.len() > 2 * self.slots.len()
    }

    /// Lets go of what has left.
    pub(super) fn compact(&mut self) -> Moved {
        let mut moved = Moved(vec![None; self.ids.len()]);
        let mut lengths = Vec::with_capacity(self.slots.len());
        let mut ids = Vec::with_capacity(self.slots.len());
        for old in self.live.iter() {
            let new = next(&ids);
            if let (Some(to), Some(id)) = (moved.0.get_mut(old.get()), self.id(old)) {
                *to = Some(new);
                lengths.push(self.length(old));
                ids.push(id);
            }
        }
        self.words.renumber(|slot| moved.to(slot));
        self.facets.retain(|_, slots| {
            *slots = slots.iter().filter_map(|slot| moved.to(*slot)).collect();
            !slots.is_empty()
        });
        self.labelled = self.facets.values().map(Vec::len).sum();
        for slot in self.slots.values_mut() {
            *slot = moved.to(*slot).unwrap_or(*slot);
        }
        self.live = self.slots.values().copied().collect();
        (self.ids, self.lengths) = (ids, lengths);
        moved
    }

    pub(super) fn id(&self, slot: Slot) -> Option<HitId> {
        self.ids.get(slot.get()).copied()
    }

    fn length(&self, slot: Slot) -> u32 {
        self.lengths.get(slot.get()).copied().unwrap_or(0)
    }

    /// About how much memory they take.
    pub(super) fn bytes(&self) -> usize {
        self.ids.capacity() * size_of::<HitId>()
            + self.lengths.capacity() * size_of::<u32>()
            + self.slots.len() * 2 * size_of::<(HitId, Slot)>()
            + self.live.bytes()
            + self.words.bytes()
            + self.facets.len() * 192
            + self.labelled * size_of::<Slot>()
    }

    /// The rows that are meant.
    pub(super) fn meant(&self, among: &Among) -> Slots {
        let (types, labels): (Vec<&str>, &[Label]) = match among {
            Among::Things { types } => (types.iter().map(|t| t.as_str()).collect(), &[]),
            Among::Knowledge { types, labels } => {
                (types.iter().map(|t| t.as_str()).collect(), labels)
            }
        };
        let mut meant = self.live.clone();
        if !types.is_empty() {
            let of_types = types.into_iter().map(|name| Facet::Type(name.into()));
            meant.intersect(&of_types.flat_map(|facet| self.with_facet(&facet)).collect());
        }
        for label in labels {
            let labelled = self.with_facet(&Facet::Label(label.clone()));
            meant.intersect(&labelled.collect());
        }
        meant
    }

    fn with_facet(&self, facet: &Facet) -> impl Iterator<Item = Slot> + use<'_> {
        self.facets.get(facet).into_iter().flatten().copied()
    }

    /// What fits a text best, at most so many.
    pub(super) fn by_text(&self, text: &str, meant: &Slots, most: usize) -> Vec<HitId> {
        let mut words = Meant::new(&self.words, meant);
        let sought: Vec<(Vec<Posting>, Found)> = terms(text)
            .iter()
            .map(|term| match words.with(term) {
                with if with.is_empty() => (words.with_close(term), Found::ByCloseWords),
                with => (with, Found::AsGiven),
            })
            .collect();
        let found = sought.iter().flat_map(|(with, _)| with);
        let fitting: Slots = found.map(|posting| posting.slot).collect();
        let corpus = Corpus {
            rows: meant.count(),
            fitting: fitting.count(),
            words: fitting
                .iter()
                .map(|slot| u64::from(self.length(slot)))
                .sum(),
        };
        // Terms are in order, so each score is added up in that order.
        let mut scores = vec![0.0; self.ids.len()];
        for (with, found) in &sought {
            let weight = corpus.weight(with.len() as u64, *found);
            for Posting { slot, count } in with {
                if let Some(score) = scores.get_mut(slot.get()) {
                    *score += corpus.score(weight, *count, self.length(*slot));
                }
            }
        }
        let scored = fitting.iter().filter_map(|slot| {
            let score = scores.get(slot.get())?;
            Some((*score, self.id(slot)?))
        });
        best(scored.collect(), most)
    }
}

/// Where each row stands after [`Rows::compact`].
#[derive(Debug)]
pub(super) struct Moved(Vec<Option<Slot>>);

impl Moved {
    /// Where a row stands now; none if it had left.
    pub(super) fn to(&self, old: Slot) -> Option<Slot> {
        self.0.get(old.get()).copied().flatten()
    }
}

/// The slot behind the last one.
fn next(ids: &[HitId]) -> Slot {
    Slot::new(number(ids.len()))
}

/// No text has so many words, and no memory so many rows, that they could not be counted.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
