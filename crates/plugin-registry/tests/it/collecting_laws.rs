//! Collecting, whatever a source does: it ends, it is polite, and the order of answers leaves no trace.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};

use async_trait::async_trait;
use futures::executor::block_on;
use plugin_registry::{
    CollectLimits, Collected, Freshness, MemorySource, PackageDocument, PluginLayer, ProgressSink,
    RegistryError, Source, SourceError, SourceId, StageRequest, Staged, collect, collect_within,
};
use plugin_resolver::{Failure, PackageName, Request, resolve};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::{document, name};

/// Answers each question after so many turns, different for each name and seed.
#[derive(Debug)]
pub(crate) struct Shuffled {
    inner: MemorySource,
    seed: u64,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    now: usize,
    most: usize,
    answered: Vec<String>,
}

/// Ready after so many turns.
pub(crate) struct After(pub(crate) u64);

impl Future for After {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 == 0 {
            return Poll::Ready(());
        }
        self.0 -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Shuffled {
    pub(crate) fn new(inner: MemorySource, seed: u64) -> Self {
        Self {
            inner,
            seed,
            open: Mutex::default(),
        }
    }

    fn opened(&self) {
        let mut open = self.open.lock().unwrap();
        open.now += 1;
        open.most = open.most.max(open.now);
    }

    fn answered(&self, name: &str) {
        let mut open = self.open.lock().unwrap();
        open.now -= 1;
        open.answered.push(name.to_owned());
    }
}

pub(crate) fn turns(seed: u64, name: &str) -> u64 {
    let mix = |h: u64, b: u8| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3);
    name.bytes().fold(seed, mix) % 13
}

#[async_trait]
impl Source for Shuffled {
    fn id(&self) -> SourceId {
        self.inner.id()
    }

    async fn package(&self, name: &str) -> Result<PackageDocument, SourceError> {
        self.opened();
        After(turns(self.seed, name)).await;
        self.answered(name);
        self.inner.package(name).await
    }

    async fn stage(
        &self,
        request: &StageRequest,
        progress: &dyn ProgressSink,
    ) -> Result<Staged, SourceError> {
        self.inner.stage(request, progress).await
    }
}

const NAMES: usize = 8;

pub(crate) fn member(at: usize) -> String {
    format!("@elizaos/p{at}")
}

/// Documents that need each other at random; some names have none.
fn worlds() -> impl Strategy<Value = MemorySource> {
    let range = prop::sample::select(vec!["*", "^1", "^2", "1.0.0", ">=2", "latest"]);
    let needs = prop::collection::btree_map(0..NAMES, range, 0..4);
    let package = prop::collection::vec((1_u64..4, 0_u64..3, needs), 1..4);
    prop::collection::btree_map(0..NAMES - 1, package, 3..NAMES).prop_map(|packages| {
        let core = document("@elizaos/core", &[("1.0.0", json!({}))]);
        let source = MemorySource::new("npm").with("@elizaos/core", core);
        packages.iter().fold(source, |source, (at, releases)| {
            let releases: Vec<(String, Value)> = releases
                .iter()
                .map(|(major, minor, needs)| {
                    let needs: Map<String, Value> = needs
                        .iter()
                        .filter(|(need, _)| *need != at)
                        .map(|(need, range)| (member(*need), json!(range)))
                        .collect();
                    (format!("{major}.{minor}.0"), json!({"dependencies": needs}))
                })
                .collect();
            let listed: Vec<(&str, Value)> = releases
                .iter()
                .map(|(version, fields)| (version.as_str(), fields.clone()))
                .collect();
            source.with(&member(*at), document(&member(*at), &listed))
        })
    })
}

/// All that anybody sees of a collection: the lock or the explanation, and everything beside it.
fn outcome(collected: Result<Collected, RegistryError>, roots: &[PackageName]) -> String {
    let collected = match collected {
        Ok(collected) => collected,
        Err(error) => return format!("{error:?}"),
    };
    let request = roots.iter().fold(Request::new(), |request, root| {
        request.root(root.clone(), "*".parse().unwrap())
    });
    let answer = match resolve(&collected.universe, &request) {
        Ok(resolution) => resolution.lock().to_json(),
        Err(Failure::Conflict(why)) => why.lines().join("\n"),
        Err(other) => other.to_string(),
    };
    let Collected {
        packages,
        missing,
        reports,
        freshness,
        ..
    } = &collected;
    format!("{answer}{packages:?}{missing:?}{reports:?}{freshness:?}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_same_lock_in_whatever_order_answers_come(
        world in worlds(),
        roots in prop::collection::btree_set(0..NAMES - 1, 1..3),
        seeds in prop::collection::vec(any::<u64>(), 6),
    ) {
        let roots: Vec<PackageName> = roots.into_iter().map(|at| name(&member(at))).collect();
        let expected = outcome(block_on(collect(&world, &roots, &PluginLayer::default())), &roots);
        for seed in seeds {
            let source = Shuffled::new(world.clone(), seed);
            let collected = block_on(collect(&source, &roots, &PluginLayer::default()));
            prop_assert_eq!(&outcome(collected, &roots), &expected);
        }
    }
}

