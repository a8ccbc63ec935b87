//! Planning with names, in whatever order a registry and a symbol source answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use async_trait::async_trait;
use futures::executor::block_on;
use plugin_registry::{
    EntryExports, Extent, ImportTime, ImportedNames, MemorySource, MemorySymbols, PackagePin,
    PackageSymbols, Parsed, PluginLayer, RefineLimits, Refined, SourceError, SymbolSource,
    UnlistedEntries, collect, refine,
};
use plugin_resolver::{Failure, PackageName, Request, parse_version};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use crate::collecting_laws::{After, Shuffled, member, turns};
use crate::support::{document, name};

/// Answers each question after so many turns, different for each release and seed.
#[derive(Debug)]
struct ShuffledSymbols {
    inner: MemorySymbols,
    seed: u64,
    answered: Mutex<Vec<String>>,
}

impl ShuffledSymbols {
    fn new(inner: MemorySymbols, seed: u64) -> Self {
        let answered = Mutex::default();
        Self {
            inner,
            seed,
            answered,
        }
    }
}

#[async_trait]
impl SymbolSource for ShuffledSymbols {
    async fn symbols(&self, release: &PackagePin) -> Result<Parsed<PackageSymbols>, SourceError> {
        let what = format!("{}@{}", release.name, release.version);
        After(turns(self.seed, &what)).await;
        self.answered.lock().unwrap().push(what);
        self.inner.symbols(release).await
    }
}

const MEMBERS: usize = 6;
const NAMES: [&str; 3] = ["x", "y", "z"];

/// What one release needs and exports.
#[derive(Debug, Clone)]
struct Release {
    /// The range, and what is imported.
    needs: BTreeMap<usize, (&'static str, Option<&'static str>)>,
    /// Nothing where the symbol source has no answer.
    exports: Option<BTreeSet<&'static str>>,
}

#[derive(Debug, Clone)]
struct World(BTreeMap<usize, BTreeMap<(u64, u64), Release>>);

fn worlds() -> impl Strategy<Value = World> {
    let range = prop::sample::select(vec!["*", "*", "*", "^1", "^2", ">=1.1.0"]);
    let exports = prop::sample::subsequence(NAMES.to_vec(), 1..=NAMES.len());
    let import = prop::option::weighted(0.7, prop::sample::select(NAMES.to_vec()));
    let release = (
        prop::collection::btree_map(0..MEMBERS, (range, import), 0..4),
        prop::option::weighted(0.95, exports.prop_map(BTreeSet::from_iter)),
    );
    let release = release.prop_map(|(needs, exports)| Release { needs, exports });
    let releases = prop::collection::btree_map((1_u64..4, 0_u64..3), release, 2..6);
    prop::collection::btree_map(0..MEMBERS, releases, MEMBERS).prop_map(World)
}

impl World {
    fn registry(&self) -> MemorySource {
        let core = document("@elizaos/core", &[("1.0.0", json!({}))]);
        let source = MemorySource::new("npm").with("@elizaos/core", core);
        self.0.iter().fold(source, |source, (at, releases)| {
            let listed = releases.iter().map(|((major, minor), release)| {
                let needs = release.needs.iter().filter(|(need, _)| *need != at);
                let needs: Map<String, Value> = needs
                    .map(|(need, (range, _))| (member(*need), json!(range)))
                    .collect();
                (format!("{major}.{minor}.0"), json!({"dependencies": needs}))
            });
            let listed: Vec<(String, Value)> = listed.collect();
            let listed: Vec<(&str, Value)> = listed
                .iter()
                .map(|(version, fields)| (version.as_str(), fields.clone()))
                .collect();
            source.with(&member(*at), document(&member(*at), &listed))
        })
    }

