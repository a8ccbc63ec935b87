//! Sets of a package's versions, exact under and, or, not.

use std::fmt;
use std::sync::Arc;

/// A set of indexes: bits up to some word, and one answer for everything beyond.
///
/// Which versions a range admits is asked once; the answer is this set. npm's prerelease rule is not closed under the
/// intersection of intervals, but it is under the intersection of answers.
// INVARIANT: `Few` if its top bit equals all bits from 63 on; else `Many` with the top bit of the last word standing for
// everything beyond, and no last word that the one before implies. Equal sets are therefore equal values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bits {
    Few(u64),
    Many(Arc<[u64]>),
}

const TOP: u64 = 1 << 63;

impl Bits {
    pub(crate) const EMPTY: Self = Self::Few(0);
    /// Sets of indexes below this are [`Self::Few`].
    pub(crate) const FEW: u32 = 63;

    pub(crate) fn from_indexes(indexes: impl IntoIterator<Item = u32>) -> Self {
        let mut words = vec![0];
        for index in indexes {
            let (word, bit) = place(index);
            if words.len() <= word {
                words.resize(word + 1, 0);
            }
            if let Some(word) = words.get_mut(word) {
                *word |= bit;
            }
        }
        // No index stands for "everything beyond": keep the top bit free.
        if words.last().is_some_and(|last| last & TOP != 0) {
            words.push(0);
        }
        Self::canonical(words)
    }

    pub(crate) fn singleton(index: u32) -> Self {
        if index < Self::FEW {
            return Self::Few(1 << index);
        }
        let (word, bit) = place(index);
        // The top bit stands for everything beyond.
        let words = word + 1 + usize::from(bit == TOP);
        let words = (0..words).map(|at| if at == word { bit } else { 0 });
        Self::Many(words.collect())
    }

    pub(crate) fn contains(&self, index: u32) -> bool {
        let (word, bit) = place(index);
        match self {
            Self::Few(bits) => bits & if index < 63 { bit } else { TOP } != 0,
            Self::Many(words) => match words.get(word) {
                Some(word) => word & bit != 0,
                None => words.last().is_some_and(|last| last & TOP != 0),
            },
        }
    }

    pub(crate) fn complement(&self) -> Self {
        match self {
            Self::Few(bits) => Self::Few(!bits),
            Self::Many(words) => Self::Many(words.iter().map(|word| !word).collect()),
        }
    }

