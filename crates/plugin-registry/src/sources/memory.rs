//! A source that keeps its documents in memory.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    Freshness, PackageDocument, Progress, ProgressSink, Reused, Source, SourceError, SourceId,
    StageRequest, Staged,
};

/// A source whose documents were given to it, for tests and for hosts that bring their own.
///
/// Staging checks what a real source checks (the version is there, its integrity is the one asked
/// for) and moves no bytes: its places are names, `memory:` and the digest. Clones share what they
/// keep.
#[derive(Clone, Debug)]
pub struct MemorySource {
    id: SourceId,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    documents: BTreeMap<String, Value>,
    failures: BTreeMap<String, SourceError>,
    staged: BTreeMap<String, Staged>,
    asked: Vec<String>,
}

impl MemorySource {
    /// A source without any document.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self {
            id: SourceId(id.to_owned()),
            shared: Arc::default(),
        }
    }

    /// With the package document of one more package.
    #[must_use]
    pub fn with(self, name: &str, document: Value) -> Self {
        self.put(name, document);
        self
    }

    /// Puts a package document, replacing an earlier one.
    pub fn put(&self, name: &str, document: Value) {
        self.lock().documents.insert(name.to_owned(), document);
    }

    /// With a failure for one name, whatever its document.
    #[must_use]
    pub fn failing(self, name: &str, error: SourceError) -> Self {
        self.lock().failures.insert(name.to_owned(), error);
        self
    }

    /// Every name that was asked for, in the order of the questions.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.lock().asked.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Each write below is one assignment, so a panic elsewhere has left whole values.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Source for MemorySource {
    fn id(&self) -> SourceId {
        self.id.clone()
    }

    async fn package(&self, name: &str) -> Result<PackageDocument, SourceError> {
        let mut shared = self.lock();
        shared.asked.push(name.to_owned());
        if let Some(error) = shared.failures.get(name) {
            return Err(error.clone());
        }
        let document = shared.documents.get(name).cloned();
        document
            .map(|document| PackageDocument {
                name: name.to_owned(),
                document,
                freshness: Freshness::Live,
            })
            .ok_or_else(|| SourceError::NotFound {
                what: name.to_owned(),
            })
    }

    async fn stage(
        &self,
        request: &StageRequest,
        progress: &dyn ProgressSink,
    ) -> Result<Staged, SourceError> {
        progress.report(Progress::Step {
            what: format!("staging {} packages", request.packages.len()),
        });
        let mut shared = self.lock();
        let mut bytes = 0_u64;
        for pin in &request.packages {
            let what = format!("{}@{}", pin.name, pin.version);
            if let Some(error) = shared.failures.get(&what) {
                return Err(error.clone());
            }
            let release = shared
                .documents
                .get(&pin.name)
                .and_then(|document| document.get("versions"))
                .and_then(|versions| versions.get(pin.version.to_string()))
                .ok_or_else(|| SourceError::NotFound { what: what.clone() })?;
            let dist = release.get("dist");
            let integrity = dist
                .and_then(|dist| dist.get("integrity"))
                .and_then(Value::as_str);
            if integrity != pin.integrity.as_deref() {
                return Err(SourceError::IntegrityMismatch {
                    what,
                    expected: pin.integrity.clone().unwrap_or_else(|| "none".to_owned()),
                    got: integrity.unwrap_or("none").to_owned(),
                });
            }
            let size = dist
                .and_then(|dist| dist.get("unpackedSize"))
                .and_then(Value::as_u64);
            bytes = bytes.saturating_add(size.unwrap_or(0));
        }
        let digest = stage_digest(request);
        if let Some(staged) = shared.staged.get(&digest) {
            return Ok(Staged {
                reused: Reused::Reused,
                ..staged.clone()
            });
        }
        let staged = Staged {
            location: format!("memory:{digest}"),
            digest: digest.clone(),
            packages: request.packages.len() as u64,
            bytes,
            reused: Reused::Fetched,
        };
        shared.staged.insert(digest, staged.clone());
        Ok(staged)
    }
}

/// The digest of a request: the SHA-256 over its packages in order of name, one line
/// `name@version integrity` each (`none` where there is no integrity), in hexadecimal.
#[must_use]
pub fn stage_digest(request: &StageRequest) -> String {
    let mut pins: Vec<_> = request.packages.iter().collect();
    pins.sort();
    let mut hash = Sha256::new();
    for pin in pins {
        let integrity = pin.integrity.as_deref().unwrap_or("none");
        hash.update(format!("{}@{} {integrity}\n", pin.name, pin.version));
    }
    let mut digest = String::new();
    for byte in hash.finalize() {
        // Writing to a `String` cannot fail.
        let _ = write!(digest, "{byte:02x}");
    }
    digest
}
