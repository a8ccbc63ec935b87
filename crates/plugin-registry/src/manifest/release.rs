//! One release as the catalog keeps it.

use one_ontology::{Timestamp, vocabulary};
use plugin_resolver::PackageName;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::{CoreRequirement, Dependency, Installability, Manifest};

vocabulary! {
    /// How a release stands with its publisher.
    closed ReleaseStatus ("a release status") {
        /// Not offered yet.
        Draft = "draft",
        /// Offered.
        Published = "published" | "active",
        /// Offered; its author advises against it.
        Deprecated = "deprecated",
        /// Withdrawn: only for those who have it locked.
        Yanked = "yanked",
        /// Withdrawn for a danger: for nobody.
        Revoked = "revoked",
    }
}

/// One release: what never changes about a version, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PluginRelease {
    /// Its version.
    pub version: Version,
    /// How it stands.
    pub status: ReleaseStatus,
    /// Why, where its author says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    /// When it was published, if the source knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<Timestamp>,
    /// Which core it needs, if it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub core: Option<CoreRequirement>,
    /// What it needs of those packages that may be plugins; a scope of elizaOS, or `plugin` or `eliza` in the name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Dependency>,
    /// How many ordinary libraries it asks for.
    #[serde(default)]
    pub libraries: u64,
    /// The size of its own files on disk, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpacked_size: Option<u64>,
    /// Its integrity: `sha512-...`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrity: Option<String>,
    /// Whether it can be installed.
    pub installable: Installability,
}

impl PluginRelease {
    /// The release that a manifest describes.
    #[must_use]
    pub fn of(manifest: &Manifest, published_at: Option<Timestamp>) -> Self {
        let (plugins, libraries): (Vec<_>, Vec<_>) = manifest
            .dependencies
            .iter()
            .cloned()
            .partition(|dependency| may_be_plugin(&dependency.name));
        Self {
            version: manifest.version.clone(),
            status: if manifest.deprecated.is_some() {
                ReleaseStatus::Deprecated
            } else {
                ReleaseStatus::Published
            },
            status_reason: manifest.deprecated.clone(),
            published_at,
            core: manifest.core.clone(),
            dependencies: plugins,
            libraries: libraries.len() as u64,
            unpacked_size: manifest.unpacked_size,
            integrity: manifest.integrity.clone(),
            installable: manifest.installable.clone(),
        }
    }
}

/// Whether a name can be that of a plugin or of what plugins share, judged by the name alone: of a
/// scope of elizaOS, or with `plugin` or `eliza` in it. Wider than the catalog, never narrower than
/// what elizaOS itself publishes.
pub(crate) fn may_be_plugin(name: &PackageName) -> bool {
    matches!(name.scope(), Some("elizaos" | "elizaos-plugins"))
        || name.as_str().contains("plugin")
        || name.as_str().contains("eliza")
}
