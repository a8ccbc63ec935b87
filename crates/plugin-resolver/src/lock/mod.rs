//! What was selected, to be kept in version control.

mod asked;
mod diff;
mod foreign;
mod integrity;
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use semver::Version;
use serde::{Deserialize, Serialize, Serializer};

pub use self::asked::{LockedRequest, LockedRoot, RequestChange};
pub use self::diff::{Compatibility, Direction, LockDiff, PackageChange};
pub use self::foreign::ForeignLock;
pub(crate) use self::integrity::{is_integrity, is_within};
use self::wire::{Format, WireLock};
use crate::error::{quoted, reason};
use crate::universe::DependencyKind;
use crate::{PackageName, Request, ResolverError};

/// A canonical record of an answer and of what it answers: the same answer to the same request gives the same bytes.
///
/// It holds enough to say without a universe what is installed, who needs it and what has changed since. As JSON:
///
/// ```
/// use plugin_resolver::Lock;
/// # fn main() -> Result<(), plugin_resolver::ResolverError> {
/// let text = r#"{
///   "format": 2,
///   "requirements": "sha256-45d2e5242e95324d01e4fc6810fd78fde3d32d724b0853679d2cb3ddb87a3926",
///   "request": {
///     "roots": ["plugin-a@next"],
///     "hosts": {"core": "1.7.2"},
///     "policy": "newest",
///     "prereleases": "where_named"
///   },
///   "packages": {
///     "core": {"version": "1.7.2", "integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="},
///     "plugin-a": {"version": "0.3.0", "tag": "next", "needs": {"peer": ["core@^1"]}}
///   }
/// }"#;
/// let lock = Lock::parse(text)?;
/// assert_eq!(lock.versions().count(), 2);
/// assert_eq!(Lock::parse(&lock.to_json())?, lock);
/// # Ok(())
/// # }
/// ```
///
/// `requirements` is the digest of `request` (see [`Request::digest`]), so that one edited without the other is noticed. `needs` goes by
/// kind: `normal`, `peer`, `optional`, `optional_peer`; everything needed is itself in the lock. A lock of format 1 is still read; it
/// does not say what was asked for, nor how a package is needed, and it is written as format 1 again.
// INVARIANT: needs are sorted, each once, and their names are among the packages, as are those of the roots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WireLock", into = "WireLock")]
pub struct Lock {
    requirements: String,
    /// Nothing in format 1.
    request: Option<LockedRequest>,
    packages: BTreeMap<PackageName, LockedPackage>,
}

/// A package as a lock keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockedPackage {
    /// The version that was selected.
    pub version: Version,
    /// The digest of its bytes: `sha512-` and base64, as npm has it; several are separated by spaces, and of those the strongest counts.
    pub integrity: Option<Box<str>>,
    /// The tag that a root asked for and that led to this version.
    pub tag: Option<Box<str>>,
    /// What it needs among the locked packages, sorted.
    pub needs: Vec<LockedNeed>,
}

/// What a locked package needs of another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct LockedNeed {
    /// The package that is needed.
    pub name: PackageName,
    /// How; unknown in a lock of format 1.
    pub kind: Option<DependencyKind>,
    /// The range, tag or alias as it was published. Format 1 has several as one, separated by `, `.
    #[serde(serialize_with = "as_text")]
    pub spec: Arc<str>,
}

fn as_text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

impl fmt::Display for LockedNeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.kind {
            None | Some(DependencyKind::Normal) => "",
            Some(DependencyKind::Peer) => " as a peer",
            Some(DependencyKind::Optional) => " optionally",
            Some(DependencyKind::OptionalPeer) => " as an optional peer",
        };
        write!(f, "{} {}{how}", self.name, quoted(&self.spec))
    }
}

impl Lock {
    /// The format that is written, and the newest that is read.
    pub const FORMAT: u64 = 2;

    /// The longest lock that is read, in bytes.
    pub const MAX_BYTES: usize = 64 * 1024 * 1024;

    pub(crate) fn new(
        request: LockedRequest,
        packages: BTreeMap<PackageName, LockedPackage>,
    ) -> Self {
        Self {
            requirements: request.digest(),
            request: Some(request),
            packages,
        }
    }

    /// Reads a lock.
    ///
    /// # Errors
    ///
    /// [`ResolverError::LockFormatUnknown`] for a format of the future, [`ResolverError::LockForeign`] for the lock of another tool,
    /// [`ResolverError::LockUnreadable`] for anything else that is not a lock or contradicts itself, such as a digest that is none,
    /// [`ResolverError::InputTooLarge`] beyond [`Self::MAX_BYTES`].
    pub fn parse(text: &str) -> Result<Self, ResolverError> {
        if text.len() > Self::MAX_BYTES {
            return Err(ResolverError::InputTooLarge {
                what: "a lock in bytes",
                found: text.len(),
                limit: Self::MAX_BYTES,
            });
        }
        // Some editors begin a file with a mark of its byte order.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // The format first: what a lock of the future says beyond it is not known here.
        let number = wire::format_number(text).map_err(|error| foreign::refuse(text, &error))?;
        Format::read(number)?;
        let wire: WireLock =
            serde_json::from_str(text).map_err(|error| ResolverError::LockUnreadable {
                reason: reason(&error),
            })?;
        Self::try_from(wire)
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

    /// What was asked for. A lock of format 1 does not say.
    #[must_use]
    pub fn request(&self) -> Option<&LockedRequest> {
        self.request.as_ref()
    }

    /// Whether the lock answers this request, as far as the request's own words go.
    #[must_use]
    pub fn answers(&self, request: &Request) -> bool {
        match &self.request {
            Some(locked) => *locked == LockedRequest::of(request),
            None => self.requirements == asked::digest_of_format_1(request),
        }
    }

    /// What is asked for otherwise than when the lock was made; nothing exactly if the lock [answers](Self::answers) the request.
    ///
    /// ```
    /// # use plugin_resolver::{ReleaseFacts, Request, Universe, parse_version, resolve};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut builder = Universe::builder();
    /// # builder.release("a".parse()?, parse_version("1.0.0")?, ReleaseFacts::new());
    /// let lock = resolve(&builder.build(), &Request::new().root("a".parse()?, "^1".parse()?))?.lock();
    /// let changes = lock.request_changes(&Request::new().root("a".parse()?, "^2".parse()?));
    /// assert_eq!(changes[0].to_string(), "a is asked for as ^2, it was locked for ^1");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn request_changes(&self, request: &Request) -> Vec<RequestChange> {
        match &self.request {
            Some(locked) => locked.changes(&LockedRequest::of(request)),
            None if self.answers(request) => Vec::new(),
            None => vec![RequestChange::Unrecorded],
        }
    }

    /// The packages, by name.
    pub fn packages(&self) -> impl ExactSizeIterator<Item = (&PackageName, &LockedPackage)> {
        self.packages.iter()
    }

    /// One package.
    #[must_use]
    pub fn get(&self, name: &PackageName) -> Option<&LockedPackage> {
        self.packages.get(name)
    }

    /// The versions, by name.
    pub fn versions(&self) -> impl ExactSizeIterator<Item = (&PackageName, &Version)> {
        self.packages
            .iter()
            .map(|(name, locked)| (name, &locked.version))
    }
}
