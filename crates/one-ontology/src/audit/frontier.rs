//! A Merkle tree in logarithmic space.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{Digest, Seq};

/// The tree over the digests of a place's first events, as in RFC 9162: a leaf is
/// `SHA-256(0x00 || digest)`, a node `SHA-256(0x01 || left || right)`.
///
/// Kept are the roots of its full subtrees only, one for each bit of its size, the largest first.
/// That is enough to go on and to know the root.
///
/// ```
/// use one_ontology::Digest;
/// use one_ontology::audit::Frontier;
///
/// let mut tree = Frontier::new();
/// (0..1000_u32).for_each(|n| tree.push(&Digest::of(&n.to_be_bytes())));
/// assert_eq!((tree.size(), tree.peaks().len()), (1000, 6));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fields")]
pub struct Frontier {
    peaks: Vec<Digest>,
    size: u64,
}

impl Frontier {
    /// Of no events.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            peaks: Vec::new(),
            size: 0,
        }
    }

    /// Of so many events, from the roots of its full subtrees, the largest first; none if their
    /// number does not fit the size.
    #[must_use]
    pub fn of_peaks(size: u64, peaks: Vec<Digest>) -> Option<Self> {
        let fits = usize::try_from(size.count_ones()).is_ok_and(|ones| ones == peaks.len());
        fits.then_some(Self { peaks, size })
    }

    /// Takes the digest of the next event.
    pub fn push(&mut self, event: &Digest) {
        let mut node = leaf(event);
        // Each full subtree at the end that is as large as this one joins it.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = join(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size = self.size.saturating_add(1);
    }

    /// Of how many events.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The number of the last of them.
    #[must_use]
    pub const fn last(&self) -> Seq {
        Seq::new(self.size)
    }

    /// The roots of its full subtrees, the largest first.
    #[must_use]
    pub fn peaks(&self) -> &[Digest] {
        &self.peaks
    }

    /// The root: what commits to every event. That of no events is the SHA-256 of nothing.
    #[must_use]
    pub fn root(&self) -> Digest {
        let joined = self.peaks.iter().rev().copied();
        joined
            .reduce(|right, left| join(&left, &right))
            .unwrap_or_else(|| Digest::of(b""))
    }
}

#[derive(Deserialize)]
struct Fields {
    peaks: Vec<Digest>,
    size: u64,
}

impl TryFrom<Fields> for Frontier {
    type Error = &'static str;

    fn try_from(Fields { peaks, size }: Fields) -> Result<Self, Self::Error> {
        Self::of_peaks(size, peaks).ok_or("a tree has one peak for each bit of its size")
    }
}

/// What stands for an event in the tree.
pub(super) fn leaf(event: &Digest) -> Digest {
    digest(0, &[event])
}

/// What stands for two neighbours.
pub(super) fn join(left: &Digest, right: &Digest) -> Digest {
    digest(1, &[left, right])
}

fn digest(kind: u8, parts: &[&Digest]) -> Digest {
    let mut hash = Sha256::new_with_prefix([kind]);
    parts.iter().for_each(|part| hash.update(part.as_bytes()));
    Digest::from_bytes(hash.finalize().into())
}
