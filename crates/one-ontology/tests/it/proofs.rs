//! The tree of a trail is that of RFC 9162, and its proofs show what they say and nothing else.

use std::cell::RefCell;
use std::collections::BTreeMap;

use one_ontology::audit::{
    Checkpoint, ConsistencyProof, Frontier, InclusionProof, SignedCheckpoint, Tree,
};
use one_ontology::{AuditError, Digest, Event, Seq, Timestamp};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::signing::{KEY, Key, checkpoint, signed};
use crate::support::{event, group, noon};

fn digests(count: u64) -> Vec<Digest> {
    (1..=count).map(|n| Digest::of(&n.to_be_bytes())).collect()
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    Sha256::digest(parts.concat()).into()
}

/// RFC 9162, word for word. It remembers what it has hashed, or the tests would take minutes.
struct Rfc {
    leaves: Vec<Digest>,
    hashed: RefCell<BTreeMap<(usize, usize), [u8; 32]>>,
}

impl Rfc {
    fn new(leaves: &[Digest]) -> Self {
        Self {
            leaves: leaves.to_vec(),
            hashed: RefCell::default(),
        }
    }

    fn middle(low: usize, high: usize) -> usize {
        low + (high - low).next_power_of_two() / 2
    }

    /// 2.1.1: `MTH(D[low:high])`.
    fn mth(&self, low: usize, high: usize) -> [u8; 32] {
        let known = self.hashed.borrow().get(&(low, high)).copied();
        known.unwrap_or_else(|| {
            let hashed = match high - low {
                0 => hash(&[]),
                1 => hash(&[&[0], self.leaves[low].as_bytes()]),
                _ => {
                    let middle = Self::middle(low, high);
                    hash(&[&[1], &self.mth(low, middle), &self.mth(middle, high)])
                }
            };
            self.hashed.borrow_mut().insert((low, high), hashed);
            hashed
        })
    }

    /// 2.1.3.1: `PATH(index, D[low:high])`.
    fn path(&self, index: usize, low: usize, high: usize) -> Vec<[u8; 32]> {
        if high - low == 1 {
            return Vec::new();
        }
        let middle = Self::middle(low, high);
        let (mut path, last) = if index < middle {
            (self.path(index, low, middle), self.mth(middle, high))
        } else {
            (self.path(index, middle, high), self.mth(low, middle))
        };
        path.push(last);
        path
    }

    /// 2.1.4.1: `SUBPROOF(first, D[low:high], known)`, `first` counted from the first leaf of all.
    fn subproof(&self, first: usize, low: usize, high: usize, known: bool) -> Vec<[u8; 32]> {
        if first == high {
            return if known {
                vec![]
            } else {
                vec![self.mth(low, high)]
            };
        }
        let middle = Self::middle(low, high);
        let (mut path, last) = if first <= middle {
            (
                self.subproof(first, low, middle, known),
                self.mth(middle, high),
            )
        } else {
            (
                self.subproof(first, middle, high, false),
                self.mth(low, middle),
            )
        };
        path.push(last);
        path
    }
}

fn bytes(path: &[Digest]) -> Vec<[u8; 32]> {
    path.iter().map(|digest| *digest.as_bytes()).collect()
}

fn tree_of(leaves: &[Digest]) -> (Tree, Frontier) {
    let (mut tree, mut frontier) = (Tree::new(), Frontier::new());
    for leaf in leaves {
        tree.push(leaf);
        frontier.push(leaf);
    }
    (tree, frontier)
}

/// A checkpoint over these digests; its own event is of no matter here.
fn over(leaves: &[Digest]) -> Checkpoint {
    let (_, tree) = tree_of(leaves);
    let fields = json!({
        "format": Checkpoint::FORMAT,
        "place": format!("group:{}", group("proofs")),
        "head": { "seq": leaves.len(), "digest": leaves.last().unwrap() },
        "root": tree.root(),
        "peaks": tree.peaks(),
        "at": noon(),
    });
    serde_json::from_value(fields).unwrap()
}

fn seq(number: usize) -> Seq {
    Seq::new(number as u64)
}

#[test]
fn trees_of_up_to_200_events_are_those_of_the_rfc() {
    let leaves = digests(200);
    let (tree, _) = tree_of(&leaves);
    let rfc = Rfc::new(&leaves);
    let mut frontier = Frontier::new();
    for size in 0..=200 {
        assert_eq!(*frontier.root().as_bytes(), rfc.mth(0, size));
        assert_eq!(tree.root(seq(size)).unwrap(), frontier.root());
        let ones = size.count_ones() as usize;
        assert_eq!(
            (frontier.size(), frontier.peaks().len()),
            (size as u64, ones)
        );
        if let Some(next) = leaves.get(size) {
            frontier.push(next);
        }
    }
}

