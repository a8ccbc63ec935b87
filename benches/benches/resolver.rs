//! The resolver beside pubgrub with its own ranges and resolvo, on the same synthetic registries, in one run.
//!
//! `cargo bench -p benches --bench resolver`; with `--quick` (or `--test`) everything runs once, to see that it works.
//!
//! The registries look like npm's: 20 versions a package (4 majors of 5 minors), fan-out with a median of 2 and a long tail, two thirds caret
//! ranges, 1 % of the edges backwards. In the calm shape the newest of everything fits; in the mixed shape one package in five must be held back.
//! Every solver gets the registry in its own form beforehand; what is timed is the solving.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a broken bench may panic"
)]

use std::collections::BTreeMap;
use std::fmt::Display;
use std::hint::black_box;
use std::time::{Duration, Instant};

use plugin_resolver::{DependencyKind, PackageName, ReleaseFacts, Request, Search, Universe};
use pubgrub::{OfflineDependencyProvider, Ranges, SemanticVersion};
use resolvo::utils::Pool;
use resolvo::{
    Candidates, Condition, ConditionId, Dependencies, HintDependenciesAvailable, Interner,
    KnownDependencies, NameId, Problem, SolvableId, Solver, SolverCache, StringId, VersionSetId,
    VersionSetUnionId,
};

const MAJORS: u32 = 4;
const MINORS: u32 = 5;
const VERSIONS: u32 = MAJORS * MINORS;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick" || argument == "--test");
    println!("nodes, shape       ours      | peers, with their time as a multiple of ours");
    for shape in [Shape::Calm, Shape::Mixed] {
        for nodes in [50, 500] {
            let registry = Registry::generate(nodes, shape, 20_261_120 + u64::from(nodes));
            compare(&registry, shape, if quick { 1 } else { 101 });
        }
    }
    println!(
        "median time of one resolution; in brackets: times ours. The newest direct dependencies, in order, are checked."
    );
}

