//! One plugin of the catalog.

use std::collections::{BTreeMap, BTreeSet};

use one_ontology::{
    PluginThingType, Properties, ThingProperties, ThingStatus, ThingType, Violations,
};
use plugin_resolver::PackageName;
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Sight;
use crate::manifest::categories;
use crate::{
    Category, EmbeddedSource, Finding, FindingTag, Freshness, IndexEntry, Installability, Line,
    LineRelease, Origin, PackageVersions, Parameter, PluginKind, PluginRelease, ReleaseStatus,
    Repository, SourceId,
};

/// The most releases that a record holds, the newest ones.
const MAX_RELEASES: usize = 300;

/// A plugin of the catalog: the properties of a thing of type `elizaos_plugin`.
///
/// Two kinds of sources speak of a plugin: lists say where it comes from, packages say what it is.
/// Each kind is kept apart, so that syncing one never loses what the other said; the fields above
/// them are worked out from both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PluginRecord {
    /// Its package on npm. Stores index it.
    pub npm_package: PackageName,
    /// The source that speaks for it first, by its id. Stores index it.
    pub registry_url: String,
    /// What it does. Searched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Words that its author and its list give it. Searched.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// What it is about, the weightiest first; never empty.
    pub categories: Vec<Category>,
    /// The version that is offered when nothing is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// The newest version of each line.
    #[serde(default)]
    pub lines: BTreeMap<Line, Version>,
    /// Whether anything of it can be installed.
    pub installable: Installability,
    /// What its package says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<PackageFacts>,
    /// What a list says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listing: Option<ListingFacts>,
}

/// What the package of a plugin says, by one source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PackageFacts {
    /// Which source said so.
    pub source: SourceId,
    /// Of the version offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Of the version offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// Of the version offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Of the version offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Of the version offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// Of the version offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<Repository>,
    /// `agentConfig.pluginType` of the version offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin_type: Option<String>,
    /// The parameters of the version offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// The version offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// Tags such as `latest`.
    #[serde(default)]
    pub dist_tags: BTreeMap<String, Version>,
    /// Releases in semver's order; at most the newest 300.
    pub releases: Vec<PluginRelease>,
    /// How many older releases are not kept here.
    #[serde(default)]
    pub releases_omitted: u64,
    /// The README, for passages; not part of the record.
    #[serde(skip)]
    pub readme: Option<String>,
    /// How much of the package was seen; not part of the record.
    #[serde(skip)]
    pub sight: Sight,
}

/// What a list says of a plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ListingFacts {
    /// Which source said so.
    pub source: SourceId,
    /// The name it is listed under.
    pub name: PackageName,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where its source is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<Repository>,
    /// Its page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// What its repository is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<String>,
    /// How many people marked its repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stars: Option<u64>,
    /// The language of its source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// What kind it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<PluginKind>,
    /// What the list says of its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The newest release of each line, as the list says.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lines: BTreeMap<Line, LineRelease>,
    /// Whether it can be installed, as the list says.
    pub installable: Installability,
}

impl ThingProperties for PluginRecord {
    fn thing_type() -> ThingType {
        PluginThingType::ElizaosPlugin.into()
    }
}

impl PluginRecord {
    /// The record of an entry of a list.
    #[must_use]
    pub fn from_index(entry: &IndexEntry, source: &SourceId) -> Self {
        let listing = ListingFacts {
            source: source.clone(),
            name: entry.name.clone(),
            description: entry.description.clone(),
            repository: entry.repository.clone(),
            homepage: entry.homepage.clone(),
            topics: entry.topics.clone(),
            stars: entry.stars,
            language: entry.language.clone(),
            origin: entry.origin,
            kind: entry.kind.clone(),
            status: entry.status.clone(),
            lines: entry.lines.clone(),
            installable: entry.installable.clone(),
        };
        Self::of(entry.npm_package.clone(), None, Some(listing))
    }

