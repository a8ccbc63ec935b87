//! Files that are refused, and stay as they are.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use futures::executor::block_on;
use one_ontology::{ChangeSet, Group, GroupId, Scope, SequentialIds, Store as _};
use plugin_store_sqlite::{FORMAT, SqliteStore, format_of};
use rusqlite::Connection;

use crate::help::{event, fill, now, open, quick, verified};

/// A file made by `make` is refused with this error, and not one byte of it changes.
fn check(expected: &str, words: &str, make: impl Fn(&Path)) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    make(&path);
    let before = fs::read(&path).unwrap();
    for _ in 0..2 {
        let error = open(&path).expect_err("the file is refused");
        assert_eq!(error.tag(), expected, "{error}");
        let message = error.to_string();
        assert!(message.contains(words), "{message}");
        assert!(
            !message.contains(directory.path().to_str().unwrap()),
            "{message}"
        );
        assert!(fs::read(&path).unwrap() == before, "the file was changed");
    }
}

/// A store of ours with something in it, closed.
fn ours(path: &Path) {
    let store = open(path).unwrap();
    fill(&store, 200);
}

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

fn sql(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn garbage() {
    check("StoreCorrupt", "not an SQLite database", |path| {
        fs::write(path, [0xa5; 8192]).unwrap();
    });
}

#[test]
fn a_text() {
    check("StoreCorrupt", "not an SQLite database", |path| {
        fs::write(path, "hello").unwrap();
    });
}

#[test]
fn a_header_without_a_body() {
    check("StoreCorrupt", "not an SQLite database", |path| {
        fs::write(path, b"SQLite format 3\0").unwrap();
    });
}

#[test]
fn a_file_cut_off() {
    check("StoreCorrupt", "cut off", |path| {
        ours(path);
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    });
}

#[test]
fn a_file_cut_off_by_one_byte() {
    check("StoreCorrupt", "cut off", |path| {
        ours(path);
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() - 1]).unwrap();
    });
}

#[test]
fn garbage_behind_the_header() {
    check("StoreCorrupt", "", |path| {
        ours(path);
        overwrite(path, 100, &[0xa5; 3996]);
    });
}

#[test]
fn garbage_in_the_middle() {
    for page in [1, 7, 20, 40] {
        check("StoreCorrupt", "", |path| {
            ours(path);
            overwrite(path, page * 4096, &[0xa5; 4096]);
        });
    }
}

#[test]
fn a_table_taken_away() {
    check("StoreCorrupt", "`events` is missing", |path| {
        ours(path);
        sql(
            path,
            "ALTER TABLE events RENAME TO stolen; PRAGMA wal_checkpoint(TRUNCATE)",
        );
    });
}

#[test]
fn another_programs_database() {
    check("StoreIncompatible", "another program", |path| {
        sql(path, "CREATE TABLE notes (text)");
    });
}

#[test]
fn another_programs_database_with_its_mark() {
    check("StoreIncompatible", "another program", |path| {
        sql(
            path,
            "PRAGMA application_id = 1; PRAGMA user_version = 1; CREATE TABLE notes (text)",
        );
    });
}

#[test]
fn a_newer_version() {
    check(
        "StoreIncompatible",
        "version 99, this program knows 2",
        |path| {
            ours(path);
            sql(
                path,
                "PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)",
            );
        },
    );
}

/// The version is in the log only, and refusing the file must not move it into the file.
#[test]
fn a_newer_version_that_is_still_in_the_log() {
    check("StoreIncompatible", "version 99", |path| {
        ours(path);
        let other = path.with_extension("other");
        fs::copy(path, &other).unwrap();
        let connection = Connection::open(&other).unwrap();
        connection
            .execute_batch("PRAGMA user_version = 99")
            .unwrap();
        let log = |path: &Path| {
            path.with_file_name(format!(
                "{}-wal",
                path.file_name().unwrap().to_str().unwrap()
            ))
        };
        assert!(fs::metadata(log(&other)).unwrap().len() > 0);
        fs::copy(log(&other), log(path)).unwrap();
    });
}

#[test]
fn what_is_not_a_file() {
    let directory = tempfile::tempdir().unwrap();
    for path in [
        directory.path().to_owned(),
        directory.path().join("no/such/store.db"),
    ] {
        let error = open(&path).unwrap_err();
        assert_eq!(error.tag(), "StoreUnavailable", "{error}");
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn an_empty_file_becomes_a_store() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    fs::write(&path, "").unwrap();
    fill(&open(&path).unwrap(), 3);
    assert_eq!(verified(&open(&path).unwrap()).len(), 3);
}

#[test]
fn a_store_that_was_made_and_not_used_is_one_file() {
    let directory = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        drop(open(&directory.path().join("store.db")).unwrap());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_closed_store_is_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    ours(&path);
    let names: Vec<_> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["store.db"]);
    assert_eq!(verified(&open(&path).unwrap()).len(), 200);
}

#[test]
fn a_file_that_another_process_holds() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    ours(&path);
    let holder = Connection::open(&path).unwrap();
    holder
        .pragma_update(None, "locking_mode", "exclusive")
        .unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = SqliteStore::open(&path, quick()).unwrap_err();
    assert_eq!(error.tag(), "StoreBusy", "{error}");
    drop(holder);
    assert_eq!(verified(&open(&path).unwrap()).len(), 200);
}

#[test]
fn the_format_of_a_file_is_told_and_the_file_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    assert_eq!(format_of(&path), Ok(None));
    assert!(!path.exists());
    fs::write(&path, "").unwrap();
    assert_eq!(format_of(&path), Ok(None));
    let store = open(&path).unwrap();
    fill(&store, 3);
    assert_eq!(format_of(&path), Ok(Some(FORMAT)), "in use");
    drop(store);
    let before = fs::read(&path).unwrap();
    assert_eq!(format_of(&path), Ok(Some(FORMAT)));
    assert!(fs::read(&path).unwrap() == before);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    overwrite(&path, 60, &(FORMAT + 1).to_be_bytes());
    assert_eq!(format_of(&path).unwrap_err().tag(), "StoreIncompatible");
    fs::write(&path, "words").unwrap();
    assert_eq!(format_of(&path).unwrap_err().tag(), "StoreCorrupt");
}

#[test]
fn every_group_is_listed_by_id() {
    let store = SqliteStore::in_memory().unwrap();
    let ids = SequentialIds::new();
    let mut groups: Vec<GroupId> = (0..3).map(|_| GroupId::new(&ids, now())).collect();
    for id in groups.iter().rev() {
        let group = Group::new(*id, "Group", now());
        let scope = Scope::system("test".parse().unwrap(), group.place());
        let changes = ChangeSet::new(&scope, event(&ids), now()).insert(group);
        block_on(store.commit(changes)).unwrap();
    }
    groups.sort();
    assert_eq!(block_on(store.groups()), Ok(groups));
}