fn compare(registry: &Registry, shape: Shape, rounds: usize) {
    let universe = registry.universe();
    let request = registry.request();
    let ours = |request: &Request| {
        let resolution = plugin_resolver::resolve(&universe, request).unwrap();
        let version =
            |name: &PackageName| resolution.version(name).map(|v| index(v.major, v.minor));
        (0..registry.packages.len())
            .map(|at| version(&package_name(at)))
            .collect::<Vec<_>>()
    };
    let complete = request.clone().search(Search::Complete);
    let provider = registry.pubgrub();
    let peer = Peer::new(registry);

    // Right first, then fast.
    let answers = [
        ("ours", ours(&request)),
        ("ours, solver", ours(&complete)),
        ("pubgrub", registry.solved_by_pubgrub(&provider)),
        ("resolvo", peer.solve()),
    ];
    for (name, answer) in &answers {
        registry.verify(name, answer);
    }
    let best = registry.direct(&answers[0].1);
    for (name, answer) in &answers[1..] {
        let direct = registry.direct(answer);
        assert!(direct <= best, "{name} has newer direct dependencies");
    }
    assert_eq!(best, registry.direct(&answers[1].1), "both searches agree");

    let steps = plugin_resolver::resolve(&universe, &complete)
        .unwrap()
        .steps();
    let times = [
        median(rounds, || plugin_resolver::resolve(&universe, &request)),
        median(rounds, || plugin_resolver::resolve(&universe, &complete)),
        median(rounds, || {
            pubgrub::resolve(&provider, ROOT, SemanticVersion::zero())
        }),
        median(rounds, || peer.solve()),
        median(rounds.min(11), || registry.universe()),
    ];
    let ratio = |time: Duration| {
        let times = time.as_secs_f64() / times[0].as_secs_f64();
        format!("{:.3} ms ({times:.1}x)", time.as_secs_f64() * 1e3)
    };
    let newest = |at: usize| {
        if registry.direct(&answers[at].1) == best {
            ""
        } else {
            " behind"
        }
    };
    println!(
        "{:<18} {:.3} ms | solver {}{} | pubgrub {}{} | resolvo {}{} | universe {:.3} ms, {steps} steps",
        format!("{}, {shape:?}", registry.packages.len()),
        times[0].as_secs_f64() * 1e3,
        ratio(times[1]),
        newest(1),
        ratio(times[2]),
        newest(2),
        ratio(times[3]),
        newest(3),
        times[4].as_secs_f64() * 1e3,
    );
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn median<T>(rounds: usize, run: impl Fn() -> T) -> Duration {
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            black_box(run());
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

/// How much of a registry must be held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Calm,
    Mixed,
}

/// Packages by number, versions by number: 4 majors of 5 minors, ascending.
struct Registry {
    packages: Vec<Vec<Vec<Edge>>>,
    roots: Vec<Edge>,
}

/// A range on a package: as npm text, and as the half-open spans of version numbers that it means.
#[derive(Clone)]
struct Edge {
    target: usize,
    text: String,
    spans: Vec<(u32, u32)>,
}

impl Registry {
    fn generate(nodes: u32, shape: Shape, seed: u64) -> Self {
        let mut random = Random(seed);
        let nodes = usize::try_from(nodes).unwrap();
        let newest = VERSIONS - 1;
        // A selection that is known to fit; everything else is left to chance.
        let planted: Vec<u32> = (0..nodes)
            .map(|_| match shape {
                Shape::Mixed if random.below(5) == 0 => random.below(newest),
                _ => newest,
            })
            .collect();
        let root_count = (nodes / 25).max(3);
        let mut targets: Vec<Vec<usize>> = (0..nodes)
            .map(|from| {
                let fan_out = random.fan_out();
                (0..fan_out)
                    .map(|_| {
                        let back = random.below(100) == 0;
                        let ahead = nodes - from - 1;
                        if back || ahead == 0 {
                            random.index(nodes)
                        } else {
                            from + 1 + random.index(ahead.min(60))
                        }
                    })
                    .filter(|to| *to != from)
                    .collect()
            })
            .collect();
        // Everything is reached.
        for to in root_count..nodes {
            let from = to - 1 - random.index(to.min(20));
            targets[from].push(to);
        }
        for targets in &mut targets {
            targets.sort_unstable();
            targets.dedup();
        }
        let mut is_held = vec![false; nodes];
        let packages = (0..nodes)
            .map(|from| {
                (0..VERSIONS)
                    .map(|version| {
                        let edges = targets[from].iter().map(|&to| {
                            if version != planted[from] {
                                // Other releases want what was current in their day.
                                let near = version.max(2) - 2 + random.below(5);
                                return Edge::around(to, near.min(newest), &mut random);
                            }
                            let must_hold = planted[to] < newest && !is_held[to];
                            is_held[to] = true;
                            loop {
                                let edge = Edge::around(to, planted[to], &mut random);
                                if !(must_hold && edge.admits(newest)) {
                                    return edge;
                                }
                            }
                        });
                        edges.collect()
                    })
                    .collect()
            })
            .collect();
        let roots = (0..root_count)
            .map(|to| Edge::around(to, planted[to], &mut random))
            .collect();
        Self { packages, roots }
    }

    fn universe(&self) -> Universe {
        let mut builder = Universe::builder();
        for (at, versions) in self.packages.iter().enumerate() {
            for (version, edges) in (0..).zip(versions) {
                let mut facts = ReleaseFacts::new();
                for edge in edges {
                    let spec = edge.text.parse().unwrap();
                    facts = facts.needs(package_name(edge.target), spec, DependencyKind::Normal);
                }
                let (major, minor) = parts(version);
                let version =
                    plugin_resolver::parse_version(&format!("{major}.{minor}.0")).unwrap();
                builder.release(package_name(at), version, facts);
            }
        }
        builder.build()
    }

    fn request(&self) -> Request {
        self.roots.iter().fold(Request::new(), |request, edge| {
            request.root(package_name(edge.target), edge.text.parse().unwrap())
        })
    }

    fn pubgrub(&self) -> OfflineDependencyProvider<usize, Ranges<SemanticVersion>> {
        let mut provider = OfflineDependencyProvider::new();
        let needs = |edges: &[Edge]| {
            edges
                .iter()
                .map(|edge| (edge.target, edge.ranges()))
                .collect::<Vec<_>>()
        };
        for (at, versions) in self.packages.iter().enumerate() {
            for (version, edges) in (0..).zip(versions) {
                provider.add_dependencies(at, semantic(version), needs(edges));
            }
        }
        provider.add_dependencies(ROOT, SemanticVersion::zero(), needs(&self.roots));
        provider
    }

    fn solved_by_pubgrub(
        &self,
        provider: &OfflineDependencyProvider<usize, Ranges<SemanticVersion>>,
    ) -> Vec<Option<u64>> {
        let solution = pubgrub::resolve(provider, ROOT, SemanticVersion::zero()).unwrap();
        let number = |version: &SemanticVersion| {
            let (major, minor, _): (u32, u32, u32) = (*version).into();
            index(major.into(), minor.into())
        };
        (0..self.packages.len())
            .map(|at| solution.get(&at).map(number))
            .collect()
    }

    fn verify(&self, name: &str, answer: &[Option<u64>]) {
        let check = |edge: &Edge| {
            let selected = answer[edge.target].and_then(|version| u32::try_from(version).ok());
            assert!(
                selected.is_some_and(|v| edge.admits(v)),
                "{name}: {} is not met",
                edge.text
            );
        };
        self.roots.iter().for_each(check);
        for (versions, selected) in self.packages.iter().zip(answer) {
            if let Some(selected) = selected {
                versions[usize::try_from(*selected).unwrap()]
                    .iter()
                    .for_each(check);
            }
        }
    }

    fn direct(&self, answer: &[Option<u64>]) -> Vec<Option<u64>> {
        self.roots.iter().map(|edge| answer[edge.target]).collect()
    }
}

impl Edge {
    /// A range that admits a version, of a kind as often as npm has it.
    fn around(target: usize, version: u32, random: &mut Random) -> Self {
        let (major, minor) = parts(version);
        let (start, end) = ((major - 1) * MINORS, major * MINORS);
        let below = minor - random.below(minor + 1);
        let from = start + below;
        let (text, spans) = match random.below(1000) {
            0..660 => (format!("^{major}.{below}.0"), vec![(from, end)]),
            660..810 => (format!("{major}.{minor}.0"), vec![(version, version + 1)]),
            810..886 => (format!("~{major}.{minor}.0"), vec![(version, version + 1)]),
            886..934 => ("*".to_owned(), vec![(0, VERSIONS)]),
            934..974 => (format!("{major}.x"), vec![(start, end)]),
            974..987 if major > 1 => (
                format!("^{}.0.0 || ^{major}.0.0", major - 1),
                vec![(start - MINORS, start), (start, end)],
            ),
            _ => (format!(">={major}.{below}.0"), vec![(from, VERSIONS)]),
        };
        Self {
            target,
            text,
            spans,
        }
    }

    fn admits(&self, version: u32) -> bool {
        self.spans
            .iter()
            .any(|(from, to)| (*from..*to).contains(&version))
    }

    fn ranges(&self) -> Ranges<SemanticVersion> {
        let spans = self
            .spans
            .iter()
            .map(|(from, to)| Ranges::between(semantic(*from), semantic(*to)));
        spans.reduce(|all, span| all.union(&span)).unwrap()
    }
}

/// The package that stands for the request, in pubgrub's form.
const ROOT: usize = usize::MAX;

fn package_name(at: usize) -> PackageName {
    format!("p{at:04}").parse().unwrap()
}

fn parts(version: u32) -> (u32, u32) {
    (1 + version / MINORS, version % MINORS)
}

fn index(major: u64, minor: u64) -> u64 {
    (major - 1) * u64::from(MINORS) + minor
}

fn semantic(version: u32) -> SemanticVersion {
    let (major, minor) = parts(version);
    SemanticVersion::new(major, minor, 0)
}

/// xorshift64*: the same registries on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        u32::try_from(high).unwrap() % limit
    }

    fn index(&mut self, limit: usize) -> usize {
        usize::try_from(self.below(u32::try_from(limit).unwrap())).unwrap()
    }

    /// Mean about 3.5, median 2, 90 % below 9, one in a hundred 33.
    fn fan_out(&mut self) -> u32 {
        match self.below(100) {
            0..50 => self.below(3),
            50..75 => 2 + self.below(3),
            75..90 => 4 + self.below(6),
            90..99 => 9 + self.below(12),
            _ => 33,
        }
    }
}

