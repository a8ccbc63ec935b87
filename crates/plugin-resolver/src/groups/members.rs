//! Sets of requests, by position.

/// A set of small numbers, all below a bound that its maker knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Members(Box<[u64]>);

impl Members {
    /// Nothing, with room for numbers below `count`.
    pub(super) fn none(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)].into())
    }

    pub(super) fn of(count: usize, members: impl IntoIterator<Item = usize>) -> Self {
        let mut set = Self::none(count);
        members.into_iter().for_each(|member| set.insert(member));
        set
    }

    pub(super) fn insert(&mut self, member: usize) {
        if let Some(word) = self.0.get_mut(member / 64) {
            *word |= 1 << (member % 64);
        }
    }

    pub(super) fn remove(&mut self, member: usize) {
        if let Some(word) = self.0.get_mut(member / 64) {
            *word &= !(1 << (member % 64));
        }
    }

    pub(super) fn contains(&self, member: usize) -> bool {
        self.0
            .get(member / 64)
            .is_some_and(|word| word >> (member % 64) & 1 == 1)
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        self.pairs(other).any(|(a, b)| a & b != 0)
    }

    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.pairs(other).all(|(a, b)| a & !b == 0)
    }

    pub(super) fn common(&self, other: &Self) -> Self {
        Self(self.pairs(other).map(|(a, b)| a & b).collect())
    }

    pub(super) fn count_common(&self, other: &Self) -> usize {
        self.pairs(other)
            .map(|(a, b)| (a & b).count_ones() as usize)
            .sum()
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        Self(self.pairs(other).map(|(a, b)| a | b).collect())
    }

    pub(super) fn without(&self, other: &Self) -> Self {
        Self(self.pairs(other).map(|(a, b)| a & !b).collect())
    }

    pub(super) fn first(&self) -> Option<usize> {
        self.iter().next()
    }

    /// Ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                (left != 0).then(|| {
                    let bit = left.trailing_zeros() as usize;
                    left &= left - 1;
                    at * 64 + bit
                })
            })
        })
    }

    fn pairs(&self, other: &Self) -> impl Iterator<Item = (u64, u64)> {
        self.0.iter().copied().zip(other.0.iter().copied())
    }
}
