//! Where a row stands in an index, and sets of such places.

/// Where a row stands in an index. A row that is written again stands elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u32);

impl Slot {
    /// The slot of this number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number, from 0.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }

    const fn block(self) -> usize {
        self.get() / 64
    }

    const fn bit(self) -> u64 {
        1 << (self.0 % 64)
    }
}

/// A set of slots: a bit for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slots(Vec<u64>);

impl Slots {
    /// Whether it has this one.
    #[must_use]
    pub fn contains(&self, slot: Slot) -> bool {
        let block = self.0.get(slot.block()).copied().unwrap_or(0);
        block & slot.bit() != 0
    }

    /// Puts one in.
    pub fn insert(&mut self, slot: Slot) {
        if self.0.len() <= slot.block() {
            self.0.resize(slot.block() + 1, 0);
        }
        if let Some(block) = self.0.get_mut(slot.block()) {
            *block |= slot.bit();
        }
    }

    /// Takes one out.
    pub fn remove(&mut self, slot: Slot) {
        if let Some(block) = self.0.get_mut(slot.block()) {
            *block &= !slot.bit();
        }
    }

    /// Keeps those only that `other` has too.
    pub fn intersect(&mut self, other: &Self) {
        let others = other.0.iter().copied().chain(std::iter::repeat(0));
        for (block, other) in self.0.iter_mut().zip(others) {
            *block &= other;
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0
            .iter()
            .map(|block| u64::from(block.count_ones()))
            .sum()
    }

    /// Each of them, upwards.
    pub fn iter(&self) -> impl Iterator<Item = Slot> + '_ {
        (0_u32..).zip(&self.0).flat_map(|(at, block)| {
            let mut left = *block;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(Slot(64 * at + bit))
            })
        })
    }

    pub(super) fn bytes(&self) -> usize {
        8 * self.0.capacity()
    }
}

impl FromIterator<Slot> for Slots {
    fn from_iter<I: IntoIterator<Item = Slot>>(slots: I) -> Self {
        let mut all = Self::default();
        slots.into_iter().for_each(|slot| all.insert(slot));
        all
    }
}
