//! npm version ranges: what they mean, and how they are read.

mod algebra;
mod comparator;
mod desugar;
mod parse;
mod partial;
mod sets;
mod subset;
mod text;

use std::fmt;
use std::str::FromStr;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::ResolverError;
use comparator::{Comparator, set_admits};
use sets::Sets;

/// Which prereleases a range admits.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Prereleases {
    /// npm's default: a prerelease only where a comparator of the same set names a prerelease of the same
    /// major, minor and patch.
    #[default]
    WhereNamed,
    /// node-semver's `includePrerelease`: prereleases are versions like all others.
    Everywhere,
}

impl Prereleases {
    /// The least prerelease that a bound without one begins at.
    fn least(self) -> &'static str {
        match self {
            Self::WhereNamed => "",
            Self::Everywhere => "0",
        }
    }

    /// Whether the version counts although no comparator names its prerelease.
    fn admit_anywhere(self, version: &Version) -> bool {
        version.pre.is_empty() || self == Self::Everywhere
    }
}

/// An npm version range, decided exactly as node-semver decides it in strict mode.
///
/// ```
/// use plugin_resolver::{Range, parse_version};
/// # fn main() -> Result<(), plugin_resolver::ResolverError> {
/// let range: Range = "^1.2.3 || >=3.0.0-beta.1 <3.0.0".parse()?;
/// assert!(range.satisfies(&parse_version("1.9.0")?));
/// assert!(range.satisfies(&parse_version("3.0.0-beta.2")?));
/// assert!(!range.satisfies(&parse_version("1.3.0-beta")?));
/// assert_eq!(range.to_string(), "^1.2.3 || >=3.0.0-beta.1 <3.0.0");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    text: Box<str>,
    prereleases: Prereleases,
    sets: Sets,
}

impl Range {
    /// The longest text that is read, in bytes.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// The most alternatives (`||`) that are read.
    pub const MAX_ALTERNATIVES: usize = 1024;

    /// The most comparators that are read, after `^1` has become two.
    pub const MAX_COMPARATORS: usize = 2 * Self::MAX_ALTERNATIVES;

    /// Reads a range. Whether prereleases take part changes what some texts mean (`1.x` then begins at `1.0.0-0`), so
    /// it is chosen here.
    ///
    /// # Errors
    ///
    /// [`ResolverError::InvalidRange`] with the byte position and what was expected there;
    /// [`ResolverError::InputTooLarge`] beyond [`Self::MAX_BYTES`], [`Self::MAX_ALTERNATIVES`] or
    /// [`Self::MAX_COMPARATORS`].
    pub fn parse(text: &str, prereleases: Prereleases) -> Result<Self, ResolverError> {
        Ok(Self {
            sets: parse::sets(text, prereleases)?,
            text: text.into(),
            prereleases,
        })
    }

    /// Whether the version lies in this range.
    #[must_use]
    pub fn satisfies(&self, version: &Version) -> bool {
        self.sets()
            .any(|set| set_admits(set, version, self.prereleases))
    }

    /// The text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn sets(&self) -> impl Iterator<Item = &[Comparator]> {
        self.sets.iter()
    }

    /// How many versions one version is compared with at most.
    pub(crate) fn comparator_count(&self) -> usize {
        self.sets().map(<[Comparator]>::len).sum()
    }

    /// Which prereleases it admits.
    pub(crate) fn prereleases(&self) -> Prereleases {
        self.prereleases
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl FromStr for Range {
    type Err = ResolverError;

    /// Reads a range with npm's default for prereleases.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text, Prereleases::WhereNamed)
    }
}
