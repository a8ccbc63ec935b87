//! The packages of a lock as a graph: everything that is asked of an answer without a universe.

use std::collections::BTreeMap;

use crate::answer::Tree;
use crate::graph::dependency::{DependencyGraph, EdgeStrength};
use crate::graph::why::Why;
use crate::lock::{Lock, LockedNeed, LockedPackage};
use crate::universe::DependencyKind;
use crate::{PackageCycle, PackageName};

/// Who needs whom among the packages of a [`Lock`].
///
/// ```
/// use plugin_resolver::{DependencyKind, ReleaseFacts, Request, Universe, parse_version, resolve};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut builder = Universe::builder();
/// let facts = ReleaseFacts::new().needs("core".parse()?, "^1".parse()?, DependencyKind::Peer);
/// builder.release("plugin".parse()?, parse_version("0.3.0")?, facts);
/// builder.release("core".parse()?, parse_version("1.7.2")?, ReleaseFacts::new());
/// let request = Request::new().root("plugin".parse()?, "*".parse()?);
/// let lock = resolve(&builder.build(), &request)?.lock();
/// let graph = lock.graph();
/// assert_eq!(graph.tree(5).to_string(), "plugin 0.3.0\n└── core 1.7.2\n");
/// let why = graph.why(&"core".parse()?).ok_or("core is there")?;
/// assert_eq!(
///     why.to_string(),
///     "core 1.7.2\n  needed by plugin 0.3.0 as a peer: ^1\n  you ask for plugin * > core\n",
/// );
/// assert!(graph.to_mermaid().starts_with("flowchart LR\n"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct PackageGraph<'a> {
    pub(crate) lock: &'a Lock,
    // INVARIANT: sorted by name; the graph's nodes are positions here.
    packages: Vec<(&'a PackageName, &'a LockedPackage)>,
    pub(crate) graph: DependencyGraph,
}

impl Lock {
    /// The packages with who needs whom.
    #[must_use]
    pub fn graph(&self) -> PackageGraph<'_> {
        PackageGraph::of(self)
    }
}

impl<'a> PackageGraph<'a> {
    fn of(lock: &'a Lock) -> Self {
        let packages: Vec<_> = lock.packages().collect();
        let positions: BTreeMap<&PackageName, usize> =
            lock.packages().map(|(name, _)| name).zip(0..).collect();
        let edges = packages
            .iter()
            .enumerate()
            .flat_map(|(from, (_, package))| {
                let positions = &positions;
                let needs = package.needs.iter();
                needs.filter_map(move |need| {
                    Some((from, *positions.get(&need.name)?, strength(need.kind)))
                })
            });
        let graph = DependencyGraph::new(packages.len(), edges);
        Self {
            lock,
            packages,
            graph,
        }
    }

    /// The packages, by name.
    pub fn packages(&self) -> impl ExactSizeIterator<Item = (&'a PackageName, &'a LockedPackage)> {
        self.packages.iter().copied()
    }

    /// The packages in units, dependencies first; see [`DependencyGraph::order`].
    #[must_use]
    pub fn install_order(&self) -> Vec<Vec<PackageName>> {
        let order = self.graph.order();
        order.iter().map(|unit| self.names(unit)).collect()
    }

    /// Every group of packages that need each other.
    #[must_use]
    pub fn cycles(&self) -> Vec<PackageCycle> {
        let cycles = self.graph.cycles().into_iter();
        cycles
            .map(|cycle| PackageCycle::named(&cycle, |nodes| self.names(nodes)))
            .collect()
    }

    /// The roots with what they need, to a depth for display. A root has depth 0. For a lock of format 1, which does not say what was
    /// asked for, the tree begins with the packages that no other needs.
    #[must_use]
    pub fn tree(&self, depth: usize) -> Tree {
        Tree::of(self, depth)
    }

    /// Why a package is there; nothing if it is not.
    #[must_use]
    pub fn why(&self, name: &PackageName) -> Option<Why> {
        Why::of(self, name)
    }

    /// Positions of what was asked for, ascending.
    pub(crate) fn roots(&self) -> Vec<usize> {
        let mut roots: Vec<usize> = match self.lock.request() {
            Some(request) => {
                let roots = request.roots();
                roots
                    .filter_map(|root| self.position(&root.package))
                    .collect()
            }
            None => {
                let dependents = self.graph.dependent_rows();
                let rows = dependents.iter().enumerate();
                rows.filter(|(_, row)| row.is_empty())
                    .map(|(at, _)| at)
                    .collect()
            }
        };
        roots.sort_unstable();
        roots.dedup();
        roots
    }

    pub(crate) fn is_host(&self, name: &PackageName) -> bool {
        let hosts = self
            .lock
            .request()
            .into_iter()
            .flat_map(|request| request.hosts());
        hosts.into_iter().any(|(host, _)| host == name)
    }

    pub(crate) fn position(&self, name: &PackageName) -> Option<usize> {
        self.packages
            .binary_search_by(|(other, _)| (*other).cmp(name))
            .ok()
    }

    pub(crate) fn at(&self, position: usize) -> Option<(&'a PackageName, &'a LockedPackage)> {
        self.packages.get(position).copied()
    }

    /// What one package needs of another.
    pub(crate) fn needs(&self, from: usize, to: usize) -> impl Iterator<Item = &'a LockedNeed> {
        let name = self.at(to).map(|(name, _)| name);
        let needs = self
            .at(from)
            .into_iter()
            .flat_map(|(_, package)| &package.needs);
        needs.filter(move |need| Some(&need.name) == name)
    }

    fn names(&self, positions: &[usize]) -> Vec<PackageName> {
        let found = positions.iter().filter_map(|position| self.at(*position));
        found.map(|(name, _)| name.clone()).collect()
    }
}

/// Format 1 does not say, and then nothing is left to chance.
fn strength(kind: Option<DependencyKind>) -> EdgeStrength {
    if kind.is_none_or(DependencyKind::is_required) {
        EdgeStrength::Hard
    } else {
        EdgeStrength::Optional
    }
}
