//! One pass that never goes back. Most real requests end here.

use std::collections::BinaryHeap;

use crate::solve::instance::{Effect, Instance, Urgency};
use crate::universe::{Bits, Package};

/// How a pass ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// What was selected, as (package, version) indexes in the order of their decision.
    Selected(Vec<(u32, u32)>),
    /// A conflict before there was any choice: there is no answer.
    Impossible,
    /// A conflict that other choices may avoid.
    Stuck,
}

/// The preferred version of everything, if that meets no conflict.
///
/// Decides in the same order as the complete solver, so where this succeeds the solver gives the same answer.
pub(crate) fn select(instance: &Instance<'_>, roots: &[usize]) -> Option<Vec<(u32, u32)>> {
    match pass(instance, roots, |left, package| {
        instance.preferred(package, left.of(package)?)
    }) {
        End::Selected(selected) => Some(selected),
        End::Impossible | End::Stuck => None,
    }
}

/// Some answer, not always the preferred one: of each package the version that it has in an answer to a similar request, or else the first
/// one that contradicts nothing so far.
pub(crate) fn some(instance: &Instance<'_>, roots: &[usize], near: &[Option<u32>]) -> End {
    pass(instance, roots, |pass, package| {
        let left = pass.of(package)?;
        let near = at(near, package).copied().flatten();
        let near = near.filter(|version| left.contains(*version));
        let limit = instance.package(package).map_or(0, Package::limit);
        near.into_iter()
            .chain(instance.preferred(package, left))
            .chain(left.below(limit).rev().take(MOST_TRIED))
            .find(|version| pass.fits(package, *version))
    })
}

/// How many versions of a package [`some`] looks at.
const MOST_TRIED: usize = 64;

fn pass(
    instance: &Instance<'_>,
    roots: &[usize],
    choose: impl Fn(&Pass<'_, '_>, u32) -> Option<u32>,
) -> End {
    let mut pass = Pass {
        instance,
        states: vec![State::default(); instance.universe.count()],
        discovered: Vec::new(),
        queue: BinaryHeap::new(),
        was_free: false,
    };
    match pass.run(roots, choose) {
        Some(selected) => End::Selected(selected),
        None if pass.was_free => End::Stuck,
        None => End::Impossible,
    }
}

#[derive(Debug, Clone, Default)]
struct State {
    left: Option<Bits>,
    rank: u32,
    is_root: bool,
    decided: Option<u32>,
    /// The entry of the queue that counts; older ones are skipped.
    urgency: Option<Urgency>,
}

struct Pass<'a, 'b> {
    instance: &'b Instance<'a>,
    states: Vec<State>,
    /// By rank.
    discovered: Vec<u32>,
    queue: BinaryHeap<Urgency>,
    /// Whether anything could have been decided otherwise.
    was_free: bool,
}

impl Pass<'_, '_> {
    /// Nothing at the first conflict.
    fn run(
        &mut self,
        roots: &[usize],
        choose: impl Fn(&Self, u32) -> Option<u32>,
    ) -> Option<Vec<(u32, u32)>> {
        let instance = self.instance;
        for root in roots {
            let (package, bits) = instance.roots.get(*root)?.need.as_ref().ok()?;
            self.state(*package)?.is_root = true;
            self.restrict(*package, bits)?;
        }
        for (package, bits) in &instance.hosts {
            self.restrict(*package, bits)?;
        }
        let mut selected = Vec::new();
        while let Some(urgency) = self.queue.pop() {
            let package = *at(&self.discovered, urgency.rank())?;
            let state = self.state(package)?;
            if state.urgency != Some(urgency) {
                continue;
            }
            state.urgency = None;
            self.was_free |= !urgency.is_forced();
            let version = choose(self, package)?;
            self.state(package)?.decided = Some(version);
            selected.push((package, version));
            for edge in instance.package(package)?.edges(version) {
                match instance.effect(package, version, *edge) {
                    Effect::None => {}
                    Effect::Blocks => return None,
                    Effect::Leaves(target, left) => self.restrict(target, &left)?,
                }
            }
        }
        Some(selected)
    }

    fn state(&mut self, package: u32) -> Option<&mut State> {
        self.states.get_mut(usize::try_from(package).ok()?)
    }

    /// What is left of a package.
    fn of(&self, package: u32) -> Option<&Bits> {
        at(&self.states, package)?.left.as_ref()
    }

    /// Whether a version leaves something of everything, as far as that is known.
    fn fits(&self, package: u32, version: u32) -> bool {
        let edges = self
            .instance
            .package(package)
            .map(|data| data.edges(version));
        let mut edges = edges.into_iter().flatten();
        edges.all(|edge| match self.instance.effect(package, version, *edge) {
            Effect::None => true,
            Effect::Blocks => false,
            Effect::Leaves(target, bits) => match at(&self.states, target) {
                Some(State {
                    decided: Some(decided),
                    ..
                }) => bits.contains(*decided),
                Some(State {
                    left: Some(left), ..
                }) => left.intersection(&bits) != Bits::EMPTY,
                _ => true,
            },
        })
    }

    /// Nothing if that leaves nothing.
    fn restrict(&mut self, package: u32, bits: &Bits) -> Option<()> {
        let (instance, rank) = (self.instance, self.discovered.len());
        let state = self.state(package)?;
        if let Some(decided) = state.decided {
            return bits.contains(decided).then_some(());
        }
        let is_new = state.left.is_none();
        let left = match &state.left {
            None => bits.clone(),
            Some(left) => left.intersection(bits),
        };
        if state.left.as_ref() == Some(&left) {
            return Some(());
        }
        if left == Bits::EMPTY {
            return None;
        }
        if is_new {
            state.rank = u32::try_from(rank).ok()?;
        }
        let urgency = instance.urgency(package, &left, state.rank, state.is_root, 0);
        state.left = Some(left);
        let is_moved = state.urgency != Some(urgency);
        state.urgency = Some(urgency);
        if is_new {
            self.discovered.push(package);
        }
        if is_moved {
            self.queue.push(urgency);
        }
        Some(())
    }
}

fn at<T>(values: &[T], index: u32) -> Option<&T> {
    values.get(usize::try_from(index).ok()?)
}
