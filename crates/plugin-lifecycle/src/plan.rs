//! What an installation would do, as a value.

use one_ontology::{GroupId, ThingId};
use plugin_registry::{Freshness, PackagePin, Parameter, StageRequest};
use plugin_resolver::Lock;
use plugin_runtime_api::{Engine, Permissions, PluginName};
use semver::Version;
use serde::{Deserialize, Serialize};

/// What installing a plugin, or several together, would do: inspect it, print it, approve it, then install it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstallPlan {
    /// For which organisation. Another refuses it.
    pub group: GroupId,
    /// The plugin asked for; of several the first.
    pub package: PluginName,
    /// What was asked of it: `^1.6`.
    pub requested: String,
    /// What will run it.
    pub engine: Engine,
    /// Every package of the plugin layer, in install order; each once.
    pub steps: Vec<PlanStep>,
    /// What the instance may do; change it before installing to grant more or less.
    pub grants: Permissions,
    /// The exact versions, for version control.
    pub lock: Lock,
    /// The dependencies as a tree, to print.
    pub tree: String,
    /// What is odd but no obstacle, in words.
    pub warnings: Vec<String>,
    /// How fresh the facts are that it was made from: the least fresh.
    pub freshness: Freshness,
}

/// One package of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanStep {
    /// Its name.
    pub package: PluginName,
    /// Its exact version.
    pub version: Version,
    /// Its integrity, as the source's document says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrity: Option<String>,
    /// Its own size on disk, in bytes, where the source says it; libraries below not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// What becomes of it.
    pub part: PlanPart,
    /// The packages of the plan that it needs, by name.
    pub needs: Vec<PluginName>,
    /// What can be configured.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
}

/// What becomes of a package of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "part", rename_all = "snake_case")]
pub enum PlanPart {
    /// A plugin asked for.
    Root,
    /// A plugin that it needs, to be installed with it.
    Dependency,
    /// A plugin that it needs and that is installed already.
    Present {
        /// The instance.
        instance: ThingId,
    },
    /// A package that plugins share, such as `@elizaos/core`; no instance of its own.
    Shared,
}

impl InstallPlan {
    /// The plugin asked for; of several the first.
    #[must_use]
    pub fn root(&self) -> Option<&PlanStep> {
        self.roots().find(|step| step.package == self.package)
    }

    /// Every plugin asked for, in install order.
    pub fn roots(&self) -> impl Iterator<Item = &PlanStep> {
        self.steps.iter().filter(|step| step.part == PlanPart::Root)
    }

    /// The same plan with other grants.
    #[must_use]
    pub fn granting(mut self, grants: Permissions) -> Self {
        self.grants = grants;
        self
    }

    /// How many plugins are installed besides those asked for.
    #[must_use]
    pub fn dependencies_installed(&self) -> usize {
        self.steps
            .iter()
            .filter(|step| step.part == PlanPart::Dependency)
            .count()
    }

    /// The bytes of the plugin layer, as far as the source says them.
    #[must_use]
    pub fn known_bytes(&self) -> u64 {
        self.steps.iter().filter_map(|step| step.bytes).sum()
    }

    /// What has to be fetched.
    #[must_use]
    pub fn stage_request(&self) -> StageRequest {
        StageRequest {
            packages: self.steps.iter().map(PlanStep::pin).collect(),
        }
    }
}

impl PlanStep {
    /// Its package and version.
    pub(crate) fn release(&self) -> (String, Version) {
        (self.package.to_string(), self.version.clone())
    }

    /// What is fetched of it, exactly.
    #[must_use]
    pub fn pin(&self) -> PackagePin {
        PackagePin {
            name: self.package.to_string(),
            version: self.version.clone(),
            integrity: self.integrity.clone(),
        }
    }
}
