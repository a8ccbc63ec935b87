//! The preferred version of everything, if that meets no conflict. Most real requests end here.

use std::collections::BinaryHeap;

use crate::solve::instance::{Effect, Instance, Urgency};
use crate::universe::Bits;

/// What was selected, as (package, version) indexes in the order of their decision, or nothing at the first conflict.
///
/// Decides in the same order as the complete solver, so where this succeeds the solver gives the same answer.
pub(crate) fn select(instance: &Instance<'_>, roots: &[usize]) -> Option<Vec<(u32, u32)>> {
    let count = instance.universe.count();
    let mut pass = Pass {
        instance,
        states: vec![State::default(); count],
        ranks: 0,
        queue: BinaryHeap::new(),
    };
    for root in roots {
        let (package, bits) = instance.roots.get(*root)?.need.as_ref().ok()?;
        pass.state(*package)?.is_root = true;
        pass.restrict(*package, bits)?;
    }
    for (package, bits) in &instance.hosts {
        pass.restrict(*package, bits)?;
    }
    let mut selected = Vec::new();
    while let Some((urgency, package)) = pass.queue.pop() {
        let state = pass.state(package)?;
        if state.urgency != Some(urgency) {
            continue;
        }
        state.urgency = None;
        let version = instance.preferred(package, state.left.as_ref()?)?;
        state.decided = Some(version);
        selected.push((package, version));
        for edge in instance.package(package)?.edges(version) {
            match instance.effect(package, version, *edge) {
                Effect::None => {}
                Effect::Blocks => return None,
                Effect::Leaves(target, left) => pass.restrict(target, &left)?,
            }
        }
    }
    Some(selected)
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
    ranks: u32,
    queue: BinaryHeap<(Urgency, u32)>,
}

impl Pass<'_, '_> {
    fn state(&mut self, package: u32) -> Option<&mut State> {
        self.states.get_mut(usize::try_from(package).ok()?)
    }

    /// Nothing if that leaves nothing.
    fn restrict(&mut self, package: u32, bits: &Bits) -> Option<()> {
        let (instance, rank) = (self.instance, self.ranks);
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
            state.rank = rank;
        }
        let urgency = instance.urgency(package, &left, state.rank, state.is_root, 0);
        state.left = Some(left);
        let is_moved = state.urgency != Some(urgency);
        state.urgency = Some(urgency);
        self.ranks += u32::from(is_new);
        if is_moved {
            self.queue.push((urgency, package));
        }
        Some(())
    }
}
