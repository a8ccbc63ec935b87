//! Copies of a store in use, what a check finds, what a restore does.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use futures::executor::block_on;
use one_ontology::{SequentialIds, Store as _};
use plugin_store_sqlite::{Checked, Fault, SqliteStore, Stage, check, restore};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::help::{change, fill, open, verified};
use crate::history;

fn folder() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    (directory, path)
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn quiet(path: &Path) -> Checked {
    check(path, |_| {}).unwrap()
}

#[test]
fn a_copy_is_a_store() {
    let (directory, path) = folder();
    let store = open(&path).unwrap();
    fill(&store, 300);
    let copy = directory.path().join("copy.db");
    let mut told = Vec::new();
    let copied = store.backup(&copy, |progress| told.push(progress)).unwrap();
    assert_eq!(copied.bytes, fs::metadata(&copy).unwrap().len());
    let last = told.last().unwrap();
    assert_eq!((last.stage, last.done), (Stage::Copying, last.of));
    assert!(told.is_sorted_by_key(|progress| progress.done));
    assert!(quiet(&copy).is_whole());
    assert_eq!(verified(&open(&copy).unwrap()).len(), 300);
}

#[test]
fn a_copy_never_takes_the_name_of_another_file() {
    let (directory, path) = folder();
    let store = open(&path).unwrap();
    fill(&store, 1);
    let other = directory.path().join("other");
    fs::write(&other, "mine").unwrap();
    let error = store.backup(&other, |_| {}).unwrap_err();
    assert_eq!(error.tag(), "AlreadyExists", "{error}");
    assert_eq!(fs::read(&other).unwrap(), b"mine");
    let error = store.backup(&path, |_| {}).unwrap_err();
    assert_eq!(error.tag(), "AlreadyExists", "{error}");
    let nowhere = directory.path().join("no/such/folder");
    let error = store.backup(nowhere, |_| {}).unwrap_err();
    assert_eq!(error.tag(), "StoreUnavailable", "{error}");
    drop(store);
    assert_eq!(names(directory.path()), ["other", "store.db"]);
}

/// Copies made while others write are stores as they were at some moment.
#[test]
fn a_copy_is_of_one_moment() {
    let (directory, path) = folder();
    let store = open(&path).unwrap();
    fill(&store, 200);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let ids = one_ontology::RandomIds;
            while !done.load(Ordering::Relaxed) {
                block_on(store.commit(change(&ids, "meanwhile"))).unwrap();
            }
        });
        let mut before = 200;
        for round in 0..10 {
            let copy = directory.path().join(format!("copy-{round}.db"));
            store
                .backup(&copy, |_| {
                    // Commits come between two steps.
                    std::thread::sleep(std::time::Duration::from_millis(2));
                })
                .unwrap();
            let checked = quiet(&copy);
            assert!(checked.is_whole(), "{:?}", checked.findings);
            // An event came with each thing.
            assert_eq!(checked.rows.get("events"), checked.rows.get("things"));
            let events = checked.rows.get("events").copied().unwrap();
            assert!(events >= before, "{events} < {before}");
            before = events;
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(verified(&store).len() > 200);
}

#[test]
fn a_store_in_memory_has_no_file_to_copy() {
    let (_directory, path) = folder();
    let store = SqliteStore::in_memory().unwrap();
    let error = store.backup(&path, |_| {}).unwrap_err();
    assert_eq!(error.tag(), "StoreUnavailable", "{error}");
    assert!(!path.exists());
}

#[test]
fn a_check_sees_everything_and_leaves_no_trace() {
    let (directory, path) = folder();
    history::write(&open(&path).unwrap());
    let before = fs::read(&path).unwrap();
    let mut told = Vec::new();
    let checked = check(&path, |progress| told.push(progress)).unwrap();
    assert_eq!(checked.findings, []);
    let expected = BTreeMap::from(history::ROWS);
    assert_eq!(checked.rows, expected);
    assert_eq!(checked.chains, 2);
    assert!(told.iter().any(|progress| progress.stage == Stage::Pages));
    let last = told.last().unwrap();
    assert_eq!(last.stage, Stage::Rows);
    assert_eq!((last.done, last.of), (last.of, expected.values().sum()));
    assert!(fs::read(&path).unwrap() == before);
    assert_eq!(names(directory.path()), ["store.db"]);
    // While it is open, too.
    let store = open(&path).unwrap();
    assert!(quiet(&path).is_whole());
    fill(&store, 1);
    assert!(quiet(&path).is_whole());
}

