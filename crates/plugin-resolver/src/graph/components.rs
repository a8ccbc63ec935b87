//! Strongly connected components, by Tarjan's algorithm with its call stack as data.

use crate::graph::rows::Rows;

/// Stands for "not yet".
const NONE: u32 = u32::MAX;

/// The component of each node, and how many there are. They are numbered by their least members, ascending.
pub(crate) fn components<T: Copy>(
    needs: &Rows<T>,
    target: impl Fn(T) -> u32 + Copy,
) -> (Vec<u32>, usize) {
    let nodes = needs.len();
    let mut search = Search {
        visited: vec![NONE; nodes],
        lowest: vec![NONE; nodes],
        component: vec![NONE; nodes],
        open: Vec::new(),
        visits: 0,
        found: 0,
    };
    let mut calls: Vec<(u32, std::slice::Iter<'_, T>)> = Vec::new();
    for start in 0..nodes {
        if get(&search.visited, narrow(start)) != NONE {
            continue;
        }
        search.enter(narrow(start));
        calls.push((narrow(start), needs.row(start).iter()));
        while let Some((node, rest)) = calls.last_mut() {
            let node = *node;
            match rest.next() {
                Some(to) => {
                    let to = target(*to);
                    if get(&search.visited, to) == NONE {
                        search.enter(to);
                        calls.push((to, needs.row(widen(to)).iter()));
                    } else if get(&search.component, to) == NONE {
                        search.lower(node, get(&search.visited, to));
                    }
                }
                None => {
                    calls.pop();
                    search.leave(node);
                    if let Some((dependent, _)) = calls.last() {
                        search.lower(*dependent, get(&search.lowest, node));
                    }
                }
            }
        }
    }
    search.numbered()
}

#[derive(Debug)]
struct Search {
    /// When each node was entered.
    visited: Vec<u32>,
    /// The earliest node, by when it was entered, that is known to be in its component.
    lowest: Vec<u32>,
    component: Vec<u32>,
    /// Nodes that were entered and have no component yet.
    open: Vec<u32>,
    visits: u32,
    found: u32,
}

impl Search {
    fn enter(&mut self, node: u32) {
        set(&mut self.visited, node, self.visits);
        set(&mut self.lowest, node, self.visits);
        self.visits += 1;
        self.open.push(node);
    }

    fn lower(&mut self, node: u32, visit: u32) {
        if visit < get(&self.lowest, node) {
            set(&mut self.lowest, node, visit);
        }
    }

    fn leave(&mut self, node: u32) {
        if get(&self.lowest, node) < get(&self.visited, node) {
            return;
        }
        while let Some(member) = self.open.pop() {
            set(&mut self.component, member, self.found);
            // A node that is done must not lower the one that led to it.
            set(&mut self.lowest, member, NONE);
            if member == node {
                break;
            }
        }
        self.found += 1;
    }

    fn numbered(mut self) -> (Vec<u32>, usize) {
        let mut numbers = vec![NONE; widen(self.found)];
        let mut next = 0;
        for component in &mut self.component {
            if get(&numbers, *component) == NONE {
                set(&mut numbers, *component, next);
                next += 1;
            }
            *component = get(&numbers, *component);
        }
        (self.component, widen(next))
    }
}

fn get(values: &[u32], at: u32) -> u32 {
    values.get(widen(at)).copied().unwrap_or(NONE)
}

fn set(values: &mut [u32], at: u32, value: u32) {
    if let Some(slot) = values.get_mut(widen(at)) {
        *slot = value;
    }
}

pub(crate) fn widen(node: u32) -> usize {
    usize::try_from(node).unwrap_or(usize::MAX)
}

/// INVARIANT: a graph has fewer than 2^32 nodes.
pub(crate) fn narrow(node: usize) -> u32 {
    u32::try_from(node).unwrap_or(NONE)
}
