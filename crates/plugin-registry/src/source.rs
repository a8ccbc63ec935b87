//! The ports to where plugins come from.

use std::fmt::Debug;

use async_trait::async_trait;
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::SourceError;

/// Where a record came from: `npm`, `github`, `embedded`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(pub String);

/// One package as a source has it: every version, as the source says it.
///
/// The document is npm's package document (full form): `name`, `dist-tags`, `versions` with a
/// package.json each, `readme`, `time`. It is hostile until `Manifest` has
/// parsed it.
#[derive(Clone, Debug, PartialEq)]
pub struct PackageDocument {
    /// The name that was asked for.
    pub name: String,
    /// The document.
    pub document: Value,
    /// Whether it was fetched just now or kept from before.
    pub freshness: Freshness,
}

/// How fresh an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    /// The source said so just now.
    Live,
    /// Kept from an earlier answer, because the source was not asked or could not be reached.
    Cached,
    /// Part of the program.
    Embedded,
}

/// Which package to fetch, exactly.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PackagePin {
    /// Its name.
    pub name: String,
    /// Its exact version.
    pub version: Version,
    /// Its integrity as the source's document says it (`sha512-...`); none only if the source
    /// gives none, which a verifying source refuses.
    pub integrity: Option<String>,
}

/// What to stage: every plugin and host package of one runtime, exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageRequest {
    /// The packages, in install order. Those that plugins share (`@elizaos/core`) are among them.
    pub packages: Vec<PackagePin>,
}

/// What staging gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    /// The lower-case hexadecimal SHA-256 of the canonical list of packages.
    pub digest: String,
    /// Where it is, as the executor on the same host understands it: a directory that holds
    /// `node_modules`.
    pub location: String,
    /// How many packages are there, ordinary libraries included.
    pub packages: u64,
    /// Their size on disk, in bytes.
    pub bytes: u64,
    /// Whether it was there already.
    pub reused: Reused,
}

/// Whether bytes were there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reused {
    /// They were fetched and verified just now.
    Fetched,
    /// They were there, verified when they came.
    Reused,
}

/// Something worth telling a waiting person.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// A step began.
    Step {
        /// In words: `installing 3 packages and what they need`.
        what: String,
    },
    /// So far.
    Downloaded {
        /// Bytes.
        bytes: u64,
        /// Packages.
        packages: u64,
    },
}

/// Takes progress. Called from any thread, must not block.
pub trait ProgressSink: Debug + Send + Sync + 'static {
    /// Something happened.
    fn report(&self, progress: Progress);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl ProgressSink for Silent {
    fn report(&self, _progress: Progress) {}
}

/// Where plugins come from.
///
/// A source moves bytes and decides nothing: what a document means is `Manifest`'s
/// business, which versions fit is `plugin-resolver`'s.
#[async_trait]
pub trait Source: Debug + Send + Sync + 'static {
    /// What records of this source are marked with.
    fn id(&self) -> SourceId;

    /// The document of one package.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable` (also when offline and not kept), `Denied`, `Malformed`, `TooLarge`.
    async fn package(&self, name: &str) -> Result<PackageDocument, SourceError>;

    /// Fetches packages with everything they need, without running any of their code, verifies
    /// each against its integrity, and keeps them in a place named by their digest.
    ///
    /// # Behavior
    /// All or nothing: what was interrupted is not there. The same request gives the same place,
    /// fetched once, also with several hosts on one disk. Nothing of an organisation is in it.
    ///
    /// # Errors
    /// `NotFound`, `IntegrityMismatch`, `Unavailable`, `Denied`, `ToolMissing`, `Failed`.
    async fn stage(
        &self,
        request: &StageRequest,
        progress: &dyn ProgressSink,
    ) -> Result<Staged, SourceError>;
}
