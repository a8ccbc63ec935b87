//! Files that get their name when they are complete.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::unusable;
use crate::failure::Failure;
use crate::interrupt;

/// Refuses a name that a file has.
pub(super) fn refuse(file: &Path) -> Result<(), Failure> {
    match file.symlink_metadata() {
        Ok(_) => {
            let message = format!("there already is a file `{}`", file.display());
            let help = "`--overwrite` puts the new one in its place".to_owned();
            Err(Failure::new("AlreadyExists", message).with([help]))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unusable(file, &error)),
    }
}

/// Has `write` make a file beside `file`, which then gets its name. If that fails, `file` is as it was.
pub(super) fn replace<T>(
    file: &Path,
    write: impl FnOnce(&Path) -> Result<T, Failure>,
) -> Result<T, Failure> {
    if file.is_dir() {
        return Err(unusable(file, &"it is a directory"));
    }
    let partial = Partial::beside(file);
    let value = interrupt::incomplete(&partial.0, || write(&partial.0))?;
    fs::rename(&partial.0, file).map_err(|error| unusable(file, &error))?;
    Ok(value)
}

/// A file that is gone with the value, unless it got another name.
struct Partial(PathBuf);

impl Partial {
    fn beside(file: &Path) -> Self {
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".{}.new", std::process::id()));
        Self(name.into())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Mostly there is none any more.
        let _absent = fs::remove_file(&self.0);
    }
}

/// Whether both names are of one file.
pub(super) fn is_same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
