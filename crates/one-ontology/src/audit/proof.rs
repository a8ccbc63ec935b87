//! Proofs that others check.

use serde::{Deserialize, Serialize};

use super::frontier::{join, leaf};
use crate::audit::{AuditError, Checkpoint};
use crate::{Digest, Seq};

/// Shows that one event is under a checkpoint, without showing any other event.
///
/// Made by [`Tree::include`](crate::audit::Tree::include).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InclusionProof {
    /// The number of the event.
    pub seq: Seq,
    /// How many events the checkpoint covers.
    pub size: u64,
    /// What the event is joined with on the way to the root, the nearest first.
    pub path: Vec<Digest>,
}

impl InclusionProof {
    /// Checks that the event with this digest is under this checkpoint. Whether the event has this
    /// digest and the checkpoint is good is for the caller to know.
    ///
    /// # Errors
    /// `NotIncluded`.
    pub fn check(&self, event: &Digest, checkpoint: &Checkpoint) -> Result<(), AuditError> {
        let held = self.size == checkpoint.tree().size()
            && self.root(event) == Some(checkpoint.tree().root());
        if held {
            Ok(())
        } else {
            Err(AuditError::NotIncluded {
                place: checkpoint.place(),
                seq: self.seq,
            })
        }
    }

    /// RFC 9162, 2.1.3.2.
    fn root(&self, event: &Digest) -> Option<Digest> {
        let mut index = self.seq.get().checked_sub(1)?;
        let mut last = self.size.checked_sub(1)?;
        if index > last {
            return None;
        }
        let mut root = leaf(event);
        for other in &self.path {
            if last == 0 {
                return None;
            }
            if index % 2 == 1 || index == last {
                root = join(other, &root);
                while index.is_multiple_of(2) && index != 0 {
                    (index, last) = (index / 2, last / 2);
                }
            } else {
                root = join(&root, other);
            }
            (index, last) = (index / 2, last / 2);
        }
        (last == 0).then_some(root)
    }
}

/// Shows that a later checkpoint continues an earlier one, without showing any event.
///
/// Made by [`Tree::extend`](crate::audit::Tree::extend).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsistencyProof {
    /// How many events the earlier one covers.
    pub from: u64,
    /// How many events the later one covers.
    pub to: u64,
    /// What the roots of both are made of.
    pub path: Vec<Digest>,
}

impl ConsistencyProof {
    /// Checks that `later` continues `earlier`.
    ///
    /// # Errors
    /// `NotExtended`.
    pub fn check(&self, earlier: &Checkpoint, later: &Checkpoint) -> Result<(), AuditError> {
        let held = earlier.place() == later.place()
            && self.from == earlier.tree().size()
            && self.to == later.tree().size()
            && self.holds(&earlier.tree().root(), &later.tree().root());
        if held {
            Ok(())
        } else {
            Err(AuditError::NotExtended {
                place: earlier.place(),
                earlier: earlier.head().seq,
                later: later.head().seq,
            })
        }
    }

    /// RFC 9162, 2.1.4.2.
    fn holds(&self, earlier: &Digest, later: &Digest) -> bool {
        if self.from == self.to {
            return self.path.is_empty() && earlier == later;
        }
        if self.from == 0 || self.from > self.to {
            return false;
        }
        let mut path = self.path.iter();
        let first = if self.from.is_power_of_two() {
            Some(earlier)
        } else {
            path.next()
        };
        let Some(first) = first else {
            return false;
        };
        let (mut index, mut last) = (self.from - 1, self.to - 1);
        while index % 2 == 1 {
            (index, last) = (index / 2, last / 2);
        }
        let (mut old, mut new) = (*first, *first);
        for other in path {
            if last == 0 {
                return false;
            }
            if index % 2 == 1 || index == last {
                (old, new) = (join(other, &old), join(other, &new));
                while index.is_multiple_of(2) && index != 0 {
                    (index, last) = (index / 2, last / 2);
                }
            } else {
                new = join(&new, other);
            }
            (index, last) = (index / 2, last / 2);
        }
        last == 0 && old == *earlier && new == *later
    }
}
