//! The entry: groups first, then the answer of each.

use super::grouping::{Boundary, Group, Grouping, LeftOut};
use super::partition::{OutOfBudget, Partition, partition};
use crate::request::Locking;
use crate::solve::instance::Instance;
use crate::solve::resolve_unless;
use crate::universe::real_name;
use crate::{Budget, Drift, Failure, Interrupt, Request, Resolution, Universe, Unlock};

/// Meets a request in as few isolation groups as possible: where [`resolve`](crate::resolve) has an answer, that one; otherwise several, each of which is the
/// answer to a part of the request.
///
/// Pure and deterministic, as [`resolve`](crate::resolve) is. What decides, in this order:
///
/// 1. A request that cannot be met by itself is [left out](Grouping::left_out), with the reason; the others are all met.
/// 2. There are as few groups as possible.
/// 3. Requests are placed in order, each in the earliest group that it can be in without making more groups necessary. A request that others
///    need in every case comes after them and joins one of them rather than an earlier group, so that what others call is what was
///    asked for, and does not run a second time beside it. Where two that need it are apart, it runs in both groups.
///
/// In the end groups are numbered by their first requests.
///
/// Host versions, policy, a cooldown and a preferred lock hold in each group alike; a [frozen](Request::frozen) lock is one group or none. Optional dependencies do not draw requests together: in each group
/// they are decided as if there were no other.
///
/// The search takes as many steps as the [budget](Request::budget) allows one answer to take; where it ends early, the groups are those
/// that were found, and [`Grouping::is_fewest`] says so.
///
/// # Errors
///
/// [`Failure::Budget`] if the budget was spent before there were any groups; [`Failure::Drift`] if a frozen lock is no answer to the whole
/// request, or if a package in any group keeps the version of a preferred lock and has other bytes than were locked. Never [`Failure::Conflict`].
///
/// ```
/// use plugin_resolver::{DependencyKind, ReleaseFacts, Request, Universe, parse_version, resolve_groups};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut builder = Universe::builder();
/// for core in ["1.7.2", "0.25.9"] {
///     builder.release("core".parse()?, parse_version(core)?, ReleaseFacts::new());
/// }
/// for (plugin, core) in [("chat", "^1.7.0"), ("search", "^0.25.6"), ("notes", "^1.0.0")] {
///     let facts = ReleaseFacts::new().needs("core".parse()?, core.parse()?, DependencyKind::Peer);
///     builder.release(plugin.parse()?, parse_version("1.0.0")?, facts);
/// }
/// let request = Request::new()
///     .root("chat".parse()?, "*".parse()?)
///     .root("search".parse()?, "*".parse()?)
///     .root("notes".parse()?, "*".parse()?);
/// let grouping = resolve_groups(&builder.build(), &request)?;
/// assert_eq!(
///     grouping.to_string(),
///     "3 requests in 2 groups, the fewest possible\n  \
///        group 1: chat 1.0.0, notes 1.0.0; with core 1.7.2\n  \
///        group 2: search 1.0.0; with core 0.25.9\n\
///      group 2 is apart from group 1: search 1.0.0 needs core ^0.25.6, chat 1.0.0 needs core ^1.7.0",
/// );
/// assert_eq!(grouping.locks().len(), 2);
/// # Ok(())
/// # }
/// ```
pub fn resolve_groups(universe: &Universe, request: &Request) -> Result<Grouping, Failure> {
    groups(universe, request, None)
}

/// As [`resolve_groups`], until somebody interrupts it.
///
/// # Errors
///
/// As [`resolve_groups`]; [`Failure::Cancelled`] if the signal came before the groups were explained. It is looked at in every step.
pub fn resolve_groups_until(
    universe: &Universe,
    request: &Request,
    interrupt: &Interrupt,
) -> Result<Grouping, Failure> {
    let grouping = groups(universe, request, Some(interrupt));
    if interrupt.is_interrupted() {
        return Err(Failure::Cancelled);
    }
    grouping
}

fn groups(
    universe: &Universe,
    request: &Request,
    interrupt: Option<&Interrupt>,
) -> Result<Grouping, Failure> {
    let answer = |part: &Request| resolve_unless(universe, part, interrupt);
    if request.locking == Locking::Frozen {
        return Ok(Grouping::of_one(request, answer(request)?));
    }
    let instance = Instance::new(universe, request).interruptible(interrupt);
    let steps = request.budget.count();
    let partition = partition(&instance).map_err(|OutOfBudget| Failure::Budget { steps })?;
    drop(instance);
    let mut grouping = Grouping {
        groups: Vec::new(),
        boundaries: boundaries(request, &partition, answer),
        left_out: Vec::new(),
        is_fewest: partition.is_fewest,
    };
    let mut drifted = Vec::new();
    for roots in &partition.groups {
        let part = request.only(roots);
        match answer(&part) {
            Ok(resolution) => grouping.groups.push(Group {
                resolution,
                roots: part.roots,
            }),
            Err(Failure::Drift(drift)) => drifted.push(*drift),
            Err(failure) => return Err(failure),
        }
    }
    if let Some(drift) = Drift::of_all(drifted) {
        return Err(Failure::Drift(Box::new(drift)));
    }
    for boundary in &mut grouping.boundaries {
        for group in [boundary.later, boundary.earlier] {
            let group = grouping.groups.get(group);
            boundary
                .selected
                .extend(group.into_iter().flat_map(|group| {
                    let named = boundary.explanation.requirements().iter();
                    let named = named.filter_map(|requirement| requirement.by.package());
                    named.filter_map(|name| {
                        Some((name.clone(), group.resolution.version(name)?.clone()))
                    })
                }));
        }
        boundary.selected.sort_unstable();
        boundary.selected.dedup();
    }
    for root in &partition.left_out {
        let alone = request.only(&[*root]);
        let why = match answer(&alone) {
            Err(Failure::Conflict(why)) => *why,
            Err(failure) => return Err(failure),
            // INVARIANT: it was proved that this has no answer.
            Ok(_) => continue,
        };
        grouping
            .left_out
            .extend(alone.roots().map(|(name, spec)| LeftOut {
                name: name.clone(),
                spec: spec.clone(),
                explanation: why.clone(),
            }));
    }
    Ok(grouping)
}

fn boundaries(
    request: &Request,
    partition: &Partition,
    answer: impl Fn(&Request) -> Result<Resolution, Failure>,
) -> Vec<Boundary> {
    // Each was proved once, together within the budget.
    let share = request.budget.count() / partition.clashes.len().max(1) as u64;
    // What is locked has no say in what is possible, unless a cooldown lets it pass.
    let request = request.clone().unlock(Unlock::All);
    let explained = |((earlier, later), clash): &((usize, usize), Vec<usize>)| {
        let of_later = partition.groups.get(*later)?;
        let of_later: Vec<usize> = clash
            .iter()
            .filter(|root| of_later.contains(root))
            .copied()
            .collect();
        let both = request.only(clash).budget(Budget::steps(share.max(1)));
        Some(Boundary {
            earlier: *earlier,
            later: *later,
            of_later: request
                .only(&of_later)
                .roots()
                .map(|(name, spec)| (real_name(name, spec).clone(), spec.to_string()))
                .collect(),
            selected: Vec::new(),
            explanation: match answer(&both) {
                Err(Failure::Conflict(why)) => *why,
                _ => return None,
            },
        })
    };
    partition.clashes.iter().filter_map(explained).collect()
}
