//! Order, cycles, dependents and trees.

use std::collections::BTreeSet;

use plugin_resolver::{DependencyGraph, EdgeStrength, Lock, Resolution, parse_version, resolve};
use proptest::prelude::*;

use crate::cases::config;
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

/// Units by petgraph, in the order that the documentation promises, found by looking at everything each time.
fn order_of_petgraph(graph: &DependencyGraph) -> Vec<Vec<usize>> {
    let mut theirs = petgraph::graph::DiGraph::<(), ()>::new();
    let nodes: Vec<_> = (0..graph.len()).map(|_| theirs.add_node(())).collect();
    for from in 0..graph.len() {
        for (to, _) in graph.needs(from) {
            theirs.add_edge(nodes[from], nodes[to], ());
        }
    }
    let mut units: Vec<Vec<usize>> = petgraph::algo::kosaraju_scc(&theirs)
        .into_iter()
        .map(|unit| {
            let mut unit: Vec<usize> = unit.into_iter().map(|node| node.index()).collect();
            unit.sort_unstable();
            unit
        })
        .collect();
    units.sort_unstable();
    let mut done = BTreeSet::new();
    let mut order = Vec::new();
    while !units.is_empty() {
        let is_ready = |unit: &Vec<usize>| {
            let mut needs = unit.iter().flat_map(|node| graph.needs(*node));
            needs.all(|(to, _)| done.contains(&to) || unit.contains(&to))
        };
        let next = units.iter().position(is_ready).unwrap();
        let unit = units.remove(next);
        done.extend(unit.iter().copied());
        order.push(unit);
    }
    order
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn larger_graphs_are_ordered_as_by_petgraph(
        nodes in 1..200_usize,
        edges in prop::collection::vec((0..200_usize, 0..200_usize), 0..260),
    ) {
        let graph = hard(edges, nodes);
        prop_assert_eq!(graph.order(), order_of_petgraph(&graph));
    }
}

const MILLION: usize = 1_000_000;

fn hard(edges: impl IntoIterator<Item = (usize, usize)>, nodes: usize) -> DependencyGraph {
    let edges = edges
        .into_iter()
        .map(|(from, to)| (from, to, EdgeStrength::Hard));
    DependencyGraph::new(nodes, edges)
}

#[test]
fn a_chain_of_a_million_is_ordered_from_its_end() {
    let graph = hard((1..MILLION).map(|node| (node - 1, node)), MILLION);
    let order = graph.order();
    assert!(order.iter().flatten().copied().eq((0..MILLION).rev()));
    assert!(graph.cycles().is_empty());
}

#[test]
fn a_cycle_of_a_million_is_one_unit() {
    let around = (0..MILLION).map(|node| (node, (node + 1) % MILLION));
    let graph = hard(around.clone(), MILLION);
    assert_eq!(graph.order().len(), 1);
    let cycles = graph.cycles();
    assert_eq!(cycles.len(), 1);
    assert!(cycles[0].witness.iter().copied().eq(0..MILLION));
    // One optional edge makes a chain of it.
    let strength = |node| match node {
        0 => EdgeStrength::Optional,
        _ => EdgeStrength::Hard,
    };
    let graph = DependencyGraph::new(MILLION, around.map(|(a, b)| (a, b, strength(a))));
    assert_eq!(graph.order().len(), MILLION);
    assert_eq!(graph.cycles()[0].strength, EdgeStrength::Optional);
}

#[test]
fn stars_and_dense_graphs_are_ordered() {
    const MANY: usize = 100_000;
    let outward = hard((1..MANY).map(|node| (0, node)), MANY);
    assert!(
        outward
            .order()
            .iter()
            .flatten()
            .copied()
            .eq((1..MANY).chain([0]))
    );
    let inward = hard((1..MANY).map(|node| (node, 0)), MANY);
    assert!(inward.order().iter().flatten().copied().eq(0..MANY));
    let all = |size: usize| (0..size).flat_map(move |a| (0..size).map(move |b| (a, b)));
    let everyone = hard(all(300), 300);
    assert_eq!(everyone.order(), [(0..300).collect::<Vec<_>>()]);
    assert_eq!(everyone.cycles()[0].witness, [0, 1]);
    let downward = hard(all(300).filter(|(a, b)| a > b), 300);
    assert!(downward.order().iter().flatten().copied().eq(0..300));
}

#[test]
fn edges_that_lead_nowhere_say_nothing() {
    let graph = hard([(0, 0), (0, 9), (9, 0), (0, 1), (0, 1)], 2);
    assert_eq!(
        graph.needs(0).collect::<Vec<_>>(),
        [(1, EdgeStrength::Hard)]
    );
    assert_eq!(graph.needs(7).count(), 0);
    assert_eq!(graph.order(), [[1], [0]]);
    assert!(hard([(0, 0)], 0).order().is_empty());
}

