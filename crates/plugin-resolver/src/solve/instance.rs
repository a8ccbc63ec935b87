//! One request against one universe, ready for solving.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;

use semver::Version;

use super::rules::Rules;
use crate::request::{Locking, Policy, Request};
use crate::spec::Spec;
use crate::universe::{
    ABSENT, DependencyKind, Edge, FIRST, IDLE, Need, Package, Problem, Release, Standing, Universe,
};
use crate::universe::{Bits, real_name};
use crate::{Interrupt, PackageName};

#[derive(Debug)]
pub(crate) struct Instance<'a> {
    pub(crate) universe: &'a Universe,
    pub(crate) request: &'a Request,
    /// In the request's order.
    pub(crate) roots: Vec<Root>,
    /// Packages that the host provides, with what may then be selected of them.
    pub(crate) hosts: Vec<(u32, Bits)>,
    /// The version that a lock prefers of each package, or [`IDLE`]; empty without a lock.
    locked: Vec<u32>,
    rules: Rules<'a>,
    pub(crate) interrupt: Option<&'a Interrupt>,
    /// Where the rules are not plain, what meets the needs that were looked at.
    reread: Vec<OnceCell<Bits>>,
    /// Why nothing meets the needs that were asked about: a reason costs a look at each version, and thousands of releases may share it.
    problems: RefCell<BTreeMap<u32, Problem>>,
}

#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) need: Result<(u32, Bits), Problem>,
}

/// What selecting a release does through one of its edges.
#[derive(Debug)]
pub(crate) enum Effect<'a> {
    /// Nothing.
    None,
    /// The release cannot be selected at all.
    Blocks,
    /// It leaves this of a package.
    Leaves(u32, Cow<'a, Bits>),
}

/// In which order packages are decided: the greatest first. By class, conflicts and, the other way round, rank.
// INVARIANT: from the top, 8 bits of class, 24 of conflicts, 32 of rank with each bit turned over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Urgency(u64);

impl Urgency {
    const MOST_CONFLICTS: u32 = (1 << 24) - 1;

    fn new(class: Class, conflicts: u32, rank: u32) -> Self {
        let conflicts = conflicts.min(Self::MOST_CONFLICTS);
        Self(u64::from(class as u8) << 56 | u64::from(conflicts) << 32 | u64::from(!rank))
    }

    /// The order in which the package was discovered.
    pub(crate) fn rank(self) -> u32 {
        u32::try_from(!self.0 & u64::from(u32::MAX)).unwrap_or(u32::MAX)
    }

    /// Whether only one candidate is left.
    pub(crate) fn is_forced(self) -> bool {
        self.0 >> 56 == u64::from(Class::Single as u8)
    }
}

/// Packages with one candidate first, since nothing is chosen there; then what a lock holds, so that it stays where it can; then roots, so that what was asked for directly is as new
/// as it can be; then the rest as it was discovered; then what may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Idle,
    Wanted,
    Needed,
    Root,
    Locked,
    Single,
}

impl<'a> Instance<'a> {
    pub(crate) fn new(universe: &'a Universe, request: &'a Request) -> Self {
        let rules = Rules::new(universe, request);
        let needs = if rules.are_plain() {
            0
        } else {
            universe.need_count()
        };
        Self {
            universe,
            request,
            roots: roots(universe, request, &rules),
            hosts: hosts(universe, request),
            locked: locked(universe, request),
            reread: vec![OnceCell::new(); needs],
            problems: RefCell::default(),
            rules,
            interrupt: None,
        }
    }

    /// Lets a search end early: as if its budget were spent.
    pub(crate) fn interruptible(mut self, interrupt: Option<&'a Interrupt>) -> Self {
        self.interrupt = interrupt;
        self
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupt.is_some_and(Interrupt::is_interrupted)
    }

