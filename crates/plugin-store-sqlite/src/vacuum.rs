//! Gives back the space of what is gone.

use one_ontology::StoreError;
use rusqlite::Connection;

use crate::error::OrStoreError as _;

/// What a vacuum did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vacuumed {
    /// The size of the file before, in bytes, its log aside.
    pub before: u64,
    /// The size after.
    pub after: u64,
}

/// Writes the file anew without gaps, then moves the log into it.
pub(crate) fn vacuum(connection: &Connection) -> Result<Vacuumed, StoreError> {
    let before = size(connection)?;
    connection.execute_batch("VACUUM").or_store_error()?;
    let after = size(connection)?;
    // A reader that holds on to the log makes this a matter of the next commits; no error.
    let _busy: i64 = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .or_store_error()?;
    Ok(Vacuumed { before, after })
}

fn size(connection: &Connection) -> Result<u64, StoreError> {
    let pragma = |name| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .or_store_error()
    };
    let bytes = pragma("page_count")?.saturating_mul(pragma("page_size")?);
    Ok(u64::try_from(bytes).unwrap_or(0))
}
