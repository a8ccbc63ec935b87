//! What every contestant is given, in no contestant's own form.

use std::ops::Range;

/// Metadata of packages, and requests to it. Packages and their releases are known by number; releases ascend.
#[derive(Debug, Clone, Default)]
pub struct Problem {
    /// Each package.
    pub packages: Vec<Package>,
    /// Requests, each a list of roots in order of importance.
    pub requests: Vec<Vec<Edge>>,
}

/// A package with its releases, ascending.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its releases.
    pub releases: Vec<Release>,
    /// Tags with the release that each points at.
    pub tags: Vec<(String, u32)>,
}

/// A version with what it needs.
#[derive(Debug, Clone)]
pub struct Release {
    /// npm's text.
    pub version: String,
    /// What it needs.
    pub edges: Vec<Edge>,
}

/// What is asked of a package: in npm's words, and what they mean. The meaning is worked out beforehand and given to the peers, which have
/// no ranges of npm's; ours has the words only.
#[derive(Debug, Clone)]
pub struct Edge {
    /// Number of the package.
    pub target: usize,
    /// npm's text.
    pub text: String,
    /// The releases that are admitted.
    pub admitted: Spans,
}

/// Half-open spans of release numbers, ascending.
pub type Spans = Vec<Range<u32>>;

/// A single span.
pub(crate) fn span(releases: Range<u32>) -> Spans {
    std::iter::once(releases).collect()
}

/// The release number that is selected of each package, if any.
pub type Answer = Vec<Option<u32>>;

impl Edge {
    /// Whether a release is admitted.
    #[must_use]
    pub fn admits(&self, release: u32) -> bool {
        self.admitted.iter().any(|span| span.contains(&release))
    }
}

impl Problem {
    /// How many releases there are of all packages.
    #[must_use]
    pub fn releases(&self) -> usize {
        self.packages
            .iter()
            .map(|package| package.releases.len())
            .sum()
    }

    /// Says what an answer to a request violates.
    ///
    /// # Errors
    ///
    /// The first requirement that is not met, in words.
    pub fn verify(&self, request: usize, answer: &Answer) -> Result<(), String> {
        let check = |edge: &Edge| match answer[edge.target] {
            Some(release) if edge.admits(release) => Ok(()),
            selected => Err(format!(
                "{} {} is not met by {selected:?}",
                self.packages[edge.target].name, edge.text
            )),
        };
        self.requests[request].iter().try_for_each(check)?;
        for (package, selected) in self.packages.iter().zip(answer) {
            if let Some(selected) = selected {
                let release = &package.releases[usize::try_from(*selected).unwrap()];
                release.edges.iter().try_for_each(check)?;
            }
        }
        Ok(())
    }

    /// What is selected of the roots, in order: of two answers the one that is greater here is the better.
    #[must_use]
    pub fn direct(&self, request: usize, answer: &Answer) -> Vec<Option<u32>> {
        let roots = self.requests[request].iter();
        roots.map(|edge| answer[edge.target]).collect()
    }

    /// Leaves out what packages need of packages before them, so that there are no cycles. What was an answer stays one.
    pub fn drop_backward_needs(&mut self) {
        for (from, package) in self.packages.iter_mut().enumerate() {
            for release in &mut package.releases {
                release.edges.retain(|edge| edge.target > from);
            }
        }
    }

    /// The same with nothing but the releases of an answer, which the roots ask for exactly: what a peer without locks is given to
    /// confirm one.
    #[must_use]
    pub fn locked(&self, answer: &Answer) -> Self {
        let admit = |edge: &Edge| {
            let is_met = answer[edge.target].is_some_and(|release| edge.admits(release));
            Edge {
                admitted: is_met.then_some(0..1).into_iter().collect(),
                ..edge.clone()
            }
        };
        let packages = self.packages.iter().zip(answer).map(|(package, selected)| {
            let releases = selected.iter().map(|selected| {
                let release = &package.releases[usize::try_from(*selected).unwrap()];
                Release {
                    version: release.version.clone(),
                    edges: release.edges.iter().map(admit).collect(),
                }
            });
            Package {
                name: package.name.clone(),
                releases: releases.collect(),
                tags: Vec::new(),
            }
        });
        Self {
            packages: packages.collect(),
            requests: self
                .requests
                .iter()
                .map(|roots| roots.iter().map(admit).collect())
                .collect(),
        }
    }
}
