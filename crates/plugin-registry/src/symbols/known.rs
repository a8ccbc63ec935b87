//! What is known of names so far, and what is taken to follow from it.

use std::collections::BTreeMap;

use plugin_resolver::{PackageName, ReleaseFacts};
use semver::Version;

use super::{EntryExports, ImportTime, ImportedNames, PackageSymbols, UnlistedEntries};
use crate::PluginLayer;

/// The names of the releases that were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownSymbols(BTreeMap<PackageName, BTreeMap<Version, PackageSymbols>>);

impl KnownSymbols {
    /// Nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what is known of a release.
    pub fn insert(&mut self, name: PackageName, version: Version, symbols: PackageSymbols) {
        self.0.entry(name).or_default().insert(version, symbols);
    }

    /// What is known of a release that was looked at.
    #[must_use]
    pub fn get(&self, name: &PackageName, version: &Version) -> Option<&PackageSymbols> {
        self.0.get(name)?.get(version)
    }

    /// Every release that was looked at.
    pub fn releases(&self) -> impl Iterator<Item = (&PackageName, &Version)> {
        self.0
            .iter()
            .flat_map(|(name, versions)| versions.keys().map(move |version| (name, version)))
    }

    /// The release that was looked at in place of one that was not: the next newer one of the same
    /// major and minor version. What it does not export, an older one is taken not to export either.
    #[must_use]
    pub fn stand_in(&self, name: &PackageName, version: &Version) -> Option<&Version> {
        let mut newer = self.0.get(name)?.range(version.clone()..);
        let (next, _) = newer.find(|(newer, _)| line(newer) == line(version))?;
        (next != version).then_some(next)
    }

    /// Adds what is known of a release to its facts; of one that was not looked at, what its stand-in exports.
    pub(crate) fn add_to(
        &self,
        name: &PackageName,
        version: &Version,
        facts: ReleaseFacts,
        layer: &PluginLayer,
    ) -> ReleaseFacts {
        if let Some(known) = self.get(name, version) {
            return known.add_to(facts, |package| layer.has(package));
        }
        let stand_in = self.stand_in(name, version);
        match stand_in.and_then(|newer| self.get(name, newer)) {
            Some(newer) => newer.add_to(facts, |_| false),
            None => facts,
        }
    }
}

/// Releases that differ by fixes: of one major and minor version, apart from prereleases.
pub(super) fn line(version: &Version) -> (u64, u64, bool) {
    (version.major, version.minor, version.pre.is_empty())
}

impl PackageSymbols {
    /// Whether everything that `import` takes while it is loaded is there, as far as is known.
    #[must_use]
    pub fn meets(&self, import: &ImportedNames) -> bool {
        if import.when == ImportTime::Later || self.exports.is_empty() {
            return true;
        }
        match self.exports.get(&import.entry) {
            Some(EntryExports::Names(names)) => import.names.is_subset(names),
            Some(EntryExports::Unknown) => true,
            None => self.unlisted == UnlistedEntries::Unknown,
        }
    }
}
