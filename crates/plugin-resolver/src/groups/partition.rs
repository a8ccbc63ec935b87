//! The fewest groups, each of which the solver can meet.
//!
//! The solver is asked about whole groups only. Where it says no, the requests that its proof rests on are a clash that is not asked
//! about again; groups are then sought anew among what is known. What fits into the known clashes and is found possible is an
//! answer; what does not fit into the known clashes does not fit at all.

use super::clashes::Clashes;
use super::colouring::{Places, Search, complete};
use super::demands::Demands;
use super::members::Members;
use super::placement::{Placement, placement};
use super::solver::{Verdict, ask};
use crate::explain::conflict;
use crate::solve::instance::Instance;
use crate::solve::solver::Outcome;

/// The roots in groups, by their positions in the request.
#[derive(Debug)]
pub(super) struct Partition {
    /// Each ascending, in the order of their first roots.
    pub(super) groups: Vec<Vec<usize>>,
    /// Roots that cannot be met by themselves.
    pub(super) left_out: Vec<usize>,
    /// Whether it is proved that fewer groups are impossible.
    pub(super) is_fewest: bool,
    /// For pairs of groups, ascending, roots of both that cannot be met together.
    pub(super) clashes: Vec<((usize, usize), Vec<usize>)>,
}

/// The budget was spent before there were any groups.
#[derive(Debug)]
pub(super) struct OutOfBudget;

/// Finds groups for all roots of an instance.
pub(super) fn partition(instance: &Instance<'_>) -> Result<Partition, OutOfBudget> {
    let is_sound = |root: &usize| {
        instance
            .roots
            .get(*root)
            .is_some_and(|root| root.need.is_ok())
    };
    let (roots, mut left_out): (Vec<usize>, Vec<usize>) =
        (0..instance.roots.len()).partition(is_sound);
    let broken = left_out.len();
    if are_one_group(instance, &roots) {
        return Ok(Partition::of_one(roots, left_out));
    }
    let mut budget = instance.request.budget.count();
    let mut alone = Vec::new();
    for root in roots {
        match ask(instance, &[root], &mut budget) {
            Verdict::Possible => alone.push(root),
            Verdict::Impossible(_) => left_out.push(root),
            Verdict::Unknown => return Err(OutOfBudget),
        }
    }
    left_out.sort_unstable();
    if left_out.len() > broken && are_one_group(instance, &alone) {
        return Ok(Partition::of_one(alone, left_out));
    }
    let mut search = Partitioning::new(instance, &alone, budget);
    let first_fit = search.first_fit()?;
    let (mut groups, is_fewest) = search.fewest(first_fit);
    groups.sort_by_cached_key(|group| search.roots(group).first().copied());
    Ok(Partition {
        clashes: search.between(&groups),
        groups: groups.iter().map(|group| search.roots(group)).collect(),
        left_out,
        is_fewest,
    })
}

/// Asked with a budget of its own, and as a request is, so that whatever has one answer has one group.
fn are_one_group(instance: &Instance<'_>, roots: &[usize]) -> bool {
    let mut budget = instance.request.budget.count();
    matches!(
        conflict::attempt(instance, roots, &mut budget),
        Outcome::Solved(_)
    )
}

impl Partition {
    fn of_one(group: Vec<usize>, left_out: Vec<usize>) -> Self {
        Self {
            groups: Some(group)
                .filter(|group| !group.is_empty())
                .into_iter()
                .collect(),
            left_out,
            is_fewest: true,
            clashes: Vec::new(),
        }
    }
}

/// Whether items can be in one group.
enum Known {
    Possible,
    /// These of them cannot.
    Clash(Members),
}

/// What is known so far. Items are roots in the order in which they are placed; each can be met by itself.
struct Partitioning<'a, 'b> {
    instance: &'b Instance<'a>,
    budget: u64,
    placement: Placement,
    clashes: Clashes,
    /// Sets that can be met, none within another.
    possible: Vec<Members>,
    /// Whether every clash is proved. Otherwise some is only feared, for want of budget.
    is_exact: bool,
}

impl<'a, 'b> Partitioning<'a, 'b> {
    fn new(instance: &'b Instance<'a>, roots: &[usize], budget: u64) -> Self {
        let count = roots.len();
        let demands: Vec<Demands> = roots
            .iter()
            .map(|root| Demands::of(instance, *root))
            .collect();
        let placement = placement(instance, roots, &demands);
        let by_place: Vec<&Demands> = placement
            .order
            .iter()
            .filter_map(|root| demands.get(roots.binary_search(root).ok()?))
            .collect();
        let mut clashes = Clashes::none(count);
        for (item, own) in by_place.iter().enumerate() {
            for (earlier, other) in by_place.iter().enumerate().take(item) {
                if own.exclude(other) {
                    clashes.add(&Members::of(count, [earlier, item]));
                }
            }
        }
        Self {
            instance,
            budget,
            placement,
            clashes,
            possible: Vec::new(),
            is_exact: true,
        }
    }

