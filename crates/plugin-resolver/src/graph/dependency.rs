//! Nodes by number, what each needs, and what follows from that.

use std::cmp::Reverse;
use std::collections::VecDeque;

use serde::Serialize;

use crate::graph::components::{components, narrow, widen};
use crate::graph::ready::Ready;
use crate::graph::rows::Rows;

/// Above this many members the witness of a cycle is the shortest through its first member only.
const EXACT_WITNESS_MEMBERS: usize = 256;

/// Nodes by number with what each needs. Nothing here recurses, so depth is unlimited; everything but the exact witness of a cycle
/// takes time in proportion to nodes and edges.
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
    needs: Rows<(u32, EdgeStrength)>,
}

/// Whether a dependent can start without its dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
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
    /// Builds a graph of so many nodes, below 2^32. Edges are (dependent, dependency, strength); edges to unknown nodes and to the node
    /// itself say nothing and are left out.
    #[must_use]
    pub fn new(
        nodes: usize,
        edges: impl IntoIterator<Item = (usize, usize, EdgeStrength)>,
    ) -> Self {
        let edges: Vec<(u32, u32, EdgeStrength)> = edges
            .into_iter()
            .filter(|(from, to, _)| *from < nodes && *to < nodes && from != to)
            .map(|(from, to, strength)| (narrow(from), narrow(to), strength))
            .collect();
        let by_node = edges
            .iter()
            .map(|(from, to, strength)| (widen(*from), (*to, *strength)));
        let mut needs = Rows::group(nodes, by_node);
        needs.shorten(|row| {
            row.sort_unstable_by_key(|(to, strength)| (*to, Reverse(*strength)));
            dedup_by_key(row, |(to, _)| *to)
        });
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
        self.len() == 0
    }

    /// What a node needs, ascending.
    pub fn needs(&self, node: usize) -> impl ExactSizeIterator<Item = (usize, EdgeStrength)> + '_ {
        let row = self.needs.row(node).iter();
        row.map(|(to, strength)| (widen(*to), *strength))
    }

    /// The nodes in units, dependencies first. A unit is one node, or several that need each other by hard edges, ascending. Among units
    /// that could stand next to each other the one with the least member comes first.
    #[must_use]
    pub fn order(&self) -> Vec<Vec<usize>> {
        if let Some(order) = self.order_without_cycles() {
            return alone(order);
        }
        let mut order = Vec::with_capacity(self.len());
        for component in self.cyclic_units() {
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
        if self.order_without_cycles().is_some() {
            return Vec::new();
        }
        let groups = self.cyclic_units();
        let groups = groups.into_iter().filter(|unit| unit.len() > 1);
        groups
            .map(|members| {
                let units = self.hard_units(&members);
                let is_hard = units.is_none_or(|units| units.iter().any(|unit| unit.len() > 1));
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

    /// Who needs each node, ascending.
    #[must_use]
    pub fn dependents(&self) -> Vec<Vec<usize>> {
        let rows = self.dependent_rows();
        let widened = |row: &[u32]| row.iter().map(|from| widen(*from)).collect();
        rows.iter().map(widened).collect()
    }

    pub(crate) fn dependent_rows(&self) -> Rows<u32> {
        Rows::group(self.len(), self.turned())
    }

    /// Strongly connected components in topological order.
    fn units(&self) -> Vec<Vec<usize>> {
        match self.order_without_cycles() {
            Some(order) => alone(order),
            None => self.cyclic_units(),
        }
    }

    /// Most graphs have no cycle, and then every node is its own component.
    fn order_without_cycles(&self) -> Option<Vec<usize>> {
        let waiting = self.needs.iter().map(|row| narrow(row.len())).collect();
        topological(waiting, &self.dependent_rows())
    }

    /// As [`Self::units`], without a look whether every node is its own.
    fn cyclic_units(&self) -> Vec<Vec<usize>> {
        let (component, count) = components(&self.needs, |(to, _)| to);
        let of = |node: usize| component.get(node).copied().map_or(usize::MAX, widen);
        let members = Rows::group(count, (0..self.len()).map(|node| (of(node), node)));
        let between: Vec<(usize, u32)> = self
            .turned()
            .map(|(to, from)| (of(to), narrow(of(widen(from)))))
            .filter(|(to, from)| *to != widen(*from))
            .collect();
        let mut waiting = vec![0; count];
        for (_, from) in &between {
            if let Some(count) = waiting.get_mut(widen(*from)) {
                *count += 1;
            }
        }
        // Components are numbered by their least members, so that the order of the one is the order of the other.
        let dependents = Rows::group(count, between.iter().copied());
        let order = topological(waiting, &dependents).unwrap_or_default();
        let units = order.into_iter().map(|unit| members.row(unit).to_vec());
        units.collect()
    }

    /// Every edge from its end: the dependency, and who depends on it.
    fn turned(&self) -> impl Iterator<Item = (usize, u32)> + Clone + '_ {
        let rows = self.needs.iter().enumerate();
        rows.flat_map(|(from, row)| {
            let from = narrow(from);
            row.iter().map(move |(to, _)| (widen(*to), from))
        })
    }

    /// What a component falls into without its optional edges; nothing if it has none.
    fn hard_units(&self, component: &[usize]) -> Option<Vec<Vec<usize>>> {
        let position = |node: usize| component.binary_search(&node).ok();
        let edges = || component.iter().flat_map(|node| self.needs(*node));
        if component.len() == 1 || edges().all(|(_, strength)| strength == EdgeStrength::Hard) {
            return None;
        }
        let hard = component.iter().enumerate().flat_map(|(from, node)| {
            let needs = self.needs(*node);
            let hard = needs.filter(|(_, strength)| *strength == EdgeStrength::Hard);
            hard.filter_map(move |(to, strength)| Some((from, position(to)?, strength)))
        });
        let units = Self::new(component.len(), hard).units();
        let nodes = |unit: Vec<usize>| {
            let positions = unit.into_iter();
            positions
                .filter_map(|at| component.get(at).copied())
                .collect()
        };
        Some(units.into_iter().map(nodes).collect())
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

fn alone(order: Vec<usize>) -> Vec<Vec<usize>> {
    order.into_iter().map(|node| vec![node]).collect()
}

/// Each node after all that it needs, the least first where there is a choice; nothing if there is a cycle. `waiting` says how many
/// edges each node waits for, `dependents` whom each releases.
fn topological(mut waiting: Vec<u32>, dependents: &Rows<u32>) -> Option<Vec<usize>> {
    let nodes = waiting.len();
    let mut ready = Ready::below(nodes);
    for (node, count) in waiting.iter().enumerate() {
        if *count == 0 {
            ready.insert(node);
        }
    }
    let mut order = Vec::with_capacity(nodes);
    while let Some(node) = ready.take_least() {
        order.push(node);
        for dependent in dependents.row(node) {
            if let Some(count) = waiting.get_mut(widen(*dependent)) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(widen(*dependent));
                }
            }
        }
    }
    (order.len() == nodes).then_some(order)
}

/// Moves the first of each run of equal keys to the front, and says how many there are.
fn dedup_by_key<T: Copy, K: PartialEq>(row: &mut [T], key: impl Fn(&T) -> K) -> usize {
    let mut kept: usize = 0;
    for at in 0..row.len() {
        let Some(entry) = row.get(at).copied() else {
            break;
        };
        let last = kept.checked_sub(1).and_then(|last| row.get(last));
        if last.is_none_or(|last| key(last) != key(&entry)) {
            if let Some(slot) = row.get_mut(kept) {
                *slot = entry;
            }
            kept += 1;
        }
    }
    kept
}
