//! What a change of version breaks.

use std::collections::BTreeMap;

use one_ontology::vocabulary;
use plugin_registry::{Parameter, Sensitivity};
use plugin_resolver::{Compatibility, compare_versions};
use plugin_runtime_api::{Component, Permissions};
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Dependent, Verdict};
use crate::PluginInstance;

vocabulary! {
    /// How far a version is from the one before it.
    closed UpdateKind ("`patch`, `minor`, `major`, `prerelease`, `downgrade` or `rebuild`") {
        /// The last number, or the same numbers without a prerelease.
        Patch = "patch",
        /// The second number.
        Minor = "minor",
        /// The first number.
        Major = "major",
        /// To a version that is not released.
        Prerelease = "prerelease",
        /// To an older version.
        Downgrade = "downgrade",
        /// To the same version, with other packages.
        Rebuild = "rebuild",
    }
}

impl UpdateKind {
    /// From one version to another; none if they are the same to npm, which looks at no build metadata.
    ///
    /// ```
    /// use plugin_lifecycle::UpdateKind;
    /// let kind = |from: &str, to: &str| {
    ///     UpdateKind::between(&from.parse().unwrap(), &to.parse().unwrap())
    /// };
    /// assert_eq!(kind("1.6.1", "1.7.0"), Some(UpdateKind::Minor));
    /// assert_eq!(kind("2.0.0-beta.1", "2.0.0"), Some(UpdateKind::Patch));
    /// assert_eq!(kind("1.6.1", "1.6.0"), Some(UpdateKind::Downgrade));
    /// assert_eq!(kind("1.6.1", "1.6.1+build"), None);
    /// ```
    #[must_use]
    pub fn between(from: &Version, to: &Version) -> Option<Self> {
        match compare_versions(from, to) {
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(Self::Downgrade),
            std::cmp::Ordering::Less if !to.pre.is_empty() => Some(Self::Prerelease),
            std::cmp::Ordering::Less if from.major != to.major => Some(Self::Major),
            std::cmp::Ordering::Less if from.minor != to.minor => Some(Self::Minor),
            std::cmp::Ordering::Less => Some(Self::Patch),
        }
    }
}

vocabulary! {
    /// What can break, by name.
    closed BreakingKind ("a kind of breaking change") {
        /// See [`Breaking::Major`].
        Major = "major",
        /// See [`Breaking::Downgrade`].
        Downgrade = "downgrade",
        /// See [`Breaking::PermissionsWidened`].
        PermissionsWidened = "permissions_widened",
        /// See [`Breaking::ParametersGone`].
        ParametersGone = "parameters_gone",
        /// See [`Breaking::ParametersRequired`].
        ParametersRequired = "parameters_required",
        /// See [`Breaking::SettingsUnfit`].
        SettingsUnfit = "settings_unfit",
        /// See [`Breaking::DependentsAffected`].
        DependentsAffected = "dependents_affected",
    }
}

/// Something that a change of version breaks, or may break.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "breaking", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Breaking {
    /// A caret would not allow the step: its author promises nothing.
    Major,
    /// It goes back to an older version.
    Downgrade,
    /// Components require permissions that none required before. Found when the new version has started.
    PermissionsWidened {
        /// What no component required before.
        added: Permissions,
    },
    /// What is configured, or may be kept in the vault, cannot be configured any more.
    ParametersGone {
        /// The parameters, sorted.
        names: Vec<String>,
    },
    /// What was not required is marked as required, has no default and is not configured.
    ParametersRequired {
        /// The parameters, sorted.
        names: Vec<String>,
    },
    /// What is configured is nothing that the parameter takes any more, or has become a secret.
    SettingsUnfit {
        /// The parameters, sorted.
        names: Vec<String>,
    },
    /// Plugins that need it do not accept this version. They go on with the one they were installed with.
    DependentsAffected {
        /// Their packages, sorted.
        dependents: Vec<String>,
    },
}

impl Breaking {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> BreakingKind {
        match self {
            Self::Major => BreakingKind::Major,
            Self::Downgrade => BreakingKind::Downgrade,
            Self::PermissionsWidened { .. } => BreakingKind::PermissionsWidened,
            Self::ParametersGone { .. } => BreakingKind::ParametersGone,
            Self::ParametersRequired { .. } => BreakingKind::ParametersRequired,
            Self::SettingsUnfit { .. } => BreakingKind::SettingsUnfit,
            Self::DependentsAffected { .. } => BreakingKind::DependentsAffected,
        }
    }
}

impl std::fmt::Display for Breaking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Major => f.write_str("its author promises no compatibility"),
            Self::Downgrade => f.write_str("it goes back to an older version"),
            Self::PermissionsWidened { added } => write!(f, "it requires more: {added}"),
            Self::ParametersGone { names } => {
                write!(
                    f,
                    "these cannot be configured any more: {}",
                    names.join(", ")
                )
            }
            Self::ParametersRequired { names } => {
                write!(f, "these have to be configured: {}", names.join(", "))
            }
            Self::SettingsUnfit { names } => {
                write!(
                    f,
                    "it does not take what is configured of {}",
                    names.join(", ")
                )
            }
            Self::DependentsAffected { dependents } => {
                write!(f, "these do not accept it: {}", dependents.join(", "))
            }
        }
    }
}

