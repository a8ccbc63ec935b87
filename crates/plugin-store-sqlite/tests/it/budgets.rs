//! Who shares a budget shares it exactly: threads, and processes of threads.

use std::path::Path;
use std::process::Child;
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{BudgetRule, ChangeSet, RandomIds, Spend, Store as _};
use plugin_store_sqlite::{Durability, Options, SqliteStore};

use crate::help::{event, now, scope, verified};
use crate::processes::{said, say, start};

const LIMIT: u32 = 1000;
const PROCESSES: usize = 4;
const THREADS: usize = 16;

/// How often: twice, or as often as `ONE_PLUGIN_BUDGET_RUNS` says.
fn runs() -> u64 {
    std::env::var("ONE_PLUGIN_BUDGET_RUNS").map_or(2, |text| text.parse().unwrap())
}

/// Every moment is the same one, so a window of any length never lets anything go.
fn rules() -> [(&'static str, BudgetRule); 2] {
    [
        (
            "level",
            BudgetRule::Level {
                limit: LIMIT.into(),
            },
        ),
        ("window", BudgetRule::window(LIMIT, Duration::from_secs(1))),
    ]
}

fn shared(path: &Path) -> SqliteStore {
    let options = Options::default()
        .durability(Durability::Normal)
        .busy_timeout(Duration::from_mins(1));
    SqliteStore::open(path, options).unwrap()
}

/// Spends on so many threads until the budget is exhausted; how much was granted.
fn spend(store: &SqliteStore, threads: usize, key: &str, rule: &BudgetRule) -> u64 {
    let one = || {
        let mut granted = 0;
        loop {
            let spend = Spend::one(key.parse().unwrap(), *rule);
            let changes = ChangeSet::new(&scope(), event(&RandomIds), now()).spend(spend);
            match block_on(store.commit(changes)) {
                Ok(_) => granted += 1,
                Err(error) if error.tag() == "BudgetExhausted" => return granted,
                Err(error) => panic!("{error}"),
            }
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    })
}

/// One of the processes.
pub(crate) fn child(file: &Path) {
    let store = shared(file);
    let granted = rules()
        .into_iter()
        .map(|(key, rule)| spend(&store, THREADS / PROCESSES, key, &rule))
        .sum();
    say("granted", granted);
}

#[test]
fn threads_share_a_budget_exactly() {
    for _ in 0..runs() {
        let directory = tempfile::tempdir().unwrap();
        let store = shared(&directory.path().join("store.db"));
        for (key, rule) in rules() {
            assert_eq!(spend(&store, THREADS, key, &rule), u64::from(LIMIT));
        }
        assert_eq!(verified(&store).len(), 2 * LIMIT as usize);
    }
}

/// All of them also make the file at the same time.
#[test]
fn processes_share_a_budget_exactly() {
    for _ in 0..runs() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let mut children: Vec<Child> = (0..PROCESSES).map(|_| start("spend", &path)).collect();
        let granted: Vec<u64> = children
            .iter_mut()
            .map(|child| said(child, "granted").sum())
            .collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        assert_eq!(
            granted.iter().sum::<u64>(),
            2 * u64::from(LIMIT),
            "{granted:?}"
        );
        assert_eq!(verified(&shared(&path)).len(), 2 * LIMIT as usize);
    }
}
