//! Fetching the plugin layer of a few plugins, name by name, until nothing is missing.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt as _;
use futures::stream;
use plugin_resolver::{PackageName, ReleaseFacts, Spec, Universe};
use semver::Version;
use serde_json::Value;

use crate::{
    CORE_PACKAGE, Dependency, DependencyKind, FindingTag, Freshness, KnownSymbols, PackageVersions,
    Parsed, RegistryError, Release, Report, Source, SourceError,
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

    /// The universe with what is known of names. What is not known rules nothing out.
    #[must_use]
    pub fn universe_with(&self, layer: &PluginLayer, symbols: &KnownSymbols) -> Universe {
        let mut builder = Universe::builder();
        for (name, versions) in &self.packages {
            builder.package(name.clone());
            for (version, release) in &versions.releases {
                let facts = symbols.add_to(name, version, facts(release), layer);
                builder.release(name.clone(), version.clone(), facts);
            }
            for (tag, version) in &versions.dist_tags {
                builder.tag(name.clone(), tag, version.clone());
            }
        }
        builder.external_unless(|name| layer.has(name));
        builder.build()
    }
}

/// How much one collection may fetch, so that a registry which invents a dependency in each document
/// comes to an end. The defaults are some ten times what all real plugins together take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollectLimits {
    /// Packages asked for. 4,000.
    pub packages: usize,
    /// Releases of all packages together. 250,000.
    pub releases: usize,
    /// Bytes of all documents together, as JSON. 1 GiB.
    pub bytes: u64,
    /// Questions in a row, each of which depends on the answer before. 32.
    pub waves: usize,
}

impl Default for CollectLimits {
    fn default() -> Self {
        Self {
            packages: 4_000,
            releases: 250_000,
            bytes: 1 << 30,
            waves: 32,
        }
    }
}

/// Fetches `roots`, `@elizaos/core` and everything of the plugin layer that any of their versions
/// needs, in waves of names, and gives the resolver's universe.
///
/// # Behavior
/// At most 16 questions at once, each name once, within the default [`CollectLimits`]. The result
/// depends on the answers, not on the order in which they come.
///
/// # Errors
/// `PluginNotFound`, `InvalidPluginStructure` or `ParseError` for a root; `NetworkError` or
/// `RegistryUnavailable` when any name gets no answer, because a plan made without it would depend
/// on luck; `ValidationError` when a limit is passed.
pub async fn collect(
    source: &dyn Source,
    roots: &[PackageName],
    layer: &PluginLayer,
) -> Result<Collected, RegistryError> {
    collect_within(source, roots, layer, CollectLimits::default()).await
}