/// Each damage, done to a whole file through plain SQL, and what kind of fault it is.
#[test]
fn a_check_finds_what_is_wrong() {
    use Fault::{Chain, Column, Derived, Page, Place, Row, Schema};
    let cases: &[(Fault, &str)] = &[
        (Schema, "DROP INDEX things_type"),
        (Schema, "CREATE TABLE notes (x)"),
        (
            Schema,
            "CREATE TRIGGER t AFTER INSERT ON things BEGIN SELECT 1; END",
        ),
        (Row, "UPDATE things SET doc = '{}' WHERE n = 1"),
        (Row, "UPDATE things SET doc = 'x' WHERE n = 1"),
        (Row, "UPDATE groups SET doc = '[]'"),
        (Row, "UPDATE budgets SET doc = '0'"),
        (Row, "UPDATE receipts SET doc = '{}'"),
        (Row, "UPDATE vectors SET vector = x'00'"),
        (Column, "UPDATE things SET name = 'other' WHERE n = 1"),
        (
            Column,
            "UPDATE things SET registry_url = 'other' WHERE n = 1",
        ),
        (Column, "UPDATE people SET name = 'other'"),
        (Column, "UPDATE memberships SET person = x'00'"),
        (Column, "UPDATE connections SET ended = 1 - ended"),
        (Column, "UPDATE connections SET from_end = to_end"),
        (Column, "UPDATE events SET type = 'other' WHERE seq = 1"),
        (Column, "UPDATE knowledge SET newest = newest + 1"),
        (Column, "UPDATE groups SET parent = x'00'"),
        (Derived, "DELETE FROM labels"),
        (Derived, "UPDATE labels SET newest = 1"),
        (Derived, "UPDATE labels SET place = x'00'"),
        (Derived, "INSERT INTO labels VALUES (x'', 'more', 1, x'00')"),
        (Derived, "UPDATE vectors SET place = x'00'"),
        (Derived, "UPDATE vectors SET n = 99"),
        (Derived, "UPDATE things SET changed = 99 WHERE n = 1"),
        (Derived, "UPDATE things SET changed = -1 WHERE n = 1"),
        (Derived, "UPDATE knowledge SET changed = 5"),
        (Place, "UPDATE things SET place = x'00' WHERE n = 1"),
        (
            Place,
            "UPDATE things SET place = x'000102030405060708090a0b0c0d0e0f' WHERE n = 1",
        ),
        (
            Place,
            "UPDATE budgets SET place = x'000102030405060708090a0b0c0d0e0f'",
        ),
        (Place, "DELETE FROM groups"),
        (Chain, "DELETE FROM events WHERE seq = 1"),
        (Chain, "DELETE FROM events WHERE seq = 2"),
        (
            Chain,
            "UPDATE events SET doc = replace(doc, 'system:test', 'system:else') WHERE seq = 2",
        ),
        (
            Page,
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET rootpage = (
                SELECT rootpage FROM sqlite_schema WHERE name = 'things_name'
             ) WHERE name = 'people_name'",
        ),
    ];
    let (directory, path) = folder();
    history::write(&open(&path).unwrap());
    for (number, (fault, sql)) in cases.iter().enumerate() {
        let damaged = directory.path().join(format!("{number}.db"));
        fs::copy(&path, &damaged).unwrap();
        Connection::open(&damaged)
            .unwrap()
            .execute_batch(sql)
            .unwrap();
        let checked = quiet(&damaged);
        assert!(!checked.is_whole(), "{sql}");
        assert!(
            checked
                .findings
                .iter()
                .any(|finding| finding.kind == *fault),
            "{sql}: {:?}",
            checked.findings
        );
        // And it is not put in place of anything.
        let error = restore(&damaged, &path, |_| {}).unwrap_err();
        assert_eq!(error.tag(), "StoreCorrupt", "{sql}: {error}");
    }
    assert!(quiet(&path).is_whole());
}

#[test]
fn what_cannot_be_checked_is_said() {
    let (directory, path) = folder();
    let tag = |path: &Path| check(path, |_| {}).unwrap_err().tag();
    assert_eq!(tag(&path), "StoreUnavailable");
    fs::write(&path, "text").unwrap();
    assert_eq!(tag(&path), "StoreCorrupt");
    let other = directory.path().join("other.db");
    let connection = Connection::open(&other).unwrap();
    connection.execute_batch("CREATE TABLE notes (x)").unwrap();
    drop(connection);
    assert_eq!(tag(&other), "StoreIncompatible");
    assert_eq!(names(directory.path()), ["other.db", "store.db"]);
}

