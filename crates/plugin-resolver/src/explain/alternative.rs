//! What could be asked for instead, as data.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use semver::Version;
use serde::Serialize;

use super::explanation::ClashingRequest;
use crate::request::Request;
use crate::spec::Spec;
use crate::{PackageName, Prereleases, Range};

/// A change of the request after which it can be met. Each was tried before it is offered.
///
/// ```
/// use plugin_resolver::{DependencyKind, Failure, ReleaseFacts, Request, Universe, parse_version, resolve};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut builder = Universe::builder();
/// let core = |range: &str| -> Result<ReleaseFacts, plugin_resolver::ResolverError> {
///     Ok(ReleaseFacts::new().needs("core".parse()?, range.parse()?, DependencyKind::Peer))
/// };
/// builder
///     .release("core".parse()?, parse_version("1.7.2")?, ReleaseFacts::new())
///     .release("core".parse()?, parse_version("0.25.9")?, ReleaseFacts::new())
///     .release("chat".parse()?, parse_version("1.7.2")?, core("1.7.2")?)
///     .release("search".parse()?, parse_version("0.25.6")?, core("^0.25.6")?)
///     .release("search".parse()?, parse_version("1.0.3")?, core("^1.0.0")?);
/// let universe = builder.build();
/// let request = Request::new()
///     .root("chat".parse()?, "*".parse()?)
///     .root("search".parse()?, "^0.25".parse()?);
/// let Err(Failure::Conflict(why)) = resolve(&universe, &request) else {
///     return Err("they share no core".into());
/// };
/// let why = why.advised(&universe, &request);
/// let nearest = why.alternatives().first().ok_or("there is one")?;
/// assert_eq!(nearest.to_string(), "ask for search 1.0.3 instead of ^0.25: both work, with core 1.7.2");
/// assert!(resolve(&universe, &nearest.apply(&request)).is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Alternative {
    /// What to change, all of it. No part is superfluous.
    pub changes: Vec<Change>,
    /// How many of the requests are then met, perhaps by another version.
    pub kept: usize,
    /// Of how many.
    pub of: usize,
    /// The version that each disputed package then has, if it is selected at all.
    pub settled: Vec<Settled>,
    /// What it costs.
    pub cost: Cost,
}

/// A part of an [`Alternative`]. As JSON an object with `"change"` and the fields below.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// Ask for a package in another version than it was asked for.
    AskFor {
        /// The request as it is.
        request: ClashingRequest,
        /// The version to ask for.
        version: Version,
    },
    /// Let the host provide a package in another version.
    Provide {
        /// The package.
        package: PackageName,
        /// The version that the host provides now.
        instead_of: Version,
        /// The version that it should provide.
        version: Version,
    },
    /// Admit prereleases wherever a range covers them.
    AllowPrereleases,
    /// Let a package have releases that are too young for the [`Cooldown`](crate::Cooldown).
    Exempt {
        /// The package.
        package: PackageName,
    },
    /// Ask again when more releases are old enough for the [`Cooldown`](crate::Cooldown).
    Wait {
        /// In how many days, counted from the time that the cooldown was computed for.
        days: u64,
        /// What was published until then is old enough by that time. As JSON in the form of RFC 3339.
        until: DateTime<Utc>,
    },
    /// Do without a request.
    LeaveOut {
        /// The request.
        request: ClashingRequest,
    },
}

/// A package with one version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Settled {
    /// The package.
    pub package: PackageName,
    /// Its version.
    pub version: Version,
}

/// What an alternative costs: what is lost counts most, then what concerns all plugins, then how many are affected, then how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[non_exhaustive]
pub struct Cost {
    /// How many requests are left out.
    pub left_out: usize,
    /// How many changes concern everything: what the host provides, which prereleases are admitted, how old releases must be.
    pub shared: usize,
    /// How many requests get another version than was asked for.
    pub moved: usize,
    /// Over how many release lines they move, taken together. A line is what a caret range spans: `1.x`, `0.25.x`. Towards an older line
    /// and towards a prerelease counts as one more.
    pub distance: usize,
}

impl Alternative {
    /// The request with the changes made.
    #[must_use]
    pub fn apply(&self, request: &Request) -> Request {
        self.changes
            .iter()
            .fold(request.clone(), |request, change| change.apply(request))
    }
}

impl Change {
    /// In which order changes are told.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::AskFor { .. } => 0,
            Self::Provide { .. } => 1,
            Self::AllowPrereleases => 2,
            Self::Exempt { .. } => 3,
            Self::Wait { .. } => 4,
            Self::LeaveOut { .. } => 5,
        }
    }

    pub(super) fn apply(&self, mut request: Request) -> Request {
        match self {
            Self::AskFor {
                request: asked,
                version,
            } => {
                for (name, spec) in Arc::make_mut(&mut request.roots) {
                    if asked.is(name, spec) {
                        *spec = exactly(version, spec);
                    }
                }
            }
            Self::Provide {
                package, version, ..
            } => {
                Arc::make_mut(&mut request.hosts).insert(package.clone(), version.clone());
            }
            Self::AllowPrereleases => request.prereleases = Prereleases::Everywhere,
            Self::Exempt { package } => {
                if let Some(cooldown) = &mut request.cooldown {
                    Arc::make_mut(cooldown).exempt.insert(package.clone());
                }
            }
            Self::Wait { until, .. } => {
                if let Some(cooldown) = &mut request.cooldown {
                    Arc::make_mut(cooldown).until = *until;
                }
            }
            Self::LeaveOut { request: asked } => {
                Arc::make_mut(&mut request.roots).retain(|(name, spec)| !asked.is(name, spec));
            }
        }
        request
    }
}

/// This version, under the alias if there was one.
fn exactly(version: &Version, before: &Spec) -> Spec {
    let Ok(range) = Range::parse(&version.to_string(), Prereleases::WhereNamed) else {
        // A version is a range; if it ever were none, the change would be tried, found to do nothing, and not be offered.
        return before.clone();
    };
    match before {
        Spec::Alias { name, .. } => Spec::Alias {
            name: name.clone(),
            spec: Box::new(Spec::Range(range)),
        },
        _ => Spec::Range(range),
    }
}
