//! What is different between two locks.

use std::collections::BTreeSet;
use std::fmt;

use semver::Version;
use serde::Serialize;

use crate::PackageName;
use crate::error::quoted;
use crate::lock::{Lock, LockedPackage, RequestChange};

/// What is different between two locks, by name. As JSON an object with `packages` and `request`, each a list of objects whose `change`
/// names the variant.
///
/// ```
/// use plugin_resolver::Lock;
/// # fn main() -> Result<(), plugin_resolver::ResolverError> {
/// let lock = |version: &str| {
///     let package = format!(r#"{{"plugin-a": {{"version": "{version}"}}}}"#);
///     Lock::parse(&format!(r#"{{"format": 1, "requirements": "sha256-0", "packages": {package}}}"#))
/// };
/// let diff = lock("0.25.6")?.diff(&lock("1.7.2")?);
/// assert_eq!(diff.to_string(), "plugin-a 0.25.6 -> 1.7.2 (breaking)\n");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LockDiff {
    packages: Vec<PackageChange>,
    request: Vec<RequestChange>,
}

/// What became of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[non_exhaustive]
pub enum PackageChange {
    /// It is new.
    Added {
        /// Its name.
        name: PackageName,
        /// Its version.
        version: Version,
    },
    /// It is gone.
    Removed {
        /// Its name.
        name: PackageName,
        /// The version it had.
        version: Version,
    },
    /// It has another version.
    Version {
        /// Its name.
        name: PackageName,
        /// The version it had.
        from: Version,
        /// The version it has.
        to: Version,
        /// Whether that is newer or older.
        direction: Direction,
        /// Whether a caret would allow it.
        compatibility: Compatibility,
        /// The tag that led to both versions: it was moved.
        moved_tag: Option<Box<str>>,
    },
    /// It has the same version and other bytes: no registry should ever do that.
    Integrity {
        /// Its name.
        name: PackageName,
        /// Its version.
        version: Version,
        /// The digest that was known, if one was.
        from: Option<Box<str>>,
        /// The digest that is known, if one is.
        to: Option<Box<str>>,
    },
    /// It has the same version, asked for by another tag or no longer by one.
    Tag {
        /// Its name.
        name: PackageName,
        /// Its version.
        version: Version,
        /// The tag that was asked for, if one was.
        from: Option<Box<str>>,
        /// The tag that is asked for, if one is.
        to: Option<Box<str>>,
    },
    /// It has the same version and needs something else, in its own words or because more or less of it is there.
    Needs {
        /// Its name.
        name: PackageName,
        /// Its version.
        version: Version,
    },
}

/// Which way a version goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To a newer one.
    Up,
    /// To an older one.
    Down,
}

/// Whether a change of version may break who relies on it, by semantic versioning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Compatibility {
    /// The first number that is not zero stays the same, as under `^`. Between prereleases of one version, too, though those promise
    /// nothing.
    Compatible,
    /// It does not.
    Breaking,
}

impl Compatibility {
    /// Of two versions, whichever comes first.
    ///
    /// ```
    /// use plugin_resolver::{Compatibility, parse_version};
    /// # fn main() -> Result<(), plugin_resolver::ResolverError> {
    /// let between = |a: &str, b: &str| Ok(Compatibility::between(&parse_version(a)?, &parse_version(b)?));
    /// assert_eq!(between("1.6.1", "1.7.2"), Ok::<_, plugin_resolver::ResolverError>(Compatibility::Compatible));
    /// assert_eq!(between("0.25.6", "0.26.0"), Ok(Compatibility::Breaking));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn between(from: &Version, to: &Version) -> Self {
        let promised = |version: &Version| match (version.major, version.minor) {
            (0, 0) => (0, 0, version.patch),
            (0, minor) => (0, minor, 0),
            (major, _) => (major, 0, 0),
        };
        if promised(from) == promised(to) {
            Self::Compatible
        } else {
            Self::Breaking
        }
    }
}