/// As [`collect`], within other limits.
///
/// # Errors
/// As [`collect`].
pub async fn collect_within(
    source: &dyn Source,
    roots: &[PackageName],
    layer: &PluginLayer,
    limits: CollectLimits,
) -> Result<Collected, RegistryError> {
    let mut collected = Collected {
        universe: Universe::builder().build(),
        packages: BTreeMap::new(),
        missing: BTreeMap::new(),
        reports: BTreeMap::new(),
        freshness: BTreeMap::new(),
    };
    let mut used = Used::new(roots, limits);
    let mut wave: BTreeSet<PackageName> = roots.iter().cloned().collect();
    wave.extend(PackageName::new(CORE_PACKAGE));
    let mut seen = wave.clone();
    while !wave.is_empty() {
        used.begin_wave(seen.len())?;
        let answers = ask(source, wave, &mut used).await?;
        // What was asked for comes first: if there is no answer at all, the error is about that.
        let (asked, needs): (Vec<_>, Vec<_>) = answers
            .into_iter()
            .partition(|(name, _)| roots.contains(name));
        let mut next = BTreeSet::new();
        for (name, answer) in asked.into_iter().chain(needs) {
            match answer {
                Ok(answer) => {
                    next.extend(needed(&answer.parsed.value, layer));
                    collected.freshness.insert(name.clone(), answer.freshness);
                    collected.reports.insert(name.clone(), answer.parsed.report);
                    collected.packages.insert(name, answer.parsed.value);
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
    collected.universe = collected.universe_with(layer, &KnownSymbols::new());
    Ok(collected)
}

/// A document that was read.
struct Answer {
    freshness: Freshness,
    parsed: Parsed<PackageVersions>,
    bytes: u64,
}

/// What a wave of names gives, by name, so that the order of answers leaves no trace. Documents are
/// read as they come and not kept.
async fn ask(
    source: &dyn Source,
    wave: BTreeSet<PackageName>,
    used: &mut Used<'_>,
) -> Result<BTreeMap<PackageName, Result<Answer, RegistryError>>, RegistryError> {
    let registry = source.id().0;
    let mut answers = BTreeMap::new();
    let mut coming = stream::iter(wave)
        .map(|name| async move {
            let answer = source.package(name.as_str()).await;
            (name, answer)
        })
        .buffer_unordered(AT_ONCE);
    while let Some((name, answer)) = coming.next().await {
        let answer = read(&registry, answer);
        if let Ok(answer) = &answer {
            used.take(answer)?;
        }
        answers.insert(name, answer);
    }
    Ok(answers)
}

fn read(
    registry: &str,
    answer: Result<crate::PackageDocument, SourceError>,
) -> Result<Answer, RegistryError> {
    let document = answer.map_err(|error| RegistryError::of_source(registry, &error))?;
    Ok(Answer {
        freshness: document.freshness,
        bytes: json_bytes(&document.document),
        parsed: PackageVersions::from_document(&document)?,
    })
}

/// What a collection has taken of its limits.
struct Used<'a> {
    roots: &'a [PackageName],
    limits: CollectLimits,
    waves: usize,
    releases: usize,
    bytes: u64,
}

impl<'a> Used<'a> {
    fn new(roots: &'a [PackageName], limits: CollectLimits) -> Self {
        Self {
            roots,
            limits,
            waves: 0,
            releases: 0,
            bytes: 0,
        }
    }

    fn begin_wave(&mut self, packages: usize) -> Result<(), RegistryError> {
        self.waves += 1;
        if self.waves > self.limits.waves {
            let limit = self.limits.waves;
            return Err(
                self.too_large("depth", &format!("goes on below {limit} packages in a row"))
            );
        }
        if packages > self.limits.packages {
            let limit = self.limits.packages;
            return Err(self.too_large("packages", &format!("are more than {limit}")));
        }
        Ok(())
    }

    fn take(&mut self, answer: &Answer) -> Result<(), RegistryError> {
        self.releases = self
            .releases
            .saturating_add(answer.parsed.value.releases.len());
        self.bytes = self.bytes.saturating_add(answer.bytes);
        if self.releases > self.limits.releases {
            let limit = self.limits.releases;
            return Err(self.too_large("releases", &format!("are more than {limit}")));
        }
        if self.bytes > self.limits.bytes {
            let limit = self.limits.bytes;
            return Err(self.too_large("documents", &format!("are larger than {limit} bytes")));
        }
        Ok(())
    }

    fn too_large(&self, field: &str, reason: &str) -> RegistryError {
        let names: Vec<&str> = self.roots.iter().map(PackageName::as_str).collect();
        let mut report = Report::new();
        report.error(FindingTag::TooLarge, field, reason);
        RegistryError::validation_error(&format!("what {} needs", names.join(", ")), report)
    }
}

/// How long a document is as JSON, in bytes.
fn json_bytes(document: &Value) -> u64 {
    struct Count(u64);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.saturating_add(bytes.len() as u64);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // What cannot be written as JSON counts as far as it can.
    let _counted = serde_json::to_writer(&mut count, document);
    count.0
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

fn facts(release: &Release) -> ReleaseFacts {
    let mut facts = ReleaseFacts::new();
    for Dependency { name, kind, spec } in &release.manifest.dependencies {
        facts = facts.needs(name.clone(), spec.clone(), (*kind).into());
    }
    if let Some(integrity) = &release.manifest.integrity {
        facts = facts.integrity(integrity);
    }
    if let Some(reason) = &release.manifest.deprecated {
        facts = facts.deprecated(reason);
    }
    if let Some(time) = release.published_at {
        facts = facts.published_at(time.as_datetime());
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
