//! What need not be searched for: items whose place follows from the places of others.

use super::clashes::Clashes;
use super::members::Members;

/// A smaller problem that has an answer if and only if the whole has one.
#[derive(Debug)]
pub(super) struct Reduction {
    /// What is left to be searched for.
    pub(super) left: Members,
    /// What was taken out, in that order.
    out: Vec<Out>,
}

#[derive(Debug)]
enum Out {
    /// Clashes with fewer items than there are groups, so that one group is always open to it.
    Free(usize),
    /// Clashes with nothing that the other does not clash with, so that it can go where that one is.
    Like(usize, usize),
}

impl Reduction {
    /// Reduces the search for `most` groups; the first `given` items stay.
    pub(super) fn of(clashes: &Clashes, given: usize, most: usize) -> Self {
        /// Each round takes out what the one before has made possible; few are enough.
        const ROUNDS: usize = 8;
        let count = clashes.count();
        let mut reduction = Self {
            left: Members::of(count, 0..count),
            out: Vec::new(),
        };
        for _ in 0..ROUNDS {
            let before = reduction.out.len();
            for item in (given..count).filter(|item| clashes.larger_of(*item).next().is_none()) {
                if reduction.left.contains(item)
                    && let Some(out) = reduction.way_out(clashes, item, most)
                {
                    reduction.left.remove(item);
                    reduction.out.push(out);
                }
            }
            if reduction.out.len() == before {
                break;
            }
        }
        reduction
    }

    // INVARIANT: the item is in pairs only.
    fn way_out(&self, clashes: &Clashes, item: usize, most: usize) -> Option<Out> {
        let own = clashes.pairs_of(item)?.common(&self.left);
        if own.len() < most {
            return Some(Out::Free(item));
        }
        let is_like = |other: &usize| {
            *other != item
                && !own.contains(*other)
                && clashes
                    .pairs_of(*other)
                    .is_some_and(|theirs| own.is_within(theirs))
        };
        let other = self.left.iter().find(is_like)?;
        Some(Out::Like(item, other))
    }

    /// Gives those that were taken out their places, the last first.
    pub(super) fn complete(&self, clashes: &Clashes, places: &mut [Option<usize>], most: usize) {
        for out in self.out.iter().rev() {
            let (item, place) = match *out {
                Out::Like(item, other) => (item, places.get(other).copied().flatten()),
                Out::Free(item) => {
                    let taken = clashes.pairs_of(item).into_iter().flat_map(Members::iter);
                    let taken = taken.filter_map(|other| places.get(other).copied().flatten());
                    let taken = Members::of(most, taken);
                    (item, (0..most).find(|place| !taken.contains(*place)))
                }
            };
            if let Some(slot) = places.get_mut(item) {
                *slot = place;
            }
        }
    }
}