/// A registry in resolvo's form.
struct Peer {
    pool: Pool<Ranges<SemanticVersion>>,
    candidates: BTreeMap<NameId, Vec<SolvableId>>,
    needs: BTreeMap<SolvableId, Vec<VersionSetId>>,
    roots: Vec<VersionSetId>,
    /// Package and version by number.
    numbers: BTreeMap<SolvableId, (usize, u32)>,
}

impl Peer {
    fn new(registry: &Registry) -> Self {
        let pool = Pool::default();
        let names: Vec<NameId> = (0..registry.packages.len())
            .map(|at| pool.intern_package_name(format!("p{at:04}")))
            .collect();
        let sets = |edges: &[Edge]| {
            let set = |edge: &Edge| pool.intern_version_set(names[edge.target], edge.ranges());
            edges.iter().map(set).collect::<Vec<_>>()
        };
        let (mut candidates, mut needs, mut numbers) =
            (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (at, versions) in registry.packages.iter().enumerate() {
            let mut solvables = Vec::new();
            for (version, edges) in (0..).zip(versions) {
                let solvable = pool.intern_solvable(names[at], semantic(version));
                solvables.push(solvable);
                needs.insert(solvable, sets(edges));
                numbers.insert(solvable, (at, version));
            }
            candidates.insert(names[at], solvables);
        }
        let roots = sets(&registry.roots);
        Self {
            candidates,
            needs,
            numbers,
            roots,
            pool,
        }
    }

    fn solve(&self) -> Vec<Option<u64>> {
        let requirements = self.roots.iter().map(|set| (*set).into()).collect();
        let problem = Problem::new().requirements(requirements);
        let Ok(solvables) = Solver::new(Borrowed(self)).solve(problem) else {
            unreachable!("the registry has an answer");
        };
        let mut answer = vec![None; self.candidates.len()];
        for solvable in solvables {
            let (package, version) = self.numbers[&solvable];
            answer[package] = Some(u64::from(version));
        }
        answer
    }
}

/// resolvo takes its provider by value; the registry is built once.
struct Borrowed<'a>(&'a Peer);

