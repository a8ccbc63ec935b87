//! Collecting metadata into a universe.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use semver::Version;

use super::facts::ReleaseFacts;
use super::symbols::{ExportTable, Symbols};
use super::{
    Bits, Demanded, DependencyKind, Edge, Need, Package, Problem, Release, Standing, Universe,
    index,
};
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
        let mut packages: Vec<Package> = names.iter().map(|name| self.bare(name)).collect();
        let mut interner = Interner::new(self, &packages, positions);
        let edges: Vec<Vec<Box<[Edge]>>> = names
            .iter()
            .map(|name| {
                let collected = self.packages.get(*name).into_iter();
                let releases = collected.flat_map(|collected| collected.releases.values());
                releases.map(|facts| interner.edges(facts)).collect()
            })
            .collect();
        let (needs, specs, symbols) = (interner.needs, interner.specs, interner.symbols);
        for (package, edges) in packages.iter_mut().zip(edges) {
            for (release, edges) in package.releases.iter_mut().zip(edges) {
                release.edges = edges;
            }
        }
        Universe {
            packages,
            needs,
            specs,
            symbols,
        }
    }

    /// Every name that some release needs, aliases seen through.
    fn needed(&self) -> impl Iterator<Item = &PackageName> {
        self.packages
            .values()
            .flat_map(|package| package.releases.values())
            .flat_map(|facts| facts.dependencies.iter())
            .map(|(name, spec, _)| real_name(name, spec))
    }

    /// A package without the edges of its releases.
    fn bare(&self, name: &PackageName) -> Package {
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
                edges: Box::default(),
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

/// Target, entry, names.
type Import<'a> = (u32, &'a str, &'a BTreeSet<Box<str>>);

/// Gives each different need one index, and its answer once.
struct Interner<'a> {
    builder: &'a UniverseBuilder,
    packages: &'a [Package],
    positions: BTreeMap<&'a PackageName, u32>,
    specs: Vec<(Spec, Arc<str>)>,
    spec_indexes: BTreeMap<Arc<str>, u32>,
    symbols: Vec<Symbols>,
    needs: Vec<Need>,
    need_indexes: BTreeMap<(u32, u32), u32>,
    tables: BTreeMap<u32, ExportTable<'a>>,
    /// The needs that each different import comes to.
    imports: BTreeMap<Import<'a>, Vec<u32>>,
    symbol_indexes: BTreeMap<(u32, Symbols), u32>,
}

impl<'a> Interner<'a> {
    fn new(
        builder: &'a UniverseBuilder,
        packages: &'a [Package],
        positions: BTreeMap<&'a PackageName, u32>,
    ) -> Self {
        Self {
            builder,
            packages,
            positions,
            specs: Vec::new(),
            spec_indexes: BTreeMap::new(),
            symbols: Vec::new(),
            needs: Vec::new(),
            need_indexes: BTreeMap::new(),
            tables: BTreeMap::new(),
            imports: BTreeMap::new(),
            symbol_indexes: BTreeMap::new(),
        }
    }

    /// Dependencies by target, kind and text; then what is imported.
    fn edges(&mut self, facts: &'a ReleaseFacts) -> Box<[Edge]> {
        let mut sorted: Vec<(&PackageName, DependencyKind, String, &Spec)> = facts
            .dependencies
            .iter()
            .map(|(name, spec, kind)| (real_name(name, spec), *kind, spec.to_string(), spec))
            .collect();
        sorted.sort_by(|a, b| (a.0, a.1, &a.2).cmp(&(b.0, b.1, &b.2)));
        sorted.dedup_by(|a, b| (a.0, a.1, &a.2) == (b.0, b.1, &b.2));
        let mut edges: Vec<Edge> = sorted
            .into_iter()
            .filter_map(|(name, kind, text, spec)| {
                let need = self.need(name, text, spec)?;
                Some(Edge { need, kind })
            })
            .collect();
        for ((name, entry), names) in &facts.imports {
            // A condition on what is there, not a wish for it.
            let kind = DependencyKind::OptionalPeer;
            let needs = self.imported(name, entry, names);
            edges.extend(needs.into_iter().map(|need| Edge { need, kind }));
        }
        edges.into_boxed_slice()
    }

    fn need(&mut self, name: &PackageName, text: String, spec: &Spec) -> Option<u32> {
        let target = *self.positions.get(name)?;
        let at = match self.spec_indexes.get(text.as_str()) {
            Some(known) => *known,
            None => {
                let next = next(&self.specs);
                let text: Arc<str> = text.into();
                self.specs.push((spec.clone(), Arc::clone(&text)));
                self.spec_indexes.insert(text, next);
                next
            }
        };
        if let Some(known) = self.need_indexes.get(&(target, at)) {
            return Some(*known);
        }
        let package = self.packages.get(usize::try_from(target).ok()?)?;
        let next = next(&self.needs);
        self.needs.push(Need {
            target,
            demanded: Demanded::Spec(at),
            admitted: package.admitted(spec, Prereleases::WhereNamed),
        });
        self.need_indexes.insert((target, at), next);
        Some(next)
    }

    fn imported(
        &mut self,
        name: &PackageName,
        entry: &'a str,
        names: &'a BTreeSet<Box<str>>,
    ) -> Vec<u32> {
        let known = self.positions.get(name);
        let (Some(target), Some(collected)) = (known, self.builder.packages.get(name)) else {
            return Vec::new();
        };
        if let Some(known) = self.imports.get(&(*target, entry, names)) {
            return known.clone();
        }
        let table = self
            .tables
            .entry(*target)
            .or_insert_with(|| ExportTable::new(collected.releases.values()));
        let mut needs = Vec::new();
        for (symbols, admitted) in table.demands(entry, names) {
            let need = *self
                .symbol_indexes
                .entry((*target, symbols))
                .or_insert_with_key(|(target, symbols)| {
                    let demanded = Demanded::Symbols(next(&self.symbols));
                    self.symbols.push(symbols.clone());
                    let need = next(&self.needs);
                    self.needs.push(Need {
                        target: *target,
                        demanded,
                        admitted: if admitted == Bits::EMPTY {
                            Err(Problem::NeverExported)
                        } else {
                            Ok(admitted)
                        },
                    });
                    need
                });
            needs.push(need);
        }
        self.imports.insert((*target, entry, names), needs.clone());
        needs
    }
}

/// The index that the next element gets.
fn next<T>(elements: &[T]) -> u32 {
    u32::try_from(elements.len()).unwrap_or(u32::MAX)
}
