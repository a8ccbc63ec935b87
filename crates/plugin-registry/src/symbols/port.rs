//! The port to what knows the names in a release's files.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use plugin_resolver::PackageName;
use semver::Version;

use super::PackageSymbols;
use crate::{PackagePin, Parsed, Report, SourceError};

/// Knows which names a release exports and imports.
#[async_trait]
pub trait SymbolSource: Debug + Send + Sync + 'static {
    /// The names of one release.
    ///
    /// # Behavior
    /// What is said is of the bytes that the pin's integrity names, and of no others; the same bytes always give the
    /// same answer. No code of the package runs. Files that cannot be read are no error: what would follow from them
    /// is unknown, and the report says so.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable` (also when offline and not kept), `Denied`, `TooLarge`, `Failed`, `Malformed` (also where
    /// there is no integrity to hold the bytes against), `IntegrityMismatch`.
    async fn symbols(&self, release: &PackagePin) -> Result<Parsed<PackageSymbols>, SourceError>;
}

/// Names that were given to it, for tests and for hosts that have their own. Clones share what they keep.
#[derive(Clone, Debug, Default)]
pub struct MemorySymbols(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    symbols: BTreeMap<(PackageName, Version), PackageSymbols>,
    failures: BTreeMap<(PackageName, Version), SourceError>,
    asked: Vec<String>,
}

impl MemorySymbols {
    /// Knows nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With the names of one more release.
    #[must_use]
    pub fn with(self, name: PackageName, version: Version, symbols: PackageSymbols) -> Self {
        self.lock().symbols.insert((name, version), symbols);
        self
    }

    /// With a failure for one release.
    #[must_use]
    pub fn failing(self, name: PackageName, version: Version, error: SourceError) -> Self {
        self.lock().failures.insert((name, version), error);
        self
    }

    /// Every release that was asked for, as `name@version`, in the order of the questions.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.lock().asked.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Each write is one insertion, so a panic elsewhere has left whole values.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SymbolSource for MemorySymbols {
    async fn symbols(&self, release: &PackagePin) -> Result<Parsed<PackageSymbols>, SourceError> {
        let mut kept = self.lock();
        let what = format!("{}@{}", release.name, release.version);
        kept.asked.push(what.clone());
        let not_found = || SourceError::NotFound { what: what.clone() };
        let name = PackageName::new(&release.name).map_err(|_| not_found())?;
        let key = (name, release.version.clone());
        if let Some(error) = kept.failures.get(&key) {
            return Err(error.clone());
        }
        let value = kept.symbols.get(&key).cloned().ok_or_else(not_found)?;
        Ok(Parsed {
            value,
            report: Report::new(),
        })
    }
}
