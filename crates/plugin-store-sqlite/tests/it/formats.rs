//! Files of every version that was released, kept as SQL in `tests/formats`, are brought to this one.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use plugin_store_sqlite::{SqliteStore, check};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::help::{open, quick};
use crate::history;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats")
}

/// The version and the SQL of each.
fn released() -> Vec<(i32, String)> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let version = path.file_stem().unwrap().to_str().unwrap();
            (version.parse().unwrap(), fs::read_to_string(&path).unwrap())
        })
        .collect()
}

fn version(connection: &Connection) -> i32 {
    connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap()
}

/// Every row of the tables that rows are kept in, as if nobody knew when it was written: version 1 did not.
fn contents(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch("BEGIN; UPDATE things SET changed = 0; UPDATE knowledge SET changed = 0")
        .unwrap();
    let mut lines = Vec::new();
    for (table, _) in history::ROWS {
        let mut inserts = inserts(&connection, table);
        inserts.sort();
        lines.extend(inserts);
    }
    lines
}

fn inserts(connection: &Connection, table: &str) -> Vec<String> {
    let mut statement = connection
        .prepare(&format!("SELECT * FROM {table}"))
        .unwrap();
    let names = statement.column_names().join(", ");
    let width = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut lines = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let values: Vec<String> = (0..width)
            .map(|column| literal(row.get_ref(column).unwrap()))
            .collect();
        lines.push(format!(
            "INSERT INTO {table} ({names}) VALUES ({});",
            values.join(", ")
        ));
    }
    lines
}

fn literal(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).unwrap();
            format!("'{}'", text.replace('\'', "''"))
        }
        ValueRef::Blob(bytes) => {
            bytes.iter().fold("x'".to_owned(), |mut hex, byte| {
                write!(hex, "{byte:02x}").unwrap();
                hex
            }) + "'"
        }
    }
}

/// The whole file as SQL: pragmas, tables, rows.
fn dump(path: &Path) -> String {
    let connection = Connection::open(path).unwrap();
    let mut sql = format!(
        "-- A file of version {0}, as the program of that version wrote it.\n\
         PRAGMA application_id = 0x4f4e4570;\nPRAGMA user_version = {0};\n",
        version(&connection)
    );
    let mut objects = connection
        .prepare(
            "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL
             AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')
             ORDER BY rowid",
        )
        .unwrap();
    let mut rows = objects.query([]).unwrap();
    let mut tables = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let (name, create): (String, String) = (row.get(0).unwrap(), row.get(1).unwrap());
        sql.push_str(&create);
        sql.push_str(";\n");
        tables.push((name, create));
    }
    for (table, create) in tables {
        if create.starts_with("CREATE TABLE") {
            for line in inserts(&connection, &table) {
                sql.push_str(&line);
                sql.push('\n');
            }
        }
    }
    sql
}

/// What this program writes is what was released under its version: a change of the format takes a
/// new version. With `ONE_PLUGIN_WRITE_FORMAT` set, a version that has no file yet gets one.
#[test]
fn this_version_writes_what_was_released() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    history::write(&open(&path).unwrap());
    let is = dump(&path);
    let version = version(&Connection::open(&path).unwrap());
    let file = folder().join(format!("{version:04}.sql"));
    if std::env::var_os("ONE_PLUGIN_WRITE_FORMAT").is_some() && !file.exists() {
        fs::write(&file, &is).unwrap();
    }
    let released = fs::read_to_string(&file).unwrap_or_default();
    for (number, (is, was)) in is.lines().zip(released.lines()).enumerate() {
        assert_eq!(is, was, "line {} of {}", number + 1, file.display());
    }
    assert_eq!(is.len(), released.len());
}

/// What a file of an older version becomes is what this program would have written: the same tables
/// (a check compares them with those of a new file), the same rows.
#[test]
fn a_file_of_every_version_becomes_one_of_this() {
    let directory = tempfile::tempdir().unwrap();
    let fresh = directory.path().join("fresh.db");
    history::write(&open(&fresh).unwrap());
    let known = version(&Connection::open(&fresh).unwrap());
    let released = released();
    let versions: Vec<i32> = released.iter().map(|(version, _)| *version).collect();
    assert_eq!(versions, (1..=known).collect::<Vec<i32>>());
    for (version_of_it, sql) in released {
        let path = directory.path().join(format!("{version_of_it}.db"));
        Connection::open(&path)
            .unwrap()
            .execute_batch(&sql)
            .unwrap();
        drop(open(&path).unwrap());
        assert_eq!(version(&Connection::open(&path).unwrap()), known);
        let checked = check(&path, |_| {}).unwrap();
        assert_eq!(checked.findings, [], "version {version_of_it}");
        assert_eq!(contents(&path), contents(&fresh), "version {version_of_it}");
        // And the history goes on; what was written before and after is found.
        let (old, new) = (open(&path).unwrap(), open(&fresh).unwrap());
        assert_eq!(history::searches(&old), history::searches(&new));
        crate::help::fill(&old, 1);
        assert_eq!(crate::searching::things(&old, "rust"), 1);
        assert_eq!(crate::searching::things(&old, "thing"), 1);
    }
}

/// From every version there is, one that comes after is left as it is, byte for byte.
#[test]
fn a_newer_version_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let (known, sql) = released().pop().unwrap();
    for newer in [known + 1, known + 1000, i32::MAX] {
        let path = directory.path().join(format!("{newer}.db"));
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(&sql).unwrap();
        connection
            .pragma_update(None, "user_version", newer)
            .unwrap();
        drop(connection);
        let before = fs::read(&path).unwrap();
        let opened = SqliteStore::open(&path, quick()).map(drop);
        let checked = check(&path, |_| {}).map(drop);
        for error in [opened.unwrap_err(), checked.unwrap_err()] {
            assert_eq!(error.tag(), "StoreIncompatible", "{error}");
            assert!(error.to_string().contains(&newer.to_string()), "{error}");
        }
        assert!(fs::read(&path).unwrap() == before);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        fs::remove_file(&path).unwrap();
    }
}
