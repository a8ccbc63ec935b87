//! What an instance is in one version.

use std::collections::{BTreeMap, BTreeSet};

use one_ontology::{Actor, PluginThingType, Thing, ThingId, ThingProperties, ThingType};
use plugin_registry::{PackagePin, Parameter, Sensitivity};
use plugin_resolver::parse_version;
use plugin_runtime_api::{Artifact, Component, Permissions, PluginName, RuntimeId};
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::manager::is_named_plugin;
use crate::{Breaker, Member, PluginInstance};

/// A snapshot as the store has it.
pub type Snapshot = Thing<PluginSnapshot>;

/// Everything of an instance that changes with its version. Never a secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edition {
    /// The exact version.
    pub version: String,
    /// Where its code is, once it has been fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
    /// What to fetch to have its code again. Empty for what is compiled into the host, and where an
    /// older version of this library installed it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<PackagePin>,
    /// The runtime that it runs in.
    pub runtime: RuntimeId,
    /// The plugins of that runtime, in install order, itself among them.
    pub members: Vec<Member>,
    /// The instances that it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<ThingId>,
    /// What it may do.
    pub grants: Permissions,
    /// What can be configured.
    pub parameters: Vec<Parameter>,
    /// What is configured.
    pub settings: BTreeMap<String, Value>,
    /// Its components as they were when it last started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Component>,
}

impl Edition {
    /// What an instance is now, given the instances that it needs.
    #[must_use]
    pub fn of(instance: &PluginInstance, needs: Vec<ThingId>) -> Self {
        Self {
            version: instance.version.clone(),
            artifact: instance.artifact.clone(),
            packages: instance.packages.clone(),
            runtime: instance.runtime,
            members: instance.members.clone(),
            needs,
            grants: instance.grants.clone(),
            parameters: instance.parameters.clone(),
            settings: instance.settings.clone(),
            components: instance.components.clone(),
        }
    }

    /// The releases that an instance of this package runs as this.
    pub(crate) fn releases(&self, package: &PluginName) -> BTreeSet<(String, Version)> {
        let members = self.members.iter();
        let members = members.map(|it| (it.package.to_string(), it.version.as_str()));
        let own = (package.to_string(), self.version.as_str());
        let named = std::iter::once(own).chain(members);
        let read = named.filter_map(|(name, version)| Some((name, parse_version(version).ok()?)));
        let shared = self.packages.iter();
        let packages = shared.filter(|it| !is_named_plugin(&it.name));
        read.chain(packages.map(|it| (it.name.clone(), it.version.clone())))
            .collect()
    }

    /// Makes an instance what this says.
    pub(crate) fn apply(&self, instance: &mut PluginInstance) {
        let changed = instance.settings != self.settings;
        instance.version.clone_from(&self.version);
        instance.artifact.clone_from(&self.artifact);
        instance.packages.clone_from(&self.packages);
        instance.runtime = self.runtime;
        instance.members.clone_from(&self.members);
        instance.grants.clone_from(&self.grants);
        instance.parameters.clone_from(&self.parameters);
        instance.settings.clone_from(&self.settings);
        instance.components.clone_from(&self.components);
        for grant in instance.agents.values_mut() {
            grant.fit(&self.parameters);
        }
        // Whoever opened a parameter opened no secret by that name.
        let is_plain = |name: &String| {
            let mut parameters = self.parameters.iter();
            parameters.any(|it| it.name == *name && it.sensitivity == Sensitivity::Plain)
        };
        instance.open_to_agents.retain(is_plain);
        // What failed may have failed for its version.
        instance.breaker = Breaker::default();
        if changed {
            instance.settings_revision = instance.settings_revision.saturating_add(1);
        }
    }
}

/// An instance as it was before its version was changed: a thing of its own, beside the instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PluginSnapshot {
    /// Of which instance.
    pub instance: ThingId,
    /// Its package.
    pub npm_package: PluginName,
    /// What it was.
    pub edition: Edition,
    /// Who changed it then.
    pub taken_by: Actor,
}

impl ThingProperties for PluginSnapshot {
    fn thing_type() -> ThingType {
        PluginThingType::PluginSnapshot.into()
    }
}