impl Lock {
    /// What became of this lock in a later one.
    #[must_use]
    pub fn diff(&self, later: &Self) -> LockDiff {
        let names: BTreeSet<&PackageName> =
            self.packages.keys().chain(later.packages.keys()).collect();
        let packages = names
            .into_iter()
            .flat_map(|name| changes(name, self.packages.get(name), later.packages.get(name)));
        let request = match (&self.request, &later.request) {
            (Some(locked), Some(asked)) => locked.changes(asked),
            _ if self.requirements == later.requirements => Vec::new(),
            _ => vec![RequestChange::Unrecorded],
        };
        LockDiff {
            packages: packages.collect(),
            request,
        }
    }
}

impl LockDiff {
    /// What became of the packages, by name.
    #[must_use]
    pub fn packages(&self) -> &[PackageChange] {
        &self.packages
    }

    /// What is asked for otherwise.
    #[must_use]
    pub fn request(&self) -> &[RequestChange] {
        &self.request
    }

    /// Whether nothing is different.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty() && self.request.is_empty()
    }
}

fn changes(
    name: &PackageName,
    from: Option<&LockedPackage>,
    to: Option<&LockedPackage>,
) -> Vec<PackageChange> {
    let name = name.clone();
    match (from, to) {
        (None, None) => Vec::new(),
        (None, Some(to)) => {
            let version = to.version.clone();
            vec![PackageChange::Added { name, version }]
        }
        (Some(from), None) => {
            let version = from.version.clone();
            vec![PackageChange::Removed { name, version }]
        }
        (Some(from), Some(to)) if from.version == to.version => same_version(&name, from, to),
        (Some(from), Some(to)) => vec![PackageChange::Version {
            name,
            from: from.version.clone(),
            to: to.version.clone(),
            direction: if from.version < to.version {
                Direction::Up
            } else {
                Direction::Down
            },
            compatibility: Compatibility::between(&from.version, &to.version),
            moved_tag: from.tag.clone().filter(|_| from.tag == to.tag),
        }],
    }
}

fn same_version(
    name: &PackageName,
    from: &LockedPackage,
    to: &LockedPackage,
) -> Vec<PackageChange> {
    let mut changes = Vec::new();
    if from.integrity != to.integrity {
        changes.push(PackageChange::Integrity {
            name: name.clone(),
            version: to.version.clone(),
            from: from.integrity.clone(),
            to: to.integrity.clone(),
        });
    }
    if from.tag != to.tag {
        changes.push(PackageChange::Tag {
            name: name.clone(),
            version: to.version.clone(),
            from: from.tag.clone(),
            to: to.tag.clone(),
        });
    }
    if from.needs != to.needs {
        changes.push(PackageChange::Needs {
            name: name.clone(),
            version: to.version.clone(),
        });
    }
    changes
}

impl fmt::Display for LockDiff {
    /// One line for each change: of the packages, then of the request.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in &self.packages {
            writeln!(f, "{change}")?;
        }
        for change in &self.request {
            writeln!(f, "{change}")?;
        }
        Ok(())
    }
}

impl fmt::Display for PackageChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { name, version } => write!(f, "{name} {version} is new"),
            Self::Removed { name, version } => write!(f, "{name} {version} is gone"),
            Self::Version {
                name,
                from,
                to,
                direction,
                compatibility,
                moved_tag,
            } => {
                write!(f, "{name} {from} -> {to}")?;
                let mut notes = Vec::new();
                if *direction == Direction::Down {
                    notes.push("older".to_owned());
                }
                if *compatibility == Compatibility::Breaking {
                    notes.push("breaking".to_owned());
                }
                if let Some(tag) = moved_tag {
                    notes.push(format!("its tag {} was moved", quoted(tag)));
                }
                match notes.is_empty() {
                    true => Ok(()),
                    false => write!(f, " ({})", notes.join(", ")),
                }
            }
            Self::Integrity {
                name,
                version,
                from,
                to,
            } => match (from, to) {
                (Some(_), Some(_)) => {
                    write!(f, "{name} {version} has other bytes under the same version")
                }
                (None, _) => write!(f, "{name} {version} has a digest now, it had none"),
                (_, None) => write!(f, "{name} {version} has no digest any more"),
            },
            Self::Tag {
                name, version, to, ..
            } => match to {
                Some(tag) => write!(f, "{name} {version} is asked for as {}", quoted(tag)),
                None => write!(f, "{name} {version} is no longer asked for by a tag"),
            },
            Self::Needs { name, version } => {
                write!(f, "{name} {version} needs something else than before")
            }
        }
    }
}
