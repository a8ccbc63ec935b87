//! An answer: what is selected, and in which order it is installed.

mod duplicates;
mod holders;
mod outdated;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, OnceLock};

use semver::Version;

pub use self::duplicates::{Duplicate, HeldVersion, duplicates};
pub use self::holders::Holder;
pub use self::outdated::OutdatedPackage;
pub use self::tree::{Tree, TreeEnd, TreeLine};
use crate::PackageName;
use crate::graph::{Cycle, DependencyGraph, EdgeStrength};
use crate::lock::{Lock, LockedNeed, LockedPackage, LockedRequest, is_integrity};
use crate::request::Request;
use crate::spec::Spec;
use crate::universe::real_name;
use crate::universe::{DependencyKind, FIRST, Release, Universe};

/// One version of each package that is needed, and who needs whom.
///
/// Only the selection itself is computed by [`resolve`](crate::resolve); all that is said about it, when it is first asked for.
#[derive(Clone)]
pub struct Resolution {
    universe: Universe,
    request: Request,
    // INVARIANT: releases only, sorted by package, and so by name.
    selected: Vec<(u32, u32)>,
    path: Path,
    steps: u64,
    details: OnceLock<Details>,
}

/// The selection in words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Details {
    // INVARIANT: as selected; the graph's nodes are positions here.
    packages: Vec<Selected>,
    graph: DependencyGraph,
}

/// A selected package.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Selected {
    /// Its name.
    pub name: PackageName,
    /// The version that was selected.
    pub version: Version,
    /// The digest of its bytes, where it is known: `sha512-...`. What keeps the version of a lock keeps the lock's digest, also where the
    /// universe does not know one any more.
    pub integrity: Option<Box<str>>,
    /// What its publisher says against it, if it is deprecated.
    pub deprecated: Option<Box<str>>,
    /// The tag that a root asked for, if one did.
    pub tag: Option<Box<str>>,
    /// Whether a root asked for it.
    pub is_root: bool,
    /// Whether the host provides it.
    pub is_host: bool,
    /// What it needs among the selected, by name, with the text as it was published.
    pub needs: Vec<SelectedNeed>,
}

/// An edge between selected packages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct SelectedNeed {
    /// The package that is needed.
    pub name: PackageName,
    /// How it is needed.
    pub kind: DependencyKind,
    /// The range, tag or alias as it was published.
    pub spec: Arc<str>,
}

/// How an answer was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Path {
    /// The preferred version of everything met no conflict.
    Greedy,
    /// The complete solver.
    Complete,
    /// A frozen lock, as it is.
    Frozen,
}

/// Packages that need each other.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct PackageCycle {
    /// All of them, by name.
    pub members: Vec<PackageName>,
    /// A shortest way from a member back to itself; the first is not repeated at the end.
    pub witness: Vec<PackageName>,
    /// Hard if required dependencies alone make a cycle. Otherwise the install order drops an optional one.
    pub strength: EdgeStrength,
}

impl PackageCycle {
    pub(crate) fn named(cycle: &Cycle, names: impl Fn(&[usize]) -> Vec<PackageName>) -> Self {
        Self {
            members: names(&cycle.members),
            witness: names(&cycle.witness),
            strength: cycle.strength,
        }
    }
}

impl Resolution {
    pub(crate) fn new(
        universe: &Universe,
        request: &Request,
        mut selected: Vec<(u32, u32)>,
        path: Path,
        steps: u64,
    ) -> Self {
        selected.retain(|(_, version)| *version >= FIRST);
        selected.sort_unstable();
        Self {
            universe: universe.clone(),
            request: request.clone(),
            selected,
            path,
            steps,
            details: OnceLock::new(),
        }
    }

    fn details(&self) -> &Details {
        self.details.get_or_init(|| self.detail())
    }

    fn detail(&self) -> Details {
        let mut roots: BTreeMap<&PackageName, Vec<&Spec>> = BTreeMap::new();
        for (name, spec) in self.request.roots.iter() {
            roots.entry(real_name(name, spec)).or_default().push(spec);
        }
        let held = self.request.lock.as_deref();
        let held = held.map(|lock| (lock, self.request.locking.keeps(lock)));
        let mut packages = Vec::with_capacity(self.selected.len());
        let mut edges = Vec::new();
        for &(index, version) in &self.selected {
            let found = self.universe.package(index);
            let Some((package, release)) = found.and_then(|p| Some((p, p.release(version)?)))
            else {
                continue;
            };
            let mut needs = Vec::new();
            for (to, need) in self.needs(index, release) {
                let strength = if need.kind.is_required() {
                    EdgeStrength::Hard
                } else {
                    EdgeStrength::Optional
                };
                edges.push((packages.len(), to, strength));
                needs.push(need);
            }
            let asked = roots.get(package.name);
            packages.push(Selected {
                name: package.name.clone(),
                version: release.version.clone(),
                integrity: held
                    .as_ref()
                    .filter(|(_, keeps)| keeps(package.name))
                    .and_then(|(lock, _)| lock.get(package.name))
                    .filter(|locked| locked.version == *release.version)
                    .and_then(|locked| locked.integrity.clone())
                    .or_else(|| release.integrity().map(Box::from)),
                deprecated: release.deprecated().map(Box::from),
                is_root: asked.is_some(),
                tag: asked
                    .into_iter()
                    .flatten()
                    .find_map(|spec| spec.tag())
                    .map(Box::from),
                is_host: self.request.hosts.contains_key(package.name),
                needs,
            });
        }
        Details {
            graph: DependencyGraph::new(packages.len(), edges),
            packages,
        }
    }

