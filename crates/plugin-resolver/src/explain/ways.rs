//! How each package of a conflict is reached from what was asked for.

use std::collections::{BTreeMap, VecDeque};

use super::explanation::{Explanation, Requirer};
use crate::PackageName;

/// The shortest ways from the requests, over the requirements of the conflict itself. Breadth first, so safe on cycles.
pub(super) struct Ways<'a> {
    /// Each package with the one before it, none for what was asked for.
    before: BTreeMap<&'a PackageName, Option<&'a PackageName>>,
    depths: BTreeMap<&'a PackageName, usize>,
}

impl<'a> Ways<'a> {
    pub(super) fn new(explanation: &'a Explanation) -> Self {
        let mut leads_to: BTreeMap<&PackageName, Vec<&PackageName>> = BTreeMap::new();
        let mut ways = Self {
            before: BTreeMap::new(),
            depths: BTreeMap::new(),
        };
        let mut open = VecDeque::new();
        for requirement in explanation.requirements() {
            match &requirement.by {
                Requirer::Host => {}
                Requirer::Request => {
                    if ways.enter(&requirement.package, None, 0) {
                        open.push_back(&requirement.package);
                    }
                }
                Requirer::Package { name, .. } => {
                    leads_to.entry(name).or_default().push(&requirement.package);
                }
            }
        }
        while let Some(name) = open.pop_front() {
            let depth = ways.depth(name) + 1;
            for next in leads_to.remove(name).unwrap_or_default() {
                if ways.enter(next, Some(name), depth) {
                    open.push_back(next);
                }
            }
        }
        ways
    }

    /// From a request to this package, both included.
    pub(super) fn to(&self, package: &PackageName) -> Vec<&'a PackageName> {
        let mut way = Vec::new();
        let mut at = self.before.get_key_value(package);
        while let Some((name, before)) = at {
            way.push(*name);
            at = before.and_then(|before| self.before.get_key_value(before));
        }
        way.reverse();
        way
    }

    /// How many packages stand between a request and this package, and 1 more; 0 for what was asked for.
    pub(super) fn depth(&self, package: &PackageName) -> usize {
        self.depths.get(package).copied().unwrap_or_default()
    }

    fn enter(
        &mut self,
        name: &'a PackageName,
        before: Option<&'a PackageName>,
        depth: usize,
    ) -> bool {
        let is_new = !self.before.contains_key(name);
        if is_new {
            self.before.insert(name, before);
            self.depths.insert(name, depth);
        }
        is_new
    }
}
