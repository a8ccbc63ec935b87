//! Which files stores of this process have open.
//!
//! SQLite's locks are those of POSIX: when a process closes any handle on a file, it loses all its locks
//! on that file, also those of other handles. Another process would then believe itself to be the
//! only one, and remove the log that this one goes on writing to. So a file that is open here is only
//! ever opened through SQLite, which knows.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use one_ontology::StoreError;

use crate::files::unavailable;

#[cfg(unix)]
type Id = (u64, u64);
#[cfg(not(unix))]
type Id = std::path::PathBuf;

static HELD: Mutex<BTreeMap<Id, usize>> = Mutex::new(BTreeMap::new());

fn all() -> MutexGuard<'static, BTreeMap<Id, usize>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
fn id(path: &Path) -> Option<Id> {
    use std::os::unix::fs::MetadataExt as _;
    let file = std::fs::metadata(path).ok()?;
    Some((file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn id(path: &Path) -> Option<Id> {
    path.canonicalize().ok()
}

/// One store that has a file open, until dropped.
#[derive(Debug)]
pub(crate) struct Held(Option<Id>);

impl Held {
    /// Looks at the file unless a store of this process has it open already, makes it if there is
    /// none, and has it open from then on.
    pub(crate) fn open(
        path: &Path,
        look: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<Self, StoreError> {
        let mut all = all();
        if id(path).is_none_or(|id| !all.contains_key(&id)) {
            look()?;
            // A file that is not there has no identity to go by.
            File::options()
                .create(true)
                .append(true)
                .open(path)
                .map_err(|error| unavailable(path, &error))?;
        }
        let id = id(path);
        if let Some(id) = &id {
            *all.entry(id.to_owned()).or_insert(0) += 1;
        }
        Ok(Self(id))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(id) = self.0.take() else { return };
        let mut all = all();
        if let Some(count) = all.get_mut(&id) {
            *count -= 1;
            if *count == 0 {
                all.remove(&id);
            }
        }
    }
}

/// Calls `look` unless a store of this process has the file open; none may open it meanwhile.
pub(crate) fn unless_held<T>(path: &Path, look: impl FnOnce() -> T) -> Option<T> {
    let all = all();
    match id(path) {
        Some(id) if all.contains_key(&id) => None,
        _ => Some(look()),
    }
}

/// Whether a store of this process has the file open.
pub(crate) fn is_held(path: &Path) -> bool {
    unless_held(path, || ()).is_none()
}
