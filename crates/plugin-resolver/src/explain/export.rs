//! An explanation as JSON, and as a graph for DOT and Mermaid.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use serde::{Serialize, Serializer};

use super::alternative::Alternative;
use super::demand::span;
use super::explanation::{ClashingRequest, Explanation, Requirement, Requirer};
use super::text::Line;
use crate::PackageName;
use crate::graph::drawing::{dot_text, mermaid_text};

/// As JSON: `"headline"` and `"lines"` as people read them in brief; `"requests"` (`"name"`, `"spec"`); `"minimal"`; `"requirements"`
/// (`"by"`: `"request"`, `"host"` or a package with `"name"` and `"versions"`; `"package"`; `"demand"`; `"kind"`; `"problem"` with
/// `"_tag"` and `"message"`, or null; `"admits"`: versions); `"disputed"`: names; `"removals"` in the form of the requests; and after
/// [`advised`](Explanation::advised) `"alternatives"`, `"others"` and `"overlapping"`, else null.
impl Serialize for Explanation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let advice = self.advice.as_ref();
        let wire = Wire {
            headline: self.headline().to_string(),
            lines: self.lines(),
            requests: &self.requests,
            minimal: self.is_minimal,
            requirements: &self.requirements,
            disputed: self.disputed(),
            removals: &self.removals,
            alternatives: advice.map(|advice| advice.alternatives.as_slice()),
            others: advice.map(|advice| advice.others.as_slice()),
            overlapping: advice.map(|advice| advice.overlapping.as_slice()),
        };
        wire.serialize(serializer)
    }
}

#[derive(Serialize)]
struct Wire<'a> {
    headline: String,
    lines: Vec<String>,
    requests: &'a [ClashingRequest],
    minimal: bool,
    requirements: &'a [Requirement],
    disputed: Vec<&'a PackageName>,
    removals: &'a [ClashingRequest],
    alternatives: Option<&'a [Alternative]>,
    others: Option<&'a [Explanation]>,
    overlapping: Option<&'a [Explanation]>,
}

impl Explanation {
    /// Who demands what of whom, for Graphviz: what is disputed or cannot be had is red. As long as the conflict, not bounded as the
    /// text is.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let graph = Graph::new(self);
        let mut out = String::from("digraph conflict {\n  rankdir=LR;\n  node [shape=box];\n");
        for (at, (node, standing)) in graph.nodes.iter().enumerate() {
            let style = match standing {
                Standing::Party => String::new(),
                Standing::Disputed => format!(", color=\"{DISPUTED}\", penwidth=2"),
            };
            let _ = writeln!(
                out,
                "  n{at} [label=\"{}\"{style}];",
                dot_text(&node.to_string())
            );
        }
        for arrow in &graph.arrows {
            let (from, to, label) = (arrow.from, arrow.to, dot_text(&arrow.label));
            let _ = writeln!(out, "  n{from} -> n{to} [label=\"{label}\"];");
        }
        out.push_str("}\n");
        out
    }

    /// The same for Mermaid.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let graph = Graph::new(self);
        let mut out = String::from("flowchart LR\n");
        for (at, (node, standing)) in graph.nodes.iter().enumerate() {
            let class = match standing {
                Standing::Party => "",
                Standing::Disputed => ":::disputed",
            };
            let _ = writeln!(
                out,
                "  n{at}[\"{}\"]{class}",
                mermaid_text(&node.to_string())
            );
        }
        for arrow in &graph.arrows {
            let (from, to, label) = (arrow.from, arrow.to, mermaid_text(&arrow.label));
            let _ = writeln!(out, "  n{from} -->|\"{label}\"| n{to}");
        }
        let _ = writeln!(
            out,
            "  classDef disputed stroke:{DISPUTED},stroke-width:3px"
        );
        out
    }
}

const DISPUTED: &str = "#cc3333";

/// Nodes in the order in which they are first named, arrows in the order of the requirements.
struct Graph<'a> {
    nodes: Vec<(Node<'a>, Standing)>,
    arrows: Vec<Arrow>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Node<'a> {
    Request,
    Host,
    Package(&'a PackageName),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Party,
    /// Requirements on it clash, or one cannot be met by itself.
    Disputed,
}

struct Arrow {
    from: usize,
    to: usize,
    label: String,
}

impl<'a> Graph<'a> {
    fn new(explanation: &'a Explanation) -> Self {
        let mut disputed: BTreeSet<&PackageName> = explanation.disputed().into_iter().collect();
        let failing = explanation
            .requirements()
            .iter()
            .filter(|r| r.problem.is_some());
        disputed.extend(failing.map(|requirement| &requirement.package));
        let mut places: BTreeMap<Node<'a>, usize> = BTreeMap::new();
        let mut nodes = Vec::new();
        let mut place = |node: Node<'a>| {
            *places.entry(node).or_insert_with(|| {
                let standing = match node {
                    Node::Package(name) if disputed.contains(name) => Standing::Disputed,
                    Node::Package(_) | Node::Request | Node::Host => Standing::Party,
                };
                nodes.push((node, standing));
                nodes.len() - 1
            })
        };
        let requirements = explanation.requirements().iter();
        let arrows = requirements
            .map(|requirement| {
                let (by, versions) = match &requirement.by {
                    Requirer::Request => (Node::Request, Line::default()),
                    Requirer::Host => (Node::Host, Line::default()),
                    Requirer::Package { name, versions } => {
                        (Node::Package(name), span(versions).plain(": "))
                    }
                };
                Arrow {
                    from: place(by),
                    to: place(Node::Package(&requirement.package)),
                    label: versions.and(requirement.demand.term()).to_string(),
                }
            })
            .collect();
        Self { nodes, arrows }
    }
}

impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request => f.write_str("the request"),
            Self::Host => f.write_str("the host"),
            Self::Package(name) => name.fmt(f),
        }
    }
}
