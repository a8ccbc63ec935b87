//! Fetching the plugin layer of a few plugins, name by name, until nothing is missing.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt as _;
use futures::stream;
use plugin_resolver::{PackageName, ReleaseFacts, Spec, Universe};
use semver::Version;

use crate::{
    CORE_PACKAGE, Dependency, DependencyKind, Freshness, PackageVersions, Parsed, RegistryError,
    Release, Report, Source, SourceError,
};

/// How many documents are fetched at once.
const AT_ONCE: usize = 16;

/// Which names are of the plugin layer: those of which a runtime has one version. Everything else
/// is a library, which npm installs and may nest.
#[derive(Clone, Debug, Default)]
pub struct PluginLayer(BTreeSet<PackageName>);

impl PluginLayer {
    /// The layer of everything that elizaOS publishes and the plugins of a catalog.
    #[must_use]
    pub fn with(catalog: impl IntoIterator<Item = PackageName>) -> Self {
        Self(catalog.into_iter().collect())
    }

    /// Whether a name is of it: `@elizaos/...`, or in the catalog.
    #[must_use]
    pub fn has(&self, name: &PackageName) -> bool {
        name.scope() == Some("elizaos") || self.0.contains(name)
    }
}

/// What was fetched.
#[derive(Debug)]
#[non_exhaustive]
pub struct Collected {
    /// For the resolver.
    pub universe: Universe,
    /// Every package of the plugin layer that was found, with all its versions.
    pub packages: BTreeMap<PackageName, PackageVersions>,
    /// Names of the layer that something needs and that the source does not have or whose document
    /// cannot be used, and why. A plan that needs one is a conflict; others go on.
    pub missing: BTreeMap<PackageName, RegistryError>,
    /// What was odd about each document.
    pub reports: BTreeMap<PackageName, Report>,
    /// How fresh each document was.
    pub freshness: BTreeMap<PackageName, Freshness>,
}

impl Collected {
    /// One release.
    #[must_use]
    pub fn release(&self, name: &PackageName, version: &Version) -> Option<&Release> {
        self.packages.get(name)?.releases.get(version)
    }
}

/// Fetches `roots`, `@elizaos/core` and everything of the plugin layer that any of their versions
/// needs, in waves of names, and gives the resolver's universe.
///
/// # Behavior
/// At most 16 questions at once, each name once. The result depends on the answers, not on the
/// order in which they come.
///
/// # Errors
/// `PluginNotFound`, `InvalidPluginStructure` or `ParseError` for a root; `NetworkError` or
/// `RegistryUnavailable` when any name gets no answer, because a plan made without it would depend
/// on luck.
pub async fn collect(
    source: &dyn Source,
    roots: &[PackageName],
    layer: &PluginLayer,
) -> Result<Collected, RegistryError> {
    let registry = source.id().0;
    let mut collected = Collected {
        universe: Universe::builder().build(),
        packages: BTreeMap::new(),
        missing: BTreeMap::new(),
        reports: BTreeMap::new(),
        freshness: BTreeMap::new(),
    };
    let mut wave: BTreeSet<PackageName> = roots.iter().cloned().collect();
    wave.extend(PackageName::new(CORE_PACKAGE));
    let mut seen = wave.clone();
    while !wave.is_empty() {
        // Sorted by name again afterwards, so that the order of answers leaves no trace.
        let answers: BTreeMap<PackageName, _> = stream::iter(wave)
            .map(|name| async move {
                let answer = source.package(name.as_str()).await;
                (name, answer)
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        // What was asked for comes first: if there is no answer at all, the error is about that.
        let (asked, needs): (Vec<_>, Vec<_>) = answers
            .into_iter()
            .partition(|(name, _)| roots.contains(name));
        let mut next = BTreeSet::new();
        for (name, answer) in asked.into_iter().chain(needs) {
            match read(&registry, answer) {
                Ok((freshness, parsed)) => {
                    next.extend(needed(&parsed.value, layer));
                    collected.freshness.insert(name.clone(), freshness);
                    collected.reports.insert(name.clone(), parsed.report);
                    collected.packages.insert(name, parsed.value);
                }
                Err(error) => {
                    let no_answer = matches!(
                        error,
                        RegistryError::NetworkError { .. }
                            | RegistryError::RegistryUnavailable { .. }
                    );
                    if no_answer || roots.contains(&name) {
                        return Err(error);
                    }
                    collected.missing.insert(name, error);
                }
            }
        }
        wave = next
            .into_iter()
            .filter(|name| seen.insert(name.clone()))
            .collect();
    }
    collected.universe = universe(&collected.packages, layer);
    Ok(collected)
}

fn read(
    registry: &str,
    answer: Result<crate::PackageDocument, SourceError>,
) -> Result<(Freshness, Parsed<PackageVersions>), RegistryError> {
    let document = answer.map_err(|error| RegistryError::of_source(registry, &error))?;
    let parsed = PackageVersions::from_document(&document)?;
    Ok((document.freshness, parsed))
}

/// The names of the layer that any version needs, aliases seen through.
fn needed(versions: &PackageVersions, layer: &PluginLayer) -> BTreeSet<PackageName> {
    versions
        .releases
        .values()
        .flat_map(|release| &release.manifest.dependencies)
        .map(|dependency| match &dependency.spec {
            Spec::Alias { name, .. } => name,
            _ => &dependency.name,
        })
        .filter(|name| layer.has(name))
        .cloned()
        .collect()
}

fn universe(packages: &BTreeMap<PackageName, PackageVersions>, layer: &PluginLayer) -> Universe {
    let mut builder = Universe::builder();
    for (name, versions) in packages {
        builder.package(name.clone());
        for (version, release) in &versions.releases {
            builder.release(name.clone(), version.clone(), facts(release));
        }
        for (tag, version) in &versions.dist_tags {
            builder.tag(name.clone(), tag, version.clone());
        }
    }
    builder.external_unless(|name| layer.has(name));
    builder.build()
}

fn facts(release: &Release) -> ReleaseFacts {
    let mut facts = ReleaseFacts::new();
    for Dependency { name, kind, spec } in &release.manifest.dependencies {
        facts = facts.needs(name.clone(), spec.clone(), (*kind).into());
    }
    if let Some(integrity) = &release.manifest.integrity {
        facts = facts.with_integrity(integrity);
    }
    if let Some(reason) = &release.manifest.deprecated {
        facts = facts.deprecated(reason);
    }
    facts
}

impl From<DependencyKind> for plugin_resolver::DependencyKind {
    fn from(kind: DependencyKind) -> Self {
        match kind {
            DependencyKind::Normal => Self::Normal,
            DependencyKind::Peer => Self::Peer,
            DependencyKind::OptionalPeer => Self::OptionalPeer,
            DependencyKind::Optional => Self::Optional,
        }
    }
}