    pub(crate) fn package(&self, index: u32) -> Option<Package<'a>> {
        self.universe.package(index)
    }

    pub(crate) fn release(&self, package: u32, version: u32) -> Option<Release<'a>> {
        self.package(package)?.release(version)
    }

    /// The releases of a package that the cooldown passes over.
    pub(crate) fn too_young(&self, package: u32) -> Bits {
        self.rules.young(package).cloned().unwrap_or(Bits::EMPTY)
    }

    /// What meets a need, under the request's rule for prereleases; nothing where [`Self::need_problem`] says why.
    pub(crate) fn admitted(&self, index: u32) -> Option<&Bits> {
        self.admitted_by(index, self.universe.need(index)?)
    }

    /// Whether a version of another package that takes part meets a need, of whatever kind.
    #[inline]
    pub(crate) fn meets(&self, version: u32, index: u32, need: Need) -> bool {
        version >= FIRST
            && need.takes_part()
            && self
                .admitted_by(index, need)
                .is_some_and(|admitted| admitted.contains(version))
    }

    #[inline]
    fn admitted_by(&self, index: u32, need: Need) -> Option<&Bits> {
        if self.reread.is_empty() {
            return self.universe.admitted(need);
        }
        let Some(cell) = usize::try_from(index)
            .ok()
            .and_then(|at| self.reread.get(at))
            .filter(|_| need.takes_part())
        else {
            return self.universe.admitted(need);
        };
        let Some((spec, _)) = self.universe.need_spec(need) else {
            return self.universe.admitted(need);
        };
        Some(cell.get_or_init(|| self.rules.admitted(need.target, spec)))
    }

    /// Why nothing meets a need, where nothing does.
    pub(crate) fn need_problem(&self, index: u32) -> Option<Problem> {
        if *self.admitted(index)? != Bits::EMPTY {
            return None;
        }
        if let Some(known) = self.problems.borrow().get(&index) {
            return Some(known.clone());
        }
        let need = self.universe.need(index)?;
        let problem = match self.universe.need_spec(need) {
            Some((spec, _)) => self.rules.problem(need.target, spec),
            None => Problem::NeverExported,
        };
        let mut problems = self.problems.borrow_mut();
        Some(problems.entry(index).or_insert(problem).clone())
    }

    /// Why a release can never be selected, if it cannot.
    pub(crate) fn blocked_by(
        &self,
        package: u32,
        version: u32,
    ) -> impl Iterator<Item = (Edge, Problem)> + '_ {
        let release = self.release(package, version);
        let edges = release.map_or(&[][..], |release| release.edges);
        edges
            .iter()
            .filter(move |edge| matches!(self.effect(package, version, **edge), Effect::Blocks))
            .map(|edge| {
                let problem = self.need_problem(edge.need);
                (*edge, problem.unwrap_or(Problem::NeedsOtherSelf))
            })
    }

    /// Each package that a release restricts, with what it leaves of it, put into the form that is wanted. Nothing if the release can
    /// never be selected.
    pub(crate) fn restrictions<S>(
        &self,
        package: u32,
        version: u32,
        form: impl Fn(&Bits) -> S,
    ) -> Option<Vec<(u32, S)>> {
        let edges = self.package(package)?.edges(version);
        let mut restrictions = Vec::with_capacity(edges.len());
        for edge in edges {
            match self.effect(package, version, *edge) {
                Effect::None => {}
                Effect::Blocks => return None,
                Effect::Leaves(target, left) => restrictions.push((target, form(&left))),
            }
        }
        Some(restrictions)
    }

    /// What one edge leaves of its target, if the release can be selected.
    pub(crate) fn restriction(&self, package: u32, edge: Edge) -> Option<(u32, Cow<'_, Bits>)> {
        let need = self.universe.need(edge.need)?;
        if need.target == package || !need.takes_part() {
            return None;
        }
        let admitted = self.admitted_by(edge.need, need)?;
        let left = match need.kind() {
            DependencyKind::Normal | DependencyKind::Peer => Cow::Borrowed(admitted),
            DependencyKind::Optional => Cow::Owned(admitted.with(&[ABSENT])),
            DependencyKind::OptionalPeer => Cow::Owned(admitted.with(&[IDLE, ABSENT])),
        };
        Some((need.target, left))
    }

    /// What selecting a release does through one of its edges.
    pub(crate) fn effect(&self, package: u32, version: u32, edge: Edge) -> Effect<'_> {
        let Some((target, left)) = self.restriction(package, edge) else {
            return self.effect_on_itself(version, edge);
        };
        // Only a required need can leave nothing at all.
        if *left == Bits::EMPTY {
            return Effect::Blocks;
        }
        Effect::Leaves(target, left)
    }

    /// Of an edge to its own package, or to one that takes no part.
    fn effect_on_itself(&self, version: u32, edge: Edge) -> Effect<'_> {
        let need = self.universe.need(edge.need);
        let is_met = self
            .admitted(edge.need)
            .is_none_or(|admitted| admitted.contains(version));
        match need {
            Some(need) if need.kind().is_required() && !is_met => Effect::Blocks,
            _ => Effect::None,
        }
    }

    /// The version to try first among those that are left.
    pub(crate) fn preferred(&self, package: u32, left: &Bits) -> Option<u32> {
        if left.contains(IDLE) {
            return Some(IDLE);
        }
        if let Some(locked) = self.locked(package, left) {
            return Some(locked);
        }
        let data = self.package(package)?;
        let best = |left: &Bits| match self.request.policy {
            Policy::Newest => left
                .last_below(data.limit())
                .filter(|version| *version >= FIRST),
            Policy::Lowest => left.first_from(FIRST, data.limit()),
        };
        let sound = || {
            (*data.avoided != Bits::EMPTY)
                .then(|| best(&left.intersection(&data.avoided.complement())))
                .flatten()
        };
        sound()
            .or_else(|| best(left))
            .or_else(|| left.contains(ABSENT).then_some(ABSENT))
    }

    /// The version that a lock prefers, if it is left.
    fn locked(&self, package: u32, left: &Bits) -> Option<u32> {
        let locked = *self.locked.get(usize::try_from(package).ok()?)?;
        (locked != IDLE && left.contains(locked)).then_some(locked)
    }

    /// What may be selected of the packages that a preferred lock keeps, as far as the request and the host let them stay.
    pub(crate) fn pins(&self) -> Vec<(u32, Bits)> {
        let stays = |(package, version): &(u32, u32)| {
            let needs = self.roots.iter().filter_map(|root| root.need.as_ref().ok());
            let mut others = needs
                .chain(&self.hosts)
                .filter(|(other, _)| other == package);
            *version != IDLE && others.all(|(_, left)| left.contains(*version))
        };
        let locked = (0..).zip(self.locked.iter().copied()).filter(stays);
        locked
            .map(|(package, version)| (package, Bits::from_indexes([IDLE, ABSENT, version])))
            .collect()
    }

    /// Whether this is the version that a lock prefers.
    pub(crate) fn is_locked(&self, package: u32, version: u32) -> bool {
        let locked = usize::try_from(package)
            .ok()
            .and_then(|at| self.locked.get(at));
        version != IDLE && locked == Some(&version)
    }

    /// `conflicts` says in how many conflicts the package was involved: beyond the roots, where order is ours to choose, the
    /// troublesome come first.
    pub(crate) fn urgency(
        &self,
        package: u32,
        left: &Bits,
        rank: u32,
        is_root: bool,
        conflicts: u32,
    ) -> Urgency {
        let limit = self.package(package).map_or(FIRST, Package::limit);
        let class = if left.count_below(limit) <= 1 {
            Class::Single
        } else if left.contains(IDLE) {
            Class::Idle
        } else if left.contains(ABSENT) {
            Class::Wanted
        } else if self.locked(package, left).is_some() {
            Class::Locked
        } else if is_root {
            Class::Root
        } else {
            Class::Needed
        };
        let conflicts = if class == Class::Needed { conflicts } else { 0 };
        Urgency::new(class, conflicts, rank)
    }
}

