//! A disk that is full, a store that is busy: nothing half written, and it goes on afterwards.

use futures::executor::block_on;
use one_ontology::{SequentialIds, Store as _, StoreError};
use plugin_store_sqlite::SqliteStore;
use rusqlite::Connection;

use crate::help::{change, open, quick, verified};

#[test]
fn a_full_disk_refuses_whole_commits() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = SqliteStore::open(&path, quick().max_bytes(400 * 1024)).unwrap();
    let ids = SequentialIds::new();
    let mut done = 0;
    let error = loop {
        let changes = change(&ids, &format!("thing {done} {}", "word ".repeat(50)));
        match block_on(store.commit(changes)) {
            Ok(receipt) => {
                done += 1;
                assert_eq!(receipt.head.seq.get(), done);
            }
            Err(error) => break error,
        }
        assert!(done < 10_000, "the bound does not bind");
    };
    assert_eq!(error.tag(), "StoreUnavailable");
    assert!(error.to_string().contains("full"), "{error}");
    assert!(done > 10);
    // What was there is there, and nothing of what was refused.
    for _ in 0..3 {
        block_on(store.commit(change(&ids, &"x".repeat(500)))).unwrap_err();
    }
    assert_eq!(verified(&store).len() as u64, done);
    drop(store);
    // With room again it goes on.
    let store = open(&path).unwrap();
    assert_eq!(verified(&store).len() as u64, done);
    block_on(store.commit(change(&ids, "more"))).unwrap();
    assert_eq!(verified(&store).len() as u64, done + 1);
}

#[test]
fn another_writer_makes_it_busy_and_readers_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path).unwrap();
    let ids = SequentialIds::new();
    block_on(store.commit(change(&ids, "before"))).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = block_on(store.commit(change(&ids, "meanwhile"))).unwrap_err();
    assert!(matches!(error, StoreError::Busy { .. }), "{error}");
    assert_eq!(verified(&store).len(), 1);
    other.execute_batch("ROLLBACK").unwrap();
    block_on(store.commit(change(&ids, "after"))).unwrap();
    assert_eq!(verified(&store).len(), 2);
}

#[test]
fn damage_met_while_reading_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    crate::help::fill(&open(&path).unwrap(), 5);
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("UPDATE events SET doc = '{\"not\": \"an event\"}' WHERE seq = 3")
        .unwrap();
    drop(connection);
    let store = open(&path).unwrap();
    let result = block_on(store.events(&crate::help::scope(), &Default::default()));
    assert_eq!(result.unwrap_err().tag(), "StoreCorrupt");
}
