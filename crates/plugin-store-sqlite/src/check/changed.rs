//! The numbers by which searches find what has changed, held against the chains.

use one_ontology::StoreError;
use rusqlite::Transaction;

use super::{Checked, Fault};
use crate::error::OrStoreError as _;

/// No row was written before its place's first event or behind its last one: searches would take no
/// notice of what is written to it next.
pub(crate) fn check(moment: &Transaction<'_>, checked: &mut Checked) -> Result<(), StoreError> {
    for table in ["things", "knowledge"] {
        let mut statement = moment
            .prepare(&format!(
                "SELECT count(*) FROM
                    (SELECT place, min(changed) AS first, max(changed) AS last
                     FROM {table} GROUP BY place) r
                 WHERE first < 0 OR last > coalesce(
                    (SELECT max(seq) FROM events e WHERE e.place = r.place), 0)"
            ))
            .or_store_error()?;
        let wrong: i64 = statement.query_row([], |row| row.get(0)).or_store_error()?;
        if wrong > 0 {
            checked.found(
                Fault::Derived,
                format!("`{table}` of {wrong} place(s) has rows of events that are not there"),
            );
        }
    }
    Ok(())
}
