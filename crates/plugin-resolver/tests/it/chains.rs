//! Depth without limits: nothing recurses, on a stack as small as a thread may have.

use plugin_resolver::{
    Budget, DependencyGraph, DependencyKind, EdgeStrength, Failure, ReleaseFacts, Request,
    Universe, parse_version, resolve,
};

use crate::support::name;

fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(256 * 1024)
        .spawn(test)
        .unwrap()
        .join()
        .unwrap();
}

/// p0 needs p1 needs p2 ... needs the end, which is there or not.
fn chain(length: usize, with_end: bool) -> Universe {
    let mut builder = Universe::builder();
    let version = parse_version("1.0.0").unwrap();
    for at in 0..length {
        let next = name(&format!("p{}", at + 1));
        let facts = ReleaseFacts::new().needs(next, "^1".parse().unwrap(), DependencyKind::Normal);
        builder.release(name(&format!("p{at}")), version.clone(), facts);
    }
    if with_end {
        builder.release(name(&format!("p{length}")), version, ReleaseFacts::new());
    }
    builder.build()
}

fn first() -> Request {
    Request::new().root(name("p0"), "*".parse().unwrap())
}

#[test]
fn a_million_nodes_in_a_chain() {
    on_a_small_stack(|| {
        let nodes = 1_000_000;
        let chain = (1..nodes).map(|at| (at - 1, at, EdgeStrength::Hard));
        let graph = DependencyGraph::new(nodes, chain);
        let order = graph.order();
        assert_eq!(
            (order.len(), order.first(), order.last()),
            (nodes, Some(&vec![nodes - 1]), Some(&vec![0]))
        );
        // And one cycle of many.
        let nodes = 100_000;
        let edges = (0..nodes).map(|at| (at, (at + 1) % nodes, EdgeStrength::Hard));
        let closed = DependencyGraph::new(nodes, edges);
        assert_eq!(closed.order().len(), 1);
        assert_eq!(closed.cycles()[0].witness.len(), nodes);
    });
}

#[test]
fn a_long_chain_is_resolved() {
    on_a_small_stack(|| {
        let resolution = resolve(&chain(20_000, true), &first()).unwrap();
        assert_eq!(resolution.packages().len(), 20_001);
        assert_eq!(resolution.install_order().len(), 20_001);
        assert!(resolution.tree(usize::MAX).left_out() > 0);
        assert_eq!(resolution.tree(5).lines().len(), 6);
    });
}

#[test]
fn a_long_chain_that_ends_nowhere_is_explained() {
    on_a_small_stack(|| {
        let asked = first().budget(Budget::steps(1_000_000));
        let Err(Failure::Conflict(explanation)) = resolve(&chain(20_000, false), &asked) else {
            panic!("the end is missing");
        };
        assert_eq!(explanation.requirements().len(), 20_001);
        assert_eq!(
            explanation.lines()[1],
            "  p19999 1.0.0, needed by p0 through 19998 others, needs p20000 ^1: no package of that name is known"
        );
    });
}
