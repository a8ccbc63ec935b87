//! Which format a file has.

use std::path::Path;

use one_ontology::StoreError;

use crate::open;
use crate::schema::MIGRATIONS;

/// The newest format: the one that [`SqliteStore::open`](crate::SqliteStore::open) brings a file to.
#[expect(clippy::cast_possible_truncation, reason = "the steps are few")]
pub const FORMAT: u32 = MIGRATIONS.len() as u32;

/// The format of the file at `path`, also of one that is in use; none if there is no file, or nothing in it. Writes nothing.
///
/// # Errors
/// `Incompatible`: the file is of a newer version or another program. `Corrupt`, `Unavailable`, `Busy`: it cannot be
/// looked at.
pub fn format_of(path: impl AsRef<Path>) -> Result<Option<u32>, StoreError> {
    open::format_of(path.as_ref())
}