#[test]
fn every_proof_in_trees_of_up_to_200_events_is_that_of_the_rfc_and_holds() {
    let leaves = digests(200);
    let (tree, _) = tree_of(&leaves);
    let rfc = Rfc::new(&leaves);
    let covers: Vec<Checkpoint> = (1..=200).map(|size| over(&leaves[..size])).collect();
    for size in 1..=200_usize {
        let later = &covers[size - 1];
        for index in 0..size {
            let proof = tree.include(seq(index + 1), seq(size)).unwrap();
            assert_eq!(bytes(&proof.path), rfc.path(index, 0, size));
            proof.check(&leaves[index], later).unwrap();

            let proof = tree.extend(seq(index + 1), seq(size)).unwrap();
            assert_eq!(bytes(&proof.path), rfc.subproof(index + 1, 0, size, true));
            proof.check(&covers[index], later).unwrap();
        }
    }
}

#[test]
fn a_tree_that_starts_later_proves_what_is_behind_its_start() {
    let leaves = digests(67);
    let (whole, _) = tree_of(&leaves);
    for start in 0..=67_usize {
        let (_, before) = tree_of(&leaves[..start]);
        let mut tree = Tree::after(&before);
        leaves[start..].iter().for_each(|leaf| tree.push(leaf));
        for size in 1..=67_usize {
            for number in 1..=size {
                let proof = tree.include(seq(number), seq(size));
                if number > start {
                    assert_eq!(proof, whole.include(seq(number), seq(size)));
                } else {
                    assert_eq!(proof.unwrap_err().tag(), "AuditOutOfReach");
                }
                let proof = tree.extend(seq(number), seq(size));
                if number >= start {
                    assert_eq!(proof, whole.extend(seq(number), seq(size)));
                } else {
                    assert_eq!(proof.unwrap_err().tag(), "AuditOutOfReach");
                }
            }
        }
    }
}

#[test]
fn what_is_not_there_cannot_be_proven() {
    let (tree, _) = tree_of(&digests(5));
    let said = |result: Result<InclusionProof, AuditError>| result.unwrap_err().to_string();
    insta::assert_snapshot!(
        [
            said(tree.include(seq(0), seq(5))),
            said(tree.include(seq(6), seq(6))),
            said(tree.include(seq(2), seq(9))),
            tree.extend(seq(0), seq(5)).unwrap_err().to_string(),
            tree.extend(seq(4), seq(3)).unwrap_err().to_string(),
        ]
        .join("\n"),
        @r"
    event 0 cannot be proven: the tree has events 1 to 5
    event 6 cannot be proven: the tree has events 1 to 5
    event 9 cannot be proven: the tree has events 1 to 5
    event 0 cannot be proven: the tree has events 1 to 5
    event 4 cannot be proven: the tree has events 1 to 5
    "
    );
    assert!(Tree::new().include(seq(1), seq(1)).is_err());
}

#[test]
fn a_frontier_reads_back_and_refuses_what_does_not_fit() {
    let (_, frontier) = tree_of(&digests(11));
    let text = serde_json::to_string(&frontier).unwrap();
    assert_eq!(serde_json::from_str::<Frontier>(&text).unwrap(), frontier);
    assert!(serde_json::from_str::<Frontier>(&text.replace("11", "12")).is_err());
}

fn chain(length: usize) -> Vec<Event> {
    let place = one_ontology::Place::Group(group("proofs"));
    let actor = "system:test".parse().unwrap();
    let mut chain: Vec<Event> = Vec::new();
    for n in 0..length {
        let head = chain.last().map(Event::head);
        let at = noon().plus(std::time::Duration::from_secs(n as u64));
        chain.push(Event::seal(
            place,
            head.as_ref(),
            &actor,
            at,
            event("proven"),
        ));
    }
    chain
}

#[test]
fn a_checkpoint_has_one_spelling_and_reads_back() {
    let checkpoint = checkpoint(&chain(3), noon());
    insta::assert_snapshot!("checkpoint_message", checkpoint.message());
    let read: Checkpoint = serde_json::from_str(&checkpoint.message()).unwrap();
    assert_eq!(read, checkpoint);
    let signed = checkpoint.sign(&KEY).unwrap();
    let text = serde_json::to_string(&signed).unwrap();
    assert_eq!(
        serde_json::from_str::<SignedCheckpoint>(&text).unwrap(),
        signed
    );
}

