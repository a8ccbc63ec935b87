//! Why a frozen lock is no answer.

use std::fmt;

use semver::Version;
use serde::Serialize;

use crate::error::quoted;
use crate::{Demand, DependencyKind, Line, PackageName, RequestChange, Requirer};

/// Everything in which a frozen lock is no answer to a request, or no longer one in a universe. As JSON an array of what differs; in words
/// a line each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Drift {
    // INVARIANT: not empty.
    pub(crate) all: Vec<Drifted>,
}

/// One thing in which a lock and what it is held against differ. As JSON an object whose `drift` names the variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "drift", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Drifted {
    /// Something else is asked for than when the lock was made.
    Request(RequestChange),
    /// The universe no longer has a locked version that somebody needs.
    VersionGone {
        /// The package.
        name: PackageName,
        /// The locked version.
        version: Version,
    },
    /// The bytes of a locked version are others than they were; under a frozen lock also if it does not say what they were. Either
    /// somebody published the same version anew, which registries of npm's kind do not let them, or the lock was changed.
    Integrity {
        /// The package.
        name: PackageName,
        /// The locked version.
        version: Version,
        /// The digest that was locked. A lock without one, where one is known, protects nothing.
        locked: Option<Box<str>>,
        /// The digest that the universe gives.
        given: Box<str>,
    },
    /// The locked version of a package is not what somebody needs.
    Unmet {
        /// Who needs it.
        by: Requirer,
        /// Which package.
        package: PackageName,
        /// What of it.
        demand: Demand,
        /// The locked version.
        locked: Version,
    },
    /// A package that somebody needs is not in the lock.
    Missing {
        /// Who needs it.
        by: Requirer,
        /// Which package.
        package: PackageName,
        /// What of it.
        demand: Demand,
    },
    /// Nobody needs a locked package, whether or not there still is such a version.
    Unneeded {
        /// The package.
        name: PackageName,
        /// The locked version.
        version: Version,
    },
}

impl Drift {
    /// Several as one, each thing once; nothing of none.
    pub(crate) fn of_all(several: Vec<Self>) -> Option<Self> {
        let mut all: Vec<Drifted> = Vec::new();
        for drifted in several.into_iter().flat_map(|drift| drift.all) {
            if !all.contains(&drifted) {
                all.push(drifted);
            }
        }
        (!all.is_empty()).then_some(Self { all })
    }

    /// All of it: first the request, then what is wrong by itself, then what is unmet, by name.
    #[must_use]
    pub fn all(&self) -> &[Drifted] {
        &self.all
    }

    /// The first of it in words.
    pub(crate) fn first(&self) -> String {
        self.all
            .first()
            .map(ToString::to_string)
            .unwrap_or_default()
    }

    /// How much more there is, if there is more.
    pub(crate) fn more(&self) -> String {
        match self.all.len() {
            0 | 1 => String::new(),
            count => format!(", and {} more", count - 1),
        }
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.all.iter().map(ToString::to_string).collect();
        f.write_str(&texts.join("\n"))
    }
}

impl fmt::Display for Drifted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(change) => change.fmt(f),
            Self::VersionGone { name, version } => {
                write!(f, "{name} {version} is locked and no longer there")
            }
            Self::Integrity {
                name,
                version,
                locked: Some(locked),
                given,
            } => {
                let (given, locked) = (digest(given), digest(locked));
                write!(
                    f,
                    "{name} {version} has other bytes than were locked, {given} instead of {locked}: somebody published it anew; \
                     unlock it only if that is wanted"
                )
            }
            Self::Integrity {
                name,
                version,
                locked: None,
                given,
            } => write!(
                f,
                "{name} {version} is locked without a digest, and {} is known",
                digest(given)
            ),
            Self::Unmet {
                by,
                package,
                demand,
                locked,
            } => {
                let needing = needing(by, package, demand);
                write!(f, "{needing}, and {locked} is locked")
            }
            Self::Missing {
                by,
                package,
                demand,
            } => {
                let needing = needing(by, package, demand);
                write!(f, "{needing}, which is not in the lock")
            }
            Self::Unneeded { name, version } => {
                write!(f, "{name} {version} is locked and nobody needs it")
            }
        }
    }
}

/// As much of a digest as people compare.
fn digest(text: &str) -> String {
    const SHOWN: usize = 20;
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    quoted(&(shown + more))
}

fn needing(by: &Requirer, package: &PackageName, demand: &Demand) -> Line {
    by.asks(demand, DependencyKind::Normal)
        .and(demand.phrase(package, &[]))
}
