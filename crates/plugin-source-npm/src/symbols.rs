//! The names in a release's files, kept by the digest of its bytes.

use std::sync::Arc;

use async_trait::async_trait;
use plugin_registry::{
    PackageFiles, PackagePin, PackageSymbols, Parsed, SourceError, SymbolSource,
};

use crate::cache::{Cache, Key};
use crate::files::files_of;
use crate::registry::Registry;
use crate::{Integrity, NpmError, NpmSource};

/// What finds the names in a package's files: `plugin_symbols::read_symbols` with its revision.
#[derive(Clone, Copy, Debug)]
pub struct SymbolReader {
    /// Another one where the same files may give another answer; answers of other revisions are not used.
    pub revision: u32,
    /// Finds them. Must be pure, and bounded for whatever the files hold.
    pub read: fn(&PackageFiles) -> Parsed<PackageSymbols>,
}

/// The names of releases, out of the tarballs of a source.
///
/// A tarball is fetched once, held against its integrity, and read in memory; what was found is kept on disk under the
/// integrity. Offline only what was kept is known.
#[derive(Clone, Debug)]
pub struct NpmSymbols {
    source: Arc<NpmSource>,
    reader: SymbolReader,
}

impl NpmSymbols {
    /// Names as `reader` finds them.
    #[must_use]
    pub fn new(source: Arc<NpmSource>, reader: SymbolReader) -> Self {
        Self { source, reader }
    }
}

#[async_trait]
impl SymbolSource for NpmSymbols {
    async fn symbols(&self, release: &PackagePin) -> Result<Parsed<PackageSymbols>, SourceError> {
        let names = self.source.names(release, self.reader).await;
        names.map_err(|error| match error {
            // That there is nothing to hold the bytes against says nothing of the bytes.
            NpmError::Unverifiable { package, reason } => SourceError::Malformed {
                what: package,
                reason,
            },
            other => other.into_source(&id(release)),
        })
    }
}

pub(crate) fn names(
    registry: &Registry,
    cache: &Cache,
    pin: &PackagePin,
    reader: SymbolReader,
) -> Result<Parsed<PackageSymbols>, NpmError> {
    let integrity = Integrity::parse(pin.integrity.as_deref().unwrap_or_default());
    let integrity = integrity.map_err(|reason| NpmError::Unverifiable {
        package: id(pin),
        reason,
    })?;
    let (address, form) = (
        integrity.to_string(),
        format!("symbols {}", reader.revision),
    );
    let key = Key {
        address: &address,
        form: &form,
        authorization: None,
    };
    let kept = cache.get(&key);
    if let Some(kept) = kept.and_then(|kept| serde_json::from_slice(&kept.body).ok()) {
        return Ok(kept);
    }
    let tarball = registry.tarball(&pin.name, &pin.version.to_string())?;
    if !tarball.integrity.agrees_with(&integrity) {
        return Err(NpmError::IntegrityMismatch {
            package: id(pin),
            expected: address,
            actual: tarball.integrity.to_string(),
        });
    }
    let names = (reader.read)(&files_of(&tarball)?);
    let body = serde_json::to_vec(&names)
        .map_err(|error| NpmError::document(&id(pin), &error.to_string()))?;
    cache.put(&key, None, &body)?;
    Ok(names)
}

fn id(pin: &PackagePin) -> String {
    format!("{}@{}", pin.name, pin.version)
}
