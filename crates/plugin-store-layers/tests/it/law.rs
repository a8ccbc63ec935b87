//! Two hosts with a cache each, over one store: no read is older than it may be.

use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{ManualClock, MemoryStore, Store, Thing, Timestamp};
use plugin_store_layers::{CacheOptions, Cached};
use proptest::prelude::*;

use crate::facts::{Facts, NOW};

const TTL: Duration = Duration::from_secs(10);
const THINGS: usize = 3;

/// What a host does next.
#[derive(Clone, Copy, Debug)]
enum Step {
    Read { host: usize, thing: usize },
    List { host: usize },
    Write { host: usize, thing: usize },
    Wait { seconds: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let (host, thing) = (0..2_usize, 0..THINGS);
    prop_oneof![
        4 => (host.clone(), thing.clone()).prop_map(|(host, thing)| Step::Read { host, thing }),
        2 => host.clone().prop_map(|host| Step::List { host }),
        2 => (host, thing).prop_map(|(host, thing)| Step::Write { host, thing }),
        2 => (1..8_u64).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

/// Every name a thing has had: since when, and who wrote it.
type History = Vec<(Timestamp, usize, String)>;

/// Checks that `name` was the name at some moment that `host` may still be shown at `now`.
fn check(history: &History, host: usize, now: Timestamp, name: &str) -> Result<(), TestCaseError> {
    let at = history.iter().position(|(_, _, known)| known == name);
    let at = at.expect("each name is given once");
    // What came after it: not written here, and not so long ago.
    for (since, writer, newer) in &history[at + 1..] {
        prop_assert_ne!(
            *writer,
            host,
            "`{}` hides what this host wrote: `{}`",
            name,
            newer
        );
        prop_assert!(
            now.since(*since) < TTL,
            "`{}` is too old: `{}` came {}",
            name,
            newer,
            since
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_read_is_older_than_it_may_be(steps in proptest::collection::vec(step(), 1..60)) {
        let facts = Facts::new();
        let clock = Arc::new(ManualClock::new(NOW));
        let below = Arc::new(MemoryStore::new());
        let options = CacheOptions::default().ttl(TTL);
        let host = || Cached::over(below.clone(), options, clock.clone());
        let hosts = [host(), host()];
        let things: Vec<Thing> = (0..THINGS).map(|n| facts.added(below.as_ref(), &format!("{n}"))).collect();
        let mut histories: Vec<History> =
            (0..THINGS).map(|n| vec![(NOW, usize::MAX, format!("{n}"))]).collect();
        let mut now = NOW;
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Read { host, thing } => {
                    let name = facts.name(&hosts[host], things[thing].id);
                    check(&histories[thing], host, now, &name)?;
                }
                Step::List { host } => {
                    let page = block_on(hosts[host].things(&facts.scope, &Default::default())).unwrap();
                    for row in page.items {
                        let thing = things.iter().position(|t| t.id == row.id).unwrap();
                        check(&histories[thing], host, now, &row.name)?;
                    }
                }
                Step::Write { host, thing } => {
                    let name = format!("{thing} of step {number}");
                    // Reads and decides again when it was too late, at most once: what is read
                    // after a refusal is read anew.
                    for attempt in 0.. {
                        let read = hosts[host].thing(&facts.scope, things[thing].id);
                        let mut row = block_on(read).unwrap().unwrap();
                        name.clone_into(&mut row.name);
                        match block_on(hosts[host].commit(facts.changes().replace(row))) {
                            Ok(_) => break,
                            Err(error) => prop_assert!(attempt == 0, "refused twice: {error}"),
                        }
                    }
                    histories[thing].push((now, host, name));
                }
                Step::Wait { seconds } => {
                    clock.advance(Duration::from_secs(seconds));
                    now = now.plus(Duration::from_secs(seconds));
                }
            }
        }
    }
}
