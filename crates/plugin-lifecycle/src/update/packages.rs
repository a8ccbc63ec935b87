//! What changes of the packages that an instance runs with.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::manager::closure;
use crate::releases::releases_of;
use crate::{Notice, PlanPart, PlanStep, PluginInstance};

/// A package beside the plugin itself that it runs with in another version afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedPackage {
    /// Its name.
    pub package: String,
    /// Its version now; none where it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Version>,
    /// Its version afterwards; none where it is not needed any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Version>,
    /// Whether it is a plugin, with an instance of its own.
    pub part: PackagePart,
}

/// What a package beside the plugin itself is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackagePart {
    /// A plugin that it needs, which is installed.
    Plugin,
    /// A package that plugins share.
    Shared,
}

impl fmt::Display for ChangedPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let package = &self.package;
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => write!(f, "{package} {from} -> {to}"),
            (None, Some(to)) => write!(f, "{package} {to}, which is new"),
            (Some(from), None) => write!(f, "{package} {from}, which is not needed any more"),
            (None, None) => f.write_str(package),
        }
    }
}

/// What changes of the packages that an instance runs with, when it runs with those of these steps; itself not counted. What it was only
/// fetched with is no change when it is gone, unless it is among `unwanted`.
#[must_use]
pub fn changed_packages(
    instance: &PluginInstance,
    steps: &[PlanStep],
    unwanted: &BTreeSet<(String, Version)>,
) -> Vec<ChangedPackage> {
    let own = instance.npm_package.as_str();
    let before: BTreeMap<String, Version> = releases_of(instance).into_iter().collect();
    let root = steps.iter().find(|step| step.package.as_str() == own);
    let after = root.map(|root| closure(steps, root)).unwrap_or_default();
    let is_known = !instance.packages.is_empty();
    let mut changed = Vec::new();
    for step in after.iter().filter(|step| step.package.as_str() != own) {
        let part = match step.part {
            PlanPart::Shared => PackagePart::Shared,
            PlanPart::Root | PlanPart::Dependency | PlanPart::Present { .. } => PackagePart::Plugin,
        };
        let from = before.get(step.package.as_str());
        let is_new = from.is_none() && (is_known || part == PackagePart::Plugin);
        if is_new || from.is_some_and(|from| *from != step.version) {
            changed.push(ChangedPackage {
                package: step.package.to_string(),
                from: from.cloned(),
                to: Some(step.version.clone()),
                part,
            });
        }
    }
    let is_left = |name: &str| after.iter().any(|step| step.package.as_str() == name);
    let gone = before.into_iter().filter(|(name, _)| !is_left(name));
    let gone = gone.filter(|release| unwanted.contains(release));
    changed.extend(gone.map(|(package, from)| {
        let mut members = instance.members.iter();
        let is_plugin = members.any(|it| it.package.as_str() == package);
        ChangedPackage {
            package,
            from: Some(from),
            to: None,
            part: if is_plugin {
                PackagePart::Plugin
            } else {
                PackagePart::Shared
            },
        }
    }));
    changed
}

/// What is said of an instance and is not so any more when it runs with the packages of these steps.
#[must_use]
pub fn settled(instance: &PluginInstance, steps: &[PlanStep]) -> Vec<Notice> {
    let is_left = |notice: &&Notice| {
        !steps.iter().any(|step| {
            step.package == notice.package && step.version.to_string() == notice.version
        })
    };
    instance.notices.iter().filter(is_left).cloned().collect()
}

/// Whether an instance still runs with what these changes begin with.
pub(crate) fn still_begins(instance: &PluginInstance, changed: &[ChangedPackage]) -> bool {
    let now: BTreeMap<String, Version> = releases_of(instance).into_iter().collect();
    let mut changed = changed.iter();
    changed.all(|it| it.from.as_ref() == now.get(&it.package))
}
