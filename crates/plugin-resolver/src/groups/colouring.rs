//! Exactly so many groups or none: the colouring of a graph whose edges are the known clashes.

use std::cmp::Reverse;

use super::clashes::Clashes;
use super::members::Members;
use super::reduction::Reduction;
use crate::Interrupt;

/// The largest table of items and groups that is kept.
const MOST_CELLS: usize = 1 << 22;

/// How a search for groups ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Search<T> {
    /// So it goes.
    Found(T),
    /// There is nothing to find.
    Impossible,
    /// The budget was spent first.
    OutOfBudget,
}

/// The group of each item.
pub(super) type Places = Vec<usize>;

/// Places all items within `most` groups, the first of them as given, so that no known clash is within a group.
///
/// Backtracking that always goes on with the item that fits into the fewest groups (DSATUR), and with those of `first` before others
/// like them; over what cannot be [left out](Reduction) of the search, one part after the other where parts have nothing to do with each
/// other. Takes a step of the budget to begin with and for each attempt to place an item, more where there are hundreds.
pub(super) fn complete(
    clashes: &Clashes,
    given: &[usize],
    most: usize,
    first: &Members,
    budget: &mut u64,
    interrupt: Option<&Interrupt>,
) -> Search<Places> {
    /// How many items cost as much as a step.
    const ITEMS_PER_STEP: usize = 256;
    if clashes.count().saturating_mul(most) > MOST_CELLS {
        return Search::OutOfBudget;
    }
    let cost = u64::try_from(1 + clashes.count() / ITEMS_PER_STEP).unwrap_or(u64::MAX);
    // Also where there is nothing to search for: whoever asks again and again comes to an end.
    let Some(left) = budget.checked_sub(cost) else {
        return Search::OutOfBudget;
    };
    *budget = left;
    let reduction = Reduction::of(clashes, given.len(), most);
    let mut state = State::new(clashes, most, first);
    for (item, group) in given.iter().enumerate() {
        if *group >= most || state.is_closed(item, *group) {
            return Search::Impossible;
        }
        state.place(item, *group);
    }
    let groups = state.groups;
    for part in parts(clashes, &reduction.left, given.len()) {
        // A group that only other parts are in is as good as empty.
        state.groups = groups;
        match state.search(&part, cost, budget, interrupt) {
            Search::Found(()) => {}
            Search::Impossible => return Search::Impossible,
            Search::OutOfBudget => return Search::OutOfBudget,
        }
    }
    reduction.complete(clashes, &mut state.places, most);
    Search::Found(state.places.into_iter().flatten().collect())
}

/// The items from `given` on in parts, so that no clash is across parts; what is given may be in clashes with all of them.
fn parts(clashes: &Clashes, items: &Members, given: usize) -> Vec<Members> {
    let count = clashes.count();
    let mut left = items.clone();
    (0..given).for_each(|item| left.remove(item));
    let mut parts = Vec::new();
    while let Some(item) = left.first() {
        left.remove(item);
        let mut part = Members::of(count, [item]);
        let mut open = vec![item];
        while let Some(item) = open.pop() {
            let mut others = Members::none(count);
            if let Some(pairs) = clashes.pairs_of(item) {
                others = others.union(pairs);
            }
            let larger = clashes.larger_of(item).flatten();
            larger.for_each(|other| others.insert(*other));
            let others = others.common(&left);
            left = left.without(&others);
            part = part.union(&others);
            open.extend(others.iter());
        }
        parts.push(part);
    }
    parts
}

/// An item with the groups that are still to be tried for it.
struct Attempt {
    item: usize,
    from: usize,
    /// How many groups there were before.
    groups: usize,
}

struct State<'a> {
    clashes: &'a Clashes,
    most: usize,
    places: Vec<Option<usize>>,
    /// How many groups are in use.
    groups: usize,
    /// For each item and group, how many clashes forbid it.
    against: Vec<u32>,
    /// For each item, into how many groups it does not fit.
    closed: Vec<usize>,
    degrees: Vec<usize>,
    first: &'a Members,
}

