//! A server that is killed, that goes away, or that cuts a commit off in its end.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{RandomIds, Store as _, StoreError};
use plugin_store_postgres::{Durability, PostgresStore};

use crate::help::{Home, change, home, scope, verified};
use crate::processes::{settle, things};
use crate::server;

/// How often something is killed: so many times, or as many as `ONE_PLUGIN_KILLS` says.
pub(crate) fn kills(otherwise: u64) -> u64 {
    std::env::var("ONE_PLUGIN_KILLS").map_or(otherwise, |text| text.parse().unwrap())
}

/// After so many kills a new schema: the time goes into killing, not into reading what is there.
pub(crate) const A_SCHEMA: u64 = 25;

/// As durable as it gets, on a server of our own that is killed like its machine.
#[test]
fn a_killed_server_loses_nothing_that_was_answered() {
    let mut cluster = match server::own() {
        Ok(cluster) => cluster,
        Err(why) => return server::skip("a_killed_server_loses_nothing", &why),
    };
    let fresh = |cluster: &server::Cluster| {
        let home = Home::at(&cluster.address());
        let options = home.options().durability(Durability::Full);
        (home.open_with(options).unwrap(), home)
    };
    let (mut store, mut home) = fresh(&cluster);
    let mut written = 0;
    for round in 0..kills(10) {
        if round > 0 && round % A_SCHEMA == 0 {
            (store, home) = fresh(&cluster);
        }
        let over = AtomicBool::new(false);
        let answered = std::thread::scope(|threads| {
            let writer = |writer: u64| {
                let (store, over) = (&store, &over);
                threads.spawn(move || {
                    let mut answered = Vec::new();
                    while !over.load(Ordering::Relaxed) {
                        let name = format!("{round}:{writer}:{}", answered.len());
                        let keyed = change(&RandomIds, &name).once(name.parse().unwrap());
                        match block_on(store.commit(keyed)) {
                            Ok(_) => answered.push(name),
                            Err(error) => {
                                assert!(
                                    ["StoreUnavailable", "StoreBusy"].contains(&error.tag()),
                                    "{error}"
                                );
                                break;
                            }
                        }
                    }
                    answered
                })
            };
            let writers: Vec<_> = (0..2).map(writer).collect();
            std::thread::sleep(Duration::from_millis(60 + round * 37 % 90));
            cluster.kill();
            over.store(true, Ordering::Relaxed);
            cluster.start().unwrap();
            let all: Vec<Vec<String>> = writers.into_iter().map(|w| w.join().unwrap()).collect();
            all.concat()
        });
        // The same store goes on.
        settle(&store);
        let kept = things(&store);
        let names: BTreeSet<&String> = kept.iter().collect();
        for name in &answered {
            assert!(
                names.contains(name),
                "round {round}: {name} was answered and is gone"
            );
        }
        assert_eq!(verified(&store).len(), kept.len());
        written += answered.len();
    }
    assert!(written as u64 > kills(10), "{written} commits in all");
    drop(store);
    drop(home);
}

#[test]
fn a_server_that_is_away_is_unavailable_and_found_again() {
    let mut cluster = match server::own() {
        Ok(cluster) => cluster,
        Err(why) => return server::skip("a_server_that_is_away", &why),
    };
    let home = Home::at(&cluster.address());
    let options = home.options().durability(Durability::Full);
    let store = home.open_with(options).unwrap();
    settle(&store);
    cluster.kill();
    let error = block_on(store.head(&scope())).unwrap_err();
    assert_eq!(error.tag(), "StoreUnavailable", "{error}");
    let error = block_on(store.commit(change(&RandomIds, "x"))).unwrap_err();
    assert_eq!(error.tag(), "StoreUnavailable", "{error}");
    cluster.start().unwrap();
    settle(&store);
    assert_eq!(verified(&store).len(), 2);
    drop(store);
    drop(home);
}

/// A commit that waits in its end, because somebody else has a table that is written only then;
/// `then` is called when it does.
fn held<T>(
    home: &Home,
    store: &PostgresStore,
    then: impl FnOnce(i32) -> T,
) -> Result<(), StoreError> {
    std::thread::scope(|threads| {
        let (held, is_held) = std::sync::mpsc::channel::<()>();
        let (release, released) = futures::channel::oneshot::channel::<()>();
        let lock = home.with_schema("BEGIN; LOCK TABLE @things IN SHARE MODE");
        let address = &home.address;
        threads.spawn(move || {
            server::run(async {
                let client = server::client(address).await.unwrap();
                client.batch_execute(&lock).await.unwrap();
                held.send(()).unwrap();
                let _released = released.await;
            });
        });
        is_held.recv().unwrap();
        let commit = threads.spawn(|| block_on(store.commit(change(&RandomIds, "held"))).map(drop));
        let waits = home.with_schema(
            "SELECT coalesce(max(pid), 0)::bigint FROM pg_locks WHERE NOT granted \
             AND relation = '@things'::regclass",
        );
        let pid = loop {
            let pid = home.number(&waits);
            if pid != 0 {
                break i32::try_from(pid).unwrap();
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        then(pid);
        let _gone = release.send(());
        commit.join().unwrap()
    })
}

#[test]
fn a_commit_cut_off_in_its_end_is_found_out_about_and_done_once() {
    let Some(home) = home("a_commit_cut_off_in_its_end") else {
        return;
    };
    let store = home.open();
    settle(&store);
    for round in 1..4 {
        let cut = |pid: i32| {
            home.sql(&format!("SELECT pg_terminate_backend({pid})"));
            // Long enough to look, and to be held up again.
            std::thread::sleep(Duration::from_millis(50 * round));
        };
        assert_eq!(held(&home, &store, cut), Ok(()));
        let names = things(&store);
        assert_eq!(
            names.iter().filter(|name| *name == "held").count() as u64,
            round
        );
        assert_eq!(verified(&store).len(), names.len());
    }
}

#[test]
fn a_commit_whose_end_nobody_can_tell_says_so() {
    let mut cluster = match server::own() {
        Ok(cluster) => cluster,
        Err(why) => return server::skip("a_commit_whose_end_nobody_can_tell", &why),
    };
    let home = Home::at(&cluster.address());
    let store = home
        .open_with(home.options().durability(Durability::Full))
        .unwrap();
    settle(&store);
    let error = held(&home, &store, |_| cluster.kill()).unwrap_err();
    assert_eq!(error.tag(), "StoreUnavailable", "{error}");
    assert!(error.to_string().contains("is not known"), "{error}");
    cluster.start().unwrap();
    // It was not, this time.
    assert!(!things(&store).contains(&"held".to_owned()));
    drop(store);
    drop(home);
}