    fn symbols(&self) -> MemorySymbols {
        let releases = self.0.iter().flat_map(|(at, releases)| {
            releases
                .iter()
                .map(move |(version, one)| (at, version, one))
        });
        releases.fold(
            MemorySymbols::new(),
            |source, (at, (major, minor), release)| {
                let Some(exports) = &release.exports else {
                    return source;
                };
                let names = exports.iter().map(|name| (*name).to_owned()).collect();
                let needs = release.needs.iter().filter(|(target, _)| *target != at);
                let imports = needs.filter_map(|(target, (_, name))| Some((target, (*name)?)));
                let symbols = PackageSymbols {
                    exports: [(".".to_owned(), EntryExports::Names(names))].into(),
                    unlisted: UnlistedEntries::Absent,
                    imports: imports
                        .map(|(target, imported)| ImportedNames {
                            package: name(&member(*target)),
                            entry: ".".to_owned(),
                            when: ImportTime::Load,
                            names: [imported.to_owned()].into(),
                        })
                        .collect(),
                };
                let version = parse_version(&format!("{major}.{minor}.0")).unwrap();
                source.with(name(&member(*at)), version, symbols)
            },
        )
    }

    /// The plan, both sources answering in the order of a seed, and the order in which names were told.
    fn plan(&self, roots: &[PackageName], seed: u64) -> Option<(Refined, Vec<String>)> {
        let layer = PluginLayer::default();
        let registry = Shuffled::new(self.registry(), seed);
        let collected = block_on(collect(&registry, roots, &layer)).ok()?;
        let request = roots.iter().fold(Request::new(), |request, root| {
            request.root(root.clone(), "*".parse().unwrap())
        });
        let symbols = ShuffledSymbols::new(self.symbols(), seed);
        let limits = RefineLimits::default();
        let refined = block_on(refine(&symbols, &collected, &layer, &request, limits)).unwrap();
        let answered = symbols.answered.into_inner().unwrap();
        Some((refined, answered))
    }
}

/// All that anybody sees of a plan: the bytes of the lock or the explanation, and everything beside it.
fn seen(refined: &Refined) -> String {
    let Refined {
        outcome,
        symbols,
        reports,
        unanswered,
        extent,
        ..
    } = refined;
    let outcome = match outcome {
        Ok(resolution) => resolution.lock().to_json(),
        Err(Failure::Conflict(why)) => why.lines().join("\n"),
        Err(other) => other.to_string(),
    };
    format!("{outcome}{symbols:?}{reports:?}{unanswered:?}{extent:?}")
}

fn roots() -> impl Strategy<Value = Vec<PackageName>> {
    let roots = prop::collection::btree_set(0..MEMBERS, 1..4);
    roots.prop_map(|roots| roots.into_iter().map(|at| name(&member(at))).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_same_lock_in_whatever_order_names_are_told(
        world in worlds(),
        roots in roots(),
        seeds in prop::collection::vec(any::<u64>(), 4),
    ) {
        let expected = world.plan(&roots, 0).map(|(refined, _)| seen(&refined));
        for seed in seeds {
            let refined = world.plan(&roots, seed).map(|(refined, _)| seen(&refined));
            prop_assert_eq!(&refined, &expected);
        }
    }
}

/// The law would say little if nothing were ever learned, or all answers came in one order.
#[test]
fn worlds_have_plans_that_names_change_and_answers_that_overtake() {
    let mut runner = TestRunner::deterministic();
    let (mut plans, mut changed, mut conflicts, mut overtaken) = (0, 0, 0, 0);
    for _ in 0..64 {
        let tree = (worlds(), roots()).new_tree(&mut runner).unwrap();
        let (world, roots) = tree.current();
        let told = |seed| world.plan(&roots, seed);
        let (Some((one, order)), Some((_, other))) = (told(1), told(2)) else {
            continue;
        };
        assert_eq!(one.extent, Extent::Settled);
        let without = World(
            world
                .0
                .clone()
                .into_iter()
                .map(|(at, mut releases)| {
                    releases
                        .values_mut()
                        .for_each(|release| release.exports = None);
                    (at, releases)
                })
                .collect(),
        );
        let (without, _) = without.plan(&roots, 1).unwrap();
        plans += 1;
        match (&one.outcome, &without.outcome) {
            (Ok(one), Ok(other)) => changed += usize::from(one.lock() != other.lock()),
            (Err(_), Ok(_)) => conflicts += 1,
            _ => {}
        }
        overtaken += usize::from(order != other);
    }
    let counts = (plans, changed, conflicts, overtaken);
    assert!(
        plans >= 32 && changed >= 8 && conflicts >= 2 && overtaken >= 16,
        "{counts:?}"
    );
}