    /// The record of a package with all its versions.
    #[must_use]
    pub fn from_package(versions: &PackageVersions, source: &SourceId) -> Self {
        let latest = versions.latest().map(|release| &release.manifest);
        let mut releases = versions.plugin_releases();
        let omitted = releases.len().saturating_sub(MAX_RELEASES);
        releases.drain(..omitted);
        let package = PackageFacts {
            source: source.clone(),
            description: latest.and_then(|m| m.description.clone()),
            keywords: latest.map(|m| m.keywords.clone()).unwrap_or_default(),
            license: latest.and_then(|m| m.license.clone()),
            author: latest.and_then(|m| m.author.clone()),
            homepage: latest.and_then(|m| m.homepage.clone()),
            repository: latest.and_then(|m| m.repository.clone()),
            plugin_type: latest.and_then(|m| m.plugin_type.clone()),
            parameters: latest.map(|m| m.parameters.clone()).unwrap_or_default(),
            version: latest.map(|m| m.version.clone()),
            dist_tags: versions.dist_tags.clone(),
            releases,
            releases_omitted: omitted as u64,
            readme: versions.readme.clone(),
            sight: Sight::of(versions),
        };
        Self::of(versions.name.clone(), Some(package), None)
    }

    /// The same of a document that is this fresh: what was not read live shows neither that a release is withdrawn nor that it is there
    /// again.
    #[must_use]
    pub fn as_fresh(mut self, freshness: Freshness) -> Self {
        if let (Some(package), Freshness::Cached | Freshness::Embedded) =
            (&mut self.package, freshness)
        {
            package.sight = Sight::Part;
        }
        self
    }

    /// This record with what another says of the same package.
    ///
    /// Of each kind of source the weightier counts (what is part of the program weighs least);
    /// the same source replaces what it said before, and what it no longer lists is kept as
    /// withdrawn. Merging the same again changes nothing.
    #[must_use]
    pub fn merge(&self, incoming: &Self) -> Self {
        let package = match (&self.package, &incoming.package) {
            (Some(kept), Some(new)) => Some(merge_packages(kept, new)),
            (kept, new) => new.clone().or_else(|| kept.clone()),
        };
        let listing = match (&self.listing, &incoming.listing) {
            (Some(kept), Some(new)) if weight(&kept.source) > weight(&new.source) => {
                Some(kept.clone())
            }
            (kept, new) => new.clone().or_else(|| kept.clone()),
        };
        Self::of(self.npm_package.clone(), package, listing)
    }

    /// The release of a version.
    #[must_use]
    pub fn release(&self, version: &Version) -> Option<&PluginRelease> {
        self.package
            .as_ref()?
            .releases
            .iter()
            .find(|release| release.version == *version)
    }

    /// The release that is offered when nothing is asked.
    #[must_use]
    pub fn offered(&self) -> Option<&PluginRelease> {
        self.release(self.package.as_ref()?.version.as_ref()?)
    }

    /// How a thing with this record stands: published when it can be installed, else inactive.
    #[must_use]
    pub const fn status(&self) -> ThingStatus {
        if self.installable.is_yes() {
            ThingStatus::Published
        } else {
            ThingStatus::Inactive
        }
    }

    /// The record as properties of a thing. Where it is larger than a thing may be, the oldest
    /// releases are left out.
    ///
    /// # Errors
    /// What keeps it from being stored even so.
    pub fn to_properties(&self) -> Result<Properties, Violations> {
        let mut record = self.clone();
        loop {
            let Ok(Value::Object(map)) = serde_json::to_value(&record) else {
                return Err(Violations::one("properties", "must be a JSON object"));
            };
            let properties = Properties::from(map);
            let violations = match properties.validate() {
                Ok(()) => return Ok(properties),
                Err(violations) => violations,
            };
            let Some(package) = record.package.as_mut().filter(|p| p.releases.len() > 1) else {
                return Err(violations);
            };
            let half = package.releases.len() / 2;
            package.releases.drain(..half);
            package.releases_omitted = package.releases_omitted.saturating_add(half as u64);
        }
    }

