//! A Merkle tree that makes proofs.

use super::frontier::{join, leaf};
use crate::audit::{AuditError, ConsistencyProof, Frontier, InclusionProof};
use crate::{Digest, Seq};

/// The tree of a [`Frontier`] with every node at hand, so that it makes proofs: 64 bytes an event.
///
/// It may start behind a frontier. Then what is before the start can no longer be proven, but all
/// behind it can.
///
/// ```
/// use one_ontology::audit::Tree;
/// use one_ontology::{Digest, Seq};
///
/// # fn main() -> Result<(), one_ontology::AuditError> {
/// let mut tree = Tree::new();
/// (0..1000_u32).for_each(|n| tree.push(&Digest::of(&n.to_be_bytes())));
/// let proof = tree.include(Seq::new(18), Seq::new(1000))?;
/// assert_eq!(proof.path.len(), 10);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Tree {
    start: u64,
    size: u64,
    /// Full subtrees of 1, 2, 4, 8, .. events.
    levels: Vec<Level>,
}

/// Neighbours, from `first` on.
#[derive(Clone, Debug, Default)]
struct Level {
    first: u64,
    nodes: Vec<Digest>,
}

impl Tree {
    /// Of no events.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Behind these events.
    #[must_use]
    pub fn after(frontier: &Frontier) -> Self {
        let size = frontier.size();
        let mut peaks = frontier.peaks().iter().rev();
        let levels = (0..u64::BITS - size.leading_zeros())
            .map(|level| {
                let nodes: Vec<Digest> = match size >> level & 1 {
                    0 => Vec::new(),
                    _ => peaks.next().into_iter().copied().collect(),
                };
                Level {
                    first: (size >> level).saturating_sub(nodes.len() as u64),
                    nodes,
                }
            })
            .collect();
        Self {
            start: size,
            size,
            levels,
        }
    }

    /// Takes the digest of the next event.
    pub fn push(&mut self, event: &Digest) {
        let mut index = self.size;
        self.size = self.size.saturating_add(1);
        let mut node = leaf(event);
        for depth in 0.. {
            if self.levels.len() == depth {
                self.levels.push(Level::default());
            }
            let Some(level) = self.levels.get_mut(depth) else {
                return;
            };
            let left = level.nodes.last().copied();
            level.nodes.push(node);
            match left {
                Some(left) if index % 2 == 1 => node = join(&left, &node),
                _ => return,
            }
            index /= 2;
        }
    }

    /// The number of the last event taken.
    #[must_use]
    pub const fn last(&self) -> Seq {
        Seq::new(self.size)
    }

    /// The root of the tree over the events up to `last`.
    ///
    /// # Errors
    /// `OutOfReach`: before the start, or behind what was taken.
    pub fn root(&self, last: Seq) -> Result<Digest, AuditError> {
        match last.get() {
            0 if self.start == 0 => Ok(Digest::of(b"")),
            size => self.over(0, size).ok_or_else(|| self.out_of_reach(last)),
        }
    }

    /// Proof that an event is under a checkpoint that covers all up to `last`.
    ///
    /// # Errors
    /// `OutOfReach`: before the start, or behind `last`, or `last` behind what was taken.
    pub fn include(&self, seq: Seq, last: Seq) -> Result<InclusionProof, AuditError> {
        if seq.get() <= self.start || seq > last {
            return Err(self.out_of_reach(seq));
        }
        if last > self.last() {
            return Err(self.out_of_reach(last));
        }
        let index = seq.get() - 1;
        let (mut low, mut high) = (0, last.get());
        let mut path = Vec::new();
        while high - low > 1 {
            let middle = low + split(high - low);
            let other = if index < middle {
                let other = self.over(middle, high);
                high = middle;
                other
            } else {
                let other = self.over(low, middle);
                low = middle;
                other
            };
            path.push(other.ok_or_else(|| self.out_of_reach(last))?);
        }
        path.reverse();
        Ok(InclusionProof {
            seq,
            size: last.get(),
            path,
        })
    }

    /// Proof that the checkpoint that covers all up to `later` continues the one up to `earlier`.
    ///
    /// # Errors
    /// `OutOfReach`: `earlier` is before the start or none, or behind `later`, or `later` behind
    /// what was taken.
    pub fn extend(&self, earlier: Seq, later: Seq) -> Result<ConsistencyProof, AuditError> {
        if earlier == Seq::START || earlier.get() < self.start || earlier > later {
            return Err(self.out_of_reach(earlier));
        }
        if later > self.last() {
            return Err(self.out_of_reach(later));
        }
        let (mut low, mut high) = (0, later.get());
        let mut path = Vec::new();
        let mut known = true;
        while earlier.get() != high {
            let middle = low + split(high - low);
            let other = if earlier.get() <= middle {
                let other = self.over(middle, high);
                high = middle;
                other
            } else {
                let other = self.over(low, middle);
                low = middle;
                known = false;
                other
            };
            path.push(other.ok_or_else(|| self.out_of_reach(later))?);
        }
        // The whole of the earlier tree is what the other side has already.
        if !known {
            let rest = self.over(low, high);
            path.push(rest.ok_or_else(|| self.out_of_reach(later))?);
        }
        path.reverse();
        Ok(ConsistencyProof {
            from: earlier.get(),
            to: later.get(),
            path,
        })
    }

    /// The root over the events of these indices, cut as RFC 9162 cuts; none if it is not at hand.
    fn over(&self, low: u64, high: u64) -> Option<Digest> {
        let count = high.checked_sub(low)?;
        if count.is_power_of_two() {
            let depth = count.trailing_zeros();
            let level = self.levels.get(usize::try_from(depth).ok()?)?;
            let index = (low >> depth).checked_sub(level.first)?;
            return level.nodes.get(usize::try_from(index).ok()?).copied();
        }
        let middle = low + (count > 0).then(|| split(count))?;
        Some(join(&self.over(low, middle)?, &self.over(middle, high)?))
    }

    const fn out_of_reach(&self, seq: Seq) -> AuditError {
        AuditError::OutOfReach {
            seq,
            first: Seq::new(self.start).next(),
            last: Seq::new(self.size),
        }
    }
}

/// The largest power of two below a count of at least two.
const fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}