fn roots(universe: &Universe, request: &Request, rules: &Rules<'_>) -> Vec<Root> {
    let root = |(name, spec): &(PackageName, Spec)| {
        let known = universe
            .package_index(real_name(name, spec))
            .filter(|index| {
                let package = universe.package(*index);
                package.is_some_and(|package| package.standing == Standing::Known)
            });
        let Some(package) = known else {
            return Err(Problem::PackageMissing);
        };
        let admitted = rules.admitted(package, spec);
        if admitted == Bits::EMPTY {
            return Err(rules.problem(package, spec));
        }
        Ok((package, admitted))
    };
    let needs = request.roots.iter().map(root);
    needs.map(|need| Root { need }).collect()
}

/// What may be selected of packages that the host provides.
fn hosts(universe: &Universe, request: &Request) -> Vec<(u32, Bits)> {
    let host = |(name, version)| {
        let (package, version) = find(universe, name, version)?;
        let allowed = [IDLE, ABSENT].into_iter().chain(version);
        Some((package, Bits::from_indexes(allowed)))
    };
    request.hosts.iter().filter_map(host).collect()
}

/// By package, the version that a lock prefers, or [`IDLE`]; empty without a lock.
fn locked(universe: &Universe, request: &Request) -> Vec<u32> {
    let (Some(lock), Locking::Prefer(unlock)) = (&request.lock, &request.locking) else {
        return Vec::new();
    };
    let keeps = unlock.keeps(lock);
    let mut locked = vec![IDLE; universe.count()];
    // Both are sorted by name, so that one pass does.
    let mut next = 0;
    for (name, version) in lock.versions().filter(|(name, _)| keeps(name)) {
        let Some(index) = universe.package_index_from(next, name) else {
            continue;
        };
        next = index + 1;
        let package = universe.package(index);
        let version = package.and_then(|package| package.index_of(version));
        let slot = usize::try_from(index)
            .ok()
            .and_then(|at| locked.get_mut(at));
        if let (Some(slot), Some(version)) = (slot, version) {
            *slot = version;
        }
    }
    locked
}

/// The package, if it is here, with the index of the version, if that is.
fn find(universe: &Universe, name: &PackageName, version: &Version) -> Option<(u32, Option<u32>)> {
    let index = universe.package_index(name)?;
    let package = universe.package(index)?;
    Some((index, package.index_of(version)))
}
