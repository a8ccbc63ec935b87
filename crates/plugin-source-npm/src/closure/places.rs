//! Where closures and what belongs to them are, and who may write there.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::NpmError;
use crate::cache::create_dir;
use crate::closure::disk;

/// The directory of closures: `<digest>/` each, and three directories of its own.
#[derive(Debug)]
pub(crate) struct Places {
    root: PathBuf,
}

impl Places {
    pub(crate) fn new(root: &Path) -> Self {
        // npm gets these as its working directory, so they must not depend on ours.
        let root = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        Self { root }
    }

    pub(crate) fn closure(&self, digest: &str) -> PathBuf {
        self.root.join(digest)
    }

    pub(crate) fn stagings(&self) -> PathBuf {
        self.root.join(".staging")
    }

    /// A place that no other process writes to.
    pub(crate) fn staging(&self, digest: &str, number: u64) -> PathBuf {
        let name = format!("{digest}-{}-{number}", std::process::id());
        self.stagings().join(name)
    }

    pub(crate) fn resolution(&self, digest: &str) -> PathBuf {
        self.root.join(".resolved").join(format!("{digest}.json"))
    }

    pub(crate) fn keep_resolution(&self, digest: &str, from: &Path) -> Result<(), NpmError> {
        let path = self.resolution(digest);
        create_dir(&self.root.join(".resolved"))?;
        fs::rename(from, &path).map_err(|error| NpmError::disk("write", &path, error))
    }

    /// Waits until this process alone may install the closure; calls `waiting` meanwhile. The
    /// right ends with the file that is returned, also when the process is killed.
    pub(crate) fn lock(
        &self,
        digest: &str,
        limit: Duration,
        waiting: &mut dyn FnMut(),
    ) -> Result<File, NpmError> {
        const PAUSE: Duration = Duration::from_millis(50);
        let directory = self.root.join(".locks");
        create_dir(&directory)?;
        let path = directory.join(digest);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| NpmError::disk("open", &path, error))?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if waited < limit => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(NpmError::NpmTimedOut {
                        step: "install in another process",
                        seconds: limit.as_secs(),
                    });
                }
                Err(TryLockError::Error(error)) => {
                    return Err(NpmError::disk("lock", &path, error));
                }
            }
            waiting();
            thread::sleep(PAUSE);
            waited += PAUSE;
        }
    }

    /// Removes what killed processes left of this closure. Only for who holds its lock.
    pub(crate) fn clear_stagings(&self, digest: &str) {
        let Ok(entries) = fs::read_dir(self.stagings()) else {
            return;
        };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(digest) {
                // Names are unique, so what cannot be removed is only in the way of space.
                let _leftover = disk::remove(&entry.path());
            }
        }
    }
}