    pub(crate) fn intersection(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Few(a), Self::Few(b)) => Self::Few(a & b),
            _ => self.combined(other, |a, b| a & b),
        }
    }

    /// The set with these members too.
    pub(crate) fn with(&self, members: &[u32]) -> Self {
        let union = |all: Self, member: &u32| all.union(&Self::singleton(*member));
        members.iter().fold(self.clone(), union)
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Few(a), Self::Few(b)) => Self::Few(a | b),
            _ => self.combined(other, |a, b| a | b),
        }
    }

    pub(crate) fn is_disjoint(&self, other: &Self) -> bool {
        self.all_words(other, |a, b| a & b == 0)
    }

    pub(crate) fn is_subset_of(&self, other: &Self) -> bool {
        self.all_words(other, |a, b| a & !b == 0)
    }

    fn all_words(&self, other: &Self, holds: impl Fn(u64, u64) -> bool) -> bool {
        match (self, other) {
            (Self::Few(a), Self::Few(b)) => holds(*a, *b),
            _ => {
                // The word behind the last stands for everything beyond.
                let words = self.words().max(other.words());
                (0..=words).all(|at| holds(self.word(at), other.word(at)))
            }
        }
    }

    /// The members below `limit`, ascending.
    pub(crate) fn below(&self, limit: u32) -> impl DoubleEndedIterator<Item = u32> + '_ {
        (0..limit).filter(|index| self.contains(*index))
    }

    /// How many members are below `limit`.
    pub(crate) fn count_below(&self, limit: u32) -> u32 {
        match self {
            Self::Few(bits) if limit < 63 => (bits & ((1 << limit) - 1)).count_ones(),
            _ => {
                let (whole, _) = place(limit);
                let full: u32 = (0..whole).map(|word| self.word(word).count_ones()).sum();
                let rest = self.word(whole) & ((1 << (limit % 64)) - 1);
                full + rest.count_ones()
            }
        }
    }

    /// The greatest member below `limit`.
    pub(crate) fn last_below(&self, limit: u32) -> Option<u32> {
        let (mut at, bit) = place(limit);
        let mut word = self.word(at) & (bit - 1);
        loop {
            if word != 0 {
                return u32::try_from(at).ok().map(|at| at * 64 + word.ilog2());
            }
            at = at.checked_sub(1)?;
            word = self.word(at);
        }
    }

    /// The least member from `start` up and below `limit`.
    pub(crate) fn first_from(&self, start: u32, limit: u32) -> Option<u32> {
        (start..limit).find(|index| self.contains(*index))
    }

    fn word(&self, index: usize) -> u64 {
        let beyond = |top: u64| if top & TOP != 0 { u64::MAX } else { 0 };
        match self {
            Self::Few(bits) if index == 0 => *bits,
            Self::Few(bits) => beyond(*bits),
            Self::Many(words) => words
                .get(index)
                .copied()
                .unwrap_or_else(|| beyond(words.last().copied().unwrap_or_default())),
        }
    }

    /// All there is to know of a set of indexes below [`Self::FEW`].
    pub(crate) fn first_word(&self) -> u64 {
        self.word(0)
    }

    /// How many words it takes.
    pub(crate) fn words(&self) -> usize {
        match self {
            Self::Few(_) => 1,
            Self::Many(words) => words.len(),
        }
    }

    fn combined(&self, other: &Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        let length = self.words().max(other.words());
        Self::canonical(
            (0..length)
                .map(|i| combine(self.word(i), other.word(i)))
                .collect(),
        )
    }

    fn canonical(mut words: Vec<u64>) -> Self {
        while let [.., before, last] = words.as_slice() {
            let implied = if before & TOP != 0 { u64::MAX } else { 0 };
            if *last != implied {
                break;
            }
            words.pop();
        }
        match words.as_slice() {
            [] => Self::EMPTY,
            [bits] => Self::Few(*bits),
            _ => Self::Many(words.into()),
        }
    }
}

impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Few(bits) => write!(f, "{bits:b}"),
            Self::Many(words) => write!(f, "{} words", words.len()),
        }
    }
}

fn place(index: u32) -> (usize, u64) {
    (
        usize::try_from(index / 64).unwrap_or(usize::MAX),
        1 << (index % 64),
    )
}

#[cfg(test)]
mod tests {
    use super::Bits;
    use std::collections::BTreeSet;

    /// The same operations on plain sets, over a few hundred indexes.
    #[test]
    fn bits_are_sets() {
        let limit = 300_u32;
        let families: Vec<BTreeSet<u32>> = (1..12_u32)
            .flat_map(|step| {
                [0, 61, 62, 63, 64, 126, 127, 128, 190].map(|start| {
                    (start..limit - 40)
                        .step_by(usize::try_from(step * step).unwrap())
                        .collect()
                })
            })
            .collect();
        let all: BTreeSet<u32> = (0..limit).collect();
        let members = |bits: &Bits| bits.below(limit).collect::<BTreeSet<u32>>();
        for a in &families {
            let x = Bits::from_indexes(a.iter().copied());
            assert_eq!(&members(&x), a);
            assert_eq!(members(&x.complement()), &all - a);
            assert_eq!(x.complement().complement(), x);
            for cut in [0, 1, 62, 63, 64, 65, 127, 128, 129, 256, limit] {
                assert_eq!(
                    usize::try_from(x.count_below(cut)).unwrap(),
                    a.range(..cut).count()
                );
                assert_eq!(x.last_below(cut), a.range(..cut).next_back().copied());
                assert_eq!(
                    x.complement().last_below(cut),
                    (0..cut).rev().find(|i| !a.contains(i))
                );
                assert_eq!(x.first_from(cut, limit), a.range(cut..).next().copied());
            }
            for b in &families {
                let y = Bits::from_indexes(b.iter().copied());
                assert_eq!(members(&x.intersection(&y)), a & b);
                assert_eq!(members(&x.union(&y)), a | b);
                assert_eq!(x.intersection(&y) == x, a.is_subset(b));
                let both = x.complement().union(&y.complement()).complement();
                assert_eq!(both, x.intersection(&y));
            }
        }
    }
}