impl<'a> State<'a> {
    fn new(clashes: &'a Clashes, most: usize, first: &'a Members) -> Self {
        let count = clashes.count();
        Self {
            clashes,
            most,
            places: vec![None; count],
            groups: 0,
            against: vec![0; count * most],
            closed: vec![0; count],
            degrees: (0..count).map(|item| clashes.degree(item)).collect(),
            first,
        }
    }

    /// Places the items of a part, each step at this cost.
    fn search(
        &mut self,
        part: &Members,
        cost: u64,
        budget: &mut u64,
        interrupt: Option<&Interrupt>,
    ) -> Search<()> {
        let mut attempts: Vec<Attempt> = Vec::new();
        while let Some(item) = self.next(part) {
            attempts.push(Attempt {
                item,
                from: 0,
                groups: self.groups,
            });
            while let Some(attempt) = attempts.last_mut() {
                if interrupt.is_some_and(Interrupt::is_interrupted) {
                    *budget = 0;
                }
                let Some(left) = budget.checked_sub(cost) else {
                    return Search::OutOfBudget;
                };
                *budget = left;
                self.take_back(attempt.item, attempt.groups);
                // All empty groups are alike: one of them is enough.
                let end = attempt.groups.saturating_add(1).min(self.most);
                match (attempt.from..end).find(|group| !self.is_closed(attempt.item, *group)) {
                    Some(group) => {
                        attempt.from = group + 1;
                        self.place(attempt.item, group);
                        break;
                    }
                    None => {
                        attempts.pop();
                    }
                }
            }
            if attempts.is_empty() {
                return Search::Impossible;
            }
        }
        Search::Found(())
    }

    /// The item of a part to place next.
    fn next(&self, part: &Members) -> Option<usize> {
        part.iter()
            .filter(|item| self.place_of(*item).is_none())
            .max_by_key(|item| {
                let closed = self.closed.get(*item).copied();
                let degree = self.degrees.get(*item).copied();
                (closed, self.first.contains(*item), degree, Reverse(*item))
            })
    }

    fn place_of(&self, item: usize) -> Option<usize> {
        self.places.get(item).copied().flatten()
    }

    fn is_closed(&self, item: usize, group: usize) -> bool {
        self.against
            .get(item * self.most + group)
            .is_some_and(|against| *against > 0)
    }

    fn place(&mut self, item: usize, group: usize) {
        if let Some(place) = self.places.get_mut(item) {
            *place = Some(group);
        }
        self.groups = self.groups.max(group + 1);
        self.forbid(item, group, |against| against.saturating_add(1));
    }

    // INVARIANT: what was placed last is taken back first, so that `forbid` finds what it found before.
    fn take_back(&mut self, item: usize, groups: usize) {
        let place = self.places.get_mut(item).and_then(Option::take);
        if let Some(group) = place {
            self.forbid(item, group, |against| against.saturating_sub(1));
            self.groups = groups;
        }
    }

    /// Changes how much speaks against `group` for each item that could not follow this one into it.
    fn forbid(&mut self, item: usize, group: usize, change: impl Fn(u32) -> u32) {
        let clashes = self.clashes;
        for other in clashes.pairs_of(item).into_iter().flat_map(Members::iter) {
            self.change(other, group, &change);
        }
        for clash in clashes.larger_of(item) {
            let mut elsewhere = clash
                .iter()
                .filter(|other| **other != item && self.place_of(**other) != Some(group));
            if let (Some(last), None) = (elsewhere.next(), elsewhere.next())
                && self.place_of(*last).is_none()
            {
                self.change(*last, group, &change);
            }
        }
    }

    fn change(&mut self, item: usize, group: usize, change: impl Fn(u32) -> u32) {
        let against = self.against.get_mut(item * self.most + group);
        let closed = self.closed.get_mut(item);
        if let (Some(against), Some(closed)) = (against, closed) {
            let before = *against > 0;
            *against = change(*against);
            match (before, *against > 0) {
                (false, true) => *closed += 1,
                (true, false) => *closed -= 1,
                _ => {}
            }
        }
    }
}
