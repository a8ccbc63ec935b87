//! An index that is brought up to date from a store's rows.

use super::Index;
use crate::{Head, Seq};

/// The index of one place, and the event that it has come to.
///
/// Every change set ends a place's chain with an event of its own, and a store keeps with each row the
/// number of the last event that it was written with. So what an index lacks are the rows behind its
/// event; and because an event's digest stands for all before it, an index of another history (that of a
/// database which was since replaced by a copy) is told apart from one that is behind.
///
/// A digest seals events, not what is in the rows. A row that was changed without an event, by hand in
/// the database, is not seen: the index keeps what it read before.
#[derive(Debug, Default)]
pub struct Follower {
    /// What it knows.
    pub index: Index,
    at: Option<Head>,
}

impl Follower {
    /// Whether it knows every row of a place whose last event is `head`.
    #[must_use]
    pub fn knows(&self, head: Head) -> bool {
        self.at == Some(head)
    }

    /// The event that it has come to.
    #[must_use]
    pub const fn at(&self) -> Option<Head> {
        self.at
    }

    /// Behind which event the rows are that it lacks; none if it lacks them all. `there` is the event
    /// that the place has under the number of [`Follower::at`]: if that is another one, or gone,
    /// it forgets what it knows.
    pub fn lacks(&mut self, there: Option<Head>) -> Option<Seq> {
        if self.at.is_none() || self.at != there {
            *self = Self::default();
        }
        self.at.map(|at| at.seq)
    }

    /// It knows every row up to this event.
    pub fn reached(&mut self, head: Head) {
        self.index.reached(head.seq);
        self.at = Some(head);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Digest;

    fn head(seq: u64, digest: &str) -> Head {
        Head {
            seq: Seq::new(seq),
            digest: Digest::of(digest.as_bytes()),
        }
    }

    #[test]
    fn it_lacks_what_is_behind_it_and_forgets_another_history() {
        let mut follower = Follower::default();
        assert_eq!(follower.lacks(None), None);
        assert!(!follower.knows(head(5, "a")));
        follower.reached(head(5, "a"));
        assert!(follower.knows(head(5, "a")));
        for (there, lacks) in [
            (Some(head(5, "a")), Some(Seq::new(5))),
            // A copy that has gone on otherwise.
            (Some(head(5, "b")), None),
            // A copy from before, or an event that was pruned.
            (None, None),
        ] {
            follower.reached(head(5, "a"));
            assert!(!follower.knows(head(6, "a")) && !follower.knows(head(5, "b")));
            assert_eq!(follower.lacks(there), lacks);
            assert_eq!(follower.knows(head(5, "a")), lacks.is_some());
        }
    }
}