    /// Each item in the first group that it fits into.
    fn first_fit(&mut self) -> Result<Vec<Members>, OutOfBudget> {
        loop {
            let groups = self.first_fit_of_known();
            if self.are_possible(&groups)? {
                return Ok(groups);
            }
        }
    }

    fn first_fit_of_known(&self) -> Vec<Members> {
        let mut groups: Vec<Members> = Vec::new();
        let count = self.clashes.count();
        for item in 0..count {
            let fits = |group: &usize| {
                let group = groups.get(*group);
                group.is_some_and(|group| !self.clashes.keep_out(item, group))
            };
            match self.preference(item, &groups).into_iter().find(fits) {
                Some(place) => {
                    if let Some(group) = groups.get_mut(place) {
                        group.insert(item);
                    }
                }
                None => groups.push(Members::of(count, [item])),
            }
        }
        groups
    }

    /// The groups in the order in which an item would like to join them: where it is needed, or needs, before others.
    fn preference(&self, item: usize, groups: &[Members]) -> Vec<usize> {
        let related = self.placement.related.get(item);
        let is_apart = |group: &usize| {
            let group = groups.get(*group);
            !related
                .zip(group)
                .is_some_and(|(related, group)| related.meets(group))
        };
        let mut order: Vec<usize> = (0..groups.len()).collect();
        order.sort_by_key(is_apart);
        order
    }

    /// From some groups to the fewest, and whether they are proved to be that.
    fn fewest(&mut self, first_fit: Vec<Members>) -> (Vec<Members>, bool) {
        let clique = self.clashes.clique();
        let mut most = first_fit.len();
        let mut found: Option<Places> = None;
        // Nothing has fewer groups than one, nor than a clique has members, if all its clashes are proved.
        let is_fewest = loop {
            if most <= 1 || self.is_exact && most <= clique.len() {
                break true;
            }
            if !self.is_exact {
                break false;
            }
            match self.within(&[], most - 1, &clique) {
                Search::Found(places) => {
                    most = groups_in(&places);
                    found = Some(places);
                }
                Search::Impossible => break true,
                Search::OutOfBudget => break false,
            }
        };
        match found {
            // Each item already is where it would like best to be.
            None => (first_fit, is_fewest),
            Some(places) if is_fewest => (self.preferred(places, most, &clique), true),
            Some(places) => (self.grouped(&places), false),
        }
    }

    /// Possible groups, `most` of them at most, with the first items as given.
    fn within(&mut self, given: &[usize], most: usize, first: &Members) -> Search<Places> {
        loop {
            let places = match complete(
                &self.clashes,
                given,
                most,
                first,
                &mut self.budget,
                self.instance.interrupt,
            ) {
                Search::Found(places) => places,
                other => return other,
            };
            match self.are_possible(&self.grouped(&places)) {
                Ok(true) => return Search::Found(places),
                Ok(false) if self.is_exact => {}
                Ok(false) | Err(OutOfBudget) => return Search::OutOfBudget,
            }
        }
    }

    /// Of all ways with so many groups the one in which each item, in order, is where it would like best to be.
    fn preferred(&mut self, mut places: Places, most: usize, first: &Members) -> Vec<Members> {
        let mut given: Places = Vec::new();
        for item in 0..places.len() {
            let groups = self.grouped(&given);
            let opened = groups.len();
            let mut wishes = self.preference(item, &groups);
            wishes.extend((opened < most).then_some(opened));
            let mut place = places.get(item).copied().unwrap_or(opened);
            // It is known that all can be placed if this item stays where it is, in a new group or in one of these.
            for wish in wishes
                .into_iter()
                .take_while(|wish| *wish != place.min(opened))
            {
                given.push(wish);
                let search = self.within(&given, most, first);
                given.pop();
                match search {
                    Search::Found(better) => {
                        places = better;
                        place = wish;
                        break;
                    }
                    Search::Impossible => {}
                    // What is known has as few groups, and is the same everywhere.
                    Search::OutOfBudget => return self.grouped(&places),
                }
            }
            given.push(place.min(opened));
            exchange(&mut places, place, place.min(opened));
        }
        self.grouped(&given)
    }

    /// The groups in the order of their first items.
    fn grouped(&self, places: &[usize]) -> Vec<Members> {
        let count = self.clashes.count();
        let mut numbers: Vec<usize> = Vec::new();
        let mut groups: Vec<Members> = Vec::new();
        for (item, place) in places.iter().enumerate() {
            let at = numbers.iter().position(|number| number == place);
            match at.and_then(|at| groups.get_mut(at)) {
                Some(group) => group.insert(item),
                None => {
                    numbers.push(*place);
                    groups.push(Members::of(count, [item]));
                }
            }
        }
        groups
    }