/// What breaks when an instance becomes version `to`, which has these parameters, beside plugins
/// that need it; as far as manifests tell. In a fixed order.
#[must_use]
pub fn breaking(
    instance: &PluginInstance,
    to: &Version,
    parameters: &[Parameter],
    dependents: &[Dependent],
) -> Vec<Breaking> {
    let mut found = Vec::new();
    let from = plugin_resolver::parse_version(&instance.version);
    let kind = from.as_ref().map(|from| UpdateKind::between(from, to));
    match kind {
        Ok(Some(UpdateKind::Downgrade)) => found.push(Breaking::Downgrade),
        Ok(None) => {}
        Ok(Some(_)) => found.extend(
            from.as_ref()
                .is_ok_and(|from| Compatibility::between(from, to) == Compatibility::Breaking)
                .then_some(Breaking::Major),
        ),
        // Of what cannot be compared nothing is promised.
        Err(_) => found.push(Breaking::Major),
    }
    let mut say = |names: Vec<String>, of: fn(Vec<String>) -> Breaking| {
        if !names.is_empty() {
            found.push(of(names));
        }
    };
    say(gone(instance, parameters), |names| {
        Breaking::ParametersGone { names }
    });
    say(required(instance, parameters), |names| {
        Breaking::ParametersRequired { names }
    });
    say(unfit(instance, parameters), |names| {
        Breaking::SettingsUnfit { names }
    });
    // At the same version they are what they were.
    let is_same = matches!(kind, Ok(None));
    let refuse = dependents
        .iter()
        .filter(|it| !is_same && it.verdict != Verdict::Accepts);
    let mut refuse: Vec<String> = refuse.map(|it| it.package.to_string()).collect();
    refuse.sort_unstable();
    say(refuse, |dependents| Breaking::DependentsAffected {
        dependents,
    });
    found
}

/// The parameter that a setting is of: the one of its name, else the template that it fits.
pub(crate) fn covering<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a Parameter> {
    let exact = parameters.iter().find(|parameter| parameter.name == name);
    exact.or_else(|| parameters.iter().find(|parameter| parameter.covers(name)))
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn gone(instance: &PluginInstance, parameters: &[Parameter]) -> Vec<String> {
    let secrets = instance.parameters.iter();
    let secrets = secrets.filter(|parameter| parameter.sensitivity == Sensitivity::Secret);
    let named = instance.settings.keys().cloned();
    let named = named.chain(secrets.map(|parameter| parameter.name.clone()));
    sorted(named.filter(|name| covering(parameters, name).is_none()))
}

fn required(instance: &PluginInstance, parameters: &[Parameter]) -> Vec<String> {
    let asks = |parameter: &&Parameter| parameter.required_hint && parameter.default.is_none();
    let was = |name: &str| {
        let before = instance.parameters.iter();
        before.filter(asks).any(|parameter| parameter.name == name)
    };
    let asked = parameters.iter().filter(asks);
    let open = asked.filter(|parameter| {
        let mut configured = instance.settings.keys();
        !was(&parameter.name) && !configured.any(|name| parameter.covers(name))
    });
    sorted(open.map(|parameter| parameter.name.clone()))
}

fn unfit(instance: &PluginInstance, parameters: &[Parameter]) -> Vec<String> {
    let unfit = instance.settings.iter().filter(|(name, value)| {
        covering(parameters, name).is_some_and(|parameter| fitting(parameter, value).is_none())
    });
    sorted(unfit.map(|(name, _)| name.clone()))
}

/// A setting as a parameter takes it; none where it does not, or where it has to be a secret, which a
/// row never holds.
fn fitting(parameter: &Parameter, value: &Value) -> Option<Value> {
    match parameter.sensitivity {
        Sensitivity::Secret => None,
        Sensitivity::Plain => parameter.check(value).ok(),
    }
}

/// Those of the settings that these parameters take.
#[must_use]
pub fn kept_settings(
    settings: &BTreeMap<String, Value>,
    parameters: &[Parameter],
) -> BTreeMap<String, Value> {
    let kept = settings.iter().filter_map(|(name, value)| {
        let value = fitting(covering(parameters, name)?, value)?;
        Some((name.clone(), value))
    });
    kept.collect()
}

/// What components require that those before did not, all taken together.
#[must_use]
pub fn widened(before: &[Component], after: &[Component]) -> Permissions {
    let all = |components: &[Component]| -> Permissions {
        components
            .iter()
            .flat_map(|it| it.requires.iter())
            .collect()
    };
    all(before).missing(&all(after))
}
