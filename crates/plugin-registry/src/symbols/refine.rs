//! Planning with names: solve, look at what was selected, solve again.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt as _;
use futures::stream;
use plugin_resolver::{Failure, PackageName, Request, Resolution, Universe, resolve};
use semver::Version;

use super::known::line;
use super::{KnownSymbols, PackageSymbols, SymbolSource};
use crate::{Collected, PackagePin, Parsed, PluginLayer, Report, SourceError};

/// How many releases are looked at at once.
const AT_ONCE: usize = 8;

/// One release.
type ReleaseId = (PackageName, Version);

/// How much may be looked at for one plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefineLimits {
    /// Releases. 256.
    pub releases: usize,
    /// Times that the plan is solved anew. 64.
    pub rounds: usize,
    /// Releases of one package that are looked at in one go when names are missing in the one selected. 32.
    pub lines: usize,
}

impl Default for RefineLimits {
    fn default() -> Self {
        Self {
            releases: 256,
            rounds: 64,
            lines: 32,
        }
    }
}

/// A plan in which what was selected exports what the others import from it, as far as is known.
#[derive(Debug)]
#[non_exhaustive]
pub struct Refined {
    /// The plan, or why there is none. A conflict may rest on releases that were not looked at but
    /// judged by a newer one of their line, see [`KnownSymbols::stand_in`]; a plan never does.
    pub outcome: Result<Resolution, Failure>,
    /// For the resolver: the universe of the outcome.
    pub universe: Universe,
    /// What was found out.
    pub symbols: KnownSymbols,
    /// What was odd about releases that were looked at.
    pub reports: BTreeMap<(PackageName, Version), Report>,
    /// Releases whose names could not be found out, and why. They are taken to fit.
    pub unanswered: BTreeMap<(PackageName, Version), SourceError>,
    /// Whether the limits were reached: then something selected was not looked at.
    pub extent: Extent,
}

/// How far a refinement came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Everything that is selected was looked at, or could not be.
    Settled,
    /// The limits were reached before.
    Limited,
}

/// Plans with the names that packages export and import.
///
/// Solves the request, asks for the names of what is selected, and solves again with what was learned, until all that is selected
/// is known. Where a selected release lacks a name, the newest release of each line (major and minor version) of that package is looked at at once.
///
/// # Behavior
/// Ends: every round asks for releases that were not asked for before. At most 8 questions at once, each release once; the
/// outcome depends on the answers, not on the order in which they come. Without any answer it is that of [`resolve`].
///
/// # Errors
/// `IntegrityMismatch`, because bytes that are not the published ones must not be passed over. Every
/// other failure leaves a release unanswered.
pub async fn refine(
    source: &dyn SymbolSource,
    collected: &Collected,
    layer: &PluginLayer,
    request: &Request,
    limits: RefineLimits,
) -> Result<Refined, SourceError> {
    let mut refined = Refined {
        outcome: resolve(&collected.universe, request),
        universe: collected.universe.clone(),
        symbols: KnownSymbols::new(),
        reports: BTreeMap::new(),
        unanswered: BTreeMap::new(),
        extent: Extent::Limited,
    };
    let mut asked = BTreeSet::new();
    for _ in 0..limits.rounds {
        let selected = refined.selected();
        let mut learned = false;
        let mut wanted = selected.clone();
        // First what is selected; when that lacks something, what else there is.
        for _ in 0..2 {
            wanted.retain(|release| !asked.contains(release));
            if wanted.len() > limits.releases.saturating_sub(asked.len()) {
                return Ok(refined);
            }
            asked.extend(wanted.iter().cloned());
            learned |= !wanted.is_empty();
            refined.learn(ask(source, collected, wanted).await)?;
            wanted = alternatives(&refined.symbols, collected, &selected, limits.lines);
        }
        if !learned {
            refined.extent = Extent::Settled;
            break;
        }
        refined.universe = collected.universe_with(layer, &refined.symbols);
        refined.outcome = resolve(&refined.universe, request);
    }
    Ok(refined)
}

impl Refined {
    fn selected(&self) -> BTreeSet<ReleaseId> {
        let packages = self.outcome.iter().flat_map(Resolution::packages);
        packages
            .map(|package| (package.name.clone(), package.version.clone()))
            .collect()
    }

    fn learn(
        &mut self,
        answers: BTreeMap<ReleaseId, Result<Parsed<PackageSymbols>, SourceError>>,
    ) -> Result<(), SourceError> {
        for (release, answer) in answers {
            match answer {
                Ok(Parsed { value, report }) => {
                    if !report.is_clean() {
                        self.reports.insert(release.clone(), report);
                    }
                    self.symbols.insert(release.0, release.1, value);
                }
                Err(error @ SourceError::IntegrityMismatch { .. }) => return Err(error),
                Err(error) => {
                    self.unanswered.insert(release, error);
                }
            }
        }
        Ok(())
    }
}

/// The newest release of each line of every selected package that lacks a name which another selected one imports.
fn alternatives(
    symbols: &KnownSymbols,
    collected: &Collected,
    selected: &BTreeSet<ReleaseId>,
    lines: usize,
) -> BTreeSet<ReleaseId> {
    let versions: BTreeMap<&PackageName, &Version> = selected
        .iter()
        .map(|(name, version)| (name, version))
        .collect();
    let known = |name| symbols.get(name, versions.get(name)?);
    let imports = versions.keys().filter_map(|name| known(name));
    let lacking: BTreeSet<&PackageName> = imports
        .flat_map(|symbols| &symbols.imports)
        .filter(|import| known(&import.package).is_some_and(|target| !target.meets(import)))
        .map(|import| &import.package)
        .collect();
    lacking
        .into_iter()
        .flat_map(|name| {
            let newest = newest_of_each_line(collected, name).into_iter().take(lines);
            newest.map(|version| (name.clone(), version.clone()))
        })
        .collect()
}

/// Newest first.
fn newest_of_each_line<'a>(collected: &'a Collected, name: &PackageName) -> Vec<&'a Version> {
    let mut seen = BTreeSet::new();
    let releases = collected.packages.get(name).into_iter();
    releases
        .flat_map(|package| package.releases.keys().rev())
        .filter(|version| seen.insert(line(version)))
        .collect()
}

/// Sorted by release again, so that the order of answers leaves no trace.
async fn ask(
    source: &dyn SymbolSource,
    collected: &Collected,
    wanted: BTreeSet<ReleaseId>,
) -> BTreeMap<ReleaseId, Result<Parsed<PackageSymbols>, SourceError>> {
    stream::iter(wanted)
        .map(|(name, version)| async move {
            let release = collected.release(&name, &version);
            let pin = PackagePin {
                name: name.as_str().to_owned(),
                version: version.clone(),
                integrity: release.and_then(|release| release.manifest.integrity.clone()),
            };
            let answer = source.symbols(&pin).await;
            ((name, version), answer)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}