    fn of(
        npm_package: PackageName,
        package: Option<PackageFacts>,
        listing: Option<ListingFacts>,
    ) -> Self {
        let mut keywords: Vec<String> = Vec::new();
        let said = package.iter().flat_map(|p| &p.keywords);
        for word in said.chain(listing.iter().flat_map(|l| &l.topics)) {
            if !keywords.contains(word) {
                keywords.push(word.clone());
            }
        }
        let mut lines: BTreeMap<Line, Version> = BTreeMap::new();
        let listed = listing.iter().flat_map(|listing| &listing.lines);
        lines.extend(listed.filter_map(|(line, release)| Some((*line, release.npm.clone()?))));
        lines.extend(package.iter().flat_map(newest_of_lines));
        let of_package = package.as_ref().map(installable);
        let description = package
            .as_ref()
            .and_then(|package| package.description.clone())
            .or_else(|| listing.as_ref()?.description.clone());
        Self {
            registry_url: package
                .as_ref()
                .map(|package| &package.source)
                .or_else(|| listing.as_ref().map(|listing| &listing.source))
                .map(|source| source.0.clone())
                .unwrap_or_default(),
            categories: categories(npm_package.as_str(), &keywords, description.as_deref()),
            description,
            keywords,
            version: package
                .as_ref()
                .and_then(|package| package.version.clone())
                .or_else(|| lines.values().next_back().cloned()),
            lines,
            installable: of_package
                .or_else(|| listing.as_ref().map(|listing| listing.installable.clone()))
                .unwrap_or_else(nothing_to_install),
            npm_package,
            package,
            listing,
        }
    }
}

/// Which source counts when two speak of the same: what is part of the program least; the same
/// source always equals itself.
fn weight(source: &SourceId) -> (bool, &str) {
    (source.0 != EmbeddedSource::ID, &source.0)
}

fn merge_packages(kept: &PackageFacts, new: &PackageFacts) -> PackageFacts {
    if weight(&kept.source) > weight(&new.source) {
        return kept.clone();
    }
    let mut merged = new.clone();
    merged.sight = Sight::default();
    if kept.source != new.source {
        return merged;
    }
    if new.sight == Sight::Part {
        // How releases stand is as it was last seen.
        for release in &mut merged.releases {
            let mut known = kept.releases.iter();
            if let Some(known) = known.find(|it| it.version == release.version) {
                release.status = known.status;
                release.status_reason.clone_from(&known.status_reason);
            }
        }
    }
    let listed: BTreeSet<&Version> = new
        .releases
        .iter()
        .map(|release| &release.version)
        .collect();
    let oldest = listed.first().copied();
    let unlisted = kept.releases.iter().filter(|release| {
        let in_view =
            new.releases_omitted == 0 || oldest.is_some_and(|oldest| release.version > *oldest);
        in_view && !listed.contains(&release.version)
    });
    for release in unlisted {
        let mut release = release.clone();
        let is_withdrawn = matches!(
            release.status,
            ReleaseStatus::Yanked | ReleaseStatus::Revoked
        );
        if !is_withdrawn && new.sight.shows_the_lack_of(&release.version) {
            release.status = ReleaseStatus::Yanked;
            release.status_reason = Some("its source no longer lists it".to_owned());
        }
        merged.releases.push(release);
    }
    merged.releases.sort_by(|a, b| a.version.cmp(&b.version));
    merged
}

/// The newest version of each line, a stable one where there is one; withdrawn ones never.
fn newest_of_lines(package: &PackageFacts) -> BTreeMap<Line, Version> {
    let mut newest: BTreeMap<Line, &Version> = BTreeMap::new();
    for release in &package.releases {
        if !matches!(
            release.status,
            ReleaseStatus::Published | ReleaseStatus::Deprecated
        ) {
            continue;
        }
        let version = &release.version;
        let known = newest.entry(Line::of(version)).or_insert(version);
        if (version.pre.is_empty(), version) > (known.pre.is_empty(), known) {
            *known = version;
        }
    }
    newest
        .into_iter()
        .map(|(line, version)| (line, version.clone()))
        .collect()
}

fn installable(package: &PackageFacts) -> Installability {
    let offered = |release: &&PluginRelease| {
        matches!(
            release.status,
            ReleaseStatus::Published | ReleaseStatus::Deprecated
        )
    };
    let mut releases = package.releases.iter().filter(offered);
    if releases.clone().any(|release| release.installable.is_yes()) {
        return Installability::Yes;
    }
    releases
        .next_back()
        .map_or_else(nothing_to_install, |release| release.installable.clone())
}

fn nothing_to_install() -> Installability {
    Installability::unless(vec![Finding {
        tag: FindingTag::NothingToInstall,
        field: "versions".to_owned(),
        reason: "are missing: there is none to install".to_owned(),
    }])
}
