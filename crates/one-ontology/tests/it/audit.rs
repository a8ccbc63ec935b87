//! Nothing of a chain can be changed without being found.

use one_ontology::audit::{Verifier, verify};
use one_ontology::{
    AuditError, Digest, End, Event, EventType, Head, Place, PluginEventType, Seq, ThingId,
    Timestamp, strategies,
};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree as _;
use uuid::Uuid;

use crate::support::group;

fn place() -> Place {
    Place::Group(group("audited"))
}

fn head(chain: &[Event]) -> Option<Head> {
    chain.last().map(Event::head)
}

/// The tag of what is wrong with a chain.
fn check(chain: &[Event], expected: Option<Head>, tag: Option<&str>) {
    let found = verify(place(), chain, expected);
    assert_eq!(found.as_ref().err().map(AuditError::tag), tag);
}

fn three() -> Vec<Event> {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    strategies::chain(place(), 3)
        .new_tree(&mut runner)
        .unwrap()
        .current()
}

#[test]
fn each_kind_of_damage_has_its_name() {
    let chain = three();
    let whole = head(&chain);
    check(&chain, whole, None);
    check(&[], None, None);

    let mut altered = chain.clone();
    altered[1].at = Timestamp::EPOCH;
    check(&altered, whole, Some("AuditAltered"));
    check(
        &[chain[0].clone(), chain[2].clone()],
        whole,
        Some("AuditMissing"),
    );
    check(&chain[1..], whole, Some("AuditMissing"));
    check(&chain[..2], whole, Some("AuditTruncated"));
    check(&[], whole, Some("AuditTruncated"));
    check(&chain[..2], None, None);

    let mut foreign = chain.clone();
    foreign[2].place = Place::Global;
    check(&foreign, whole, Some("AuditForeign"));

    // Somebody writes the middle anew, with a digest that is right for it.
    let mut replaced = chain.clone();
    replaced[1].at = Timestamp::EPOCH;
    replaced[1].digest = replaced[1].computed_digest();
    check(&replaced, whole, Some("AuditUnlinked"));
    // And everything behind it, too: only the head that was kept tells.
    replaced[2].previous = Some(replaced[1].digest);
    replaced[2].digest = replaced[2].computed_digest();
    check(&replaced, None, None);
    check(&replaced, whole, Some("AuditTruncated"));
}

#[test]
fn a_chain_can_be_checked_in_pieces() {
    let chain = three();
    let mut verifier = Verifier::new(place());
    verifier.push(&chain[0]).unwrap();
    let kept = verifier.head().unwrap();
    let mut rest = Verifier::after(place(), kept);
    rest.push(&chain[1]).unwrap();
    rest.push(&chain[2]).unwrap();
    assert_eq!(rest.finish(head(&chain)).unwrap(), head(&chain));
    let mut wrong = Verifier::after(place(), kept);
    assert_eq!(wrong.push(&chain[2]).unwrap_err().tag(), "AuditMissing");
}

fn flip(uuid: &Uuid, bit: usize) -> Uuid {
    Uuid::from_u128(uuid.as_u128() ^ (1 << (bit % 128)))
}

fn flip_digest(digest: &Digest, bit: usize) -> Digest {
    let mut bytes = *digest.as_bytes();
    bytes[bit / 8 % 32] ^= 1 << (bit % 8);
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    text.parse().unwrap()
}

/// Changes one bit of one field, if that leaves another event.
fn damage(event: &mut Event, field: usize, bit: usize) {
    match field {
        0 => event.id = one_ontology::EventId::from_uuid(flip(event.id.as_uuid(), bit)),
        1 => event.place = Place::Group(group("another")),
        2 => event.seq = Seq::new(event.seq.get() ^ (1 << (bit % 64))),
        3 => {
            let now: EventType = PluginEventType::PluginSuspended.into();
            event.event_type = if event.event_type == now {
                EventType::TaskEvent
            } else {
                now
            };
        }
        4 => {
            let text = event.actor.to_string();
            let other = "system:somebody_else";
            event.actor = if text == other { "system:me" } else { other }
                .parse()
                .unwrap();
        }
        5 => {
            let other = ThingId::from_uuid(flip(&Uuid::nil(), bit));
            event.target = match event.target {
                Some(_) if bit.is_multiple_of(2) => None,
                Some(End::Thing(id)) => {
                    Some(End::Thing(ThingId::from_uuid(flip(id.as_uuid(), bit))))
                }
                _ => Some(End::Thing(other)),
            };
        }
        6 => event.at = Timestamp::from_micros(event.at.as_micros() ^ (1 << (bit % 40))),
        7 => event.metadata = event.metadata.clone().with("a property nobody wrote", bit),
        8 => {
            event.previous = match &event.previous {
                Some(digest) => Some(flip_digest(digest, bit)),
                None => Some(Digest::of(b"")),
            };
        }
        _ => event.digest = flip_digest(&event.digest, bit),
    }
}

proptest! {
    #[test]
    fn a_sealed_chain_is_whole(chain in strategies::chain(place(), 0..8)) {
        prop_assert_eq!(verify(place(), &chain, head(&chain)), Ok(head(&chain)));
    }

    #[test]
    fn any_flipped_bit_is_found(
        chain in strategies::chain(place(), 1..6),
        at in any::<Index>(),
        field in 0..10_usize,
        bit in 0..256_usize,
    ) {
        let mut damaged = chain.clone();
        let at = at.index(chain.len());
        damage(&mut damaged[at], field, bit);
        if damaged != chain {
            prop_assert!(verify(place(), &damaged, head(&chain)).is_err(), "field {}", field);
            // Even without a head that was kept elsewhere.
            prop_assert!(verify(place(), &damaged, None).is_err(), "field {}", field);
        }
    }

    #[test]
    fn any_dropped_doubled_or_swapped_event_is_found(
        chain in strategies::chain(place(), 2..6),
        one in any::<Index>(),
        other in any::<Index>(),
        how in 0..4_u8,
    ) {
        let (one, other) = (one.index(chain.len()), other.index(chain.len()));
        let mut damaged = chain.clone();
        match how {
            0 => drop(damaged.remove(one)),
            1 => damaged.insert(one, chain[other].clone()),
            2 => damaged.swap(one, other),
            _ => damaged.truncate(one),
        }
        if damaged != chain {
            prop_assert!(verify(place(), &damaged, head(&chain)).is_err());
        }
    }
}
