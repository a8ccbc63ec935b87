//! What catalog and platform say of releases.

use std::collections::{BTreeMap, BTreeSet};

use plugin_registry::{PluginRecord, ReleaseStatus, Revocations};
use plugin_resolver::{PackageName, compare_versions};
use semver::Version;

use crate::PluginInstance;
use crate::manager::is_named_plugin;

/// What the catalog and the owner of the platform say of releases, as far as they were asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReleaseFacts {
    pub(crate) revocations: Revocations,
    releases: BTreeMap<PackageName, BTreeMap<Version, Standing>>,
}

/// How a release stands with its registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) status: ReleaseStatus,
    pub(crate) reason: Option<String>,
}

impl ReleaseFacts {
    /// That these releases are revoked, and nothing else.
    #[must_use]
    pub fn new(revocations: Revocations) -> Self {
        Self {
            revocations,
            releases: BTreeMap::new(),
        }
    }

    /// Also what the catalog says of a package.
    #[must_use]
    pub fn with(mut self, record: &PluginRecord) -> Self {
        let releases = record.package.iter().flat_map(|package| &package.releases);
        let standing = releases.map(|release| {
            let standing = Standing {
                status: release.status,
                reason: release.status_reason.clone(),
            };
            (release.version.clone(), standing)
        });
        let standing = standing.collect();
        self.releases.insert(record.npm_package.clone(), standing);
        self
    }

    /// Also that the catalog says nothing of a package.
    #[must_use]
    pub fn without(mut self, package: PackageName) -> Self {
        self.releases.insert(package, BTreeMap::new());
        self
    }

    /// Whether the catalog was asked about a package.
    pub(crate) fn is_asked(&self, package: &PackageName) -> bool {
        self.releases.contains_key(package)
    }

    pub(crate) fn standing(&self, package: &str, version: &Version) -> Option<&Standing> {
        self.releases.get(package)?.get(version)
    }

    /// What to have instead of a release that is revoked: the newest that is offered and not revoked, a prerelease only where there is
    /// nothing else.
    #[must_use]
    pub fn instead_of(&self, package: &str) -> Option<&Version> {
        let releases = self.releases.get(package)?.iter();
        let offered = releases.filter(|(version, standing)| {
            standing.status == ReleaseStatus::Published
                && self.revocations.find(package, version).is_none()
        });
        let rank = |version: &Version| version.pre.is_empty();
        let offered = offered.map(|(version, _)| version);
        offered.max_by(|one, other| {
            let stable_last = rank(one).cmp(&rank(other));
            stable_last.then_with(|| compare_versions(one, other))
        })
    }
}

/// The releases that an instance runs: the plugin itself, the plugins of its runtime, and what those share. Plugins that were only
/// fetched with it are none of them.
pub(crate) fn releases_of(instance: &PluginInstance) -> BTreeSet<(String, Version)> {
    let read = |name: &str, version: &str| {
        let version = plugin_resolver::parse_version(version).ok()?;
        Some((name.to_owned(), version))
    };
    let own = read(instance.npm_package.as_str(), &instance.version);
    let members = instance.members.iter();
    let members = members.filter_map(|it| read(it.package.as_str(), &it.version));
    let shared = instance.packages.iter();
    let shared = shared.filter(|it| !is_named_plugin(&it.name));
    let packages = shared.map(|it| (it.name.clone(), it.version.clone()));
    own.into_iter().chain(members).chain(packages).collect()
}