    /// What a release needs among the selected, each with its position.
    fn needs(
        &self,
        package: u32,
        release: Release<'_>,
    ) -> impl Iterator<Item = (usize, SelectedNeed)> {
        release.edges.iter().filter_map(move |edge| {
            let need = self.universe.need(edge.need)?;
            let (_, spec) = self.universe.need_spec(need)?;
            let to = self.place(need.target).filter(|_| need.target != package)?;
            let selected = SelectedNeed {
                name: self.universe.package(need.target)?.name.clone(),
                kind: need.kind(),
                spec: Arc::clone(spec),
            };
            Some((to, selected))
        })
    }

    /// The position of a package among the selected.
    fn place(&self, package: u32) -> Option<usize> {
        self.selected
            .binary_search_by_key(&package, |(package, _)| *package)
            .ok()
    }

    /// What is selected, by name.
    pub fn packages(&self) -> impl ExactSizeIterator<Item = &Selected> {
        self.details().packages.iter()
    }

    /// One selected package.
    #[must_use]
    pub fn get(&self, name: &PackageName) -> Option<&Selected> {
        self.details().packages.get(self.position(name)?)
    }

    /// The version that is selected of a package.
    #[must_use]
    pub fn version(&self, name: &PackageName) -> Option<&Version> {
        let (package, version) = *self.selected.get(self.position(name)?)?;
        Some(self.universe.package(package)?.release(version)?.version)
    }

    /// Who needs whom, over positions in [`Self::packages`].
    #[must_use]
    pub fn graph(&self) -> &DependencyGraph {
        &self.details().graph
    }

    /// The packages in units, dependencies first. A unit is one package, or several by name that need each other and
    /// can only be installed and started together.
    #[must_use]
    pub fn install_order(&self) -> Vec<Vec<PackageName>> {
        let order = self.graph().order();
        order.iter().map(|unit| self.names(unit)).collect()
    }

    /// Every group of packages that need each other.
    #[must_use]
    pub fn cycles(&self) -> Vec<PackageCycle> {
        let cycles = self.graph().cycles().into_iter();
        cycles
            .map(|cycle| PackageCycle::named(&cycle, |nodes| self.names(nodes)))
            .collect()
    }

    /// The packages that need a package directly, by name.
    #[must_use]
    pub fn dependents(&self, name: &PackageName) -> Vec<PackageName> {
        self.packages()
            .filter(|selected| selected.needs.iter().any(|need| &need.name == name))
            .map(|selected| selected.name.clone())
            .collect()
    }

    /// Every package that could not be there without a package, by name, itself not included.
    #[must_use]
    pub fn all_dependents(&self, name: &PackageName) -> BTreeSet<PackageName> {
        let dependents = self.graph().dependents();
        let mut found = BTreeSet::new();
        let Some(start) = self.position(name) else {
            return found;
        };
        let mut open = vec![start];
        let mut seen = BTreeSet::from([start]);
        while let Some(position) = open.pop() {
            for dependent in dependents.get(position).into_iter().flatten() {
                if seen.insert(*dependent) {
                    open.push(*dependent);
                }
            }
        }
        seen.remove(&start);
        found.extend(
            seen.iter()
                .filter_map(|at| Some(self.details().packages.get(*at)?.name.clone())),
        );
        found
    }

    /// The roots with what they need, to a depth for display. A root has depth 0.
    #[must_use]
    pub fn tree(&self, depth: usize) -> Tree {
        self.lock().graph().tree(depth)
    }

    /// The lock that keeps this answer.
    #[must_use]
    pub fn lock(&self) -> Lock {
        let packages: BTreeMap<PackageName, LockedPackage> = self
            .packages()
            .map(|selected| {
                let mut needs: Vec<LockedNeed> = selected
                    .needs
                    .iter()
                    .map(|need| LockedNeed {
                        name: need.name.clone(),
                        kind: Some(need.kind),
                        spec: Arc::clone(&need.spec),
                    })
                    .collect();
                needs.sort_unstable();
                needs.dedup();
                let locked = LockedPackage {
                    version: selected.version.clone(),
                    // What a lock could not be read with is not written.
                    integrity: selected.integrity.clone().filter(|text| is_integrity(text)),
                    tag: selected.tag.clone(),
                    needs,
                };
                (selected.name.clone(), locked)
            })
            .collect();
        Lock::new(LockedRequest::of(&self.request), packages)
    }

    /// How this was found.
    #[must_use]
    pub fn path(&self) -> Path {
        self.path
    }

    /// How many steps of the budget were used; none where the greedy path was enough.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    pub(crate) fn position(&self, name: &PackageName) -> Option<usize> {
        self.place(self.universe.package_index(name)?)
    }

    pub(crate) fn at(&self, position: usize) -> Option<&Selected> {
        self.details().packages.get(position)
    }

    fn names(&self, positions: &[usize]) -> Vec<PackageName> {
        let names = positions.iter().filter_map(|position| self.at(*position));
        names.map(|selected| selected.name.clone()).collect()
    }
}

impl PartialEq for Resolution {
    fn eq(&self, other: &Self) -> bool {
        let said = |all: &Self| (LockedRequest::of(&all.request), all.path, all.steps);
        said(self) == said(other) && self.details() == other.details()
    }
}

impl Eq for Resolution {}

impl fmt::Debug for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolution")
            .field("packages", &self.details().packages)
            .field("path", &self.path)
            .field("steps", &self.steps)
            .finish_non_exhaustive()
    }
}
