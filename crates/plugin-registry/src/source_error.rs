//! What keeps a source from answering.

use one_ontology::excerpt;

/// Why a source has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// There is no such package or version there.
    #[error("the source has no `{what}`")]
    NotFound {
        /// The package, with its version where that is what is missing.
        what: String,
    },
    /// The source cannot be reached; nothing kept from before either.
    #[error("the source cannot be reached for `{what}`: {reason}")]
    Unavailable {
        /// What was asked for.
        what: String,
        /// In words, without addresses' credentials.
        reason: String,
    },
    /// The source wants other credentials.
    #[error("the source refused `{what}`: {reason}")]
    Denied {
        /// What was asked for.
        what: String,
        /// In words.
        reason: String,
    },
    /// The answer is not what it should be.
    #[error("the answer for `{what}` cannot be read: {reason}")]
    Malformed {
        /// What was asked for.
        what: String,
        /// Where and why.
        reason: String,
    },
    /// The answer is larger than a source reads.
    #[error("the answer for `{what}` is larger than {limit} bytes")]
    TooLarge {
        /// What was asked for.
        what: String,
        /// The bound, in bytes.
        limit: u64,
    },
    /// The bytes are not those that the document promised.
    #[error("`{what}` is not what its document promised: expected {expected}, got {got}")]
    IntegrityMismatch {
        /// The package and version.
        what: String,
        /// The integrity expected.
        expected: String,
        /// What the bytes have.
        got: String,
    },
    /// A program that the source needs is not there.
    #[error("`{tool}` is needed and was not found: {reason}")]
    ToolMissing {
        /// Its name.
        tool: String,
        /// In words.
        reason: String,
    },
    /// It did not work, for a reason that is none of the above.
    #[error("`{what}` failed: {reason}")]
    Failed {
        /// What was being done.
        what: String,
        /// In words: the last lines that the tool said.
        reason: String,
    },
}

impl SourceError {
    /// Each tag, with what to do about it.
    pub const TAGS: &'static [(&'static str, &'static str)] = &[
        (
            "SourceNotFound",
            "check the spelling; the source may be a partial copy",
        ),
        (
            "SourceUnavailable",
            "check the network and npm's configuration, or go on with what is cached",
        ),
        (
            "SourceDenied",
            "correct the credentials in npm's configuration",
        ),
        (
            "SourceMalformed",
            "the source's answer is broken; try again or use another source",
        ),
        (
            "SourceTooLarge",
            "the source's answer is larger than is reasonable; use another source",
        ),
        (
            "IntegrityMismatch",
            "do not use these bytes; clear npm's cache and try again, and tell whoever runs the source",
        ),
        ("ToolMissing", "install the named program"),
        (
            "SourceFailed",
            "read the reason; it holds what the tool said",
        ),
    ];

    /// The stable machine name.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "SourceNotFound",
            Self::Unavailable { .. } => "SourceUnavailable",
            Self::Denied { .. } => "SourceDenied",
            Self::Malformed { .. } => "SourceMalformed",
            Self::TooLarge { .. } => "SourceTooLarge",
            Self::IntegrityMismatch { .. } => "IntegrityMismatch",
            Self::ToolMissing { .. } => "ToolMissing",
            Self::Failed { .. } => "SourceFailed",
        }
    }

    /// A `Malformed` with a bounded reason.
    #[must_use]
    pub fn malformed(what: &str, reason: &str) -> Self {
        Self::Malformed {
            what: excerpt(what, 214),
            reason: excerpt(reason, 500),
        }
    }
}
