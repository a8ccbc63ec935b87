//! Why a lock does not hold.

use std::collections::BTreeSet;
use std::fmt;

use semver::Version;
use serde::Serialize;

use crate::error::quoted;
use crate::{
    Demand, DependencyKind, Detail, Line, LockedNeed, PackageName, RequestChange, Requirer,
};

/// Everything in which a lock does not hold: a frozen one in everything in which it is no answer to a request in a universe, a preferred
/// one only in the [bytes](Drifted::Integrity) of what it keeps. As JSON an array of what differs; in words a line each.
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
    /// The universe does not have a locked version that somebody needs: it is gone, or never was.
    VersionUnknown {
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
    /// A locked version needs something else than the lock says, of packages that are in the lock. What is unmet or missing for that
    /// reason is said as such, and not here.
    Needs {
        /// The package.
        name: PackageName,
        /// The locked version.
        version: Version,
        /// What it needs only according to the lock.
        locked: Vec<LockedNeed>,
        /// What it needs only according to the universe.
        given: Vec<LockedNeed>,
    },
    /// A locked version is not locked by the tag that the request asks for, so that nothing says where the tag pointed.
    Tag {
        /// The package.
        name: PackageName,
        /// The locked version.
        version: Version,
        /// The tag in the lock.
        locked: Option<Box<str>>,
        /// The tag that is asked for.
        asked: Option<Box<str>>,
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
    /// The most lines of the text in brief.
    pub const MAX_LINES: usize = 12;

    /// The most bytes of the text in brief.
    pub const MAX_BYTES: usize = 4 * 1024;

    /// Of some, sorted, each said once: nothing that only follows from what else is said.
    pub(crate) fn new(all: Vec<Drifted>) -> Self {
        let said = Said::of(&all);
        let mut all: Vec<Drifted> = all
            .into_iter()
            .filter_map(|drifted| said.rest(drifted))
            .collect();
        all.sort_by(|a, b| a.place().cmp(&b.place()));
        Self { all }
    }

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

    /// All of it: first the request, then what is wrong by itself, then what is unmet, by who needs it, then what nobody needs. Nothing that
    /// only follows from something else in it is in it.
    #[must_use]
    pub fn all(&self) -> &[Drifted] {
        &self.all
    }

    /// All of it in words, a line each; in brief at most [`Self::MAX_LINES`] lines and [`Self::MAX_BYTES`] bytes, of which the last then says
    /// how many more there are.
    #[must_use]
    pub fn lines(&self, detail: Detail) -> Vec<String> {
        let most = match detail {
            Detail::Brief if self.all.len() > Self::MAX_LINES => Self::MAX_LINES - 1,
            _ => self.all.len(),
        };
        let mut lines: Vec<String> = self.all.iter().take(most).map(Drifted::line).collect();
        if let more @ 1.. = self.all.len() - most {
            lines.push(format!("and {more} more"));
        }
        lines
    }

    /// The first of it in words.
    pub(crate) fn first(&self) -> String {
        self.all.first().map(Drifted::line).unwrap_or_default()
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
    /// In brief, see [`Drift::lines`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines(Detail::Brief).join("\n"))
    }
}

impl fmt::Display for Drifted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(change) => change.fmt(f),
            Self::VersionUnknown { name, version } => {
                write!(
                    f,
                    "{name} {version} is locked, and no such version is known"
                )
            }
            Self::Needs {
                name,
                version,
                locked,
                given,
            } => {
                let (locked, given) = (listed(locked), listed(given));
                match (locked.is_empty(), given.is_empty()) {
                    (true, _) => write!(
                        f,
                        "{name} {version} needs {given}, of which the lock says nothing"
                    ),
                    (_, true) => write!(
                        f,
                        "{name} {version} was locked as needing {locked}, which it does not"
                    ),
                    _ => write!(
                        f,
                        "{name} {version} needs {given}, it was locked as needing {locked}"
                    ),
                }
            }
            Self::Tag {
                name,
                version,
                locked,
                asked,
            } => match (locked, asked) {
                (_, None) => {
                    let locked = quoted(locked.as_deref().unwrap_or_default());
                    write!(
                        f,
                        "{name} {version} is locked for the tag {locked}, which is not asked for"
                    )
                }
                (None, Some(asked)) => {
                    let asked = quoted(asked);
                    write!(
                        f,
                        "{name} {version} is locked, and the lock does not say that the tag {asked} pointed at it"
                    )
                }
                (Some(locked), Some(asked)) => {
                    let (locked, asked) = (quoted(locked), quoted(asked));
                    write!(
                        f,
                        "{name} {version} is locked for the tag {locked}, and the tag {asked} is asked for"
                    )
                }
            },
            Self::Integrity {
                name,
                version,
                locked: Some(locked),
                given,
            } => {
                let (given, locked) = (digest(given), digest(locked));
                write!(
                    f,
                    "{name} {version} has other bytes than were locked, {given} instead of {locked}: it was published anew, or the lock edited"
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

fn listed(needs: &[LockedNeed]) -> String {
    const NAMED: usize = 3;
    let mut parts: Vec<String> = needs.iter().take(NAMED).map(ToString::to_string).collect();
    if let more @ 1.. = needs.len().saturating_sub(NAMED) {
        parts.push(format!("{more} more"));
    }
    match parts.split_last() {
        Some((last, rest @ [_, ..])) => format!("{} and {last}", rest.join(", ")),
        _ => parts.join(""),
    }
}

impl Drifted {
    /// In words, bounded.
    fn line(&self) -> String {
        Line::default().plain(&self.to_string()).to_string()
    }

    /// Where it comes among others.
    fn place(&self) -> (u8, Option<&PackageName>) {
        match self {
            Self::Request(_) => (0, None),
            Self::VersionUnknown { name, .. }
            | Self::Integrity { name, .. }
            | Self::Needs { name, .. }
            | Self::Tag { name, .. } => (1, Some(name)),
            Self::Unmet { by, .. } | Self::Missing { by, .. } => (2, package(by)),
            Self::Unneeded { name, .. } => (3, Some(name)),
        }
    }
}

fn package(by: &Requirer) -> Option<&PackageName> {
    match by {
        Requirer::Package { name, .. } => Some(name),
        Requirer::Request | Requirer::Host => None,
    }
}

/// What need not be said again.
struct Said {
    /// What is asked for otherwise.
    asked: BTreeSet<PackageName>,
    hosts: BTreeSet<PackageName>,
    /// Who needs what, where it is said that this is not so.
    unmet: BTreeSet<(PackageName, PackageName)>,
    unneeded: BTreeSet<PackageName>,
}

impl Said {
    fn of(all: &[Drifted]) -> Self {
        let mut said = Self {
            asked: BTreeSet::new(),
            hosts: BTreeSet::new(),
            unmet: BTreeSet::new(),
            unneeded: BTreeSet::new(),
        };
        for drifted in all {
            match drifted {
                Drifted::Request(
                    RequestChange::RootAdded { name, .. }
                    | RequestChange::RootRemoved { name, .. }
                    | RequestChange::RootChanged { name, .. },
                ) => {
                    said.asked.insert(name.clone());
                }
                Drifted::Request(RequestChange::HostChanged { name, .. }) => {
                    said.hosts.insert(name.clone());
                }
                Drifted::Unmet {
                    by: Requirer::Package { name, .. },
                    package,
                    ..
                }
                | Drifted::Missing {
                    by: Requirer::Package { name, .. },
                    package,
                    ..
                } => {
                    said.unmet.insert((name.clone(), package.clone()));
                }
                Drifted::Unneeded { name, .. } => {
                    said.unneeded.insert(name.clone());
                }
                _ => {}
            }
        }
        said
    }

    /// What of it is not said yet.
    fn rest(&self, drifted: Drifted) -> Option<Drifted> {
        let is_said = match &drifted {
            Drifted::Unmet { by, package, .. } | Drifted::Missing { by, package, .. } => match by {
                Requirer::Request => self.asked.contains(package),
                Requirer::Host => self.hosts.contains(package),
                Requirer::Package { .. } => false,
            },
            Drifted::Unneeded { name, .. } => self.asked.contains(name),
            Drifted::VersionUnknown { name, .. } => self.unneeded.contains(name),
            _ => false,
        };
        if is_said {
            return None;
        }
        let Drifted::Needs {
            name,
            version,
            mut locked,
            mut given,
        } = drifted
        else {
            return Some(drifted);
        };
        if self.unneeded.contains(&name) {
            return None;
        }
        let is_new = |need: &LockedNeed| !self.unmet.contains(&(name.clone(), need.name.clone()));
        given.retain(is_new);
        locked.retain(|need| is_new(need) && !self.unneeded.contains(&need.name));
        (!locked.is_empty() || !given.is_empty()).then_some(Drifted::Needs {
            name,
            version,
            locked,
            given,
        })
    }
}

fn needing(by: &Requirer, package: &PackageName, demand: &Demand) -> Line {
    by.asks(demand, DependencyKind::Normal)
        .and(demand.phrase(package, &[]))
}
