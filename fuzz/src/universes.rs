//! A small universe from bytes, and every selection of it.

use std::collections::BTreeMap;

use plugin_resolver::{
    Budget, DependencyKind, Failure, Range, ReleaseFacts, Request, Resolution, Search, Universe,
    parse_version, resolve,
};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const VERSIONS: [&str; 4] = ["1.0.0", "1.1.0-beta.1", "1.1.0", "2.0.0"];
const RANGES: [&str; 8] = [
    "*",
    "^1.0.0",
    "1.0.0",
    "2.0.0",
    "<2.0.0",
    ">=1.1.0-beta.0",
    "1.0.0 || 2.0.0",
    ">=3",
];

/// A need or a root: a package and a range, by position.
type Need = (usize, usize);

#[derive(Debug, Default)]
struct World {
    releases: BTreeMap<(usize, usize), Vec<Need>>,
    roots: Vec<Need>,
}

/// Each byte pair is a root, a release, or a need of the release before.
///
/// # Panics
///
/// If an answer does not meet what is required, if a clash that is reported is possible, or if a budget that should do does not.
pub fn universes(data: &[u8]) {
    let world = World::read(data);
    let answers = world.answers(&world.roots);
    let universe = world.universe();
    let request = world.request();
    for search in [Search::GreedyFirst, Search::Complete] {
        match resolve(&universe, &request.clone().search(search)) {
            Ok(resolution) => {
                let selected = positions(&resolution);
                assert!(answers.contains(&selected), "{world:?} {selected:?}");
            }
            Err(Failure::Conflict(why)) => {
                let core: Vec<Need> = world
                    .roots
                    .iter()
                    .filter(|(package, _)| {
                        why.requests()
                            .iter()
                            .any(|r| r.name.as_str() == NAMES[*package])
                    })
                    .copied()
                    .collect();
                assert_eq!(core.len(), why.requests().len(), "{world:?}");
                assert!(world.answers(&core).is_empty(), "{world:?} {core:?}");
                assert!(why.to_string().len() <= 4096);
            }
            Err(failure) => panic!("{world:?} {failure}"),
        }
    }
    let few = request.search(Search::Complete).budget(Budget::steps(1));
    if let Ok(resolution) = resolve(&universe, &few) {
        assert!(answers.contains(&positions(&resolution)), "{world:?}");
    }
}

impl World {
    fn read(data: &[u8]) -> Self {
        let mut world = Self::default();
        let mut release = None;
        for pair in data.chunks_exact(2).take(48) {
            let (package, other) = (usize::from(pair[0]) % 4, usize::from(pair[1]));
            let need = (package, other % RANGES.len());
            match pair[0] / 64 {
                0 if world.roots.iter().all(|(root, _)| *root != package) => world.roots.push(need),
                1 => {
                    release = Some((package, other % VERSIONS.len()));
                    world
                        .releases
                        .entry((package, other % VERSIONS.len()))
                        .or_default();
                }
                _ => {
                    if let Some(needs) = release.and_then(|at| world.releases.get_mut(&at)) {
                        needs.push(need);
                    }
                }
            }
        }
        world
    }

    fn universe(&self) -> Universe {
        let mut builder = Universe::builder();
        for ((package, version), needs) in &self.releases {
            let facts = needs
                .iter()
                .fold(ReleaseFacts::new(), |facts, (target, range)| {
                    let (name, spec) = (NAMES[*target].parse(), RANGES[*range].parse());
                    facts.needs(name.unwrap(), spec.unwrap(), DependencyKind::Normal)
                });
            let version = parse_version(VERSIONS[*version]).unwrap();
            builder.release(NAMES[*package].parse().unwrap(), version, facts);
        }
        builder.build()
    }

    fn request(&self) -> Request {
        self.roots
            .iter()
            .fold(Request::new(), |request, (package, range)| {
                let (name, spec) = (NAMES[*package].parse(), RANGES[*range].parse());
                request.root(name.unwrap(), spec.unwrap())
            })
    }

    /// Every selection that meets these roots and all that the selected need.
    fn answers(&self, roots: &[Need]) -> Vec<BTreeMap<usize, usize>> {
        let mut selections = vec![BTreeMap::new()];
        for package in 0..NAMES.len() {
            for at in 0..selections.len() {
                for (_, version) in self.releases.keys().filter(|(p, _)| *p == package) {
                    let mut more = selections[at].clone();
                    more.insert(package, *version);
                    selections.push(more);
                }
            }
        }
        let meets = |selection: &BTreeMap<usize, usize>, (target, range): &Need| {
            selection
                .get(target)
                .is_some_and(|version| satisfies(*range, *version))
        };
        selections.retain(|selection| {
            let needs = selection
                .iter()
                .flat_map(|(p, v)| &self.releases[&(*p, *v)]);
            roots.iter().chain(needs).all(|need| meets(selection, need))
        });
        selections
    }
}

fn satisfies(range: usize, version: usize) -> bool {
    let range: Range = RANGES[range].parse().unwrap();
    range.satisfies(&parse_version(VERSIONS[version]).unwrap())
}

fn positions(resolution: &Resolution) -> BTreeMap<usize, usize> {
    let position = |all: &[&str], one: &str| all.iter().position(|x| *x == one).unwrap();
    let at = |selected: &plugin_resolver::Selected| {
        let version = selected.version.to_string();
        (
            position(&NAMES, selected.name.as_str()),
            position(&VERSIONS, &version),
        )
    };
    resolution.packages().map(at).collect()
}
