//! Order, cycles, dependents and trees.

use std::collections::BTreeSet;

use plugin_resolver::{DependencyGraph, EdgeStrength, Resolution, resolve};
use proptest::prelude::*;

use crate::support::{builder, name, request};

fn resolved(universe: &str, asked: &str) -> Resolution {
    resolve(&builder(universe).build(), &request(asked)).unwrap()
}

fn check_order(universe: &str, asked: &str, expect: &str) {
    let order = resolved(universe, asked).install_order();
    let units: Vec<String> = order
        .iter()
        .map(|unit| {
            unit.iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("+")
        })
        .collect();
    assert_eq!(units.join(" "), expect);
}

#[test]
fn dependencies_come_first() {
    check_order(
        "a@1.0.0: b *, c *\n b@1.0.0: d *\n c@1.0.0: d *\n d@1.0.0",
        "a *",
        "d b c a",
    );
    check_order("z@1.0.0\n a@1.0.0: z *\n m@1.0.0", "a *, m *", "m z a");
}

#[test]
fn packages_that_need_each_other_are_one_unit() {
    check_order(
        "a@1.0.0: b *\n b@1.0.0: c *\n c@1.0.0: b *, d *\n d@1.0.0",
        "a *",
        "d b+c a",
    );
}

#[test]
fn an_optional_edge_gives_way() {
    let library = "a@1.0.0: b? *\n b@1.0.0: a *";
    check_order(library, "a *", "a b");
    let cycles = resolved(library, "a *").cycles();
    assert_eq!(cycles.len(), 1);
    assert_eq!(cycles[0].strength, EdgeStrength::Optional);
    let hard = resolved("a@1.0.0: b *\n b@1.0.0: a *", "a *").cycles();
    assert_eq!(hard[0].strength, EdgeStrength::Hard);
}

#[test]
fn cycles_have_a_shortest_witness() {
    let library = "a@1.0.0: b *\n b@1.0.0: c *\n c@1.0.0: d *\n d@1.0.0: a *, c *\n e@1.0.0: a *";
    let cycles = resolved(library, "e *").cycles();
    assert_eq!(cycles.len(), 1);
    assert_eq!(cycles[0].members, ["a", "b", "c", "d"].map(name));
    assert_eq!(cycles[0].witness, ["c", "d"].map(name));
}

#[test]
fn dependents() {
    let resolution = resolved(
        "a@1.0.0: b *\n b@1.0.0: c *\n c@1.0.0: b *\n d@1.0.0: c *",
        "a *, d *",
    );
    assert_eq!(resolution.dependents(&name("c")), ["b", "d"].map(name));
    assert_eq!(
        resolution.all_dependents(&name("c")),
        BTreeSet::from(["a", "b", "d"].map(name))
    );
    assert!(resolution.all_dependents(&name("unknown")).is_empty());
}

#[test]
fn trees() {
    let library = "
        app@1.0.0: left *, right *, loop *
        left@1.1.0: base *
        right@2.0.0: base *, left *
        base@0.1.0: deep *
        deep@0.2.0: deeper *
        deeper@0.3.0
        loop@1.0.0: pool *
        pool@1.0.0: loop *
    ";
    let resolution = resolved(library, "app *");
    insta::assert_snapshot!(resolution.tree(5).to_string());
    insta::assert_snapshot!(resolution.tree(1).to_string(), @r#"
    app 1.0.0
    ├── left 1.1.0 ...
    ├── loop 1.0.0 ...
    └── right 2.0.0 ...
    "#);
}

fn graphs() -> impl Strategy<Value = (usize, Vec<(usize, usize, EdgeStrength)>)> {
    let strength = prop_oneof![3 => Just(EdgeStrength::Hard), 1 => Just(EdgeStrength::Optional)];
    (1..9_usize).prop_flat_map(move |nodes| {
        (
            Just(nodes),
            prop::collection::vec((0..nodes, 0..nodes, strength.clone()), 0..16),
        )
    })
}

/// Which nodes are reached from each, by walking until nothing is new.
fn reach(
    nodes: usize,
    edges: &[(usize, usize, EdgeStrength)],
    least: EdgeStrength,
) -> Vec<BTreeSet<usize>> {
    let mut reach: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); nodes];
    for _ in 0..=nodes {
        for (from, to, _) in edges.iter().filter(|(a, b, s)| a != b && *s >= least) {
            let beyond = reach[*to].clone();
            reach[*from].insert(*to);
            reach[*from].extend(beyond);
        }
    }
    reach
}

proptest! {
    #[test]
    fn units_are_what_reaches_itself((nodes, edges) in graphs()) {
        let graph = DependencyGraph::new(nodes, edges.clone());
        let hard = reach(nodes, &edges, EdgeStrength::Hard);
        let all = reach(nodes, &edges, EdgeStrength::Optional);
        let order = graph.order();
        let place = |node: usize| order.iter().position(|unit| unit.contains(&node)).unwrap();
        prop_assert_eq!(order.concat().len(), nodes);
        for a in 0..nodes {
            for b in 0..nodes {
                let together = a == b || (hard[a].contains(&b) && hard[b].contains(&a));
                prop_assert_eq!(place(a) == place(b), together);
                // Optional edges order too, unless they close a cycle.
                let must_follow = hard[a].contains(&b) || (all[a].contains(&b) && !all[b].contains(&a));
                prop_assert!(!must_follow || place(b) <= place(a));
            }
        }
        let cycles = graph.cycles();
        for (a, reached) in all.iter().enumerate() {
            let found = cycles.iter().find(|cycle| cycle.members.contains(&a));
            prop_assert_eq!(found.is_some(), reached.contains(&a));
        }
        for cycle in cycles {
            let hard_cycle = cycle.members.iter().any(|a| hard[*a].contains(a));
            prop_assert_eq!(cycle.strength == EdgeStrength::Hard, hard_cycle);
            let steps = cycle.witness.iter().zip(cycle.witness.iter().cycle().skip(1));
            for (from, to) in steps {
                prop_assert!(graph.needs(*from).any(|(target, _)| target == *to));
            }
            let shortest = shortest_cycle(&graph, &cycle.members);
            prop_assert_eq!(cycle.witness.len(), shortest);
        }
    }
}

/// The least number of steps after which some member is back at itself.
fn shortest_cycle(graph: &DependencyGraph, members: &[usize]) -> usize {
    let mut shortest = usize::MAX;
    for start in members {
        let mut at = BTreeSet::from([*start]);
        for step in 1..=members.len() {
            at = at
                .iter()
                .flat_map(|node| graph.needs(*node))
                .map(|(to, _)| to)
                .collect();
            if at.contains(start) {
                shortest = shortest.min(step);
                break;
            }
        }
    }
    shortest
}
