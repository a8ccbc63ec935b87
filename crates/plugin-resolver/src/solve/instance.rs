//! One request against one universe, ready for solving.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::cmp::Reverse;

use crate::Prereleases;
use crate::request::{Policy, Request};
use crate::universe::Bits;
use crate::universe::real_name;
use crate::universe::{
    ABSENT, DependencyKind, Edge, FIRST, IDLE, Package, Problem, Release, Standing, Universe,
};

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
    /// With prereleases everywhere, the answers of the needs that were looked at.
    reread: Vec<OnceCell<Bits>>,
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

/// In which order packages are decided: the greatest first.
pub(crate) type Urgency = (Class, u32, Reverse<u32>);

/// Packages with one candidate first, since nothing is chosen there; then roots, so that what was asked for directly is as new
/// as it can be; then the rest as it was discovered; then what may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Idle,
    Wanted,
    Needed,
    Root,
    Single,
}

impl<'a> Instance<'a> {
    pub(crate) fn new(universe: &'a Universe, request: &'a Request) -> Self {
        let prereleases = request.prereleases;
        let roots = request
            .roots
            .iter()
            .map(|(name, spec)| {
                let found = universe
                    .package_index(real_name(name, spec))
                    .and_then(|index| Some((index, universe.package(index)?)))
                    .filter(|(_, package)| package.standing == Standing::Known);
                let Some((index, package)) = found else {
                    let need = Err(Problem::PackageMissing);
                    return Root { need };
                };
                let admitted = package.admitted(spec, prereleases);
                let need = if admitted == Bits::EMPTY {
                    Err(package.problem(spec))
                } else {
                    Ok((index, admitted))
                };
                Root { need }
            })
            .collect();
        let indexed = |(name, version)| {
            let index = universe.package_index(name)?;
            let package = universe.package(index)?;
            Some((index, package.index_of(version)))
        };
        let hosts = request
            .hosts
            .iter()
            .filter_map(indexed)
            .map(|(index, version)| {
                let allowed = [IDLE, ABSENT].into_iter().chain(version);
                (index, Bits::from_indexes(allowed))
            })
            .collect();
        let locked = match &request.lock {
            None => Vec::new(),
            Some(lock) => {
                let mut locked = vec![IDLE; universe.count()];
                for (package, version) in lock.versions().filter_map(indexed) {
                    let slot = usize::try_from(package)
                        .ok()
                        .and_then(|at| locked.get_mut(at));
                    if let (Some(slot), Some(version)) = (slot, version) {
                        *slot = version;
                    }
                }
                locked
            }
        };
        let reread = match prereleases {
            Prereleases::WhereNamed => Vec::new(),
            Prereleases::Everywhere => vec![OnceCell::new(); universe.need_count()],
        };
        Self {
            universe,
            request,
            roots,
            hosts,
            locked,
            reread,
        }
    }

    pub(crate) fn package(&self, index: u32) -> Option<Package<'a>> {
        self.universe.package(index)
    }

    pub(crate) fn release(&self, package: u32, version: u32) -> Option<Release<'a>> {
        self.package(package)?.release(version)
    }

    /// What meets a need, under the request's rule for prereleases; nothing where [`Self::need_problem`] says why.
    pub(crate) fn admitted(&self, index: u32) -> Option<&Bits> {
        let need = self.universe.need(index)?;
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
        let package = self.universe.package(need.target)?;
        Some(cell.get_or_init(|| package.admitted(spec, Prereleases::Everywhere)))
    }

    /// Why nothing meets a need, where nothing does.
    pub(crate) fn need_problem(&self, index: u32) -> Option<Problem> {
        if *self.admitted(index)? != Bits::EMPTY {
            return None;
        }
        let need = self.universe.need(index)?;
        Some(match self.universe.need_spec(need) {
            Some((spec, _)) => self.universe.package(need.target)?.problem(spec),
            None => Problem::NeverExported,
        })
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

    /// Each package that a release restricts, with what it leaves of it. Nothing if the release can never be selected.
    pub(crate) fn restrictions(&self, package: u32, version: u32) -> Option<Vec<(u32, Bits)>> {
        let edges = self.package(package)?.edges(version);
        let mut restrictions = Vec::with_capacity(edges.len());
        for edge in edges {
            match self.effect(package, version, *edge) {
                Effect::None => {}
                Effect::Blocks => return None,
                Effect::Leaves(target, left) => restrictions.push((target, left.into_owned())),
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
        let admitted = self.admitted(edge.need)?;
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
        let locked = usize::try_from(package)
            .ok()
            .and_then(|at| self.locked.get(at));
        if let Some(locked) = locked.filter(|at| **at != IDLE && left.contains(**at)) {
            return Some(*locked);
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
        } else if is_root {
            Class::Root
        } else {
            Class::Needed
        };
        let conflicts = if class == Class::Needed { conflicts } else { 0 };
        (class, conflicts, Reverse(rank))
    }
}
