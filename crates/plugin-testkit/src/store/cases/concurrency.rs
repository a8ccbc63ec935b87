//! Many at once: one order, and nothing between the parts of a commit.

use std::sync::Arc;
use std::thread;

use futures::executor::block_on;
use one_ontology::{
    Answer, BudgetRule, ChangeSet, Spend, Store, StoreError, ThingQuery, ThingType, audit,
};

use crate::store::kit::{Kit, budget, key};

const THREADS: usize = 8;

/// Commits every change set, each thread its own, all at once; tags of refusals for errors.
fn race(kit: &Kit, rounds: Vec<Vec<ChangeSet>>) -> Vec<Result<one_ontology::Receipt, StoreError>> {
    let store: Arc<dyn Store> = kit.shared();
    thread::scope(|scope| {
        let threads: Vec<_> = rounds
            .into_iter()
            .map(|changes| {
                let store = &store;
                scope.spawn(move || {
                    changes
                        .into_iter()
                        .map(|changes| block_on(store.commit(changes)))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|t| t.join().unwrap())
            .collect()
    })
}

fn each<T>(count: usize, make: impl Fn(usize) -> T) -> Vec<Vec<T>> {
    (0..THREADS)
        .map(|thread| (0..count).map(|i| make(thread * count + i)).collect())
        .collect()
}

pub(crate) async fn a_budget_grants_exactly_its_limit(kit: &Kit) {
    let scope = kit.group().await;
    let rules = [
        BudgetRule::window(13, std::time::Duration::from_secs(3600)),
        BudgetRule::Level { limit: 13 },
    ];
    for (i, rule) in rules.into_iter().enumerate() {
        let name = format!("budget {i}");
        let rounds = each(4, |_| {
            kit.changes(&scope).spend(Spend::one(budget(&name), rule))
        });
        let results = race(kit, rounds);
        let granted = results.iter().filter(|r| r.is_ok()).count();
        assert_eq!(granted, 13);
        for error in results.into_iter().filter_map(Result::err) {
            assert_eq!(error.tag(), "BudgetExhausted");
        }
    }
}

pub(crate) async fn a_chain_has_one_order(kit: &Kit) {
    let scope = kit.group().await;
    let results = race(
        kit,
        each(10, |_| kit.changes(&scope).event(kit.event(None))),
    );
    let mut firsts: Vec<u64> = results
        .iter()
        .map(|r| r.as_ref().unwrap().first.get())
        .collect();
    firsts.sort_unstable();
    assert_eq!(firsts, (0..80).map(|i| 2 + 2 * i).collect::<Vec<_>>());
    let head = kit.store().head(&scope).await.unwrap();
    audit::verify(scope.place(), &kit.events(&scope).await, head).unwrap();
}

pub(crate) async fn one_revision_is_written_by_one(kit: &Kit) {
    let scope = kit.group().await;
    for _ in 0..5 {
        let thing = kit.added(&scope, ThingType::Course, "Contended").await;
        let results = race(kit, each(1, |_| kit.changes(&scope).replace(thing.clone())));
        assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1);
        for error in results.into_iter().filter_map(Result::err) {
            assert_eq!(error.tag(), "Stale");
        }
        assert_eq!(kit.read(&scope, thing.id).await.revision.get(), 2);
    }
}

pub(crate) async fn absence_is_used_up_by_one(kit: &Kit) {
    let scope = kit.group().await;
    for round in 0..5 {
        let query = ThingQuery {
            name: Some(format!("Only one {round}")),
            ..ThingQuery::default()
        };
        let results = race(
            kit,
            each(1, |_| {
                let thing = kit.thing(&scope, ThingType::Course, &format!("Only one {round}"));
                kit.changes(&scope)
                    .insert(thing)
                    .insist_absent(query.clone())
            }),
        );
        assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1);
        assert_eq!(kit.names(&scope, &query).await.len(), 1);
    }
}

pub(crate) async fn one_request_is_done_by_one(kit: &Kit) {
    let scope = kit.group().await;
    let results = race(kit, each(2, |_| kit.changes(&scope).once(key("request"))));
    let done = results
        .iter()
        .filter(|r| r.as_ref().unwrap().answer == Answer::Done)
        .count();
    assert_eq!(done, 1);
    assert_eq!(kit.events(&scope).await.len(), 2);
}

pub(crate) async fn places_do_not_get_into_each_others_way(kit: &Kit) {
    let mut scopes = Vec::new();
    for _ in 0..THREADS {
        scopes.push(kit.group().await);
    }
    let rounds = scopes
        .iter()
        .map(|scope| (0..10).map(|_| kit.changes(scope)).collect())
        .collect();
    for result in race(kit, rounds) {
        result.unwrap();
    }
    for scope in &scopes {
        let head = kit.store().head(scope).await.unwrap().unwrap();
        assert_eq!(head.seq.get(), 11);
        audit::verify(scope.place(), &kit.events(scope).await, Some(head)).unwrap();
    }
}

/// A reader sees both things of a commit or neither.
pub(crate) async fn a_commit_is_seen_whole(kit: &Kit) {
    let scope = kit.group().await;
    let rounds: Vec<ChangeSet> = (0..40)
        .map(|_| {
            let left = kit.thing(&scope, ThingType::Course, "Left");
            let right = kit.thing(&scope, ThingType::Course, "Right");
            kit.changes(&scope).insert(left).insert(right)
        })
        .collect();
    let (store, scope) = (&kit.shared(), &scope);
    let query = &ThingQuery {
        limit: crate::store::kit::limit(1000),
        ..ThingQuery::default()
    };
    thread::scope(|threads| {
        let writer = threads.spawn(move || {
            for changes in rounds {
                block_on(store.commit(changes)).unwrap();
            }
        });
        let reader = threads.spawn(move || {
            while !writer.is_finished() {
                let page = block_on(store.things(scope, query)).unwrap();
                let left = page.items.iter().filter(|t| t.name == "Left").count();
                assert_eq!(2 * left, page.items.len());
            }
        });
        reader.join().unwrap();
    });
    assert_eq!(kit.names(scope, query).await.len(), 80);
}

/// A reader of a chain that grows sees its beginning, without gaps.
pub(crate) async fn a_chain_that_grows_is_read_without_gaps(kit: &Kit) {
    let scope = kit.group().await;
    let rounds: Vec<ChangeSet> = (0..60)
        .map(|_| kit.changes(&scope).event(kit.event(None)))
        .collect();
    let (store, scope) = (&kit.shared(), &scope);
    let query = &one_ontology::EventQuery {
        limit: crate::store::kit::limit(1000),
        ..Default::default()
    };
    thread::scope(|threads| {
        let writer = threads.spawn(move || {
            for changes in rounds {
                block_on(store.commit(changes)).unwrap();
            }
        });
        let reader = threads.spawn(move || {
            while !writer.is_finished() {
                let head = block_on(store.head(scope)).unwrap().unwrap();
                let events = block_on(store.events(scope, query)).unwrap().items;
                let numbers: Vec<u64> = events.iter().map(|event| event.seq.get()).collect();
                let count = numbers.len() as u64;
                assert_eq!(numbers, (1..=count).collect::<Vec<_>>());
                assert!(count >= head.seq.get(), "an event was seen and is gone");
                // The first alone, then two in each commit.
                assert_eq!(count % 2, 1);
            }
        });
        reader.join().unwrap();
    });
}

/// A place at a table is taken, left, and never given to two.
pub(crate) async fn a_level_is_never_above_its_limit(kit: &Kit) {
    let scope = kit.group().await;
    let spend = Spend::one(budget("level"), BudgetRule::Level { limit: 3 });
    let inside = std::sync::atomic::AtomicUsize::new(0);
    let rounds = each(15, |_| {
        let now = kit.now();
        (
            kit.changes(&scope).spend(spend.clone()),
            kit.changes(&scope)
                .settle(one_ontology::Settle::refund(&spend, now)),
        )
    });
    let store = &kit.shared();
    thread::scope(|threads| {
        for round in rounds {
            let inside = &inside;
            threads.spawn(move || {
                use std::sync::atomic::Ordering::SeqCst;
                for (enter, leave) in round {
                    match block_on(store.commit(enter)) {
                        Ok(_) => {
                            assert!(inside.fetch_add(1, SeqCst) < 3, "a fourth is inside");
                            inside.fetch_sub(1, SeqCst);
                            block_on(store.commit(leave)).unwrap();
                        }
                        Err(error) => assert_eq!(error.tag(), "BudgetExhausted"),
                    }
                }
            });
        }
    });
    let left = kit.store().budget(&scope, &budget("level")).await.unwrap();
    assert_eq!(left, Some(one_ontology::BudgetState::Level { used: 0 }));
}
