//! Registries that look like npm's, made from a seed.

use std::fmt;
use std::str::FromStr;

use crate::problem::{Edge, Package, Problem, Release, span};
use crate::random::Random;

/// How much of a registry must be held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// The newest of everything fits.
    Calm,
    /// One package in five must be held back.
    Mixed,
    /// What fits was planted anywhere: next to nothing can have its newest version.
    Hostile,
}

/// How many versions packages have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizes {
    /// 20: 4 majors of 5 minors.
    Twenty,
    /// As the packages below real plugins have them: 3 on average, one in thirty more than ten.
    Few,
}

/// Majors and minors of a package. Releases are numbered through, ascending.
#[derive(Debug, Clone, Copy)]
struct Grid {
    majors: u32,
    minors: u32,
}

impl Shape {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Calm, Self::Mixed, Self::Hostile];
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Calm => "calm",
            Self::Mixed => "mixed",
            Self::Hostile => "hostile",
        })
    }
}

impl FromStr for Shape {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|shape| shape.to_string() == text)
            .ok_or(())
    }
}

impl Sizes {
    fn draw(self, random: &mut Random) -> Grid {
        let (majors, minors) = match self {
            Self::Twenty => (4, 5),
            Self::Few => match random.below(100) {
                0..30 => (1, 1),
                30..44 => (1, 2),
                44..82 => (1, 3),
                82..88 => (2, 2),
                88..95 => (2, 3),
                95..97 => (2, 4),
                _ => (4, 5),
            },
        };
        Grid { majors, minors }
    }
}

impl Grid {
    fn len(self) -> u32 {
        self.majors * self.minors
    }

    fn newest(self) -> u32 {
        self.len() - 1
    }

    fn version(self, release: u32) -> String {
        format!("{}.{}.0", 1 + release / self.minors, release % self.minors)
    }

    /// A range that admits a release, of a kind as often as npm has it.
    fn around(self, target: usize, release: u32, random: &mut Random) -> Edge {
        let (major, minor) = (1 + release / self.minors, release % self.minors);
        let (start, end) = ((major - 1) * self.minors, major * self.minors);
        let below = minor - random.below(minor + 1);
        let from = start + below;
        let (text, admitted) = match random.below(1000) {
            0..660 => (format!("^{major}.{below}.0"), span(from..end)),
            660..810 => (format!("{major}.{minor}.0"), span(release..release + 1)),
            810..886 => (format!("~{major}.{minor}.0"), span(release..release + 1)),
            886..934 => ("*".to_owned(), span(0..self.len())),
            934..974 => (format!("{major}.x"), span(start..end)),
            974..987 if major > 1 => (
                format!("^{}.0.0 || ^{major}.0.0", major - 1),
                span(start - self.minors..end),
            ),
            _ => (format!(">={major}.{below}.0"), span(from..self.len())),
        };
        Edge {
            target,
            text,
            admitted,
        }
    }
}

