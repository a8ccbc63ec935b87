//! No release younger than so many days.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use semver::Version;

use crate::PackageName;

/// A filter on releases by their age: those published after some time are not selected. Most malicious releases are found within days.
///
/// Versions that a lock or the host has already are exempt. A tag that points at a version which is too young means the newest one below
/// it that is not, as npm's `before` does.
///
/// ```
/// use chrono::{DateTime, Days, Utc};
/// use plugin_resolver::{Cooldown, Request};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let now: DateTime<Utc> = "2026-11-26T00:00:00Z".parse()?;
/// let week = Cooldown::published_until(now - Days::new(7)).exempt("@elizaos/core".parse()?);
/// let request = Request::new().root("plugin".parse()?, "*".parse()?).cooldown(week);
/// # let _ = request;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cooldown {
    pub(crate) until: DateTime<Utc>,
    pub(crate) exempt: BTreeSet<PackageName>,
    there: BTreeSet<(PackageName, Version)>,
    pub(crate) undated: Undated,
}

/// What a [`Cooldown`] does with releases whose time of publication is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Undated {
    /// They are treated as old.
    #[default]
    Admit,
    /// They are treated as young.
    Refuse,
}

impl Cooldown {
    /// Releases published at this time or before are old enough. The caller computes it from its own clock; whole seconds count.
    #[must_use]
    pub fn published_until(time: DateTime<Utc>) -> Self {
        Self {
            until: time,
            exempt: BTreeSet::new(),
            there: BTreeSet::new(),
            undated: Undated::default(),
        }
    }

    /// Lets a package have young releases.
    #[must_use]
    pub fn exempt(mut self, name: PackageName) -> Self {
        self.exempt.insert(name);
        self
    }

    /// Lets one release pass, however young it is: one that is there already, and is no newer risk.
    #[must_use]
    pub fn admitting(mut self, name: PackageName, version: Version) -> Self {
        self.there.insert((name, version));
        self
    }

    /// The releases of a package that are let pass.
    pub(crate) fn admitted(&self, name: &PackageName) -> impl Iterator<Item = &Version> {
        let all = self.there.iter().filter(move |(of, _)| of == name);
        all.map(|(_, version)| version)
    }

    /// Chooses what happens to releases whose time of publication is not known.
    #[must_use]
    pub fn undated(mut self, undated: Undated) -> Self {
        self.undated = undated;
        self
    }

    pub(crate) fn refuses(&self, published: Option<DateTime<Utc>>) -> bool {
        match published {
            Some(published) => published > self.until,
            None => self.undated == Undated::Refuse,
        }
    }
}
