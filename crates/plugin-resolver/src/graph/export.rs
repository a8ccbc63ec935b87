//! A graph of packages for other programs: DOT, Mermaid, JSON.

use std::fmt::Write as _;

use semver::Version;
use serde::{Serialize, Serializer};

use crate::error::quoted;
use crate::graph::drawing::{dot_text, mermaid_text};
use crate::graph::packages::PackageGraph;
use crate::lock::LockedNeed;
use crate::{DependencyKind, PackageCycle, PackageName};

/// The colour of what is part of a cycle.
const CYCLE: &str = "#b00020";

/// The JSON of a graph.
#[derive(Serialize)]
struct Exported<'a> {
    packages: Vec<ExportedPackage<'a>>,
    needs: Vec<ExportedNeed<'a>>,
    cycles: Vec<PackageCycle>,
    order: Vec<Vec<PackageName>>,
}

#[derive(Serialize)]
struct ExportedPackage<'a> {
    name: &'a PackageName,
    version: &'a Version,
    is_root: bool,
    is_host: bool,
}

#[derive(Serialize)]
struct ExportedNeed<'a> {
    from: &'a PackageName,
    to: &'a PackageName,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<DependencyKind>,
    spec: &'a str,
}

/// An object with `packages` (name, version, is_root, is_host), `needs` (from, to, kind: `normal`, `peer`, `optional` or `optional_peer`,
/// spec), `cycles` (members, witness, strength) and `order` (units of names), all sorted as elsewhere.
impl Serialize for PackageGraph<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let roots = self.roots();
        let packages = self.packages().enumerate();
        let needs = self.packages().flat_map(|(from, package)| {
            package.needs.iter().map(move |need| ExportedNeed {
                from,
                to: &need.name,
                kind: need.kind,
                spec: &need.spec,
            })
        });
        Exported {
            packages: packages
                .map(|(at, (name, package))| ExportedPackage {
                    name,
                    version: &package.version,
                    is_root: roots.binary_search(&at).is_ok(),
                    is_host: self.is_host(name),
                })
                .collect(),
            needs: needs.collect(),
            cycles: self.cycles(),
            order: self.install_order(),
        }
        .serialize(serializer)
    }
}

/// A pair of packages of which one needs the other, with all it says.
struct Arrow {
    from: usize,
    to: usize,
    label: String,
    is_optional: bool,
    is_in_cycle: bool,
}

impl PackageGraph<'_> {
    /// The graph for Graphviz. Roots are bold boxes, what the host provides is filled; optional needs are dashed; cycles are red.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let mut out = String::from("digraph packages {\n  rankdir=LR;\n  node [shape=ellipse];\n");
        let (group, roots) = (self.groups(), self.roots());
        for (at, (name, package)) in self.packages().enumerate() {
            let mut style = String::new();
            if roots.binary_search(&at).is_ok() {
                style.push_str(", shape=box, penwidth=2");
            }
            if self.is_host(name) {
                style.push_str(", style=filled, fillcolor=\"#eeeeee\"");
            }
            if is_in_cycle(&group, at) {
                let _ = write!(style, ", color=\"{CYCLE}\"");
            }
            let (name, version) = (
                dot_text(name.as_str()),
                dot_text(&package.version.to_string()),
            );
            let _ = writeln!(out, "  n{at} [label=\"{name}\\n{version}\"{style}];");
        }
        for arrow in self.arrows(&group) {
            let mut style = String::new();
            if arrow.is_optional {
                style.push_str(", style=dashed");
            }
            if arrow.is_in_cycle {
                let _ = write!(style, ", color=\"{CYCLE}\"");
            }
            let (from, to, label) = (arrow.from, arrow.to, dot_text(&arrow.label));
            let _ = writeln!(out, "  n{from} -> n{to} [label=\"{label}\"{style}];");
        }
        out.push_str("}\n");
        out
    }

    /// The graph for Mermaid, in the same language of forms.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let mut out = String::from("flowchart LR\n");
        let (group, roots) = (self.groups(), self.roots());
        for (at, (name, package)) in self.packages().enumerate() {
            let name = mermaid_text(name.as_str());
            let version = mermaid_text(&package.version.to_string());
            let _ = writeln!(out, "  n{at}[\"{name}<br/>{version}\"]");
        }
        let mut red = Vec::new();
        for (number, arrow) in self.arrows(&group).enumerate() {
            let line = if arrow.is_optional { "-.->" } else { "-->" };
            let (from, to, label) = (arrow.from, arrow.to, mermaid_text(&arrow.label));
            let _ = writeln!(out, "  n{from} {line}|\"{label}\"| n{to}");
            if arrow.is_in_cycle {
                red.push(number.to_string());
            }
        }
        if !red.is_empty() {
            let _ = writeln!(out, "  linkStyle {} stroke:{CYCLE}", red.join(","));
        }
        let hosts =
            (0..group.len()).filter(|at| self.at(*at).is_some_and(|(n, _)| self.is_host(n)));
        class(&mut out, "root", "stroke-width:3px", roots.into_iter());
        class(&mut out, "host", "fill:#eeeeee", hosts);
        let cyclic = (0..group.len()).filter(|at| is_in_cycle(&group, *at));
        class(&mut out, "cycle", &format!("stroke:{CYCLE}"), cyclic);
        out
    }

    /// The number of the cycle that each package is part of.
    fn groups(&self) -> Vec<Option<usize>> {
        let mut groups = vec![None; self.graph.len()];
        for (number, cycle) in self.graph.cycles().iter().enumerate() {
            for member in &cycle.members {
                if let Some(slot) = groups.get_mut(*member) {
                    *slot = Some(number);
                }
            }
        }
        groups
    }

    fn arrows<'b>(&'b self, group: &'b [Option<usize>]) -> impl Iterator<Item = Arrow> + 'b {
        (0..self.graph.len()).flat_map(move |from| {
            self.graph.needs(from).map(move |(to, _)| {
                let needs: Vec<&LockedNeed> = self.needs(from, to).collect();
                let is_optional = |need: &&LockedNeed| need.kind.is_some_and(|k| !k.is_required());
                let mut specs: Vec<String> = needs.iter().map(|need| quoted(&need.spec)).collect();
                specs.dedup();
                Arrow {
                    from,
                    to,
                    label: specs.join(", "),
                    is_optional: needs.iter().all(is_optional),
                    is_in_cycle: is_in_cycle(group, from) && group.get(from) == group.get(to),
                }
            })
        })
    }
}

fn is_in_cycle(group: &[Option<usize>], at: usize) -> bool {
    group.get(at).is_some_and(Option::is_some)
}

fn class(out: &mut String, name: &str, style: &str, nodes: impl Iterator<Item = usize>) {
    let nodes: Vec<String> = nodes.map(|at| format!("n{at}")).collect();
    if !nodes.is_empty() {
        let _ = writeln!(
            out,
            "  classDef {name} {style}\n  class {} {name}",
            nodes.join(",")
        );
    }
}
