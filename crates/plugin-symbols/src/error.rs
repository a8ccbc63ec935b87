//! Why nothing is known of a file.

/// Why a file cannot be read. The package goes on without it: what would follow from it is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// It is larger than is read.
    #[error("it is larger than {limit} bytes")]
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
    /// It has more words than are read.
    #[error("it has more than {limit} words")]
    TooManyWords {
        /// The bound.
        limit: usize,
    },
    /// It is not JavaScript, or newer than this program.
    #[error("line {line}: {what}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// In words.
        what: &'static str,
    },
}
