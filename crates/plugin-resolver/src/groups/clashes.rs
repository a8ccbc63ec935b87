//! Which items are known not to fit into one group.

use super::members::Members;

/// Sets of items that cannot be in one group: pairs as a graph, larger ones as a list.
#[derive(Debug)]
pub(super) struct Clashes {
    pairs: Vec<Members>,
    /// Of three and more, each ascending.
    larger: Vec<Vec<usize>>,
    /// For each item, which of the larger it is in.
    larger_of: Vec<Vec<usize>>,
}

impl Clashes {
    /// Nothing known of so many items.
    pub(super) fn none(count: usize) -> Self {
        Self {
            pairs: vec![Members::none(count); count],
            larger: Vec::new(),
            larger_of: vec![Vec::new(); count],
        }
    }

    pub(super) fn count(&self) -> usize {
        self.pairs.len()
    }

    /// These, two at least, cannot be in one group.
    pub(super) fn add(&mut self, clash: &Members) {
        let items: Vec<usize> = clash.iter().collect();
        match *items.as_slice() {
            [] | [_] => {}
            [a, b] => {
                for (from, to) in [(a, b), (b, a)] {
                    if let Some(row) = self.pairs.get_mut(from) {
                        row.insert(to);
                    }
                }
            }
            _ => {
                for item in &items {
                    if let Some(of) = self.larger_of.get_mut(*item) {
                        of.push(self.larger.len());
                    }
                }
                self.larger.push(items);
            }
        }
    }

    /// Whether an item is known not to fit into a group.
    pub(super) fn keep_out(&self, item: usize, group: &Members) -> bool {
        let by_pair = self.pairs_of(item).is_some_and(|row| row.meets(group));
        let rest_is_there = |clash: &[usize]| {
            let mut rest = clash.iter().filter(|other| **other != item);
            rest.all(|other| group.contains(*other))
        };
        by_pair || self.larger_of(item).any(rest_is_there)
    }

    /// A known clash within a set, if there is one: pairs first.
    pub(super) fn within(&self, set: &Members) -> Option<Members> {
        let count = self.count();
        let pair = set.iter().find_map(|item| {
            let other = self.pairs_of(item)?.common(set).first()?;
            Some(Members::of(count, [item, other]))
        });
        pair.or_else(|| {
            let is_in = |clash: &&Vec<usize>| clash.iter().all(|item| set.contains(*item));
            let clash = self.larger.iter().find(is_in)?;
            Some(Members::of(count, clash.iter().copied()))
        })
    }

    pub(super) fn pairs_of(&self, item: usize) -> Option<&Members> {
        self.pairs.get(item)
    }

    pub(super) fn larger_of(&self, item: usize) -> impl Iterator<Item = &[usize]> {
        let of = self.larger_of.get(item).into_iter().flatten();
        of.filter_map(|at| self.larger.get(*at).map(Vec::as_slice))
    }

    /// In how many clashes an item is.
    pub(super) fn degree(&self, item: usize) -> usize {
        self.pairs_of(item).map_or(0, Members::len) + self.larger_of(item).count()
    }

    /// Items of which each two clash, so that there are at least as many groups. As many as were found, not always as many as there are.
    pub(super) fn clique(&self) -> Members {
        /// How many items the search begins with, and how many steps it may take.
        const BEGINNINGS: usize = 16;
        const MOST_WORK: usize = 1 << 20;
        let mut items: Vec<usize> = (0..self.count()).collect();
        items.sort_by_key(|item| std::cmp::Reverse(self.degree(*item)));
        let mut work = MOST_WORK;
        let cliques = items
            .iter()
            .take(BEGINNINGS)
            .map(|first| self.clique_from(*first, &mut work));
        let longest = cliques.fold(Vec::new(), |longest: Vec<usize>, clique| {
            if clique.len() > longest.len() {
                clique
            } else {
                longest
            }
        });
        Members::of(self.count(), longest)
    }

    fn clique_from(&self, first: usize, work: &mut usize) -> Vec<usize> {
        let mut clique = vec![first];
        let Some(mut left) = self.pairs_of(first).cloned() else {
            return clique;
        };
        while !left.is_empty() {
            *work = work.saturating_sub(left.len());
            // With the most others still possible; without work left, simply the first.
            let looked_at = if *work == 0 { 1 } else { usize::MAX };
            let next = left
                .iter()
                .take(looked_at)
                .filter_map(|item| Some((item, self.pairs_of(item)?.count_common(&left))))
                .fold(None, |best: Option<(usize, usize)>, one| match best {
                    Some(best) if best.1 >= one.1 => Some(best),
                    _ => Some(one),
                });
            let Some(row) = next.and_then(|(item, _)| self.pairs_of(item)) else {
                break;
            };
            clique.extend(next.map(|(item, _)| item));
            left = left.common(row);
        }
        clique
    }
}
