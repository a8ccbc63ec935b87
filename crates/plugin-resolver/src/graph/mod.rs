//! Which selected package needs which: order, cycles, dependents. The only file that knows petgraph.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// Above this many members the witness of a cycle is the shortest through its first member only.
const EXACT_WITNESS_MEMBERS: usize = 256;

/// Nodes by number with what each needs. Nothing here recurses, so depth is unlimited.
///
/// ```
/// use plugin_resolver::{DependencyGraph, EdgeStrength};
/// // 0 needs 1, 1 and 2 need each other.
/// let graph = DependencyGraph::new(3, [(0, 1), (1, 2), (2, 1)].map(|(a, b)| (a, b, EdgeStrength::Hard)));
/// assert_eq!(graph.order(), [vec![1, 2], vec![0]]);
/// ```
// INVARIANT: targets are below the number of nodes, ascending, each once with its strongest edge, never the node itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DependencyGraph {
    needs: Vec<Vec<(usize, EdgeStrength)>>,
}

/// Whether a dependent can start without its dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeStrength {
    /// It can: the edge orders the two where nothing speaks against it.
    Optional,
    /// It cannot.
    Hard,
}

/// Nodes that need each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle {
    /// All of them, ascending.
    pub members: Vec<usize>,
    /// A shortest way from a member back to itself; the first is not repeated at the end.
    pub witness: Vec<usize>,
    /// Hard if hard edges alone make a cycle. Otherwise the order drops an optional edge.
    pub strength: EdgeStrength,
}

impl DependencyGraph {
    /// Builds a graph of so many nodes. Edges are (dependent, dependency, strength); edges to unknown nodes and to the node itself say
    /// nothing and are left out.
    #[must_use]
    pub fn new(
        nodes: usize,
        edges: impl IntoIterator<Item = (usize, usize, EdgeStrength)>,
    ) -> Self {
        let mut needs = vec![Vec::new(); nodes];
        for (from, to, strength) in edges {
            if to < nodes
                && from != to
                && let Some(needs) = needs.get_mut(from)
            {
                needs.push((to, strength));
            }
        }
        for needs in &mut needs {
            needs.sort_unstable_by_key(|(to, strength)| (*to, Reverse(*strength)));
            needs.dedup_by_key(|(to, _)| *to);
        }
        Self { needs }
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.needs.len()
    }

