//! A manifest: what a package.json says, read strictly.

use std::collections::BTreeMap;

use plugin_resolver::{PackageName, Spec};
use semver::Version;
use serde::{Deserialize, Serialize};

use super::{Category, CoreRequirement, Dependency, Parameter, Repository};
use crate::Finding;

/// The package that every plugin shares with its host.
pub const CORE_PACKAGE: &str = "@elizaos/core";

/// One release of a package, as its package.json and README say it.
///
/// Made by [`Manifest::from_npm`]; every text is bounded and on one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// The package.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// What it does, at most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its licence as it names it: `MIT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Its page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// Where its source is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<Repository>,
    /// At most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// What it is about, the weightiest first; never empty.
    pub categories: Vec<Category>,
    /// What it needs, by name; at most one for each name and kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Dependency>,
    /// Which core it needs, if it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub core: Option<CoreRequirement>,
    /// `agentConfig.pluginType`, usually `elizaos:plugin:1.0.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin_type: Option<String>,
    /// What can be configured, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// Which engines it asks for: `node` to a range, as it was written.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub engines: BTreeMap<String, String>,
    /// The size of its files on disk, in bytes, as the registry counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpacked_size: Option<u64>,
    /// Its integrity: `sha512-...`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrity: Option<String>,
    /// Why npm says that it should not be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// The beginning of its README, at most 16,384 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readme: Option<String>,
    /// Whether it can be installed.
    pub installable: Installability,
}

/// Whether a release or plugin can be installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "installable", rename_all = "snake_case")]
pub enum Installability {
    /// Nothing that is known speaks against it.
    Yes,
    /// It cannot.
    No {
        /// Why; never empty.
        reasons: Vec<Finding>,
    },
}

impl Installability {
    /// `Yes` when there is no reason against it.
    #[must_use]
    pub fn unless(reasons: Vec<Finding>) -> Self {
        if reasons.is_empty() {
            Self::Yes
        } else {
            Self::No { reasons }
        }
    }

    /// Whether it is `Yes`.
    #[must_use]
    pub const fn is_yes(&self) -> bool {
        matches!(self, Self::Yes)
    }
}

impl Manifest {
    /// The category that weighs most.
    #[must_use]
    pub fn category(&self) -> Category {
        self.categories
            .first()
            .cloned()
            .unwrap_or(Category::Uncategorized)
    }

    /// The dependencies that `npm` could never install, for instance a published `workspace:*`.
    pub fn published_workspace(&self) -> impl Iterator<Item = &Dependency> {
        self.dependencies
            .iter()
            .filter(|dependency| matches!(dependency.spec, Spec::Workspace(_)))
    }
}
