//! What an update would do, as a value.

use one_ontology::{GroupId, ThingId};
use plugin_registry::{Freshness, PackagePin};
use plugin_resolver::Lock;
use plugin_runtime_api::{Engine, PluginName};
use semver::Version;
use serde::{Deserialize, Serialize};

use super::{Breaking, ChangedPackage, UpdateKind};
use crate::{Notice, PlanStep, YoungRelease};

/// What changing the version of an instance would do: inspect it, print it, approve it, then update.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdatePlan {
    /// For which organisation. Another refuses it.
    pub group: GroupId,
    /// The instance.
    pub instance: ThingId,
    /// Its package.
    pub package: PluginName,
    /// What was asked of it: `^1.6`, `latest`.
    pub requested: String,
    /// Its version now.
    pub from: String,
    /// Its version afterwards.
    pub to: Version,
    /// How far that is.
    pub kind: UpdateKind,
    /// What breaks, as far as manifests tell. Each has to be agreed to.
    pub breaking: Vec<Breaking>,
    /// What changes of the other packages that it runs with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangedPackage>,
    /// What is said of the releases that it runs, and is not so any more afterwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settles: Vec<Notice>,
    /// The plugins that need it.
    pub dependents: Vec<Dependent>,
    /// What runs it.
    pub engine: Engine,
    /// Every package of the plugin layer that it runs with afterwards, in install order; each once.
    pub steps: Vec<PlanStep>,
    /// The exact versions, for version control.
    pub lock: Lock,
    /// What is odd but no obstacle, in words.
    pub warnings: Vec<String>,
    /// How fresh the facts are that it was made from: the least fresh.
    pub freshness: Freshness,
}

impl UpdatePlan {
    /// The plugin itself.
    #[must_use]
    pub fn root(&self) -> Option<&PlanStep> {
        self.steps.iter().find(|step| step.package == self.package)
    }

    /// What is fetched, exactly.
    #[must_use]
    pub fn packages(&self) -> Vec<PackagePin> {
        self.steps.iter().map(PlanStep::pin).collect()
    }
}

/// A plugin that needs the one that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependent {
    /// Its instance.
    pub instance: ThingId,
    /// Its package.
    pub package: PluginName,
    /// Its version.
    pub version: String,
    /// What it asks for, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires: Option<String>,
    /// Whether it accepts the new version.
    pub verdict: Verdict,
}

/// Whether a plugin accepts a version of what it needs; the worse, the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It does.
    Accepts,
    /// It does not.
    Refuses,
    /// Its release cannot be read any more.
    Unknown,
}

/// An installed plugin of which there is another version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutdatedPlugin {
    /// Its instance.
    pub instance: ThingId,
    /// Its package.
    pub package: PluginName,
    /// Its version.
    pub from: String,
    /// The version it could have, its own where only its packages would change; none where that cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Version>,
    /// How far that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<UpdateKind>,
    /// What breaks, as far as manifests tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaking: Vec<Breaking>,
    /// What changes of the other packages that it runs with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangedPackage>,
    /// What is said of the releases that it runs, and would not be so any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settles: Vec<Notice>,
    /// What it follows, where its pin or its organisation says so: a tag or a range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<String>,
    /// What it would be offered if that were older.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub young: Option<YoungRelease>,
    /// What is said of the releases that it runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
    /// What keeps it from being updated, in words: another plugin, or no answer from the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<String>,
}
