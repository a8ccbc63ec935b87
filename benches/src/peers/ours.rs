//! The project's resolver.

use std::collections::BTreeMap;
use std::hint::black_box;

use plugin_resolver::{
    DependencyKind, Failure, PackageName, ReleaseFacts, Request, Search, Universe, parse_version,
};

use super::{Contestant, End};
use crate::problem::{Answer, Edge, Problem};

/// A universe and its requests.
#[derive(Debug)]
pub struct Ours {
    universe: Universe,
    requests: Vec<Request>,
    names: Vec<PackageName>,
}

impl Ours {
    /// Builds the universe.
    #[must_use]
    pub fn new(problem: &Problem) -> Self {
        let universe = universe(problem);
        let known: BTreeMap<&str, &PackageName> = universe
            .packages()
            .map(|name| (name.as_str(), name))
            .collect();
        let names = problem.packages.iter();
        let names = names.map(|package| known[package.name.as_str()].clone());
        let requests = problem.requests.iter();
        let requests = requests.map(|roots| request(problem, roots));
        Self {
            names: names.collect(),
            requests: requests.collect(),
            universe,
        }
    }

    /// The universe.
    #[must_use]
    pub fn universe(&self) -> &Universe {
        &self.universe
    }

    /// The same without the greedy first look.
    #[must_use]
    pub fn complete(mut self) -> Self {
        for request in &mut self.requests {
            *request = request.clone().search(Search::Complete);
        }
        self
    }
}

impl Contestant for Ours {
    fn run(&self, request: usize) -> End {
        match plugin_resolver::resolve(&self.universe, &self.requests[request]) {
            Ok(resolution) => {
                black_box(resolution);
                End::Solved
            }
            Err(Failure::Conflict(explanation)) => {
                black_box(explanation.to_string());
                End::Impossible
            }
            Err(_) => End::BudgetSpent,
        }
    }

    fn answer(&self, request: usize) -> Option<Answer> {
        let resolution = plugin_resolver::resolve(&self.universe, &self.requests[request]).ok()?;
        let selected = |name: &PackageName| {
            let version = resolution.version(name)?;
            let at = self.universe.versions(name).position(|v| v == version)?;
            u32::try_from(at).ok()
        };
        Some(self.names.iter().map(selected).collect())
    }
}

/// The problem's metadata as a universe, parsed from npm's words.
#[must_use]
pub fn universe(problem: &Problem) -> Universe {
    let names: Vec<PackageName> = problem
        .packages
        .iter()
        .map(|package| package.name.parse().unwrap())
        .collect();
    let mut builder = Universe::builder();
    for (name, package) in names.iter().zip(&problem.packages) {
        builder.package(name.clone());
        for (tag, release) in &package.tags {
            let release = &package.releases[usize::try_from(*release).unwrap()];
            builder.tag(name.clone(), tag, parse_version(&release.version).unwrap());
        }
        for release in &package.releases {
            let mut facts = ReleaseFacts::new();
            for edge in &release.edges {
                let spec = edge.text.parse().unwrap();
                facts = facts.needs(names[edge.target].clone(), spec, DependencyKind::Normal);
            }
            builder.release(
                name.clone(),
                parse_version(&release.version).unwrap(),
                facts,
            );
        }
    }
    builder.build()
}

/// A request for roots, in order.
#[must_use]
pub fn request(problem: &Problem, roots: &[Edge]) -> Request {
    roots.iter().fold(Request::new(), |request, edge| {
        let name = &problem.packages[edge.target].name;
        request.root(name.parse().unwrap(), edge.text.parse().unwrap())
    })
}