#[test]
fn a_restore_keeps_what_was_there() {
    let (directory, path) = folder();
    let store = open(&path).unwrap();
    fill(&store, 20);
    let copy = directory.path().join("copy.db");
    store.backup(&copy, |_| {}).unwrap();
    let ids = one_ontology::RandomIds;
    block_on(store.commit(change(&ids, "after the copy"))).unwrap();
    drop(store);
    let restored = restore(&copy, &path, |_| {}).unwrap();
    assert_eq!(restored.checked.rows.get("events"), Some(&20));
    let aside = restored.replaced.unwrap();
    assert_eq!(verified(&open(&path).unwrap()).len(), 20);
    assert_eq!(verified(&open(&aside).unwrap()).len(), 21);
    // A second time it gets a name of its own.
    let again = restore(&copy, &path, |_| {}).unwrap().replaced.unwrap();
    assert_ne!(aside, again);
    assert_eq!(
        names(directory.path()),
        [
            "copy.db",
            "store.db",
            "store.db.before-restore-1",
            "store.db.before-restore-2"
        ]
    );
}

#[test]
fn a_restore_where_nothing_was() {
    let (directory, path) = folder();
    fill(&open(&path).unwrap(), 20);
    let new = directory.path().join("new.db");
    let restored = restore(&path, &new, |_| {}).unwrap();
    assert_eq!(restored.replaced, None);
    assert_eq!(verified(&open(&new).unwrap()).len(), 20);
    assert_eq!(names(directory.path()), ["new.db", "store.db"]);
}

#[test]
fn a_restore_replaces_no_store_in_use() {
    let (directory, path) = folder();
    let store = open(&path).unwrap();
    fill(&store, 20);
    let copy = directory.path().join("copy.db");
    store.backup(&copy, |_| {}).unwrap();
    fill(&open(&directory.path().join("other.db")).unwrap(), 1);
    for _ in 0..2 {
        let error = restore(&copy, &path, |_| {}).unwrap_err();
        assert_eq!(error.tag(), "StoreBusy", "{error}");
        assert!(error.to_string().contains("in use"), "{error}");
    }
    let ids = one_ontology::RandomIds;
    block_on(store.commit(change(&ids, "goes on"))).unwrap();
    drop(store);
    assert_eq!(verified(&open(&path).unwrap()).len(), 21);
    assert_eq!(names(directory.path()), ["copy.db", "other.db", "store.db"]);
}

/// What cannot be read is what restoring is for; it is kept, and its log does not meet the new file.
#[test]
fn a_restore_replaces_a_damaged_file() {
    let (directory, path) = folder();
    let store = open(&path).unwrap();
    fill(&store, 20);
    let copy = directory.path().join("copy.db");
    store.backup(&copy, |_| {}).unwrap();
    drop(store);
    fs::write(&path, "no database any more").unwrap();
    fs::write(path.with_file_name("store.db-wal"), "left behind").unwrap();
    let aside = restore(&copy, &path, |_| {}).unwrap().replaced.unwrap();
    assert_eq!(fs::read(&aside).unwrap(), b"no database any more");
    assert_eq!(verified(&open(&path).unwrap()).len(), 20);
    assert!(!path.with_file_name("store.db-wal").exists());
}

#[test]
fn a_restore_leaves_other_programs_files_alone() {
    let (directory, path) = folder();
    fill(&open(&path).unwrap(), 1);
    let other = directory.path().join("other.db");
    let connection = Connection::open(&other).unwrap();
    connection.execute_batch("CREATE TABLE notes (x)").unwrap();
    drop(connection);
    let before = fs::read(&other).unwrap();
    let error = restore(&path, &other, |_| {}).unwrap_err();
    assert_eq!(error.tag(), "StoreIncompatible", "{error}");
    assert!(fs::read(&other).unwrap() == before);
    assert_eq!(names(directory.path()), ["other.db", "store.db"]);
}

#[test]
fn a_vacuum_gives_back_space() {
    let (directory, path) = folder();
    let store = open(&path).unwrap();
    let ids = SequentialIds::new();
    for _ in 0..100 {
        block_on(store.commit(change(&ids, &"long ".repeat(80)))).unwrap();
    }
    // What an earlier version, or a retention, has left.
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("CREATE TABLE gone AS SELECT randomblob(1000) FROM things; DROP TABLE gone")
        .unwrap();
    drop(connection);
    let vacuumed = block_on(store.vacuum()).unwrap();
    assert!(vacuumed.after + 80_000 < vacuumed.before, "{vacuumed:?}");
    assert_eq!(fs::metadata(&path).unwrap().len(), vacuumed.after);
    assert_eq!(verified(&store).len(), 100);
    block_on(store.commit(change(&ids, "goes on"))).unwrap();
    let checked = quiet(&path);
    assert!(checked.is_whole(), "{:?}", checked.findings);
    drop(store);
    assert_eq!(names(directory.path()), ["store.db"]);
}
