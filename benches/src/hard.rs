//! Problems that are hard by construction, as packages and versions.

use crate::problem::{Edge, Package, Problem, Release, span};
use crate::random::Random;

/// One pigeon more than there are holes, each in a hole of its own: impossible, and every proof by resolution is exponential.
///
/// The version of a pigeon is its hole, the version of a hole the pigeon that sits in it.
#[must_use]
pub(crate) fn pigeonhole(holes: u32) -> Problem {
    let mut problem = Problem::default();
    let hole_at = |hole: u32| usize::try_from(hole).unwrap();
    for hole in 0..holes {
        problem.add(format!("hole{hole}"), (0..=holes).map(|_| Vec::new()));
    }
    for pigeon in 0..=holes {
        let sits = (0..holes).map(|hole| vec![exactly(hole_at(hole), pigeon)]);
        problem.add_root(format!("pigeon{pigeon}"), sits);
    }
    problem
}

/// Random clauses of three over so many variables, 4.26 times as many: about half of such problems have an answer.
///
/// The version of a variable is its value, the version of a clause the literal that makes it true.
#[must_use]
pub(crate) fn clauses(variables: u32) -> Problem {
    let mut random = Random::new(u64::from(variables));
    let mut problem = Problem::default();
    for variable in 0..variables {
        problem.add(format!("x{variable}"), [Vec::new(), Vec::new()]);
    }
    for clause in 0..variables * 426 / 100 {
        let mut literal = || {
            let variable = random.index(usize::try_from(variables).unwrap());
            vec![exactly(variable, random.below(2))]
        };
        problem.add_root(format!("clause{clause}"), [literal(), literal(), literal()]);
    }
    problem
}

/// A square grid, closed to a torus, whose edges are 0 or 1; the sum around each crossing is even, but odd around one: impossible, since
/// each edge counts twice.
///
/// The version of an edge is its value, the version of a crossing one way to have the right sum.
#[must_use]
pub(crate) fn parity(side: u32) -> Problem {
    let mut problem = Problem::default();
    let (right, down) = (0, 1);
    let edge_at = |x: u32, y: u32, way: u32| {
        usize::try_from(2 * ((y % side) * side + x % side) + way).unwrap()
    };
    for edge in 0..2 * side * side {
        problem.add(format!("edge{edge}"), [Vec::new(), Vec::new()]);
    }
    for (x, y) in (0..side * side).map(|at| (at % side, at / side)) {
        let edges = [
            edge_at(x, y, right),
            edge_at(x, y, down),
            edge_at(x + side - 1, y, right),
            edge_at(x, y + side - 1, down),
        ];
        let odd = u32::from(x == 0 && y == 0);
        let ways = (0..16_u32).filter(|way| way.count_ones() % 2 == odd);
        let ways = ways.map(|way| {
            let value = |(bit, edge): (u32, &usize)| exactly(*edge, way >> bit & 1);
            (0..).zip(&edges).map(value).collect()
        });
        problem.add_root(format!("crossing{x}-{y}"), ways);
    }
    problem
}

/// Layers of 20 versions, each of which takes any but one of the next layer; the last layer cannot be had. One after the other there are
/// 20 to the power of the number of layers ways to try.
#[must_use]
pub(crate) fn chain(layers: u32) -> Problem {
    const VERSIONS: u32 = 20;
    let mut problem = Problem::default();
    let last = problem.add("end".to_owned(), [Vec::new(), Vec::new()]);
    let any = |target: usize| exactly(target, 0);
    problem.requests = vec![vec![any(last)]];
    let mut next = problem.add(
        "layer0".to_owned(),
        (0..VERSIONS).map(|_| vec![exactly(last, 1)]),
    );
    for layer in 1..layers {
        let releases = (0..VERSIONS).map(|version| {
            let text = format!("<{}.0.0 || >{}.0.0", version + 1, version + 1);
            vec![Edge {
                target: next,
                text,
                admitted: vec![0..version, version + 1..VERSIONS],
            }]
        });
        next = problem.add(format!("layer{layer}"), releases);
    }
    let text = "*".to_owned();
    problem.requests[0].push(Edge {
        target: next,
        text,
        admitted: span(0..VERSIONS),
    });
    problem
}

fn exactly(target: usize, release: u32) -> Edge {
    Edge {
        target,
        text: format!("{}.0.0", release + 1),
        admitted: span(release..release + 1),
    }
}

impl Problem {
    /// Adds a package whose releases 1.0.0, 2.0.0 and so on have these needs.
    fn add(&mut self, name: String, needs: impl IntoIterator<Item = Vec<Edge>>) -> usize {
        let releases = (1..).zip(needs).map(|(major, edges)| Release {
            version: format!("{major}.0.0"),
            edges,
        });
        self.packages.push(Package {
            name,
            releases: releases.collect(),
            tags: Vec::new(),
        });
        self.packages.len() - 1
    }

    /// The same, and the only request asks for any release of it.
    fn add_root(&mut self, name: String, needs: impl IntoIterator<Item = Vec<Edge>>) {
        let target = self.add(name, needs);
        let releases = u32::try_from(self.packages[target].releases.len()).unwrap();
        if self.requests.is_empty() {
            self.requests.push(Vec::new());
        }
        self.requests[0].push(Edge {
            target,
            text: "*".to_owned(),
            admitted: span(0..releases),
        });
    }
}
