//! In which order requests are placed.

use super::demands::Demands;
use super::members::Members;
use crate::solve::instance::Instance;

/// The order in which roots are placed, and who belongs together.
#[derive(Debug)]
pub(super) struct Placement {
    /// The root of each item. Who needs another comes before it; otherwise the request's order holds.
    pub(super) order: Vec<usize>,
    /// For each item, those that it needs and those that need it, in every case.
    pub(super) related: Vec<Members>,
}

/// Orders `roots`, which have these demands.
pub(super) fn placement(
    instance: &Instance<'_>,
    roots: &[usize],
    demands: &[Demands],
) -> Placement {
    let needs = needs(instance, roots, demands);
    let order = order(&needs);
    let mut place_of = vec![0; order.len()];
    for (place, at) in order.iter().enumerate() {
        if let Some(slot) = place_of.get_mut(*at) {
            *slot = place;
        }
    }
    let mut related = vec![Members::none(order.len()); order.len()];
    for (at, needs) in needs.iter().enumerate() {
        for other in needs.iter() {
            if let (Some(a), Some(b)) = (place_of.get(at), place_of.get(other)) {
                for (from, to) in [(*a, *b), (*b, *a)] {
                    if let Some(row) = related.get_mut(from) {
                        row.insert(to);
                    }
                }
            }
        }
    }
    Placement {
        order: order
            .iter()
            .filter_map(|at| roots.get(*at).copied())
            .collect(),
        related,
    }
}

/// Positions, each after those that need it and that it does not need itself.
fn order(needs: &[Members]) -> Vec<usize> {
    let count = needs.len();
    let has = |from: usize, to: usize| needs.get(from).is_some_and(|needs| needs.contains(to));
    let waits_for: Vec<Members> = (0..count)
        .map(|at| {
            let others = (0..count).filter(|other| has(*other, at) && !has(at, *other));
            Members::of(count, others)
        })
        .collect();
    let mut order = Vec::with_capacity(count);
    let mut placed = Members::none(count);
    // INVARIANT: "needs, and is not needed by" leads to no cycle, so someone always waits for nobody.
    while let Some(next) = (0..count).find(|at| {
        let others = waits_for.get(*at);
        !placed.contains(*at) && others.is_some_and(|others| others.is_within(&placed))
    }) {
        placed.insert(next);
        order.push(next);
    }
    order
}

/// For each root, by position, the others whose package is there wherever it is, directly or through other roots.
fn needs(instance: &Instance<'_>, roots: &[usize], demands: &[Demands]) -> Vec<Members> {
    let packages: Vec<Option<u32>> = roots
        .iter()
        .map(|root| Some(instance.roots.get(*root)?.need.as_ref().ok()?.0))
        .collect();
    let count = packages.len();
    let mut needs: Vec<Members> = packages
        .iter()
        .zip(demands)
        .map(|(own, demands)| {
            let is_needed = |(_, other): &(usize, &Option<u32>)| {
                *other != own && other.is_some_and(|package| demands.require(package))
            };
            let others = packages.iter().enumerate().filter(is_needed);
            Members::of(count, others.map(|(at, _)| at))
        })
        .collect();
    for through in 0..count {
        let further = needs.get(through).cloned();
        for further in further.into_iter().filter(|needs| !needs.is_empty()) {
            for own in needs.iter_mut().filter(|needs| needs.contains(through)) {
                *own = own.union(&further);
            }
        }
    }
    for (at, needs) in needs.iter_mut().enumerate() {
        needs.remove(at);
    }
    needs
}
