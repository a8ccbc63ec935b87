//! How far a plugin may be updated.

use std::fmt;
use std::str::FromStr;

use plugin_resolver::{Prereleases, Range, ResolverError, Spec};
use semver::Version;
use serde::{Deserialize, Serialize};

/// How far an organisation lets a plugin be updated.
///
/// ```
/// use plugin_lifecycle::Pin;
/// assert_eq!("hold".parse(), Ok(Pin::Hold));
/// assert_eq!("^1.6".parse(), Ok(Pin::Range { range: "^1.6".to_owned() }));
/// assert_eq!("beta".parse(), Ok(Pin::Channel { tag: "beta".to_owned() }));
/// assert!("./somewhere".parse::<Pin>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "pin", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Pin {
    /// Not at all. It can still be rolled back.
    Hold,
    /// To versions in this range; `latest` means the best of them.
    Range {
        /// The range, as npm writes it.
        range: String,
    },
    /// To what this tag points to, unless something else is asked for.
    Channel {
        /// The tag: `beta`.
        tag: String,
    },
}

impl Pin {
    /// Whether the plugin may become this version.
    #[must_use]
    pub fn admits(&self, version: &Version) -> bool {
        match self {
            Self::Hold => false,
            Self::Channel { .. } => true,
            Self::Range { range } => Range::parse(range, Prereleases::WhereNamed)
                .is_ok_and(|range| range.satisfies(version)),
        }
    }

    /// What is asked for where nothing else is said.
    pub(crate) fn requested(&self) -> Option<&str> {
        match self {
            Self::Hold => None,
            Self::Range { range } => Some(range),
            Self::Channel { tag } => Some(tag),
        }
    }
}

impl FromStr for Pin {
    type Err = ResolverError;

    fn from_str(text: &str) -> Result<Self, ResolverError> {
        if text == "hold" {
            return Ok(Self::Hold);
        }
        match Spec::parse(text)? {
            Spec::Range(range) => Ok(Self::Range {
                range: range.as_str().to_owned(),
            }),
            Spec::Tag(tag) => Ok(Self::Channel {
                tag: tag.to_string(),
            }),
            _ => Err(ResolverError::InvalidSpec {
                text: one_ontology::excerpt(text, 64),
                reason: "a plugin is pinned to a range, to a tag, or by `hold`",
            }),
        }
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hold => f.write_str("its version"),
            Self::Range { range } => write!(f, "`{range}`"),
            Self::Channel { tag } => write!(f, "the tag `{tag}`"),
        }
    }
}