/// Invents further packages in each document, without end.
#[derive(Debug)]
struct Endless {
    each: usize,
    padding: usize,
    asked: Mutex<BTreeSet<String>>,
}

#[async_trait]
impl Source for Endless {
    fn id(&self) -> SourceId {
        SourceId("hostile".to_owned())
    }

    async fn package(&self, name: &str) -> Result<PackageDocument, SourceError> {
        assert!(
            self.asked.lock().unwrap().insert(name.to_owned()),
            "{name} twice"
        );
        let needs: Map<String, Value> = (0..self.each)
            .map(|at| (format!("{name}-{at}"), json!("*")))
            .collect();
        let fields = json!({"dependencies": needs, "padding": "x".repeat(self.padding)});
        let document = match name {
            "@elizaos/core" => document(name, &[("1.0.0", json!({}))]),
            _ => document(name, &[("1.0.0", fields.clone()), ("2.0.0", fields)]),
        };
        Ok(PackageDocument {
            name: name.to_owned(),
            document,
            freshness: Freshness::Live,
        })
    }

    async fn stage(&self, _: &StageRequest, _: &dyn ProgressSink) -> Result<Staged, SourceError> {
        Err(SourceError::NotFound {
            what: "nothing".to_owned(),
        })
    }
}

/// How many questions are asked before it is refused, and why it is.
fn refused(each: usize, padding: usize, limits: CollectLimits) -> (usize, String) {
    let source = Endless {
        each,
        padding,
        asked: Mutex::default(),
    };
    let root = [name("@elizaos/a")];
    let error = block_on(collect_within(
        &source,
        &root,
        &PluginLayer::default(),
        limits,
    ));
    let error = error.unwrap_err();
    assert_eq!(error.tag(), "ValidationError");
    let asked = source.asked.lock().unwrap().len();
    (asked, error.to_string())
}

#[test]
fn a_registry_that_invents_packages_without_end_is_refused() {
    let limits = CollectLimits::default();
    let (asked, why) = refused(1, 0, limits);
    assert_eq!(
        why,
        "`what @elizaos/a needs` does not hold: `depth` goes on below 32 packages in a row"
    );
    assert_eq!(
        asked,
        limits.waves + 1,
        "the root, what it needs, and the core"
    );

    let (asked, why) = refused(40, 0, limits);
    assert_eq!(
        why,
        "`what @elizaos/a needs` does not hold: `packages` are more than 4000"
    );
    assert!(asked <= limits.packages, "{asked}");

    let few = CollectLimits {
        releases: 100,
        ..limits
    };
    let (asked, why) = refused(3, 0, few);
    assert!(why.ends_with("`releases` are more than 100"), "{why}");
    assert!(asked <= 50 + 16 + 1, "{asked}");

    let small = CollectLimits {
        bytes: 1 << 20,
        ..limits
    };
    let (asked, why) = refused(3, 100_000, small);
    assert!(
        why.ends_with("`documents` are larger than 1048576 bytes"),
        "{why}"
    );
    assert!(asked <= 6 + 16, "{asked}");
}

#[test]
fn at_most_sixteen_questions_are_open_and_each_name_is_asked_once() {
    let needs: Map<String, Value> = (0..100)
        .map(|at| (format!("@elizaos/n{at}"), json!("*")))
        .collect();
    let root = document(
        "@elizaos/a",
        &[("1.0.0", json!({"dependencies": needs.clone()}))],
    );
    let world = (0..100).fold(
        MemorySource::new("npm").with("@elizaos/a", root),
        |world, at| {
            let name = format!("@elizaos/n{at}");
            // Everything needs everything.
            let fields = json!({"dependencies": needs.clone()});
            world.with(&name, document(&name, &[("1.0.0", fields)]))
        },
    );
    let source = Shuffled::new(world, 7);
    block_on(collect(
        &source,
        &[name("@elizaos/a")],
        &PluginLayer::default(),
    ))
    .unwrap();
    let open = source.open.lock().unwrap();
    assert_eq!(open.most, 16);
    let once: BTreeSet<&String> = open.answered.iter().collect();
    assert!(
        !open.answered.is_sorted(),
        "answers come in another order than questions"
    );
    assert_eq!((open.answered.len(), once.len()), (102, 102));
}
