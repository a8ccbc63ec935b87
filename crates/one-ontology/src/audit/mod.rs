//! Proof that a chain of events is whole, to oneself and to others.
//!
//! | to know | ask |
//! |---|---|
//! | nothing was altered, dropped, doubled or reordered | [`verify`], [`Verifier`], [`trail::verify`] |
//! | nothing was written anew since a day in the past | a [`SignedCheckpoint`] of that day |
//! | one event was there, without showing the others | an [`InclusionProof`] |
//! | one checkpoint continues another, without the events | a [`ConsistencyProof`] |
//! | all of it, without this program | an [`export`], read as `docs/audit-format.md` says |
//! | which events may leave the store | [`decide_retention`] |
//!
//! The digests of a place's events are the leaves of a Merkle tree as in RFC 9162, kept as a
//! [`Frontier`] of at most 64 digests, so a checkpoint is small however long the trail is, and goes
//! on being checked when the events that it covers have left the store.

mod checkpoint;
mod error;
pub mod export;
mod frontier;
mod proof;
mod retention;
mod signature;
pub mod trail;
mod tree;
mod verifier;

pub use checkpoint::{Checkpoint, SignedCheckpoint, TrustedCheckpoint, trail_of};
pub use error::AuditError;
pub use frontier::Frontier;
pub use proof::{ConsistencyProof, InclusionProof};
pub use retention::{Because, Retention, RetentionPolicy, Tier, decide_retention};
pub use signature::{CheckpointSigner, CheckpointVerifier, KeyId, Signature};
pub use tree::Tree;
pub use verifier::{Verifier, verify};