    /// Whether there is no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.needs.is_empty()
    }

    /// What a node needs, ascending.
    pub fn needs(&self, node: usize) -> impl Iterator<Item = (usize, EdgeStrength)> + '_ {
        self.needs.get(node).into_iter().flatten().copied()
    }

    /// The nodes in units, dependencies first. A unit is one node, or several that need each other by hard edges, ascending. Among units
    /// that could stand next to each other the one with the least member comes first.
    #[must_use]
    pub fn order(&self) -> Vec<Vec<usize>> {
        let mut order = Vec::with_capacity(self.len());
        for component in self.units(None, EdgeStrength::Optional) {
            match self.hard_units(&component) {
                Some(units) => order.extend(units),
                None => order.push(component),
            }
        }
        order
    }

    /// Every group of nodes that need each other, in order.
    #[must_use]
    pub fn cycles(&self) -> Vec<Cycle> {
        self.units(None, EdgeStrength::Optional)
            .into_iter()
            .filter(|members| members.len() > 1)
            .map(|members| {
                let is_hard = match self.hard_units(&members) {
                    Some(units) => units.iter().any(|unit| unit.len() > 1),
                    None => true,
                };
                Cycle {
                    witness: self.witness(&members),
                    strength: if is_hard {
                        EdgeStrength::Hard
                    } else {
                        EdgeStrength::Optional
                    },
                    members,
                }
            })
            .collect()
    }

    /// What a component falls into without its optional edges; nothing if it has none.
    fn hard_units(&self, component: &[usize]) -> Option<Vec<Vec<usize>>> {
        let mut edges = component.iter().flat_map(|node| self.needs(*node));
        let has_optional = edges.any(|(_, strength)| strength == EdgeStrength::Optional);
        (component.len() > 1 && has_optional)
            .then(|| self.units(Some(component), EdgeStrength::Hard))
    }

    /// Who needs each node, ascending.
    #[must_use]
    pub fn dependents(&self) -> Vec<Vec<usize>> {
        let mut dependents = vec![Vec::new(); self.len()];
        for (from, needs) in self.needs.iter().enumerate() {
            for (to, _) in needs {
                if let Some(dependents) = dependents.get_mut(*to) {
                    dependents.push(from);
                }
            }
        }
        dependents
    }

    /// Strongly connected components in topological order, of all nodes or some, over edges of at least some strength.
    fn units(&self, members: Option<&[usize]>, least: EdgeStrength) -> Vec<Vec<usize>> {
        // Positions among the members are the nodes of the graph that petgraph sees.
        let count = members.map_or(self.len(), <[usize]>::len);
        let node = |position: usize| match members {
            None => Some(position),
            Some(members) => members.get(position).copied(),
        };
        let position = |node: usize| match members {
            None => Some(node),
            Some(members) => members.binary_search(&node).ok(),
        };
        let mut graph = DiGraph::<(), (), usize>::with_capacity(count, count);
        for _ in 0..count {
            graph.add_node(());
        }
        for from in 0..count {
            let needs = node(from).and_then(|node| self.needs.get(node));
            for (to, strength) in needs.into_iter().flatten() {
                if let Some(to) = position(*to).filter(|_| *strength >= least) {
                    graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
                }
            }
        }
        let mut unit_of = vec![0; count];
        let mut units: Vec<Vec<usize>> = Vec::with_capacity(count);
        for component in kosaraju_scc(&graph) {
            let mut unit: Vec<usize> = component.into_iter().map(NodeIndex::index).collect();
            unit.sort_unstable();
            for position in &unit {
                if let Some(slot) = unit_of.get_mut(*position) {
                    *slot = units.len();
                }
            }
            units.push(unit);
        }
        let unit = |node: NodeIndex<usize>| unit_of.get(node.index()).copied().unwrap_or_default();
        let mut pairs: Vec<(usize, usize)> = graph
            .raw_edges()
            .iter()
            .map(|edge| (unit(edge.target()), unit(edge.source())))
            .filter(|(to, from)| to != from)
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        let nodes = |unit: usize| {
            let positions = units.get(unit).into_iter().flatten();
            positions.filter_map(|position| node(*position)).collect()
        };
        kahn(&units, &pairs).into_iter().map(nodes).collect()
    }

    /// A shortest cycle among nodes that all reach each other.
    fn witness(&self, members: &[usize]) -> Vec<usize> {
        let starts = if members.len() <= EXACT_WITNESS_MEMBERS {
            members.len()
        } else {
            1
        };
        let cycles = members
            .iter()
            .take(starts)
            .filter_map(|start| self.way_back(*start, members));
        // Of equally short ones the first, that is the one with the least member.
        cycles.min_by_key(Vec::len).unwrap_or_default()
    }

    fn way_back(&self, start: usize, members: &[usize]) -> Option<Vec<usize>> {
        let mut came_from: Vec<Option<usize>> = vec![None; members.len()];
        let position = |node: usize| members.binary_search(&node).ok();
        let mut open = VecDeque::from([start]);
        while let Some(node) = open.pop_front() {
            for (to, _) in self.needs(node) {
                if to == start {
                    let mut way = vec![node];
                    let mut at = node;
                    while at != start {
                        at = (*came_from.get(position(at)?)?)?;
                        way.push(at);
                    }
                    way.reverse();
                    return Some(way);
                }
                if let Some(slot @ None) = position(to).and_then(|at| came_from.get_mut(at)) {
                    *slot = Some(node);
                    open.push_back(to);
                }
            }
        }
        None
    }
}

/// Units with their dependencies first; among those that are ready the one with the least member. Pairs are (dependency,
/// dependent), sorted.
fn kahn(units: &[Vec<usize>], pairs: &[(usize, usize)]) -> Vec<usize> {
    let mut waiting = vec![0_usize; units.len()];
    // Where the dependents of each unit begin in `pairs`, and one past the last.
    let mut starts = vec![0_usize; units.len() + 1];
    for (to, from) in pairs {
        if let Some(count) = waiting.get_mut(*from) {
            *count += 1;
        }
        if let Some(count) = starts.get_mut(to + 1) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    let least = |unit: usize| units.get(unit).and_then(|unit| unit.first()).copied();
    let mut ready: BinaryHeap<Reverse<(Option<usize>, usize)>> = waiting
        .iter()
        .enumerate()
        .filter(|(_, count)| **count == 0)
        .map(|(unit, _)| Reverse((least(unit), unit)))
        .collect();
    let mut order = Vec::with_capacity(units.len());
    while let Some(Reverse((_, done))) = ready.pop() {
        order.push(done);
        let dependents = match starts.get(done..done + 2) {
            Some([start, end]) => pairs.get(*start..*end).unwrap_or_default(),
            _ => &[],
        };
        for (_, from) in dependents {
            if let Some(count) = waiting.get_mut(*from) {
                *count -= 1;
                if *count == 0 {
                    ready.push(Reverse((least(*from), *from)));
                }
            }
        }
    }
    order
}
