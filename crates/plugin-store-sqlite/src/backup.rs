//! A copy of a file that is in use.

use std::path::Path;
use std::time::Duration;

use one_ontology::StoreError;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::error::OrStoreError as _;
use crate::files::{Partial, name, refuse_existing, unavailable};
use crate::progress::{Progress, Stage, Told};

/// How many pages are copied between two words about progress.
const PAGES: i32 = 256;

/// What a backup made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The size of the copy, in bytes.
    pub bytes: u64,
}

/// Copies what `source` sees now to a new file. Writers go on meanwhile; what they write is not in
/// the copy.
pub(crate) fn backup(
    source: &Connection,
    path: &Path,
    progress: Told<'_>,
) -> Result<Copied, StoreError> {
    refuse_existing(path)?;
    let partial = Partial::beside(path);
    copy(source, partial.path(), progress)?;
    let bytes = std::fs::metadata(partial.path())
        .map_err(|error| unavailable(path, &error))?
        .len();
    partial.put_new(path)?;
    Ok(Copied { bytes })
}

/// Copies every page to a file, closed afterwards.
pub(crate) fn copy(source: &Connection, path: &Path, progress: Told<'_>) -> Result<(), StoreError> {
    // One snapshot for all steps: without it, each commit meanwhile would start the copy anew.
    let snapshot = source.unchecked_transaction().or_store_error()?;
    let _objects: i64 = snapshot
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .or_store_error()?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut target = Connection::open_with_flags(path, flags).or_store_error()?;
    // It is no file that anybody relies on before it is complete and synced.
    target
        .pragma_update(None, "synchronous", "OFF")
        .or_store_error()?;
    {
        let backup = Backup::new(&snapshot, &mut target).or_store_error()?;
        loop {
            let step = backup.step(PAGES).or_store_error()?;
            let at = backup.progress();
            let pages = |pages: i32| u64::try_from(pages).unwrap_or(0);
            progress(Progress {
                stage: Stage::Copying,
                done: pages(at.pagecount - at.remaining),
                of: pages(at.pagecount),
            });
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                // Nobody else knows the target, and the source is only read.
                _ => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }
    target
        .close()
        .map_err(|(_, error)| StoreError::Unavailable {
            reason: format!("`{}`: {error}", name(path)),
        })
}
