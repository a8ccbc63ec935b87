//! In which order selected packages are installed.

use std::hint::black_box;

use benches::measure::medians;
use benches::report::{Cell, Row, Section, Target, Unit};
use benches::{Backwards, needs_of};
use petgraph::algo::{kosaraju_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};
use plugin_resolver::{DependencyGraph, EdgeStrength};

use crate::Plan;

/// Its name, who needs whom, and the target.
type Case = (&'static str, Vec<Vec<usize>>, Option<f64>);

/// Install order beside petgraph's algorithms that do not recurse.
pub(crate) fn order(plan: Plan) -> Section {
    let cases: [Case; 5] = [
        (
            "10,000 nodes",
            needs_of(10_000, Backwards::Never),
            Some(1.0),
        ),
        (
            "100,000 nodes",
            needs_of(100_000, Backwards::Never),
            Some(12.0),
        ),
        (
            "10,000 nodes, cycles",
            needs_of(10_000, Backwards::Rarely),
            None,
        ),
        (
            "100,000 nodes, cycles",
            needs_of(100_000, Backwards::Rarely),
            None,
        ),
        ("chain of 1,000,000", chain(1_000_000), None),
    ];
    let count = if plan.is_quick { 1 } else { cases.len() };
    let rows = cases[..count].iter().map(|(label, needs, target)| Row {
        label: (*label).to_owned(),
        unit: Unit::Milliseconds,
        target: target.map(Target::Figure),
        cells: compare(needs, plan),
    });
    Section {
        title: "Install order".to_owned(),
        note: "Graphs with npm's fan-out, built beforehand. Ours: units in the one order that does not depend on insertion, cycles as units. \
               petgraph's `toposort` refuses cycles, `kosaraju_scc` orders units in some order; its other algorithms for this recurse."
            .to_owned(),
        contestants: ["ours", "petgraph toposort", "petgraph kosaraju"]
            .map(str::to_owned)
            .to_vec(),
        ours: 1,
        rows: rows.collect(),
    }
}

fn chain(nodes: usize) -> Vec<Vec<usize>> {
    (1..=nodes)
        .map(|next| if next < nodes { vec![next] } else { Vec::new() })
        .collect()
}

fn compare(needs: &[Vec<usize>], plan: Plan) -> Vec<Cell> {
    let edges = || {
        let edges = needs.iter().enumerate();
        edges.flat_map(|(from, needs)| needs.iter().map(move |to| (from, *to)))
    };
    let ours = DependencyGraph::new(
        needs.len(),
        edges().map(|(from, to)| (from, to, EdgeStrength::Hard)),
    );
    let mut peer: DiGraph<(), (), usize> = DiGraph::default();
    for _ in needs {
        peer.add_node(());
    }
    for (from, to) in edges() {
        peer.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
    }
    verify(needs, &ours.order());
    let is_sorted = toposort(&peer, None).is_ok();
    assert_eq!(
        ours.order().len(),
        kosaraju_scc(&peer).len(),
        "the same units"
    );
    let mut runs: Vec<Box<dyn FnMut() + '_>> = vec![
        Box::new(|| drop(black_box(ours.order()))),
        Box::new(|| drop(black_box(kosaraju_scc(&peer)))),
    ];
    if is_sorted {
        runs.push(Box::new(|| drop(black_box(toposort(&peer, None)))));
    }
    let times = medians(plan.effort, &mut runs);
    let cell = |time: &f64| Cell::figure(time * 1e3);
    let sorted = times.get(2).map_or(Cell::None("cycle".to_owned()), cell);
    vec![cell(&times[0]), sorted, cell(&times[1])]
}

/// Dependencies first.
fn verify(needs: &[Vec<usize>], order: &[Vec<usize>]) {
    let mut places = vec![usize::MAX; needs.len()];
    for (place, unit) in order.iter().enumerate() {
        for node in unit {
            places[*node] = place;
        }
    }
    for (from, needs) in needs.iter().enumerate() {
        assert!(
            needs.iter().all(|to| places[*to] <= places[from]),
            "{from} comes before what it needs"
        );
    }
}
