//! What can be wrong with the words that come from outside.

/// The most bytes of foreign text that a message repeats.
const QUOTED_BYTES: usize = 80;

/// The most bytes of another parser's words that a message repeats.
const REASON_BYTES: usize = 240;

/// Input that is not what it claims to be. None of these is worth a retry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolverError {
    /// Not a version as npm reads one.
    #[error("`{}` is not a version: expected {expected} at byte {position}", quoted(.text))]
    InvalidVersion {
        /// The text, as it came.
        text: String,
        /// Byte offset into `text` where reading stopped.
        position: usize,
        /// What would have been right there.
        expected: &'static str,
    },
    /// Not a range as npm reads one (strictly, without the loose mode).
    #[error("`{}` is not a version range: expected {expected} at byte {position}", quoted(.text))]
    InvalidRange {
        /// The text, as it came.
        text: String,
        /// Byte offset into `text` where reading stopped.
        position: usize,
        /// What would have been right there.
        expected: &'static str,
    },
    /// Not a name that an npm package can have.
    #[error("`{}` is not a package name: {reason}", quoted(.text))]
    InvalidPackageName {
        /// The text, as it came.
        text: String,
        /// The rule that it breaks.
        reason: &'static str,
    },
    /// A dependency that is neither range, tag, alias nor any other known form.
    #[error("`{}` is not a dependency specifier: {reason}", quoted(.text))]
    InvalidSpec {
        /// The text, as it came.
        text: String,
        /// The rule that it breaks.
        reason: &'static str,
    },
    /// More of something than a resolver can be asked to read.
    #[error("{what} of {found} exceeds the limit of {limit}")]
    InputTooLarge {
        /// What is too large, in words with its unit.
        what: &'static str,
        /// How much there is.
        found: usize,
        /// How much there may be.
        limit: usize,
    },
    /// Text that is not a lock.
    #[error("the lock cannot be read: {reason}")]
    LockUnreadable {
        /// Where and why reading stopped.
        reason: String,
    },
    /// A lock written in a format that this version does not know.
    #[error("the lock has format {found}, the newest known format is {known}")]
    LockFormatUnknown {
        /// The format that the lock names.
        found: u64,
        /// The newest format that can be read.
        known: u64,
    },
    /// The lock of another tool.
    #[error("this is {tool}, not a lock of plugins")]
    LockForeign {
        /// Whose it is.
        tool: crate::ForeignLock,
    },
    /// A line of a machine interface that does not have the documented shape.
    #[error("the case cannot be read: {reason}")]
    InvalidCase {
        /// Where and why reading stopped.
        reason: String,
    },
}

impl ResolverError {
    /// Every tag, with what to do about it.
    pub const TAGS: &[(&str, &str)] = &[
        (
            "InvalidVersion",
            "write the version as major.minor.patch, optionally with -prerelease and +build",
        ),
        (
            "InvalidRange",
            "write the range in npm's grammar, for instance ^1.2.3, >=1 <3 or 1.x || 2.x",
        ),
        (
            "InvalidPackageName",
            "use a name the npm registry accepts, such as plugin-x or @scope/plugin-x",
        ),
        (
            "InvalidSpec",
            "use a range, a dist-tag, workspace:, npm:, a git address, a url or a path",
        ),
        (
            "InputTooLarge",
            "shorten the input; the limit is named in the message",
        ),
        (
            "LockUnreadable",
            "restore the lock from version control or resolve again without it",
        ),
        (
            "LockFormatUnknown",
            "use the release that wrote the lock or a newer one, or resolve again without it",
        ),
        (
            "LockForeign",
            "name the file that was written as the lock of plugins; what npm and others lock is theirs",
        ),
        (
            "InvalidCase",
            "send one JSON object a line in the documented shape",
        ),
    ];

    /// The stable machine name of this error.
    #[must_use]
    pub fn tag(&self) -> &'static str {
        match self {
            Self::InvalidVersion { .. } => "InvalidVersion",
            Self::InvalidRange { .. } => "InvalidRange",
            Self::InvalidPackageName { .. } => "InvalidPackageName",
            Self::InvalidSpec { .. } => "InvalidSpec",
            Self::InputTooLarge { .. } => "InputTooLarge",
            Self::LockUnreadable { .. } => "LockUnreadable",
            Self::LockFormatUnknown { .. } => "LockFormatUnknown",
            Self::LockForeign { .. } => "LockForeign",
            Self::InvalidCase { .. } => "InvalidCase",
        }
    }
}

/// Foreign text on one line, without control characters, bounded in length, to stand between backticks.
pub(crate) fn quoted(text: &str) -> String {
    one_line(&text.replace('`', "'"), QUOTED_BYTES)
}

/// The words of another parser on one line, bounded in length.
pub(crate) fn reason(error: &serde_json::Error) -> String {
    one_line(&error.to_string(), REASON_BYTES)
}

fn one_line(text: &str, most: usize) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if out.len() >= most {
            out.push('…');
            break;
        }
        match c {
            '"' | '\'' | '\\' => out.push(c),
            // Control and invisible characters are escaped, all others stay as they are.
            _ => out.extend(c.escape_debug()),
        }
    }
    out
}
