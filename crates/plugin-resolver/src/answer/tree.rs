//! The selected packages as a tree for display.

use std::collections::BTreeSet;
use std::fmt;

use semver::Version;

use crate::PackageName;
use crate::graph::PackageGraph;

/// The most lines a tree has; what does not fit is counted.
const MAX_LINES: usize = 10_000;

/// Lines of a tree from the top, safe on cycles: a package's dependencies are shown once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    lines: Vec<TreeLine>,
    left_out: usize,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TreeLine {
    /// How deep the line stands; a root has 0.
    pub depth: usize,
    /// The package.
    pub name: PackageName,
    /// The version that is selected.
    pub version: Version,
    /// Why nothing stands below, if something should.
    pub ends: Option<TreeEnd>,
    /// Whether the line is the last one below its parent.
    pub is_last: bool,
}

/// Why a tree does not go on below a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TreeEnd {
    /// The package stands above itself.
    Cycle,
    /// Its dependencies are shown elsewhere.
    Repeated,
    /// The depth is reached.
    Truncated,
}

impl Tree {
    pub(crate) fn of(packages: &PackageGraph<'_>, depth: usize) -> Self {
        let graph = &packages.graph;
        let roots = packages.roots();
        let mut tree = Self {
            lines: Vec::new(),
            left_out: 0,
        };
        let mut expanded = BTreeSet::new();
        let mut above: Vec<usize> = Vec::new();
        // (position, depth, last below its parent); the end of the list comes next.
        let mut open: Vec<(usize, usize, bool)> = below(&roots, 0);
        while let Some((position, at, is_last)) = open.pop() {
            let Some((name, package)) = packages.at(position) else {
                continue;
            };
            if tree.lines.len() >= MAX_LINES {
                tree.left_out += 1;
                continue;
            }
            above.truncate(at);
            let needs: Vec<usize> = graph.needs(position).map(|(to, _)| to).collect();
            let ends = if needs.is_empty() {
                None
            } else if above.contains(&position) {
                Some(TreeEnd::Cycle)
            } else if expanded.contains(&position) {
                Some(TreeEnd::Repeated)
            } else if at >= depth {
                Some(TreeEnd::Truncated)
            } else {
                None
            };
            tree.lines.push(TreeLine {
                depth: at,
                name: name.clone(),
                version: package.version.clone(),
                ends,
                is_last,
            });
            if ends.is_none() {
                expanded.insert(position);
                above.push(position);
                open.extend(below(&needs, at + 1));
            }
        }
        tree
    }

    /// The lines, from the top.
    #[must_use]
    pub fn lines(&self) -> &[TreeLine] {
        &self.lines
    }

    /// How many further lines there would be at the places where the tree was cut for its length.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.left_out
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whether an ancestor at each depth has lines to come.
        let mut goes_on: Vec<bool> = Vec::new();
        for line in &self.lines {
            goes_on.truncate(line.depth);
            for goes_on in goes_on.iter().skip(1) {
                f.write_str(if *goes_on { "│   " } else { "    " })?;
            }
            if line.depth > 0 {
                f.write_str(if line.is_last {
                    "└── "
                } else {
                    "├── "
                })?;
            }
            goes_on.push(!line.is_last);
            let end = match line.ends {
                None => "",
                Some(TreeEnd::Cycle) => " (cycle)",
                Some(TreeEnd::Repeated) => " (shown elsewhere)",
                Some(TreeEnd::Truncated) => " ...",
            };
            writeln!(f, "{} {}{end}", line.name, line.version)?;
        }
        if self.left_out > 0 {
            writeln!(f, "and {} more", self.left_out)?;
        }
        Ok(())
    }
}

/// To be taken from the end.
fn below(positions: &[usize], depth: usize) -> Vec<(usize, usize, bool)> {
    let entries = positions.iter().rev().enumerate();
    entries
        .map(|(from_end, position)| (*position, depth, from_end == 0))
        .collect()
}
