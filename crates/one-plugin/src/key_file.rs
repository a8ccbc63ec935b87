//! Keys in files.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;

use zeroize::Zeroizing;

use crate::failure::Failure;

/// No key is longer, in no form.
const LONGEST: u64 = 16 << 10;

/// The text in a file, as far as a key may be long.
pub(crate) fn read(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let unusable = |error: &dyn std::fmt::Display| {
        let message = format!("`{}` cannot be read: {error}", file.display());
        Failure::new("KeyFileUnusable", message)
    };
    let opened = fs::File::open(file).map_err(|error| unusable(&error))?;
    let mut text = Zeroizing::new(String::new());
    let read = opened.take(LONGEST).read_to_string(&mut text);
    read.map_err(|error| unusable(&error))?;
    Ok(text)
}

/// Writes a file that is not there yet and that only its owner may read. It is there, and whole, also after the
/// machine has failed; where it cannot be written it is not there.
pub(crate) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    let written = write_durably(file, path, text);
    if written.is_err() {
        // It was made here, and half a key is none.
        drop(fs::remove_file(path));
    }
    written
}

fn write_durably(mut file: fs::File, path: &Path, text: &str) -> std::io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    sync_directory(path)
}

/// That the file is there is written with its directory.
#[cfg(unix)]
fn sync_directory(of: &Path) -> std::io::Result<()> {
    let parent = of.parent().filter(|it| !it.as_os_str().is_empty());
    fs::File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// That the file is there is written with the file.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Its owner, as far as can be told.
    Owner,
    /// Others, too.
    Others,
}

/// Who may read a file.
#[cfg(unix)]
pub(crate) fn readers(file: &Path) -> Readers {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata().map_or(0, |file| file.permissions().mode());
    match mode & 0o077 {
        0 => Readers::Owner,
        _ => Readers::Others,
    }
}

/// Who may read a file.
#[cfg(not(unix))]
pub(crate) fn readers(_: &Path) -> Readers {
    Readers::Owner
}

#[cfg(test)]
mod tests {
    use super::write_private;

    #[test]
    fn a_file_that_is_there_stays_as_it_is() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("key");
        write_private(&file, "first").unwrap();
        write_private(&file, "second").unwrap_err();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "first");
        let nowhere = home.path().join("none").join("key");
        write_private(&nowhere, "first").unwrap_err();
    }
}