#[test]
fn a_checkpoint_that_contradicts_itself_is_not_read() {
    let message = checkpoint(&chain(3), noon()).message();
    for (old, new) in [
        (r#""seq":3"#, r#""seq":4"#),
        (r#""seq":3"#, r#""seq":0"#),
        (Checkpoint::FORMAT, "one-checkpoint/2"),
        (r#""peaks":[""#, r#""peaks":["00"#),
    ] {
        let spoiled = message.replacen(old, new, 1);
        assert_ne!(spoiled, message);
        assert!(
            serde_json::from_str::<Checkpoint>(&spoiled).is_err(),
            "{spoiled}"
        );
    }
}

#[test]
fn only_the_right_key_is_trusted() {
    let signed = signed(&chain(2), noon());
    assert!(signed.clone().trust(&KEY).is_ok());
    let tag = |signed: SignedCheckpoint, key: &Key| signed.trust(key).unwrap_err().tag();
    assert_eq!(tag(signed.clone(), &Key("mallory")), "AuditUntrustedKey");
    let mut forged = signed.clone();
    forged.signature = "00".parse().unwrap();
    assert_eq!(tag(forged, &KEY), "AuditBadSignature");
    let mut later = signed;
    later.checkpoint = checkpoint(&chain(2), Timestamp::MAX);
    assert_eq!(tag(later, &KEY), "AuditBadSignature");
}

/// Changes one bit of one digest, or the length.
fn spoil(path: &mut Vec<Digest>, at: &Index, bit: usize, how: u8) {
    match how {
        0 if !path.is_empty() => {
            let at = at.index(path.len());
            let digest = &mut path[at];
            let mut bytes = *digest.as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            *digest = Digest::from_bytes(bytes);
        }
        1 if !path.is_empty() => drop(path.remove(at.index(path.len()))),
        2 if path.len() > 1 => {
            let at = at.index(path.len() - 1);
            path.swap(at, at + 1);
        }
        _ => path.insert(at.index(path.len() + 1), Digest::of(b"more")),
    }
}

proptest! {
    #[test]
    fn larger_trees_are_those_of_the_rfc(
        size in 201_usize..3000,
        at in any::<Index>(),
        first in any::<Index>(),
    ) {
        let leaves = digests(size as u64);
        let (tree, frontier) = tree_of(&leaves);
        let rfc = Rfc::new(&leaves);
        prop_assert_eq!(*frontier.root().as_bytes(), rfc.mth(0, size));
        let (index, first) = (at.index(size), first.index(size) + 1);
        let later = over(&leaves);
        let proof = tree.include(seq(index + 1), seq(size)).unwrap();
        prop_assert_eq!(bytes(&proof.path), rfc.path(index, 0, size));
        prop_assert_eq!(proof.check(&leaves[index], &later), Ok(()));
        let proof = tree.extend(seq(first), seq(size)).unwrap();
        prop_assert_eq!(bytes(&proof.path), rfc.subproof(first, 0, size, true));
        prop_assert_eq!(proof.check(&over(&leaves[..first]), &later), Ok(()));
    }

    #[test]
    fn a_proof_altered_anywhere_does_not_hold(
        size in 1_usize..300,
        at in any::<Index>(),
        where_ in any::<Index>(),
        bit in 0..256_usize,
        how in 0..4_u8,
    ) {
        let leaves = digests(size as u64);
        let (tree, _) = tree_of(&leaves);
        let (index, later) = (at.index(size), over(&leaves));

        let proof = tree.include(seq(index + 1), seq(size)).unwrap();
        let mut altered = proof.clone();
        spoil(&mut altered.path, &where_, bit, how);
        prop_assert!(altered.check(&leaves[index], &later).is_err());
        for number in [index, index + 2, size + 1, usize::MAX >> 1] {
            let moved = InclusionProof { seq: seq(number), ..proof.clone() };
            prop_assert!(moved.check(&leaves[index], &later).is_err(), "moved to {}", number);
        }
        let resized = InclusionProof { size: size as u64 + 1, ..proof.clone() };
        prop_assert!(resized.check(&leaves[index], &later).is_err());
        prop_assert!(proof.check(&Digest::of(b"another"), &later).is_err());

        let earlier = over(&leaves[..=index]);
        let proof = tree.extend(seq(index + 1), seq(size)).unwrap();
        let mut altered = proof.clone();
        spoil(&mut altered.path, &where_, bit, how);
        prop_assert!(altered.check(&earlier, &later).is_err());
        let resized = ConsistencyProof { to: size as u64 + 1, ..proof.clone() };
        prop_assert!(resized.check(&earlier, &later).is_err());
        let mut other = leaves.clone();
        other[where_.index(index + 1)] = Digest::of(b"another");
        prop_assert!(proof.check(&over(&other[..=index]), &later).is_err());
        prop_assert!(proof.check(&earlier, &over(&other)).is_err());
    }
}