fn lock() -> Lock {
    let library = "
        plugin-a@1.1.0: core ^1, shared *, ^core >=1.2 <2
        plugin-b@2.0.0: plugin-a ^1, ^shared? ^2
        shared@2.0.0: core *, loop? *
        loop@1.0.0: shared 2.x
        core@1.7.2
    ";
    let version = parse_version("1.7.2").unwrap();
    let asked = request("plugin-b ^2, plugin-a *").host(name("core"), version);
    resolve(&builder(library).build(), &asked).unwrap().lock()
}

#[test]
fn a_lock_says_why_a_package_is_there() {
    let lock = lock();
    let graph = lock.graph();
    let told: Vec<String> = ["core", "shared", "loop", "plugin-a", "plugin-b"]
        .iter()
        .map(|package| graph.why(&name(package)).unwrap().to_string())
        .collect();
    insta::assert_snapshot!(told.join("\n"));
    insta::assert_snapshot!(serde_json::to_string_pretty(&graph.why(&name("core"))).unwrap());
    assert_eq!(graph.why(&name("unknown")), None);
}

#[test]
fn a_graph_is_exported() {
    let lock = lock();
    let graph = lock.graph();
    insta::assert_snapshot!(graph.to_dot());
    insta::assert_snapshot!(graph.to_mermaid());
    insta::assert_snapshot!(serde_json::to_string_pretty(&graph).unwrap());
}

#[test]
fn a_lock_and_its_resolution_agree() {
    let library = "a@1.0.0: b *, c? *\n b@1.0.0: c *\n c@1.0.0: b *\n d@1.0.0: c *";
    let resolution = resolved(library, "a *, d *");
    let lock = Lock::parse(&resolution.lock().to_json()).unwrap();
    let graph = lock.graph();
    assert_eq!(graph.install_order(), resolution.install_order());
    assert_eq!(graph.cycles(), resolution.cycles());
    assert_eq!(graph.tree(9), resolution.tree(9));
}

#[test]
fn a_lock_of_format_1_has_a_tree_and_reasons() {
    let lock = Lock::parse(include_str!("data/lock-1.json")).unwrap();
    let graph = lock.graph();
    insta::assert_snapshot!(graph.tree(3).to_string() + &graph.why(&name("b")).unwrap().to_string(), @r#"
    @elizaos/plugin-a 1.0.0
    ├── @elizaos/core 1.7.2
    └── b 0.1.0
    b 0.1.0
      needed by @elizaos/plugin-a 1.0.0: latest
    "#);
}

/// A lock of two packages of which one needs the other with these words.
fn lock_with_words(words: &str) -> Lock {
    let need = serde_json::Value::from(format!("b@{words}"));
    let mut lock: serde_json::Value = serde_json::from_str(
        &resolve(&builder("").build(), &request(""))
            .unwrap()
            .lock()
            .to_json(),
    )
    .unwrap();
    lock["packages"] = serde_json::json!({
        "a": {"version": "1.0.0", "needs": {"normal": [need]}},
        "b": {"version": "1.0.0"},
    });
    Lock::parse(&lock.to_string()).unwrap()
}

#[test]
fn hostile_words_stay_words() {
    let words = "\"];evil->x;\\\n`<script>`|end#;\u{202e}\u{1b}[31m";
    let lock = lock_with_words(words);
    let graph = lock.graph();
    insta::assert_snapshot!(graph.to_dot());
    insta::assert_snapshot!(graph.to_mermaid());
    let told = graph.why(&name("b")).unwrap().to_string();
    assert_eq!(told.lines().count(), 2);
    assert!(!told.contains(['\u{202e}', '\u{1b}']));
    let long = lock_with_words(&"x".repeat(100_000));
    assert!(long.graph().to_dot().len() < 1000);
}

#[test]
fn reasons_are_bounded() {
    let mut library: String = (0..500)
        .map(|n| format!("p{n}@1.0.0: p{} *\n", n + 1))
        .collect();
    library.push_str("p500@1.0.0: core *\ncore@1.0.0\n");
    library.extend((0..1500).map(|n| format!("q{n}@1.0.0: core *\n")));
    let asked: Vec<String> = (0..1500).map(|n| format!("q{n} *")).collect();
    let lock = resolved(&library, &format!("p0 *, {}", asked.join(", "))).lock();
    let why = lock.graph().why(&name("core")).unwrap();
    assert_eq!((why.dependents.len(), why.dependents_left_out), (1000, 501));
    assert_eq!((why.ways.len(), why.ways_left_out), (200, 1301));
    assert_eq!(
        (why.ways[0].steps.len(), why.ways[0].steps_left_out),
        (32, 470)
    );
    assert_eq!(why.ways[0].steps[0], name("p0"));
    assert_eq!(why.ways[0].steps[31], name("core"));
    assert_eq!(why.to_string().lines().count(), 1 + 2 * 21);
    assert!(why.to_string().contains("p15 > 470 more > p486 > "));
}
