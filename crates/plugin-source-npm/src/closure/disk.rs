//! Files of a closure: counting, protecting, removing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::NpmError;

/// What is in a directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}

/// What to do with each file on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Files {
    /// Only look.
    Count,
    /// Take the right to write away. Directories keep it, so that a person can remove them.
    Protect,
}

/// Walks a directory without following links. What vanishes on the way is not counted.
pub(crate) fn walk(root: &Path, files: Files) -> Result<Contents, NpmError> {
    let mut contents = Contents::default();
    let mut waiting: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        let Some(entries) = there(fs::read_dir(&directory), &directory)? else {
            continue;
        };
        for entry in entries {
            let entry = entry.map_err(|error| NpmError::disk("read", &directory, error))?;
            let path = entry.path();
            let Some(about) = there(entry.metadata(), &path)? else {
                continue;
            };
            if about.is_dir() {
                waiting.push(path);
            } else if about.is_file() {
                contents.files += 1;
                contents.bytes = contents.bytes.saturating_add(about.len());
                if files == Files::Protect {
                    let mut permissions = about.permissions();
                    permissions.set_readonly(true);
                    fs::set_permissions(&path, permissions)
                        .map_err(|error| NpmError::disk("protect", &path, error))?;
                }
            }
        }
    }
    Ok(contents)
}

/// Removes a directory that nothing uses; it need not be there.
pub(crate) fn remove(directory: &Path) -> Result<(), NpmError> {
    there(fs::remove_dir_all(directory), directory).map(|_| ())
}

pub(crate) fn write(path: &Path, text: &[u8]) -> Result<(), NpmError> {
    fs::write(path, text).map_err(|error| NpmError::disk("write", path, error))
}

/// A whole file, or nothing if it is not there.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, NpmError> {
    there(fs::read(path), path)
}

fn there<T>(result: io::Result<T>, path: &Path) -> Result<Option<T>, NpmError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(NpmError::disk("read", path, error)),
    }
}

/// How many packages stand directly in this `node_modules`.
pub(crate) fn packages(modules: &Path) -> u64 {
    let names = |directory: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let visible = entries.filter(|e| !e.file_name().to_string_lossy().starts_with('.'));
        visible.map(|entry| entry.path()).collect()
    };
    let mut count = 0;
    for path in names(modules) {
        let scope = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('@'));
        count += if scope { names(&path).len() as u64 } else { 1 };
    }
    count
}
