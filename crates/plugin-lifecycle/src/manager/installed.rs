//! What is installed.

use std::collections::BTreeMap;

use one_ontology::{ThingId, Timestamp};
use plugin_runtime_api::{Component, Engine, Permissions};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::manager::plan::find;
use crate::{
    Instance, ManagerError, Notice, Operation, Pin, Shown, StateKind, Tenant, Wanted, why,
};

/// An installed plugin, as far as the asker may see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstalledPlugin {
    /// Its instance.
    pub instance: ThingId,
    /// Its package.
    pub package: String,
    /// Its version.
    pub version: String,
    /// Its state.
    pub state: StateKind,
    /// Why it rests there, where that needs saying.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why it is here.
    pub wanted: Wanted,
    /// What runs it.
    pub engine: Engine,
    /// How far it may be updated; none, as far as there are versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// What is said of the releases that it runs, the gravest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
    /// What it may do.
    pub grants: Permissions,
    /// What is configured; for those who may not see values, `[redacted]`. Secrets are never here.
    pub settings: BTreeMap<String, Value>,
    /// Its components as they were when it last started.
    pub components: Vec<Component>,
    /// When it was installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed_at: Option<Timestamp>,
}

impl Tenant {
    /// Every installed plugin of the organisation, by package.
    ///
    /// # Errors
    /// `Denied`, `Store`.
    pub async fn list_installed(&self) -> Result<Vec<InstalledPlugin>, ManagerError> {
        self.allow(Operation::ViewOrgInstalledPlugins)?;
        let shown = self.allow(Operation::ViewPluginConfig)?;
        let instances = self.load_all().await?;
        Ok(instances.into_iter().map(|i| view(i, shown)).collect())
    }

    /// Whether a package is installed.
    ///
    /// # Errors
    /// `Denied`, `Store`.
    pub async fn is_installed(&self, package: &str) -> Result<bool, ManagerError> {
        Ok(self.installed(package).await?.is_some())
    }

    /// The installed plugin of a package.
    ///
    /// # Errors
    /// `Denied`, `Store`.
    pub async fn installed(&self, package: &str) -> Result<Option<InstalledPlugin>, ManagerError> {
        self.allow(Operation::ViewOrgInstalledPlugins)?;
        let shown = self.allow(Operation::ViewPluginConfig)?;
        let instances = self.load_all().await?;
        Ok(find(&instances, package).map(|found| view(found.clone(), shown)))
    }
}

impl Tenant {
    /// Why an instance is where it is, in a sentence: who brought it there, what it waits for, what
    /// would move it.
    ///
    /// # Errors
    /// `Denied`, `InstanceNotFound`, `Store`.
    pub async fn why(&self, instance: ThingId) -> Result<String, ManagerError> {
        self.allow(Operation::ViewOrgInstalledPlugins)?;
        let properties = self.load(instance).await?.properties;
        let moved = properties.moved.as_ref();
        let by = moved.map_or(&properties.installed_by, |moved| &moved.by);
        let who = self.name_of(by, &mut BTreeMap::new()).await?;
        Ok(why(&properties, &who, self.shared().now()))
    }
}

fn view(instance: Instance, shown: Shown) -> InstalledPlugin {
    let properties = instance.properties;
    let settings = properties.settings.into_iter();
    InstalledPlugin {
        instance: instance.id,
        package: properties.npm_package.to_string(),
        version: properties.version,
        state: properties.lifecycle.kind(),
        reason: properties.reason,
        wanted: properties.wanted,
        engine: properties.engine,
        pin: properties.pin,
        notices: properties.notices,
        grants: properties.grants,
        settings: match shown {
            Shown::Whole => settings.collect(),
            Shown::Redacted => settings
                .map(|(name, _)| (name, "[redacted]".into()))
                .collect(),
        },
        components: properties.components,
        installed_at: properties.installed_at,
    }
}
