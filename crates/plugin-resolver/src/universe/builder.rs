//! Collecting metadata into a universe.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use semver::Version;

use super::{Bits, DependencyKind, Edge, Need, Package, Release, Standing, Universe, index};
use crate::spec::Spec;
use crate::{PackageName, Prereleases};

/// Collects packages, in any order.
#[derive(Debug, Clone, Default)]
pub struct UniverseBuilder {
    packages: BTreeMap<PackageName, Collected>,
    external: BTreeSet<PackageName>,
}

#[derive(Debug, Clone, Default)]
struct Collected {
    releases: BTreeMap<Version, ReleaseFacts>,
    tags: BTreeMap<Box<str>, Version>,
}

/// What is known of one release.
///
/// ```
/// use plugin_resolver::{DependencyKind, ReleaseFacts};
/// # fn main() -> Result<(), plugin_resolver::ResolverError> {
/// let facts = ReleaseFacts::new()
///     .needs("@elizaos/core".parse()?, "^1.0.0".parse()?, DependencyKind::Peer)
///     .with_integrity("sha512-...");
/// # let _ = facts;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReleaseFacts {
    dependencies: Vec<(PackageName, Spec, DependencyKind)>,
    integrity: Option<Box<str>>,
    deprecated: Option<Box<str>>,
    yanked: bool,
}

impl ReleaseFacts {
    /// A release that needs nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a dependency. Several on one package must all be met.
    #[must_use]
    pub fn needs(mut self, name: PackageName, spec: Spec, kind: DependencyKind) -> Self {
        self.dependencies.push((name, spec, kind));
        self
    }

    /// Adds the digest of the package's bytes, as the registry gives it: `sha512-...`.
    #[must_use]
    pub fn with_integrity(mut self, integrity: &str) -> Self {
        self.integrity = Some(integrity.into());
        self
    }

    /// Marks the release as deprecated, with its publisher's words. It is taken only where nothing else fits.
    #[must_use]
    pub fn deprecated(mut self, message: &str) -> Self {
        self.deprecated = Some(message.into());
        self
    }

    /// Marks the release as withdrawn. It is taken only where nothing else fits.
    #[must_use]
    pub fn yanked(mut self) -> Self {
        self.yanked = true;
        self
    }
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
        let names: BTreeSet<&PackageName> = self.packages.keys().chain(self.needed()).collect();
        let positions: BTreeMap<&PackageName, u32> = names.iter().copied().zip(0..).collect();
        let mut interner = Interner::default();
        let packages = names
            .iter()
            .map(|name| self.interned(name, &positions, &mut interner))
            .collect();
        let mut universe = Universe {
            packages,
            needs: Vec::with_capacity(interner.needs.len()),
            specs: interner.specs,
        };
        for (target, spec) in interner.needs {
            let admitted = match (universe.package(target), universe.spec(spec)) {
                (Some(package), Some(spec)) => package.admitted(spec, Prereleases::WhereNamed),
                _ => Err(crate::Problem::PackageMissing),
            };
            universe.needs.push(Need {
                target,
                spec,
                admitted,
            });
        }
        universe
    }

    /// Every name that some release needs, aliases seen through.
    fn needed(&self) -> impl Iterator<Item = &PackageName> {
        self.packages
            .values()
            .flat_map(|package| package.releases.values())
            .flat_map(|facts| facts.dependencies.iter())
            .map(|(name, spec, _)| real_name(name, spec))
    }

    fn interned(
        &self,
        name: &PackageName,
        positions: &BTreeMap<&PackageName, u32>,
        interner: &mut Interner,
    ) -> Package {
        let Some(collected) = self.packages.get(name) else {
            let external = self.external.contains(name);
            return Package {
                name: name.clone(),
                standing: if external {
                    Standing::External
                } else {
                    Standing::Missing
                },
                releases: Vec::new(),
                tags: BTreeMap::new(),
                avoided: Bits::EMPTY,
            };
        };
        let releases: Vec<Release> = collected
            .releases
            .iter()
            .map(|(version, facts)| Release {
                version: version.clone(),
                edges: edges(facts, positions, interner),
                integrity: facts.integrity.clone(),
                deprecated: facts.deprecated.clone(),
                yanked: facts.yanked,
            })
            .collect();
        let avoided = releases
            .iter()
            .enumerate()
            .filter(|(_, release)| release.yanked || release.deprecated.is_some())
            .map(|(position, _)| index(position));
        Package {
            name: name.clone(),
            standing: Standing::Known,
            avoided: Bits::from_indexes(avoided),
            releases,
            tags: collected.tags.clone(),
        }
    }
}

/// The package that is really meant.
pub(crate) fn real_name<'a>(name: &'a PackageName, spec: &'a Spec) -> &'a PackageName {
    match spec {
        Spec::Alias { name, .. } => name,
        _ => name,
    }
}

fn edges(
    facts: &ReleaseFacts,
    positions: &BTreeMap<&PackageName, u32>,
    interner: &mut Interner,
) -> Box<[Edge]> {
    let mut sorted: Vec<(&PackageName, DependencyKind, String, &Spec)> = facts
        .dependencies
        .iter()
        .map(|(name, spec, kind)| (real_name(name, spec), *kind, spec.to_string(), spec))
        .collect();
    sorted.sort_by(|a, b| (a.0, a.1, &a.2).cmp(&(b.0, b.1, &b.2)));
    sorted.dedup_by(|a, b| (a.0, a.1, &a.2) == (b.0, b.1, &b.2));
    sorted
        .into_iter()
        .filter_map(|(name, kind, text, spec)| {
            let target = *positions.get(name)?;
            let need = interner.need(target, text, spec);
            Some(Edge { need, kind })
        })
        .collect()
}

#[derive(Debug, Default)]
struct Interner {
    specs: Vec<(Spec, Arc<str>)>,
    spec_indexes: BTreeMap<Arc<str>, u32>,
    needs: Vec<(u32, u32)>,
    need_indexes: BTreeMap<(u32, u32), u32>,
}

impl Interner {
    fn need(&mut self, target: u32, text: String, spec: &Spec) -> u32 {
        let spec = match self.spec_indexes.get(text.as_str()) {
            Some(known) => *known,
            None => {
                let next = u32::try_from(self.specs.len()).unwrap_or(u32::MAX);
                let text: Arc<str> = text.into();
                self.specs.push((spec.clone(), Arc::clone(&text)));
                self.spec_indexes.insert(text, next);
                next
            }
        };
        let next = u32::try_from(self.needs.len()).unwrap_or(u32::MAX);
        let needs = &mut self.needs;
        *self.need_indexes.entry((target, spec)).or_insert_with(|| {
            needs.push((target, spec));
            next
        })
    }
}
