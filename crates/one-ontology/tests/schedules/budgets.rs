//! Who shares a budget shares it exactly.

use std::time::Duration;

use one_ontology::{BudgetRule, Spend, Store as _};
use shuttle::future::block_on;

use crate::support::{MemoryStore, change, scope, under_many_schedules, verified};

const LIMIT: u32 = 4;
const THREADS: usize = 3;
/// Together more than the limit.
const EACH: usize = 2;

fn shared_exactly(rule: BudgetRule) {
    under_many_schedules(move || {
        let store = MemoryStore::new();
        let spenders: Vec<_> = (0..THREADS)
            .map(|spender| {
                let store = store.clone();
                shuttle::thread::spawn(move || {
                    let grants = (0..EACH).filter(|n| {
                        let spend = Spend::one("shared".parse().unwrap(), rule);
                        let changes = change(&format!("{spender}:{n}")).spend(spend);
                        match block_on(store.commit(changes)) {
                            Ok(_) => true,
                            Err(error) => {
                                assert_eq!(error.tag(), "BudgetExhausted");
                                false
                            }
                        }
                    });
                    grants.count()
                })
            })
            .collect();
        let granted: usize = spenders.into_iter().map(|one| one.join().unwrap()).sum();
        assert_eq!(granted, LIMIT as usize);
        // What was refused has left no event.
        assert_eq!(verified(&store), u64::from(LIMIT));
        let kept = block_on(store.budget(&scope(), &"shared".parse().unwrap())).unwrap();
        assert!(kept.is_some());
    });
}

#[test]
fn a_level_is_shared_exactly() {
    shared_exactly(BudgetRule::Level {
        limit: LIMIT.into(),
    });
}

#[test]
fn a_window_is_shared_exactly() {
    shared_exactly(BudgetRule::window(LIMIT, Duration::from_secs(60)));
}
