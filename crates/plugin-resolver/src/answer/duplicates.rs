//! The same package in several versions, across several locks.

use std::collections::BTreeMap;
use std::fmt;

use semver::Version;
use serde::Serialize;

use super::holders::{Held, sound};
use crate::PackageName;
use crate::error::quoted;
use crate::lock::Lock;
use crate::universe::{Bits, Universe};

/// A package that several locks hold in different versions. As JSON an object with these fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Duplicate {
    /// Its name.
    pub name: PackageName,
    /// The versions, ascending, with the labels of the locks that hold each.
    pub versions: Vec<HeldVersion>,
    /// The newest version that could take the place of all of them with nothing else changed, if there is one: it suits everyone who says
    /// something about the package, and all it needs is in each of the locks. Deprecated and withdrawn versions are not proposed.
    pub single: Option<Version>,
}

/// A version, and which locks hold it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HeldVersion {
    /// The version.
    pub version: Version,
    /// The labels, in the order of the locks.
    pub locks: Vec<String>,
}

/// Every package that the locks (isolation groups, or organisations) hold in more than one version, by name. A lock of format 1 does not
/// say what was asked for, so nothing of that is kept to for it.
///
/// ```
/// use plugin_resolver::{ReleaseFacts, Request, Universe, duplicates, parse_version, resolve};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut builder = Universe::builder();
/// for version in ["1.0.0", "1.1.0", "2.0.0"] {
///     builder.release("a".parse()?, parse_version(version)?, ReleaseFacts::new());
/// }
/// let universe = builder.build();
/// let lock = |spec: &str| -> Result<_, Box<dyn std::error::Error>> {
///     Ok(resolve(&universe, &Request::new().root("a".parse()?, spec.parse()?))?.lock())
/// };
/// let found = duplicates(&universe, &[("left", &lock("<1.1")?), ("right", &lock("1.x")?)]);
/// assert_eq!(found[0].to_string(), "a: 1.0.0 in left, 1.1.0 in right; 1.0.0 would suit all");
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn duplicates(universe: &Universe, locks: &[(&str, &Lock)]) -> Vec<Duplicate> {
    let held: Vec<Held<'_>> = locks
        .iter()
        .map(|(_, lock)| Held::new(universe, lock))
        .collect();
    // By package and version, the positions of the locks.
    let mut versions: BTreeMap<&PackageName, BTreeMap<&Version, Vec<usize>>> = BTreeMap::new();
    for (at, (_, lock)) in locks.iter().enumerate() {
        for (name, version) in lock.versions() {
            versions
                .entry(name)
                .or_default()
                .entry(version)
                .or_default()
                .push(at);
        }
    }
    let label = |at: &usize| locks.get(*at).map(|(label, _)| (*label).to_owned());
    let several = versions
        .into_iter()
        .filter(|(_, versions)| versions.len() > 1);
    several
        .map(|(name, versions)| {
            let holding = versions
                .values()
                .flatten()
                .filter_map(|at| held.get(*at))
                .collect();
            let held_versions = versions.iter().map(|(version, locks)| HeldVersion {
                version: (*version).clone(),
                locks: locks.iter().filter_map(label).collect(),
            });
            Duplicate {
                name: name.clone(),
                versions: held_versions.collect(),
                single: single(universe, holding, name),
            }
        })
        .collect()
}

/// The newest version that fits into each of the locks.
fn single(universe: &Universe, locks: Vec<&Held<'_>>, name: &PackageName) -> Option<Version> {
    let package = universe.package(universe.package_index(name)?)?;
    let everything = Bits::EMPTY.complement();
    let suits = locks
        .iter()
        .flat_map(|lock| lock.holders(name))
        .fold(everything, |all, (_, suits)| all.intersection(&suits));
    let mut candidates = sound(package).filter(|at| suits.contains(*at));
    let found = candidates.find(|at| locks.iter().all(|lock| lock.provides_for(package, *at)));
    Some(package.release(found?)?.version.clone())
}

impl fmt::Display for Duplicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 6;
        let versions = self.versions.iter().take(SHOWN).map(|held| {
            let locks: Vec<String> = held
                .locks
                .iter()
                .take(SHOWN)
                .map(|label| quoted(label))
                .collect();
            let more = match held.locks.len().saturating_sub(SHOWN) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("{} in {}{more}", held.version, locks.join(", "))
        });
        let versions: Vec<String> = versions.collect();
        write!(f, "{}: {}", self.name, versions.join(", "))?;
        match self.versions.len().saturating_sub(SHOWN) {
            0 => {}
            more => write!(f, " and {more} more versions")?,
        }
        match &self.single {
            Some(version) => write!(f, "; {version} would suit all"),
            None => f.write_str("; no one version suits all"),
        }
    }
}
