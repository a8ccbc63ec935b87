//! Collecting metadata into a universe.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use super::facts::ReleaseFacts;
use super::interner::Interner;
use super::tables::{PackageRow, ReleaseRow, Tables};
use super::{Bits, Standing, Universe, index, real_name, tables};
use crate::PackageName;

/// Collects packages, in any order.
#[derive(Debug, Clone, Default)]
pub struct UniverseBuilder {
    pub(super) packages: BTreeMap<PackageName, Collected>,
    external: BTreeSet<PackageName>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Collected {
    pub(super) releases: BTreeMap<Version, ReleaseFacts>,
    tags: BTreeMap<Box<str>, Version>,
}

impl UniverseBuilder {
    /// Makes a package known, even if no release of it is added.
    pub fn package(&mut self, name: PackageName) -> &mut Self {
        self.packages.entry(name).or_default();
        self
    }

    /// Adds a release; facts added before for the same version are replaced.
    pub fn release(
        &mut self,
        name: PackageName,
        version: Version,
        facts: ReleaseFacts,
    ) -> &mut Self {
        let package = self.packages.entry(name).or_default();
        package.releases.insert(version, facts);
        self
    }

    /// Points a tag of the package at a version.
    pub fn tag(&mut self, name: PackageName, tag: &str, version: Version) -> &mut Self {
        let package = self.packages.entry(name).or_default();
        package.tags.insert(tag.into(), version);
        self
    }

    /// Declares that a name belongs to the layer below: dependencies on it take no part. A package that was added stays known.
    pub fn external(&mut self, name: PackageName) -> &mut Self {
        self.external.insert(name);
        self
    }

    /// Declares every needed name external that was not added and is not in the plugin layer.
    pub fn external_unless(&mut self, in_plugin_layer: impl Fn(&PackageName) -> bool) -> &mut Self {
        let needed: Vec<PackageName> = self
            .needed()
            .filter(|name| !self.packages.contains_key(*name) && !in_plugin_layer(name))
            .cloned()
            .collect();
        self.external.extend(needed);
        self
    }

    /// Interns everything and evaluates each range once.
    #[must_use]
    pub fn build(&self) -> Universe {
        let mut names: BTreeSet<&PackageName> = self.packages.keys().collect();
        names.extend(
            self.needed()
                .filter(|name| !self.packages.contains_key(*name)),
        );
        let packages = self.package_rows(&names);
        let tables = Tables {
            is_narrow: packages.iter().all(PackageRow::is_narrow),
            packages,
            integrity: self
                .all_facts()
                .map(|facts| facts.integrity.as_deref())
                .collect(),
            deprecated: (0..)
                .zip(self.all_facts())
                .filter_map(|(place, facts)| Some((place, facts.deprecated.clone()?)))
                .collect(),
            published: self.published(),
            ..self.versions()
        };
        Universe::new(Interner::new(self, names, tables).finish())
    }

    /// The facts of every release, in the order of the tables.
    pub(super) fn all_facts(&self) -> impl Iterator<Item = &ReleaseFacts> {
        let packages = self.packages.values();
        packages.flat_map(|package| package.releases.values())
    }

    fn published(&self) -> Box<[u32]> {
        if self.all_facts().all(|facts| facts.published.is_none()) {
            return Box::default();
        }
        let seconds = self.all_facts().map(|facts| facts.published);
        seconds.map(tables::seconds).collect()
    }

    /// Every name that some release needs, aliases seen through.
    fn needed(&self) -> impl Iterator<Item = &PackageName> {
        self.all_facts()
            .flat_map(|facts| facts.dependencies.iter())
            .map(|(name, spec, _)| real_name(name, spec))
    }

    /// Each different version once, and the releases that have it; what they need is not known yet.
    fn versions(&self) -> Tables {
        let packages = self.packages.values();
        let all: Vec<&Version> = packages
            .flat_map(|package| package.releases.keys())
            .collect();
        let mut different = all.clone();
        different.sort_unstable();
        different.dedup();
        let release = |version: &Version| ReleaseRow {
            version: different.binary_search(&version).map_or(u32::MAX, number),
            list: 0,
        };
        Tables {
            releases: all.into_iter().map(release).collect(),
            versions: different.into_iter().cloned().collect(),
            ..Tables::default()
        }
    }

    fn package_rows(&self, names: &BTreeSet<&PackageName>) -> Box<[PackageRow]> {
        let mut first = 0;
        let row = |name: &&PackageName| {
            let collected = self.packages.get(*name);
            let count = collected.map_or(0, |collected| number(collected.releases.len()));
            let row = PackageRow {
                name: (*name).clone(),
                standing: match collected {
                    Some(_) => Standing::Known,
                    None if self.external.contains(*name) => Standing::External,
                    None => Standing::Missing,
                },
                first,
                count,
                tags: collected.into_iter().flat_map(Collected::tags).collect(),
                avoided: collected.map_or(Bits::EMPTY, Collected::avoided),
            };
            first += count;
            row
        };
        names.iter().map(row).collect()
    }
}

impl Collected {
    fn tags(&self) -> impl Iterator<Item = (Box<str>, Version)> {
        let tags = self.tags.iter();
        tags.map(|(tag, version)| (tag.clone(), version.clone()))
    }

    fn avoided(&self) -> Bits {
        let facts = self.releases.values().enumerate();
        Bits::from_indexes(
            facts
                .filter(|(_, facts)| facts.yanked || facts.deprecated.is_some())
                .map(|(position, _)| index(position)),
        )
    }
}

pub(super) fn number(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
