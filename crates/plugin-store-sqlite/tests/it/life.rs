//! Threads end, streams end, clones share.

use std::time::Duration;

use futures::StreamExt as _;
use futures::executor::block_on;
use one_ontology::{Seq, SequentialIds, Store as _};
use plugin_store_sqlite::{Options, SqliteStore};

use crate::help::{change, fill, open, scope, verified};

#[test]
fn a_watcher_keeps_the_store_and_lets_go_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path).unwrap();
    let mut stream = store.watch(&scope(), Seq::START);
    fill(&store, 2);
    drop(store);
    for number in 1..3 {
        let event = block_on(stream.next()).unwrap().unwrap();
        assert_eq!(event.seq, Seq::new(number));
    }
    drop(stream);
    // The last one has closed the file: its log is gone.
    assert!(!path.with_file_name("store.db-wal").exists());
}

#[test]
fn many_stores_open_and_close() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let ids = SequentialIds::new();
    for round in 0..20 {
        let store = open(&path).unwrap();
        block_on(store.commit(change(&ids, "again"))).unwrap();
        assert_eq!(verified(&store).len(), round + 1);
    }
}

#[test]
fn two_stores_on_one_file_see_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let ids = SequentialIds::new();
    let (a, b) = (open(&path).unwrap(), open(&path).unwrap());
    for round in 0..10 {
        let (writes, reads) = if round % 2 == 0 { (&a, &b) } else { (&b, &a) };
        block_on(writes.commit(change(&ids, "x"))).unwrap();
        assert_eq!(verified(reads).len(), round + 1);
    }
}

#[test]
fn a_commit_given_up_before_it_began_is_not_done() {
    let store = SqliteStore::in_memory().unwrap();
    let ids = SequentialIds::new();
    drop(store.commit(change(&ids, "never polled")));
    assert!(verified(&store).is_empty());
}

#[test]
fn a_watch_sees_commits_of_another_store_on_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let options = Options::default().poll_interval(Duration::from_millis(5));
    let watches = SqliteStore::open(&path, options).unwrap();
    let mut stream = watches.watch(&scope(), Seq::START);
    let writer = std::thread::spawn(move || {
        let store = open(&path).unwrap();
        let ids = SequentialIds::new();
        for _ in 0..5 {
            std::thread::sleep(Duration::from_millis(20));
            block_on(store.commit(change(&ids, "x"))).unwrap();
        }
    });
    for number in 1..6 {
        let event = block_on(stream.next()).unwrap().unwrap();
        assert_eq!(event.seq, Seq::new(number));
    }
    writer.join().unwrap();
}
