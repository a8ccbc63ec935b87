//! What of a lock is older than it could be, and who keeps it so.

use std::fmt;

use semver::Version;
use serde::Serialize;

use super::holders::{Held, Holder, sound};
use crate::error::quoted;
use crate::lock::{Compatibility, Lock};
use crate::solve::resolve;
use crate::universe::Universe;
use crate::{Failure, PackageName, Request, Unlock};

/// A locked package of which there is something newer, or against which there is something to say. As JSON an object with these fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OutdatedPackage {
    /// Its name.
    pub name: PackageName,
    /// The version that is locked.
    pub current: Version,
    /// The version that resolving anew would take; nothing if the package would no longer be there.
    pub wanted: Option<Version>,
    /// What its tag `latest` points at, or else the newest version that is neither a prerelease nor deprecated or withdrawn.
    pub latest: Option<Version>,
    /// Whether a caret would allow the step from the current to the latest version.
    pub compatibility: Compatibility,
    /// What its publisher says against the current version, if that is deprecated.
    pub deprecated: Option<String>,
    /// Who keeps the wanted version below the latest; nobody if it is not.
    pub held_by: Vec<Holder>,
}

impl Lock {
    /// Every package that is not at its latest version, would change if the request was resolved anew, or is deprecated; by name.
    ///
    /// # Errors
    ///
    /// As [`resolve`], if the request has no answer without the lock.
    ///
    /// ```
    /// use plugin_resolver::{ReleaseFacts, Request, Universe, parse_version, resolve};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut builder = Universe::builder();
    /// let request = Request::new().root("a".parse()?, "^1".parse()?);
    /// builder.release("a".parse()?, parse_version("1.0.0")?, ReleaseFacts::new());
    /// let lock = resolve(&builder.build(), &request)?.lock();
    /// builder.release("a".parse()?, parse_version("1.1.0")?, ReleaseFacts::new());
    /// builder.release("a".parse()?, parse_version("2.0.0")?, ReleaseFacts::new());
    /// let outdated = lock.outdated(&builder.build(), &request)?;
    /// assert_eq!(
    ///     outdated[0].to_string(),
    ///     "a 1.0.0: 1.1.0 would be taken, the latest is 2.0.0 (breaking): you ask for ^1",
    /// );
    /// # Ok(())
    /// # }
    /// ```
    pub fn outdated(
        &self,
        universe: &Universe,
        request: &Request,
    ) -> Result<Vec<OutdatedPackage>, Failure> {
        // Prefers nothing; a cooldown still lets pass what is locked.
        let free = request.clone().prefer(self.clone()).unlock(Unlock::All);
        let wanted = resolve(universe, &free)?.lock();
        let held = Held::new(universe, &wanted);
        let packages = self.versions();
        Ok(packages
            .filter_map(|(name, current)| outdated(universe, &wanted, &held, name, current))
            .collect())
    }
}

fn outdated(
    universe: &Universe,
    wanted: &Lock,
    held: &Held<'_>,
    name: &PackageName,
    current: &Version,
) -> Option<OutdatedPackage> {
    let package = universe.package(universe.package_index(name)?)?;
    let wanted = wanted.get(name).map(|package| package.version.clone());
    let release = |at: u32| Some((at, package.release(at)?.version));
    let tagged = package
        .tag("latest")
        .and_then(|version| package.index_of(version));
    let newest = || {
        sound(package)
            .filter_map(release)
            .find(|(_, version)| version.pre.is_empty())
    };
    let latest = tagged.and_then(release).or_else(newest);
    let deprecated = package
        .index_of(current)
        .and_then(|at| package.release(at)?.deprecated())
        .map(ToOwned::to_owned);
    let is_behind = |version: &Version| latest.is_some_and(|(_, latest)| version < latest);
    if !is_behind(current) && wanted.as_ref() == Some(current) && deprecated.is_none() {
        return None;
    }
    let mut held_by = Vec::new();
    if let (Some((at, _)), Some(wanted)) = (latest, &wanted)
        && is_behind(wanted)
    {
        let holders = held.holders(name).into_iter();
        held_by.extend(
            holders
                .filter(|(_, suits)| !suits.contains(at))
                .map(|(holder, _)| holder),
        );
        if held_by.is_empty() {
            held_by.push(Holder::Rest);
        }
    }
    let latest = latest.map(|(_, version)| version.clone());
    Some(OutdatedPackage {
        name: name.clone(),
        compatibility: Compatibility::between(current, latest.as_ref().unwrap_or(current)),
        current: current.clone(),
        wanted,
        latest,
        deprecated,
        held_by,
    })
}

impl fmt::Display for OutdatedPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut facts = Vec::new();
        if let Some(reason) = &self.deprecated {
            facts.push(format!("deprecated, {}", quoted(reason)));
        }
        match &self.wanted {
            None => facts.push("it would no longer be there".to_owned()),
            Some(wanted) if *wanted != self.current => {
                facts.push(format!("{wanted} would be taken"))
            }
            Some(_) => {}
        }
        if let Some(latest) = self
            .latest
            .as_ref()
            .filter(|latest| **latest > self.current)
            && self.wanted.as_ref() != Some(latest)
        {
            let breaking = match self.compatibility {
                Compatibility::Breaking => " (breaking)",
                Compatibility::Compatible => "",
            };
            facts.push(format!("the latest is {latest}{breaking}"));
        }
        write!(f, "{} {}: {}", self.name, self.current, facts.join(", "))?;
        const SHOWN: usize = 4;
        for (at, holder) in self.held_by.iter().take(SHOWN).enumerate() {
            write!(f, "{}{holder}", if at == 0 { ": " } else { ", " })?;
        }
        match self.held_by.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, ", and {more} more"),
        }
    }
}
