//! The files in a tarball, as text. Nothing is written to disk.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use plugin_registry::{PackageFile, PackageFiles};

use crate::NpmError;
use crate::registry::Tarball;

/// Largest archive read, in bytes after decompression. elizaOS' core has 21 MB.
const MAX_UNPACKED: u64 = 256 << 20;
/// Most files of one package.
const MAX_FILES: usize = 50_000;
/// Largest file whose text is kept, in bytes.
const MAX_TEXT: u64 = 16 << 20;
/// Most bytes of text kept of one package.
const MAX_TEXTS: u64 = 64 << 20;

/// The files of a package by their path below its first folder, as npm unpacks them. The text is kept of
/// JavaScript and of each package.json; links are left out.
pub(crate) fn files_of(tarball: &Tarball) -> Result<PackageFiles, NpmError> {
    let what = format!("{}@{}", tarball.name, tarball.version);
    read(&tarball.bytes).map_err(|error| NpmError::InvalidTarball {
        package: what,
        reason: one_ontology::excerpt(&error.to_string(), 256),
    })
}

fn read(bytes: &[u8]) -> io::Result<PackageFiles> {
    let unpacked = Bounded {
        inner: MultiGzDecoder::new(bytes),
        left: MAX_UNPACKED,
    };
    let mut archive = tar::Archive::new(unpacked);
    let mut files = PackageFiles::new();
    let mut texts = MAX_TEXTS;
    for (count, entry) in archive.entries()?.enumerate() {
        let mut entry = entry?;
        if count >= MAX_FILES {
            return Err(io::Error::other(format!(
                "it has more than {MAX_FILES} files"
            )));
        }
        let path = entry.path_bytes().into_owned();
        let Some(path) = inside(&path).filter(|_| entry.header().entry_type().is_file()) else {
            continue;
        };
        let size = entry.size();
        let file = if is_read(&path) && size <= MAX_TEXT.min(texts) {
            texts -= size;
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            String::from_utf8(bytes).map_or(PackageFile::Unread, PackageFile::Text)
        } else {
            PackageFile::Unread
        };
        files.insert(&path, file);
    }
    Ok(files)
}

/// The path below the first folder, if it stays there.
fn inside(path: &[u8]) -> Option<String> {
    let path = std::str::from_utf8(path).ok()?;
    let mut parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    parts.next()?;
    let parts: Vec<&str> = parts.collect();
    let stays = !parts.is_empty() && !parts.contains(&"..");
    stays.then(|| parts.join("/"))
}

fn is_read(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    matches!(ending, "js" | "mjs" | "cjs") || name == "package.json"
}

/// Fails, other than `Read::take`, where there is more than the bound.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| io::Error::other(format!("it is larger than {MAX_UNPACKED} bytes")))?;
        Ok(read)
    }
}
