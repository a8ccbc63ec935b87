//! Files as a whole: beside each other, put in place in one step, kept by the disk.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use one_ontology::StoreError;

/// A file of the same folder whose name goes on with `end`.
pub(crate) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The file's own name: messages do not tell where it lies.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().map_or_else(
        || "the file".to_owned(),
        |name| one_ontology::excerpt(&name.to_string_lossy(), 64),
    )
}

pub(crate) fn unavailable(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Unavailable {
        reason: format!("`{}`: {error}", name(path)),
    }
}

pub(crate) fn refuse_existing(path: &Path) -> Result<(), StoreError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Err(StoreError::AlreadyExists {
            what: format!("a file `{}`", name(path)),
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unavailable(path, &error)),
    }
}

/// A file that is not there any more unless it was put in place.
#[derive(Debug)]
pub(crate) struct Partial(PathBuf);

impl Partial {
    /// A new name beside `path`.
    pub(crate) fn beside(path: &Path) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();
        Self(beside(path, &format!(".{process}-{number}.partial")))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Has the disk keep it, then gives it its name; no other file loses that name.
    pub(crate) fn put_new(self, path: &Path) -> Result<(), StoreError> {
        self.keep()?;
        match fs::hard_link(&self.0, path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return refuse_existing(path);
            }
            // Not every file system has links.
            Err(_) => {
                refuse_existing(path)?;
                fs::rename(&self.0, path).map_err(|error| unavailable(path, &error))?;
            }
        }
        keep_folder(path)
    }

    /// Has the disk keep it, then gives it a name that another file may lose.
    pub(crate) fn put_over(self, path: &Path) -> Result<(), StoreError> {
        self.keep()?;
        fs::rename(&self.0, path).map_err(|error| unavailable(path, &error))?;
        keep_folder(path)
    }

    fn keep(&self) -> Result<(), StoreError> {
        File::options()
            .write(true)
            .open(&self.0)
            .and_then(|file| file.sync_all())
            .map_err(|error| unavailable(&self.0, &error))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm", "-journal"] {
            // Mostly there is none.
            let _absent = fs::remove_file(beside(&self.0, end));
        }
    }
}

/// Names are kept by their folder.
fn keep_folder(path: &Path) -> Result<(), StoreError> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))
        .and_then(|folder| folder.sync_all())
        .map_err(|error| unavailable(path, &error))
}
