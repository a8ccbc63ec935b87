//! What can be wrong with a trail.

use crate::audit::KeyId;
use crate::{Place, Seq};

/// What is wrong with a chain, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The event is not what was sealed.
    #[error("event {seq} of {place} was altered after it was sealed")]
    Altered {
        /// Where.
        place: Place,
        /// Which.
        seq: Seq,
    },
    /// An event is missing, doubled or out of order.
    #[error("event {expected} of {place} is missing: found {found} in its place")]
    Missing {
        /// Where.
        place: Place,
        /// Which should be here.
        expected: Seq,
        /// Which is.
        found: Seq,
    },
    /// The event does not follow the one before it.
    #[error("event {seq} of {place} does not follow the event before it")]
    Unlinked {
        /// Where.
        place: Place,
        /// Which.
        seq: Seq,
    },
    /// The event is of another place.
    #[error("event {seq} is of {found}, not of {place}")]
    Foreign {
        /// Whose chain this is.
        place: Place,
        /// Whose the event is.
        found: Place,
        /// Which.
        seq: Seq,
    },
    /// The chain ends before, or elsewhere than, the head that was kept.
    #[error("the chain of {place} does not lead to event {expected}; its last is {found}")]
    Truncated {
        /// Where.
        place: Place,
        /// The number of the head that was kept.
        expected: Seq,
        /// The number of the last event.
        found: Seq,
    },
    /// The chain is whole, and not the one that was signed.
    #[error("the chain of {place} is not the one that the checkpoint at event {seq} was made of")]
    Diverged {
        /// Where.
        place: Place,
        /// The last event that the checkpoint covers.
        seq: Seq,
    },
    /// The signature does not fit the checkpoint and the key.
    #[error("the signature under the checkpoint at event {seq} of {place} does not hold")]
    BadSignature {
        /// Where.
        place: Place,
        /// The last event that the checkpoint covers.
        seq: Seq,
    },
    /// Whoever checks does not trust this key.
    #[error("the key `{key}` is none of those that are trusted")]
    UntrustedKey {
        /// Which.
        key: KeyId,
    },
    /// The key could not be used.
    #[error("the checkpoint could not be signed: {reason}")]
    Unsigned {
        /// In words.
        reason: String,
    },
    /// The proof does not lead from the event to the checkpoint.
    #[error("the proof does not show that event {seq} is under the checkpoint of {place}")]
    NotIncluded {
        /// Where.
        place: Place,
        /// Which event.
        seq: Seq,
    },
    /// The later checkpoint does not continue the earlier one.
    #[error("the checkpoint at event {later} of {place} does not continue the one at {earlier}")]
    NotExtended {
        /// Where.
        place: Place,
        /// The last event that the earlier one covers.
        earlier: Seq,
        /// The last event that the later one covers.
        later: Seq,
    },
    /// What a proof would need is not at hand.
    #[error("event {seq} cannot be proven: the tree has events {first} to {last}")]
    OutOfReach {
        /// Which event or checkpoint was asked for.
        seq: Seq,
        /// The first at hand.
        first: Seq,
        /// The last at hand.
        last: Seq,
    },
    /// An export, or a checkpoint that a store keeps, cannot be read.
    #[error("{what} cannot be read: {reason}")]
    Unreadable {
        /// Which line or event.
        what: String,
        /// In words.
        reason: String,
    },
}

impl AuditError {
    /// Each tag, with what to do about it.
    pub const TAGS: &'static [(&'static str, &'static str)] = &[
        (
            "AuditAltered",
            "the trail was tampered with; keep the store as evidence and compare with a copy",
        ),
        (
            "AuditMissing",
            "events were removed or reordered; keep the store as evidence and compare with a copy",
        ),
        (
            "AuditUnlinked",
            "events were replaced; keep the store as evidence and compare with a copy",
        ),
        (
            "AuditForeign",
            "events of another organisation were mixed in; keep the store as evidence",
        ),
        (
            "AuditTruncated",
            "the end of the trail was removed; keep the store as evidence and compare with a copy",
        ),
        (
            "AuditDiverged",
            "the trail was written anew; keep the store and the checkpoint as evidence",
        ),
        (
            "AuditBadSignature",
            "do not trust the checkpoint; ask for the original, and check which key was meant",
        ),
        (
            "AuditUntrustedKey",
            "ask the signer for the public key by another way, then name it as trusted",
        ),
        ("AuditUnsigned", "look at the key, then sign again"),
        (
            "AuditNotIncluded",
            "do not trust the event or the proof; ask for another export",
        ),
        (
            "AuditNotExtended",
            "history was written anew between the two; keep both as evidence",
        ),
        (
            "AuditOutOfReach",
            "start from an earlier checkpoint, or ask for an event that is at hand",
        ),
        (
            "AuditUnreadable",
            "ask for the export again; what is named is not as docs/audit-format.md says",
        ),
    ];

    /// The stable machine name.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::Altered { .. } => "AuditAltered",
            Self::Missing { .. } => "AuditMissing",
            Self::Unlinked { .. } => "AuditUnlinked",
            Self::Foreign { .. } => "AuditForeign",
            Self::Truncated { .. } => "AuditTruncated",
            Self::Diverged { .. } => "AuditDiverged",
            Self::BadSignature { .. } => "AuditBadSignature",
            Self::UntrustedKey { .. } => "AuditUntrustedKey",
            Self::Unsigned { .. } => "AuditUnsigned",
            Self::NotIncluded { .. } => "AuditNotIncluded",
            Self::NotExtended { .. } => "AuditNotExtended",
            Self::OutOfReach { .. } => "AuditOutOfReach",
            Self::Unreadable { .. } => "AuditUnreadable",
        }
    }
}
