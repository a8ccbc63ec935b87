//! A copy takes the place of a file.

use std::fs;
use std::path::{Path, PathBuf};

use one_ontology::StoreError;
use rusqlite::{Connection, OpenFlags};

use crate::check::{Checked, check_all};
use crate::error::{OrStoreError as _, corrupt};
use crate::files::{Partial, beside, name, unavailable};
use crate::held::is_held;
use crate::progress::Progress;
use crate::{backup, open};

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What was checked of the copy before it was put in place.
    pub checked: Checked,
    /// Where the file that was there is kept now.
    pub replaced: Option<PathBuf>,
}

/// Puts a copy of `copy` at `path`. First it is copied beside it and checked whole
/// ([`check`](crate::check())); then it takes the place of the file that may be there, in one step. That file is kept
/// under another name beside it, and is not replaced while any process has it open.
///
/// A copy of an older version is brought to this one first; `copy` itself stays as it is.
///
/// # Errors
/// `Corrupt`: something is wrong with the copy; the message names the first thing.
/// `Incompatible`: the copy is of a newer version or another program, or so is the file at `path`. `Busy`: the
/// file at `path` is in use. `Unavailable`: a file cannot be read or written. After any of them
/// `path` is as it was.
///
/// Until the new file is whole it lies beside `path`, whose name goes on with the number of the process (`.7-0.partial`): a process
/// that is killed leaves it there.
pub fn restore(
    copy: impl AsRef<Path>,
    path: impl AsRef<Path>,
    mut progress: impl FnMut(Progress),
) -> Result<Restored, StoreError> {
    let (copy, path) = (copy.as_ref(), path.as_ref());
    let partial = Partial::beside(path);
    backup::copy(&open::to_look(copy)?, partial.path(), &mut progress)?;
    let mut new = open::to_migrate(partial.path())?;
    let checked = check_all(&mut new, &mut progress)?;
    new.close().map_err(|(_, error)| crate::error::of(&error))?;
    if let Some(first) = checked.findings.first() {
        return Err(corrupt(format!(
            "`{}`: {} fault(s), the first of a {}: {}",
            name(copy),
            checked.wrong,
            first.kind.as_str(),
            first.what
        )));
    }
    let held = hold(path)?;
    let replaced = keep_aside(path)?;
    if let (None, Some(aside)) = (&held, &replaced) {
        move_logs(path, aside)?;
    }
    partial.put_over(path)?;
    drop(held);
    Ok(Restored { checked, replaced })
}

/// Takes the file at `path` for ourselves, its log moved into it.
fn hold(path: &Path) -> Result<Option<Connection>, StoreError> {
    if !path
        .try_exists()
        .map_err(|error| unavailable(path, &error))?
    {
        return Ok(None);
    }
    let in_use = || StoreError::Busy {
        reason: format!("`{}` is in use: end what has it open", name(path)),
    };
    if is_held(path) {
        return Err(in_use());
    }
    let take = || -> Result<Connection, StoreError> {
        open::check_header(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).or_store_error()?;
        // Fails while another connection is open, not only while it writes.
        connection
            .pragma_update(None, "locking_mode", "EXCLUSIVE")
            .or_store_error()?;
        connection
            .pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))
            .or_store_error()?;
        connection
            .execute_batch("BEGIN EXCLUSIVE")
            .or_store_error()?;
        Ok(connection)
    };
    match take() {
        Ok(connection) => Ok(Some(connection)),
        // What cannot be read any more is what restoring is for. It is kept too.
        Err(StoreError::Corrupt { .. }) => Ok(None),
        Err(StoreError::Busy { .. }) => Err(in_use()),
        Err(error) => Err(error),
    }
}

/// Gives the file at `path` a second name that no file has.
fn keep_aside(path: &Path) -> Result<Option<PathBuf>, StoreError> {
    if !path
        .try_exists()
        .map_err(|error| unavailable(path, &error))?
    {
        return Ok(None);
    }
    let mut number = 1_u32;
    let aside = loop {
        let aside = beside(path, &format!(".before-restore-{number}"));
        match fs::hard_link(path, &aside) {
            Ok(()) => break aside,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
            Err(_) => {
                // No links here: a copy does as well, nobody else has the file open.
                fs::copy(path, &aside).map_err(|error| unavailable(path, &error))?;
                break aside;
            }
        }
    };
    Ok(Some(aside))
}

/// What a file that cannot be read any more has left beside it must not meet the new file.
fn move_logs(path: &Path, aside: &Path) -> Result<(), StoreError> {
    for end in ["-wal", "-shm", "-journal"] {
        let log = beside(path, end);
        if log.exists() {
            fs::rename(&log, beside(aside, end)).map_err(|error| unavailable(&log, &error))?;
        }
    }
    Ok(())
}
