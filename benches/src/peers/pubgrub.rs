//! pubgrub as its documentation shows it: its own ranges, provider and order.

use std::fmt;
use std::hint::black_box;

use pubgrub::{DefaultStringReporter, OfflineDependencyProvider, PubGrubError, Ranges, Reporter};

use super::{Contestant, End};
use crate::problem::{Answer, Edge, Problem, Spans};

/// The package that stands for the requests; its versions are their numbers.
const REQUEST: usize = usize::MAX;

/// A filled provider.
pub struct Pubgrub {
    provider: OfflineDependencyProvider<usize, Ranges<u32>>,
    packages: usize,
}

impl fmt::Debug for Pubgrub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pubgrub").finish_non_exhaustive()
    }
}

impl Pubgrub {
    /// Fills a provider.
    #[must_use]
    pub fn new(problem: &Problem) -> Self {
        let mut provider = OfflineDependencyProvider::new();
        for (at, package) in problem.packages.iter().enumerate() {
            for (release, version) in package.releases.iter().zip(0_u32..) {
                provider.add_dependencies(at, version, needs(&release.edges));
            }
        }
        for (roots, number) in problem.requests.iter().zip(0_u32..) {
            provider.add_dependencies(REQUEST, number, needs(roots));
        }
        Self {
            provider,
            packages: problem.packages.len(),
        }
    }
}

impl Contestant for Pubgrub {
    fn run(&self, request: usize) -> End {
        let request = u32::try_from(request).unwrap();
        match pubgrub::resolve(&self.provider, REQUEST, request) {
            Ok(solution) => {
                black_box(solution);
                End::Solved
            }
            Err(PubGrubError::NoSolution(mut tree)) => {
                tree.collapse_no_versions();
                black_box(DefaultStringReporter::report(&tree));
                End::Impossible
            }
            Err(_) => End::BudgetSpent,
        }
    }

    fn answer(&self, request: usize) -> Option<Answer> {
        let request = u32::try_from(request).unwrap();
        let solution = pubgrub::resolve(&self.provider, REQUEST, request).ok()?;
        Some(
            (0..self.packages)
                .map(|at| solution.get(&at).copied())
                .collect(),
        )
    }
}

/// Spans as pubgrub's ranges.
pub(super) fn ranges(spans: &Spans) -> Ranges<u32> {
    spans
        .iter()
        .map(|span| Ranges::between(span.start, span.end))
        .fold(Ranges::empty(), |all, span| all.union(&span))
}

/// A package that is asked for twice is asked for what is common.
fn needs(edges: &[Edge]) -> Vec<(usize, Ranges<u32>)> {
    let mut needs = std::collections::BTreeMap::new();
    for edge in edges {
        let ranges = ranges(&edge.admitted);
        needs
            .entry(edge.target)
            .and_modify(|known: &mut Ranges<u32>| *known = known.intersection(&ranges))
            .or_insert(ranges);
    }
    needs.into_iter().collect()
}