    /// Whether each group can be met. If not, at least one clash more is known afterwards.
    fn are_possible(&mut self, groups: &[Members]) -> Result<bool, OutOfBudget> {
        let mut are_possible = true;
        for group in groups {
            let mut left = group.clone();
            loop {
                match self.known(&left) {
                    Some(Known::Possible) => break,
                    Some(Known::Clash(clash)) => {
                        // One group can hold several clashes; learning them at once saves coming back.
                        if let Some(last) = clash.iter().last() {
                            left.remove(last);
                        }
                        self.clashes.add(&clash);
                    }
                    None if left.len() < 2 || self.budget == 0 => return Err(OutOfBudget),
                    None => {
                        self.is_exact = false;
                        self.clashes.add(&left);
                        if let Some(last) = left.iter().last() {
                            left.remove(last);
                        }
                    }
                }
                are_possible = false;
            }
        }
        Ok(are_possible)
    }

    fn known(&mut self, group: &Members) -> Option<Known> {
        if self.possible.iter().any(|known| group.is_within(known)) {
            return Some(Known::Possible);
        }
        Some(match self.asked(group)? {
            Known::Possible => {
                self.remember(group.clone());
                Known::Possible
            }
            Known::Clash(clash) => Known::Clash(self.least(clash)),
        })
    }

    fn remember(&mut self, group: Members) {
        /// More would cost more to look through than to find out again.
        const MOST_KNOWN: usize = 1024;
        self.possible.retain(|known| !known.is_within(&group));
        if self.possible.len() < MOST_KNOWN {
            self.possible.push(group);
        }
    }

    /// A clash from which nothing more can be left out, as far as the budget tells.
    fn least(&mut self, mut clash: Members) -> Members {
        let items: Vec<usize> = clash.iter().collect();
        for item in items.into_iter().rev() {
            if clash.len() < 2 || !clash.contains(item) {
                continue;
            }
            let mut without = clash.clone();
            without.remove(item);
            if !self.possible.iter().any(|known| without.is_within(known))
                && let Some(Known::Clash(smaller)) = self.asked(&without)
            {
                clash = smaller;
            }
        }
        clash
    }

    /// Asks the solver, for a share of the budget: one hard question must leave something for the others.
    fn asked(&mut self, group: &Members) -> Option<Known> {
        const SHARES: u64 = 8;
        let share = self.budget.div_ceil(SHARES);
        let mut left = share;
        let verdict = ask(self.instance, &self.roots(group), &mut left);
        self.budget -= share - left;
        if self.instance.is_interrupted() {
            self.budget = 0;
        }
        match verdict {
            Verdict::Possible => Some(Known::Possible),
            Verdict::Unknown => None,
            Verdict::Impossible(core) => {
                let is_in_core = |item: &usize| {
                    let root = self.placement.order.get(*item);
                    root.is_some_and(|root| core.contains(root))
                };
                let items = group.iter().filter(is_in_core);
                Some(Known::Clash(Members::of(self.clashes.count(), items)))
            }
        }
    }

    /// For pairs of groups, why they are not one.
    fn between(&mut self, groups: &[Members]) -> Vec<((usize, usize), Vec<usize>)> {
        let mut clashes = Vec::new();
        for (earlier, group) in groups.iter().enumerate() {
            for (later, other) in groups.iter().enumerate().skip(earlier + 1) {
                if let Some(clash) = self.clash_between(group, other) {
                    clashes.push(((earlier, later), self.roots(&clash)));
                }
            }
        }
        clashes
    }

    /// Why two possible groups are not one.
    fn clash_between(&mut self, one: &Members, other: &Members) -> Option<Members> {
        let both = one.union(other);
        if let Some(known) = self.clashes.within(&both).filter(|_| self.is_exact) {
            return Some(known);
        }
        match self.known(&both)? {
            Known::Clash(clash) => Some(clash),
            Known::Possible => None,
        }
    }

    /// The roots of some items, in the request's order.
    fn roots(&self, items: &Members) -> Vec<usize> {
        let mut roots: Vec<usize> = items
            .iter()
            .filter_map(|item| self.placement.order.get(item).copied())
            .collect();
        roots.sort_unstable();
        roots
    }
}

fn groups_in(places: &[usize]) -> usize {
    places.iter().map(|group| group + 1).max().unwrap_or(0)
}

/// Lets two groups change numbers.
fn exchange(places: &mut [usize], one: usize, other: usize) {
    for place in places {
        if *place == one {
            *place = other;
        } else if *place == other {
            *place = one;
        }
    }
}
