//! Why a package is there.

use std::collections::VecDeque;
use std::fmt;

use semver::Version;
use serde::Serialize;

use crate::error::quoted;
use crate::graph::components::widen;
use crate::graph::packages::PackageGraph;
use crate::lock::{LockedNeed, LockedRoot};
use crate::{DependencyKind, PackageName};

/// Why a package is there: who needs it, and how each request leads to it. As JSON an object with these fields; see
/// [`crate::PackageGraph`] for an example of the words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Why {
    /// The package.
    pub name: PackageName,
    /// The version that is there.
    pub version: Version,
    /// Whether the host provides it.
    pub is_host: bool,
    /// Who needs it directly, by name; at most [`Self::MAX_DEPENDENTS`].
    pub dependents: Vec<Dependent>,
    /// How many more need it directly.
    pub dependents_left_out: usize,
    /// A shortest way from each request that leads to it, in the request's order; at most [`Self::MAX_WAYS`]. A lock of format 1 knows
    /// none.
    pub ways: Vec<Way>,
    /// How many more requests lead to it.
    pub ways_left_out: usize,
}

/// A package that needs another directly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Dependent {
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// How it needs the other; unknown in a lock of format 1.
    pub kind: Option<DependencyKind>,
    /// The range, tag or alias as it was published.
    pub spec: String,
}

/// A way from a request to a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Way {
    /// The name that was asked for.
    pub root: PackageName,
    /// What was asked of it.
    pub spec: String,
    /// The packages on the way, from the requested one to the one in question. Where there are more than [`Why::MAX_STEPS`], the middle is
    /// left out.
    pub steps: Vec<PackageName>,
    /// How many are left out after the first half of the steps.
    pub steps_left_out: usize,
}

impl Why {
    /// The most direct dependents that are named.
    pub const MAX_DEPENDENTS: usize = 1000;

    /// The most ways that are told.
    pub const MAX_WAYS: usize = 200;

    /// The most packages of a way that are named.
    pub const MAX_STEPS: usize = 32;

    /// How many dependents, and how many ways, the text shows.
    const SHOWN: usize = 20;

    pub(crate) fn of(graph: &PackageGraph<'_>, name: &PackageName) -> Option<Self> {
        let target = graph.position(name)?;
        let (name, package) = graph.at(target)?;
        let rows = graph.graph.dependent_rows();
        let mut dependents: Vec<Dependent> = Vec::new();
        let mut dependents_left_out = 0;
        for from in rows.row(target) {
            if dependents.len() >= Self::MAX_DEPENDENTS {
                dependents_left_out += 1;
            } else if let Some((by, package)) = graph.at(widen(*from)) {
                let needs = graph.needs(widen(*from), target);
                dependents.extend(needs.map(|need| Dependent {
                    name: by.clone(),
                    version: package.version.clone(),
                    kind: need.kind,
                    spec: need.spec.to_string(),
                }));
            }
        }
        let next = steps_towards(graph, target);
        let requests = graph
            .lock
            .request()
            .into_iter()
            .flat_map(|request| request.roots());
        let leading: Vec<(&LockedRoot, usize)> = requests
            .filter_map(|root| Some((root, graph.position(&root.package)?)))
            .filter(|(_, at)| next.get(*at).is_some_and(Option::is_some))
            .collect();
        let ways = leading.iter().take(Self::MAX_WAYS);
        Some(Self {
            name: name.clone(),
            version: package.version.clone(),
            is_host: graph.is_host(name),
            dependents,
            dependents_left_out,
            ways: ways
                .map(|(root, at)| Way::along(graph, root, *at, &next))
                .collect(),
            ways_left_out: leading.len().saturating_sub(Self::MAX_WAYS),
        })
    }
}

impl Way {
    fn along(
        graph: &PackageGraph<'_>,
        root: &LockedRoot,
        start: usize,
        next: &[Option<usize>],
    ) -> Self {
        let mut positions = vec![start];
        let mut at = start;
        // INVARIANT: each step is nearer to the target, which leads to itself.
        while let Some(then) = next.get(at).copied().flatten().filter(|then| *then != at) {
            positions.push(then);
            at = then;
        }
        let steps_left_out = positions.len().saturating_sub(Why::MAX_STEPS);
        if steps_left_out > 0 {
            let half = Why::MAX_STEPS / 2;
            positions.drain(half..half + steps_left_out);
        }
        let steps = positions.iter().filter_map(|at| graph.at(*at));
        Self {
            root: root.name.clone(),
            spec: root.spec.to_string(),
            steps: steps.map(|(name, _)| name.clone()).collect(),
            steps_left_out,
        }
    }
}

/// The next package of a shortest way to the target, for each that has one; the target leads to itself. Of equally short ways the one whose
/// next package comes first by name. Optional peers bring nothing, so no way leads through them.
fn steps_towards(graph: &PackageGraph<'_>, target: usize) -> Vec<Option<usize>> {
    let rows = graph.graph.dependent_rows();
    let mut next = vec![None; graph.graph.len()];
    if let Some(slot) = next.get_mut(target) {
        *slot = Some(target);
    }
    let mut level = VecDeque::from([target]);
    while !level.is_empty() {
        let mut above = Vec::new();
        for node in level.drain(..) {
            for from in rows.row(node) {
                let from = widen(*from);
                let brings = |need: &LockedNeed| need.kind != Some(DependencyKind::OptionalPeer);
                if let Some(slot @ None) = next.get_mut(from)
                    && graph.needs(from, node).any(brings)
                {
                    *slot = Some(node);
                    above.push(from);
                }
            }
        }
        above.sort_unstable();
        level.extend(above);
    }
    next
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = if self.is_host {
            ", provided by the host"
        } else {
            ""
        };
        writeln!(f, "{} {}{host}", self.name, self.version)?;
        for dependent in self.dependents.iter().take(Self::SHOWN) {
            writeln!(f, "  needed by {dependent}")?;
        }
        more(
            f,
            self.dependents.len().saturating_sub(Self::SHOWN) + self.dependents_left_out,
        )?;
        for way in self.ways.iter().take(Self::SHOWN) {
            writeln!(f, "  you ask for {way}")?;
        }
        more(
            f,
            self.ways.len().saturating_sub(Self::SHOWN) + self.ways_left_out,
        )
    }
}

fn more(f: &mut fmt::Formatter<'_>, left_out: usize) -> fmt::Result {
    match left_out {
        0 => Ok(()),
        _ => writeln!(f, "  and {left_out} more"),
    }
}

impl fmt::Display for Dependent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            None | Some(DependencyKind::Normal) => "",
            Some(DependencyKind::Peer) => " as a peer",
            Some(DependencyKind::Optional) => " if possible",
            Some(DependencyKind::OptionalPeer) => " as an optional peer",
        };
        let (name, version, spec) = (&self.name, &self.version, quoted(&self.spec));
        write!(f, "{name} {version}{kind}: {spec}")
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.root, quoted(&self.spec))?;
        let half = Why::MAX_STEPS / 2;
        for (at, step) in self.steps.iter().enumerate() {
            if at == half && self.steps_left_out > 0 {
                write!(f, " > {} more", self.steps_left_out)?;
            }
            // The requested package was named, unless it was by another name.
            if at > 0 || *step != self.root {
                write!(f, " > {step}")?;
            }
        }
        Ok(())
    }
}