/// A registry of so many packages and one request, for which an answer exists.
///
/// Fan-out has a median of 2 and a long tail; two thirds of the ranges are caret ranges; 1 % of the edges go backwards, so there are
/// cycles; one package in 25 is asked for, and everything is reached.
#[must_use]
pub fn registry(nodes: u32, shape: Shape, sizes: Sizes, seed: u64) -> Problem {
    let mut random = Random::new(seed);
    let nodes = usize::try_from(nodes).unwrap();
    let grids: Vec<Grid> = (0..nodes).map(|_| sizes.draw(&mut random)).collect();
    let roots = (nodes / 25).max(3);
    // A selection that is known to fit; everything else is left to chance.
    let planted: Vec<u32> = grids
        .iter()
        .map(|grid| match shape {
            Shape::Mixed if grid.newest() > 0 && random.below(5) == 0 => {
                random.below(grid.newest())
            }
            Shape::Hostile => random.below(grid.len()),
            _ => grid.newest(),
        })
        .collect();
    let targets = targets(nodes, roots, &mut random);
    let mut is_held = vec![false; nodes];
    let packages = (0..nodes).map(|from| {
        let releases = (0..grids[from].len()).map(|release| {
            let edge = |&to: &usize| {
                if release != planted[from] {
                    return contemporary(&grids, from, release, to, &mut random);
                }
                let newest = grids[to].newest();
                let must_hold = planted[to] < newest && !is_held[to];
                is_held[to] = true;
                loop {
                    let edge = grids[to].around(to, planted[to], &mut random);
                    if !(must_hold && edge.admits(newest)) {
                        return edge;
                    }
                }
            };
            Release {
                version: grids[from].version(release),
                edges: targets[from].iter().map(edge).collect(),
            }
        });
        Package {
            name: format!("p{from:04}"),
            releases: releases.collect(),
            tags: Vec::new(),
        }
    });
    let packages = packages.collect();
    let roots = (0..roots).map(|to| grids[to].around(to, planted[to], &mut random));
    Problem {
        packages,
        requests: vec![roots.collect()],
    }
}

/// Which of so many packages need which, as npm has it, by number; without cycles if none goes backwards.
#[must_use]
pub fn needs_of(nodes: usize, backwards: Backwards) -> Vec<Vec<usize>> {
    let mut needs = targets(nodes, 3, &mut Random::new(7));
    if backwards == Backwards::Never {
        for (from, needs) in needs.iter_mut().enumerate() {
            needs.retain(|to| *to > from);
        }
    }
    needs
}

/// Whether needs go backwards, so that there are cycles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backwards {
    /// They do not.
    Never,
    /// One in a hundred does.
    Rarely,
}

/// Who needs whom, whatever the release.
fn targets(nodes: usize, roots: usize, random: &mut Random) -> Vec<Vec<usize>> {
    let mut targets = vec![Vec::new(); nodes];
    for (from, targets) in targets.iter_mut().enumerate() {
        for _ in 0..random.fan_out() {
            let is_back = random.below(100) == 0;
            let ahead = nodes - from - 1;
            let to = if is_back || ahead == 0 {
                random.index(nodes)
            } else {
                from + 1 + random.index(ahead.min(60))
            };
            if to != from {
                targets.push(to);
            }
        }
    }
    for to in roots..nodes {
        let from = to - 1 - random.index(to.min(20));
        targets[from].push(to);
    }
    for targets in &mut targets {
        targets.sort_unstable();
        targets.dedup();
    }
    targets
}

/// Releases want what was current in their day.
fn contemporary(grids: &[Grid], from: usize, release: u32, to: usize, random: &mut Random) -> Edge {
    let day = release * grids[to].len() / grids[from].len();
    let near = day.max(2) - 2 + random.below(5);
    grids[to].around(to, near.min(grids[to].newest()), random)
}

/// A registry to which two packages far from the roots were added a need for the same third: one wants its first major, the other its last.
#[must_use]
pub fn contradiction(nodes: u32, seed: u64) -> Problem {
    let mut problem = registry(nodes, Shape::Mixed, Sizes::Twenty, seed);
    let grid = Grid {
        majors: 4,
        minors: 5,
    };
    let disputed = problem.packages.len();
    let wants = [
        (disputed / 2, "^1.0.0", span(0..grid.minors)),
        (disputed - 1, "^4.0.0", span(3 * grid.minors..grid.len())),
    ];
    for (dependent, text, admitted) in wants {
        for release in &mut problem.packages[dependent].releases {
            release.edges.push(Edge {
                target: disputed,
                text: text.to_owned(),
                admitted: admitted.clone(),
            });
        }
    }
    let releases = (0..grid.len()).map(|release| Release {
        version: grid.version(release),
        edges: Vec::new(),
    });
    problem.packages.push(Package {
        name: "disputed".to_owned(),
        releases: releases.collect(),
        tags: Vec::new(),
    });
    problem
}
