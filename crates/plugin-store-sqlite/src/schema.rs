//! The tables, and how a file gets them.

use one_ontology::StoreError;
use rusqlite::{Connection, TransactionBehavior};

use crate::error::{OrStoreError as _, corrupt};

/// Marks the file as ours: `ONEp`.
pub(crate) const APPLICATION_ID: i32 = 0x4f4e_4570;

/// Each step leads from the version before it to the next. A step that was published is never
/// changed; a new one is added behind it.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("schema/0001.sql"),
    include_str!("schema/0002.sql"),
];

/// The version that the steps lead to.
#[expect(clippy::cast_possible_wrap, reason = "the steps are few")]
#[expect(clippy::cast_possible_truncation, reason = "the steps are few")]
pub(crate) const fn version_of(steps: &[&str]) -> i32 {
    steps.len() as i32
}

/// Brings a file to the version that `steps` lead to, all steps in one transaction.
pub(crate) fn migrate(connection: &mut Connection, steps: &[&str]) -> Result<(), StoreError> {
    if pragma(connection, "user_version")? >= version_of(steps) {
        // No need to wait for whoever is writing.
        return Ok(());
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .or_store_error()?;
    // Read inside the transaction: another process may just have done the same.
    let at = pragma(&transaction, "user_version")?;
    let missing = steps.get(usize::try_from(at).unwrap_or(0)..);
    let missing = missing.unwrap_or_default();
    if missing.is_empty() {
        return Ok(());
    }
    for step in missing {
        transaction.execute_batch(step).or_store_error()?;
    }
    let version = version_of(steps);
    for (name, value) in [
        ("application_id", APPLICATION_ID),
        ("user_version", version),
    ] {
        transaction
            .pragma_update(None, name, value)
            .or_store_error()?;
    }
    transaction.commit().or_store_error()
}

pub(crate) fn pragma(connection: &Connection, name: &str) -> Result<i32, StoreError> {
    connection
        .pragma_query_value(None, name, |row| row.get(0))
        .or_store_error()
}

/// Refuses a file whose tables were taken away.
pub(crate) fn check_tables(connection: &Connection) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1")
        .or_store_error()?;
    for table in TABLES {
        let found: i64 = statement
            .query_row([table], |row| row.get(0))
            .or_store_error()?;
        if found == 0 {
            return Err(corrupt(format!("the table `{table}` is missing")));
        }
    }
    Ok(())
}

const TABLES: &[&str] = &[
    "groups",
    "memberships",
    "people",
    "things",
    "connections",
    "events",
    "knowledge",
    "labels",
    "vectors",
    "budgets",
    "receipts",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_fails_leaves_all_as_it_was() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &["CREATE TABLE a (x)"]).unwrap();
        let steps = [
            "CREATE TABLE a (x)",
            "CREATE TABLE b (x)",
            "CREATE TABLE c (x); INSERT INTO missing VALUES (1)",
        ];
        assert!(migrate(&mut connection, &steps).is_err());
        assert_eq!(pragma(&connection, "user_version"), Ok(1));
        assert!(connection.prepare("SELECT x FROM a").is_ok());
        assert!(connection.prepare("SELECT x FROM b").is_err());
        assert!(connection.prepare("SELECT x FROM c").is_err());
    }

    #[test]
    fn steps_that_were_done_are_not_done_again() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &["CREATE TABLE a (x)"]).unwrap();
        let steps = ["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y"];
        migrate(&mut connection, &steps).unwrap();
        migrate(&mut connection, &steps).unwrap();
        assert_eq!(pragma(&connection, "user_version"), Ok(2));
        assert_eq!(pragma(&connection, "application_id"), Ok(APPLICATION_ID));
    }

    /// It has the file open while another process brings it to this version, and then adds a row or changes one.
    #[test]
    fn a_writer_of_version_1_is_stopped() {
        for (table, columns, values) in [
            ("things", "id, type, name, status", "'t', 'n', 's'"),
            ("knowledge", "id, type, newest, archived", "'t', 1, 0"),
        ] {
            let mut connection = Connection::open_in_memory().unwrap();
            migrate(&mut connection, &MIGRATIONS[..1]).unwrap();
            let write = |connection: &Connection, id: &str| {
                let sql = format!(
                    "INSERT INTO {table} (place, {columns}, doc) VALUES (x'', {id}, {values}, '{{}}')
                     ON CONFLICT (place, id) DO UPDATE SET doc = excluded.doc"
                );
                connection.execute(&sql, []).or_store_error()
            };
            assert_eq!(write(&connection, "x'01'"), Ok(1));
            migrate(&mut connection, MIGRATIONS).unwrap();
            for id in ["x'01'", "x'02'"] {
                let error = write(&connection, id).unwrap_err();
                assert_eq!(error.tag(), "StoreIncompatible", "{error}");
                assert!(error.to_string().contains("newer format"), "{error}");
            }
        }
    }
}
