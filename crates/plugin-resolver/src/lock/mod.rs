//! What was selected, to be kept in version control.

use std::collections::BTreeMap;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::error::reason;
use crate::{PackageName, Request, ResolverError};

/// A canonical record of an answer: the same answer gives the same bytes.
///
/// ```
/// use plugin_resolver::Lock;
/// # fn main() -> Result<(), plugin_resolver::ResolverError> {
/// let text = r#"{"format": 1, "requirements": "sha256-0", "packages": {"a": {"version": "1.0.0"}}}"#;
/// let lock = Lock::parse(text)?;
/// assert_eq!(lock.versions().count(), 1);
/// assert_eq!(Lock::parse(&lock.to_json())?, lock);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    format: u64,
    requirements: String,
    packages: BTreeMap<PackageName, LockedPackage>,
}

/// A package as a lock keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LockedPackage {
    /// The version that was selected.
    pub version: Version,
    /// The digest of its bytes: `sha512-...`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrity: Option<Box<str>>,
    /// The tag that a root asked for and that led to this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<Box<str>>,
    /// What it needs among the locked packages, as its publisher wrote it; several wordings are separated by `, `.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dependencies: BTreeMap<PackageName, String>,
}

/// Only the format, to say something useful about a lock from the future.
#[derive(Deserialize)]
struct Header {
    format: u64,
}

impl Lock {
    /// The format that is written, and the newest that is read.
    pub const FORMAT: u64 = 1;

    /// The longest lock that is read, in bytes.
    pub const MAX_BYTES: usize = 64 * 1024 * 1024;

    pub(crate) fn new(
        requirements: String,
        packages: BTreeMap<PackageName, LockedPackage>,
    ) -> Self {
        Self {
            format: Self::FORMAT,
            requirements,
            packages,
        }
    }

    /// Reads a lock.
    ///
    /// # Errors
    ///
    /// [`ResolverError::LockFormatUnknown`] for a format of the future, [`ResolverError::LockUnreadable`] for anything that is not a lock,
    /// [`ResolverError::InputTooLarge`] beyond [`Self::MAX_BYTES`].
    pub fn parse(text: &str) -> Result<Self, ResolverError> {
        if text.len() > Self::MAX_BYTES {
            return Err(ResolverError::InputTooLarge {
                what: "a lock in bytes",
                found: text.len(),
                limit: Self::MAX_BYTES,
            });
        }
        let unreadable = |error: serde_json::Error| ResolverError::LockUnreadable {
            reason: reason(&error),
        };
        let header: Header = serde_json::from_str(text).map_err(unreadable)?;
        if header.format != Self::FORMAT {
            return Err(ResolverError::LockFormatUnknown {
                found: header.format,
                known: Self::FORMAT,
            });
        }
        serde_json::from_str(text).map_err(unreadable)
    }

    /// The lock as JSON: sorted, two spaces, a line break at the end.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Serialization of strings and maps keyed by strings into memory does not fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The digest of what was required; see [`Request::digest`].
    #[must_use]
    pub fn requirements(&self) -> &str {
        &self.requirements
    }

    /// Whether the lock answers this request, as far as the request's own words go.
    #[must_use]
    pub fn answers(&self, request: &Request) -> bool {
        self.requirements == request.digest()
    }

    /// The packages, by name.
    pub fn packages(&self) -> impl ExactSizeIterator<Item = (&PackageName, &LockedPackage)> {
        self.packages.iter()
    }

    /// The versions, by name.
    pub fn versions(&self) -> impl ExactSizeIterator<Item = (&PackageName, &Version)> {
        self.packages
            .iter()
            .map(|(name, locked)| (name, &locked.version))
    }
}
