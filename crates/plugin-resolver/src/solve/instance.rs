//! One request against one universe, ready for solving.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::Prereleases;
use crate::request::{Policy, Request};
use crate::universe::Bits;
use crate::universe::real_name;
use crate::universe::{
    ABSENT, DependencyKind, Edge, FIRST, IDLE, Need, Package, Problem, Release, Standing, Universe,
};

#[derive(Debug)]
pub(crate) struct Instance<'a> {
    pub(crate) universe: &'a Universe,
    pub(crate) request: &'a Request,
    /// In the request's order.
    pub(crate) roots: Vec<Root>,
    /// Packages that the host provides, with what may then be selected of them.
    pub(crate) hosts: Vec<(u32, Bits)>,
    locked: BTreeMap<u32, u32>,
    /// With prereleases everywhere, the answers of the needs that were looked at.
    reread: Vec<OnceCell<Result<Bits, Problem>>>,
}

#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) need: Result<(u32, Bits), Problem>,
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
                let need = match found {
                    None => Err(Problem::PackageMissing),
                    Some((index, package)) => package
                        .admitted(spec, prereleases)
                        .map(|bits| (index, bits)),
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
        let locked = request
            .lock
            .iter()
            .flat_map(|lock| lock.versions())
            .filter_map(indexed)
            .filter_map(|(index, version)| Some((index, version?)))
            .collect();
        let reread = match prereleases {
            Prereleases::WhereNamed => Vec::new(),
            Prereleases::Everywhere => vec![OnceCell::new(); universe.needs.len()],
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

    pub(crate) fn package(&self, index: u32) -> Option<&'a Package> {
        self.universe.package(index)
    }

    /// What meets a need, under the request's rule for prereleases.
    pub(crate) fn admitted(&self, index: u32) -> Option<&Result<Bits, Problem>> {
        let need: &Need = self.universe.need(index)?;
        let Some(cell) = usize::try_from(index)
            .ok()
            .and_then(|at| self.reread.get(at))
        else {
            return Some(&need.admitted);
        };
        let package = self.universe.package(need.target)?;
        let Some((spec, _)) = self.universe.need_spec(need) else {
            return Some(&need.admitted);
        };
        Some(cell.get_or_init(|| package.admitted(spec, Prereleases::Everywhere)))
    }

    /// Why a release can never be selected, if it cannot.
    pub(crate) fn blocked_by(
        &self,
        package: u32,
        version: u32,
    ) -> impl Iterator<Item = (Edge, Problem)> + '_ {
        let edges = self.release(package, version).map(|release| &release.edges);
        edges.into_iter().flatten().filter_map(move |edge| {
            let problem = self.problem(package, version, *edge)?;
            Some((*edge, problem))
        })
    }

    /// Each package that a release restricts, with what it leaves of it. Nothing if the release can never be selected.
    pub(crate) fn restrictions(&self, package: u32, version: u32) -> Option<Vec<(u32, Bits)>> {
        let Some(release) = self.release(package, version) else {
            return Some(Vec::new());
        };
        let mut restrictions = Vec::with_capacity(release.edges.len());
        for edge in &release.edges {
            if self.problem(package, version, *edge).is_some() {
                return None;
            }
            restrictions.extend(self.restriction(package, *edge));
        }
        Some(restrictions)
    }

    /// What one edge leaves of its target.
    pub(crate) fn restriction(&self, package: u32, edge: Edge) -> Option<(u32, Bits)> {
        let target = self.universe.need(edge.need)?.target;
        let known = self.package(target)?.standing == Standing::Known;
        if target == package || !known {
            return None;
        }
        let admitted = self.admitted(edge.need)?.as_ref().unwrap_or(&Bits::EMPTY);
        let left = match edge.kind {
            DependencyKind::Normal | DependencyKind::Peer => admitted.clone(),
            DependencyKind::Optional => admitted.union(&Bits::singleton(ABSENT)),
            DependencyKind::OptionalPeer => admitted.union(&Bits::from_indexes([IDLE, ABSENT])),
        };
        Some((target, left))
    }

    pub(crate) fn release(&self, package: u32, version: u32) -> Option<&'a Release> {
        self.package(package)?.release(version)
    }

    /// The version to try first among those that are left.
    pub(crate) fn preferred(&self, package: u32, left: &Bits) -> Option<u32> {
        if left.contains(IDLE) {
            return Some(IDLE);
        }
        if let Some(locked) = self
            .locked
            .get(&package)
            .filter(|locked| left.contains(**locked))
        {
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
            (data.avoided != Bits::EMPTY)
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

    fn problem(&self, package: u32, version: u32, edge: Edge) -> Option<Problem> {
        if !edge.kind.is_required() {
            return None;
        }
        let target = self.universe.need(edge.need)?.target;
        match self.admitted(edge.need)? {
            Err(problem) => Some(problem.clone()),
            Ok(admitted) if target == package && !admitted.contains(version) => {
                Some(Problem::NeedsOtherSelf)
            }
            Ok(_) => None,
        }
    }
}