impl Interner for Borrowed<'_> {
    type NameId = NameId;
    type SolvableId = SolvableId;

    fn display_solvable(&self, solvable: SolvableId) -> impl Display + '_ {
        self.0.pool.resolve_solvable(solvable).record
    }

    fn display_name(&self, name: NameId) -> impl Display + '_ {
        self.0.pool.resolve_package_name(name)
    }

    fn display_version_set(&self, set: VersionSetId) -> impl Display + '_ {
        self.0.pool.resolve_version_set(set)
    }

    fn display_string(&self, string: StringId) -> impl Display + '_ {
        self.0.pool.resolve_string(string)
    }

    fn version_set_name(&self, set: VersionSetId) -> NameId {
        self.0.pool.resolve_version_set_package_name(set)
    }

    fn solvable_name(&self, solvable: SolvableId) -> NameId {
        self.0.pool.resolve_solvable(solvable).name
    }

    fn version_sets_in_union(
        &self,
        union: VersionSetUnionId,
    ) -> impl Iterator<Item = VersionSetId> {
        self.0.pool.resolve_version_set_union(union)
    }

    fn resolve_condition(&self, condition: ConditionId) -> Condition {
        self.0.pool.resolve_condition(condition).clone()
    }
}

impl resolvo::DependencyProvider for Borrowed<'_> {
    async fn filter_candidates(
        &self,
        candidates: &[SolvableId],
        set: VersionSetId,
        inverse: bool,
    ) -> Vec<SolvableId> {
        let set = self.0.pool.resolve_version_set(set);
        let is_in =
            |solvable: SolvableId| set.contains(&self.0.pool.resolve_solvable(solvable).record);
        candidates
            .iter()
            .copied()
            .filter(|solvable| is_in(*solvable) != inverse)
            .collect()
    }

    async fn get_candidates(&self, name: NameId) -> Option<Candidates<SolvableId>> {
        Some(Candidates {
            candidates: self.0.candidates.get(&name)?.clone(),
            hint_dependencies_available: HintDependenciesAvailable::None,
            ..Candidates::default()
        })
    }

    async fn sort_candidates(&self, _: &SolverCache<Self>, solvables: &mut [SolvableId]) {
        solvables.sort_by_key(|solvable| {
            std::cmp::Reverse(self.0.pool.resolve_solvable(*solvable).record)
        });
    }

    async fn get_dependencies(&self, solvable: SolvableId) -> Dependencies {
        let needs = self.0.needs.get(&solvable).into_iter().flatten();
        Dependencies::Known(KnownDependencies {
            requirements: needs.map(|set| (*set).into()).collect(),
            constrains: Vec::new(),
        })
    }
}
