//! Documents kept on disk, with the tag to ask whether they are still right.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::NpmError;
use crate::integrity::sha256_hex;

/// What stands before the body, on one line.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    format: u32,
    /// The address, so that a file tells what it is.
    address: String,
    etag: Option<String>,
    /// Seconds since 1970.
    checked: u64,
    sha256: String,
}

const FORMAT: u32 = 1;

/// A document that was kept.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) body: Vec<u8>,
    pub(crate) etag: Option<String>,
    checked: u64,
}

impl Kept {
    /// Whether the registry confirmed it within this time.
    pub(crate) fn is_younger_than(&self, age: Duration) -> bool {
        let since = now().checked_sub(self.checked);
        since.is_some_and(|seconds| Duration::from_secs(seconds) < age)
    }
}

/// A directory of documents. What is damaged is as if it were not there.
#[derive(Debug)]
pub(crate) struct Cache {
    directory: PathBuf,
    limit: u64,
    writes: AtomicU64,
}

/// What a document is kept under: where it came from, in which form, and for whose credentials.
#[derive(Debug)]
pub(crate) struct Key<'a> {
    pub(crate) address: &'a str,
    pub(crate) form: &'a str,
    pub(crate) authorization: Option<String>,
}

impl Key<'_> {
    fn file(&self) -> String {
        let who = self.authorization.as_deref().unwrap_or_default();
        let who = sha256_hex(who.as_bytes());
        sha256_hex(format!("{}\n{}\n{who}", self.address, self.form).as_bytes())
    }
}

impl Cache {
    pub(crate) fn new(directory: PathBuf, limit: u64) -> Self {
        Self {
            directory,
            limit,
            writes: AtomicU64::new(0),
        }
    }

    pub(crate) fn get(&self, key: &Key<'_>) -> Option<Kept> {
        let file = fs::File::open(self.directory.join(key.file())).ok()?;
        let mut bytes = Vec::new();
        let limit = self.limit.saturating_add(8192);
        file.take(limit).read_to_end(&mut bytes).ok()?;
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let body = bytes.split_off(end + 1);
        let head: Head = serde_json::from_slice(&bytes).ok()?;
        let sound = head.format == FORMAT
            && head.address == key.address
            && head.sha256 == sha256_hex(&body);
        sound.then_some(Kept {
            body,
            etag: head.etag,
            checked: head.checked,
        })
    }

    /// Keeps a document that the registry gave or confirmed just now. The file is there whole or
    /// not at all.
    pub(crate) fn put(
        &self,
        key: &Key<'_>,
        etag: Option<String>,
        body: &[u8],
    ) -> Result<(), NpmError> {
        let head = Head {
            format: FORMAT,
            address: key.address.to_owned(),
            etag,
            checked: now(),
            sha256: sha256_hex(body),
        };
        let mut bytes = serde_json::to_vec(&head)
            .map_err(|error| NpmError::disk("write", &self.directory, error.into()))?;
        bytes.push(b'\n');
        bytes.extend_from_slice(body);
        create_dir(&self.directory)?;
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        let name = format!(".{}-{}-{number}", key.file(), std::process::id());
        let temporary = self.directory.join(name);
        let path = self.directory.join(key.file());
        let written = fs::write(&temporary, &bytes).and_then(|()| fs::rename(&temporary, &path));
        written.map_err(|error| {
            let _nothing_to_remove = fs::remove_file(&temporary);
            NpmError::disk("write", &path, error)
        })
    }
}

pub(crate) fn create_dir(directory: &Path) -> Result<(), NpmError> {
    fs::create_dir_all(directory)
        .map_err(|error| NpmError::disk("create the directory", directory, error))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the age of a file on disk is measured by the machine's clock"
)]
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
