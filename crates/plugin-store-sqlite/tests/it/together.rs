//! Change sets that wait together are committed together.

use std::path::Path;

use futures::executor::block_on;
use futures::future::join_all;
use one_ontology::{SequentialIds, Store as _};
use plugin_store_sqlite::{Options, SqliteStore};
use rusqlite::Connection;

use crate::help::{change, verified};

/// How many transactions the log has: frames that say how large the file is after them
/// (<https://www.sqlite.org/fileformat.html#the_write_ahead_log>).
fn transactions(path: &Path) -> usize {
    let log = std::fs::read(path.with_extension("db-wal")).unwrap();
    let frames = log.get(32..).unwrap_or_default().chunks(24 + 4096);
    frames
        .filter(|frame| frame.get(4..8).is_some_and(|size| size != [0; 4]))
        .count()
}

#[test]
fn what_waits_is_committed_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = SqliteStore::open(&path, Options::default()).unwrap();
    let ids = SequentialIds::new();
    block_on(store.commit(change(&ids, "before"))).unwrap();
    let before = transactions(&path);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let names: Vec<String> = (0..40).map(|i| format!("thing {i}")).collect();
    let waiting = join_all(names.iter().map(|name| store.commit(change(&ids, name))));
    let release = async {
        // All have been asked for by now: the futures are polled in this order.
        other.execute_batch("ROLLBACK").unwrap();
    };
    let (receipts, ()) = block_on(futures::future::join(waiting, release));
    let mut numbers: Vec<u64> = receipts
        .into_iter()
        .map(|receipt| receipt.unwrap().head.seq.get())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (2..=41).collect::<Vec<u64>>());
    // The first may have been taken before the others came.
    let made = transactions(&path) - before;
    assert!(made <= 2, "{made} transactions for 40 change sets");
    assert_eq!(verified(&store).len(), 41);
}

#[test]
fn no_transaction_grows_without_bound() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = SqliteStore::open(&path, Options::default()).unwrap();
    let ids = SequentialIds::new();
    block_on(store.commit(change(&ids, "before"))).unwrap();
    let before = transactions(&path);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting = join_all((0..200).map(|i| store.commit(change(&ids, &i.to_string()))));
    let release = async { other.execute_batch("ROLLBACK").unwrap() };
    let (receipts, ()) = block_on(futures::future::join(waiting, release));
    assert!(receipts.iter().all(Result::is_ok));
    let made = transactions(&path) - before;
    assert!((4..=5).contains(&made), "{made} transactions for 200");
}
