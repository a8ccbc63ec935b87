//! What keeps a store from doing as asked.

use crate::{Exhausted, Place, RowId, Seq, Violations};

/// Why a store did not do as asked. Whatever the error, nothing of a refused change set is kept.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else has written it since: read again and decide again.
    #[error("{row} was written by somebody else in the meantime")]
    Stale {
        /// Which row.
        row: RowId,
    },
    /// A budget refuses: wait until it grants again, or raise it.
    #[error(transparent)]
    Exhausted(Exhausted),
    /// A value does not hold: correct it.
    #[error("{what} does not hold: {violations}")]
    Invalid {
        /// What kind of row, and which.
        what: String,
        /// Each field, and why.
        violations: Violations,
    },
    /// There is none in this scope.
    #[error("there is no {what} here")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// There is one already.
    #[error("there already is {what}")]
    AlreadyExists {
        /// What is there.
        what: String,
    },
    /// There is no such group, as far as this scope can tell.
    #[error("there is no place {place}")]
    PlaceNotFound {
        /// Which place.
        place: Place,
    },
    /// The group is archived.
    #[error("group `{name}` is archived")]
    Archived {
        /// Its name.
        name: String,
    },
    /// The scope may only read.
    #[error("this scope may only read {place}")]
    ReadOnly {
        /// Where.
        place: Place,
    },
    /// The cursor belongs to another query, or is none.
    #[error("the cursor does not belong to this query")]
    InvalidCursor,
    /// Earlier events have left the store: go on from where it begins now.
    #[error("the events before {first} have left the store")]
    Pruned {
        /// The first that is there.
        first: Seq,
    },
    /// Others are writing: try again.
    #[error("the store is busy: {reason}")]
    Busy {
        /// In words.
        reason: String,
    },
    /// The store cannot be reached or written: look at it, then try again.
    #[error("the store is unavailable: {reason}")]
    Unavailable {
        /// In words.
        reason: String,
    },
    /// What is stored cannot be read: stop, keep the file, restore a copy.
    #[error("the store is damaged: {reason}")]
    Corrupt {
        /// Where and how.
        reason: String,
    },
    /// The store belongs to a newer version, or to another program. It was left untouched.
    #[error("the store cannot be used by this version: {reason}")]
    Incompatible {
        /// Which version it has, and which this program knows.
        reason: String,
    },
}

impl StoreError {
    /// Each tag, with what to do about it.
    pub const TAGS: &'static [(&'static str, &'static str)] = &[
        ("Stale", "read the row again and decide again"),
        (
            "BudgetExhausted",
            "wait until the time given, or raise the limit",
        ),
        ("InvalidRow", "correct the named fields"),
        (
            "NotFound",
            "check the id; rows of other organisations are never found",
        ),
        ("AlreadyExists", "use the one that is there"),
        ("PlaceNotFound", "make the group first, or check its id"),
        ("PlaceArchived", "ask a platform owner to restore the group"),
        ("ReadOnlyScope", "act with a scope that may write here"),
        ("InvalidCursor", "start the query again without a cursor"),
        (
            "EventsPruned",
            "go on from the event named; those before it are in the exports",
        ),
        ("StoreBusy", "try again; nothing was written"),
        (
            "StoreUnavailable",
            "look at the disk or the server, then try again; nothing was written, unless the reason \
             says that it is not known",
        ),
        (
            "StoreCorrupt",
            "stop, keep the file as it is, restore a copy",
        ),
        (
            "StoreIncompatible",
            "use the program version that the store belongs to; the store was left untouched",
        ),
    ];

    /// The stable machine name.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::Stale { .. } => "Stale",
            Self::Exhausted(_) => "BudgetExhausted",
            Self::Invalid { .. } => "InvalidRow",
            Self::NotFound { .. } => "NotFound",
            Self::AlreadyExists { .. } => "AlreadyExists",
            Self::PlaceNotFound { .. } => "PlaceNotFound",
            Self::Archived { .. } => "PlaceArchived",
            Self::ReadOnly { .. } => "ReadOnlyScope",
            Self::InvalidCursor => "InvalidCursor",
            Self::Pruned { .. } => "EventsPruned",
            Self::Busy { .. } => "StoreBusy",
            Self::Unavailable { .. } => "StoreUnavailable",
            Self::Corrupt { .. } => "StoreCorrupt",
            Self::Incompatible { .. } => "StoreIncompatible",
        }
    }

    pub(crate) fn invalid(what: &str, violations: Violations) -> Self {
        Self::Invalid {
            what: what.to_owned(),
            violations,
        }
    }

    pub(crate) fn not_found(row: &RowId) -> Self {
        Self::NotFound {
            what: row.to_string(),
        }
    }
}
