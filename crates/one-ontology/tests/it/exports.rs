//! An export shows what it says to somebody who believes nothing, and nothing less is taken.

use std::collections::BTreeSet;

use futures::executor::block_on;
use one_ontology::audit::export::{Exporter, Reader, Shown, excerpt_of};
use one_ontology::audit::trail::{self, TrailError};
use one_ontology::audit::{Checkpoint, SignedCheckpoint, Tree};
use one_ontology::{AuditError, Event, MemoryStore, Place, Scope, Seq, strategies};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::signing::{KEY, Key, checkpoint, signed};
use crate::support::{change, commit, group, in_group, noon, store_with};

fn place() -> Place {
    Place::Group(group("exported"))
}

fn numbers(numbers: &[u64]) -> BTreeSet<Seq> {
    numbers.iter().map(|number| Seq::new(*number)).collect()
}

fn export(
    chain: &[Event],
    after: Option<&Checkpoint>,
    until: &SignedCheckpoint,
    prove: BTreeSet<Seq>,
) -> Result<Vec<String>, AuditError> {
    let mut exporter = Exporter::new(after, until, prove);
    let mut lines = vec![exporter.header()];
    for event in chain {
        lines.push(exporter.event(event)?);
    }
    lines.extend(exporter.finish()?);
    Ok(lines)
}

fn read<T: AsRef<str>>(lines: &[T]) -> Result<(Shown, Vec<Event>), AuditError> {
    let mut reader = Reader::new(&KEY);
    let mut events = Vec::new();
    for line in lines {
        events.extend(reader.line(line.as_ref())?);
    }
    Ok((reader.finish()?, events))
}

fn known(count: usize) -> (MemoryStore, Scope, Vec<Event>) {
    let scope = in_group("exported");
    let store = store_with(&scope);
    for _ in 1..count {
        commit(&store, change(&scope)).unwrap();
    }
    let page = block_on(one_ontology::Store::events(
        &store,
        &scope,
        &Default::default(),
    ));
    (store, scope, page.unwrap().items)
}

#[test]
fn an_export_reads_as_documented() {
    let (_, _, chain) = known(4);
    let until = signed(&chain, noon());
    let lines = export(
        &chain[2..],
        Some(&checkpoint(&chain[..2], noon())),
        &until,
        numbers(&[4]),
    );
    insta::assert_snapshot!("export", lines.unwrap().join("\n"));
    let mut tree = Tree::new();
    chain.iter().for_each(|event| tree.push(&event.digest));
    let lines = excerpt_of([&chain[1], &chain[3]], &tree, &until);
    insta::assert_snapshot!("excerpt", lines.unwrap().join("\n"));
}

#[test]
fn a_store_is_exported_page_by_page() {
    let (store, scope, _) = known(2100);
    let whole = block_on(trail::verify(
        &store,
        &scope,
        trail::Check::default(),
        |_| (),
    ))
    .unwrap();
    let until = whole.checkpoint(noon()).unwrap().sign(&KEY).unwrap();
    let mut lines = Vec::new();
    let write = |line: &str| {
        lines.push(line.to_owned());
        Ok(())
    };
    let prove = numbers(&[1, 1000, 2100]);
    let count = block_on(trail::export(&store, &scope, None, &until, prove, write));
    assert_eq!(count, Ok(2100));
    let (shown, events) = read(&lines).unwrap();
    assert_eq!((shown.events, shown.proofs, events.len()), (2100, 3, 2100));
    // Somebody takes three lines of it to court.
    let alone = [
        lines[0].replace(r#""events":"all""#, r#""events":"some""#),
        lines[1000].clone(),
        lines[2102].clone(),
        lines[2104].clone(),
    ];
    let (shown, events) = read(&alone).unwrap();
    assert_eq!((shown.events, events[0].seq.get()), (1, 1000));
    let tree = block_on(trail::tree(&store, &scope, None, Seq::new(2100))).unwrap();
    assert_eq!(excerpt_of([&events[0]], &tree, &until).unwrap(), alone);
}

#[test]
fn an_export_that_cannot_be_written_says_why() {
    let (store, scope, chain) = known(3);
    let until = signed(&chain, noon());
    let full = |_: &str| Err("the disk is full".to_owned());
    let error = block_on(trail::export(
        &store,
        &scope,
        None,
        &until,
        BTreeSet::new(),
        full,
    ));
    assert_eq!(error.unwrap_err().tag(), "AuditUnwritten");
    let longer = signed(&known(4).2, noon());
    let kept = |_: &str| Ok(());
    let error = block_on(trail::export(
        &store,
        &scope,
        None,
        &longer,
        BTreeSet::new(),
        kept,
    ));
    assert!(matches!(
        error,
        Err(TrailError::Audit(AuditError::Truncated { .. }))
    ));
    let error = block_on(trail::export(
        &store,
        &scope,
        None,
        &until,
        numbers(&[9]),
        kept,
    ));
    assert_eq!(error.unwrap_err().tag(), "AuditOutOfReach");
}

/// What reading says of an export in which one text is put in another's place.
fn said(lines: &[String], old: &str, new: &str) -> &'static str {
    let text = lines.join("\n");
    assert!(text.contains(old), "{old}");
    let text = text.replacen(old, new, 1);
    let spoiled: Vec<&str> = text.split('\n').collect();
    read(&spoiled).unwrap_err().tag()
}

#[test]
fn each_damage_has_its_name() {
    let (_, _, chain) = known(5);
    let until = signed(&chain, noon());
    let lines = export(&chain, None, &until, numbers(&[2])).unwrap();
    assert_eq!(
        said(&lines, r#""metadata":{"#, r#""metadata": {"#),
        "AuditUnreadable"
    );
    assert_eq!(
        said(&lines, r#""metadata":{"#, r#""metadata":{"a":1"#),
        "AuditUnlinked"
    );
    assert_eq!(
        said(&lines, "entity_updated", "entity_created"),
        "AuditUnlinked"
    );
    assert_eq!(
        said(&lines, r#""key":"test:"#, r#""key":"best:"#),
        "AuditUntrustedKey"
    );
    assert_eq!(
        said(&lines, r#""signature":""#, r#""signature":"00"#),
        "AuditBadSignature"
    );
    assert_eq!(
        said(&lines, r#""path":[""#, r#""path":["0"#),
        "AuditUnreadable"
    );
    assert_eq!(
        said(&lines, r#""inclusion":{"#, r#""inclusion": {"#),
        "AuditUnreadable"
    );
    assert_eq!(
        said(&lines, "one-audit/1", "one-audit/2"),
        "AuditUnreadable"
    );
    assert_eq!(
        said(&lines, r#""events":"all""#, r#""events":"some""#),
        "AuditNotIncluded"
    );
    let tag = |lines: &[String]| read(lines).unwrap_err().tag();
    assert_eq!(tag(&[]), "AuditUnreadable");
    assert_eq!(tag(&lines[..lines.len() - 1]), "AuditUnreadable");
    assert_eq!(
        tag(&[lines.clone(), lines.clone()].concat()),
        "AuditUnreadable"
    );
    let mut shorter = lines.clone();
    shorter.remove(5);
    assert_eq!(tag(&shorter), "AuditTruncated");
    let mut later = lines.clone();
    later.swap(5, 6);
    assert_eq!(tag(&later), "AuditUnreadable");
    // Another export of the same place, whose middle was written anew.
    let mut reader = Reader::new(&Key("another"));
    let last = lines.len() - 1;
    lines[..last]
        .iter()
        .for_each(|line| drop(reader.line(line).unwrap()));
    assert_eq!(
        reader.line(&lines[last]).unwrap_err().tag(),
        "AuditUntrustedKey"
    );
}

#[test]
fn a_start_that_never_was_is_found_by_the_root() {
    let (_, _, chain) = known(6);
    let until = signed(&chain, noon());
    let after = checkpoint(&chain[..3], noon());
    let lines = export(&chain[3..], Some(&after), &until, BTreeSet::new()).unwrap();
    assert!(read(&lines).is_ok());
    let peak = after.tree().peaks()[0].to_string();
    let other = one_ontology::Digest::of(b"never").to_string();
    assert_eq!(said(&lines, &peak, &other), "AuditDiverged");
}

proptest! {
    #[test]
    fn what_is_exported_is_read_back(
        chain in strategies::chain(place(), 1..9),
        start in any::<Index>(),
        proven in any::<Index>(),
    ) {
        let start = start.index(chain.len());
        let until = signed(&chain, noon());
        let after = (start > 0).then(|| checkpoint(&chain[..start], noon()));
        let proven = start + proven.index(chain.len() - start) + 1;
        let prove = numbers(&[proven as u64]);
        let lines = export(&chain[start..], after.as_ref(), &until, prove).unwrap();
        prop_assert!(lines.iter().all(|line| !line.contains('\n')));
        let (shown, events) = read(&lines).unwrap();
        prop_assert_eq!(&events, &chain[start..]);
        prop_assert_eq!(shown.checkpoint.signed(), &until);
        prop_assert_eq!(shown.after, after.map(|checkpoint| checkpoint.head()));
        prop_assert_eq!(shown.proofs, 1);
    }

    #[test]
    fn any_flipped_bit_of_an_export_is_found(
        chain in strategies::chain(place(), 1..5),
        at in any::<Index>(),
        bit in 0..8_u32,
    ) {
        let until = signed(&chain, noon());
        let lines = export(&chain, None, &until, numbers(&[1])).unwrap();
        let mut bytes = lines.join("\n").into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        // What is no text is no export.
        if let Ok(text) = String::from_utf8(bytes) {
            let spoiled: Vec<&str> = text.split('\n').collect();
            prop_assert!(read(&spoiled).is_err(), "byte {} bit {}", at, bit);
        }
    }

    /// Whatever stands in a line, it is refused in words.
    #[test]
    fn what_is_no_export_is_refused(
        chain in strategies::chain(place(), 1..4),
        at in any::<Index>(),
        text in ".{0,80}",
        value in strategies::hostile_json(),
        seq in prop_oneof![Just(0), Just(u64::MAX), Just(u64::MAX - 1), any::<u64>()],
        how in 0..3_u8,
    ) {
        let until = signed(&chain, noon());
        let mut lines = export(&chain, None, &until, numbers(&[1])).unwrap();
        let at = at.index(lines.len());
        lines[at] = match how {
            0 => text,
            1 => one_ontology::canonical_json(&value),
            _ => {
                // The header of an export that says it begins very late.
                let peaks = vec![one_ontology::Digest::of(b""); seq.count_ones() as usize];
                let head = serde_json::json!({ "seq": seq, "digest": peaks.first() });
                let after = serde_json::json!({ "head": head, "peaks": peaks });
                one_ontology::canonical_json(&serde_json::json!({
                    "after": after, "events": "all", "format": "one-audit/1", "place": place(),
                }))
            }
        };
        let error = read(&lines).unwrap_err();
        prop_assert!(!error.to_string().contains('\n') && error.to_string().len() < 600);
    }

    #[test]
    fn any_dropped_doubled_or_swapped_line_is_found(
        chain in strategies::chain(place(), 1..6),
        one in any::<Index>(),
        other in any::<Index>(),
        how in 0..4_u8,
    ) {
        let until = signed(&chain, noon());
        let lines = export(&chain, None, &until, BTreeSet::new()).unwrap();
        let mut spoiled = lines.clone();
        let (one, other) = (one.index(lines.len()), other.index(lines.len()));
        match how {
            0 => drop(spoiled.remove(one)),
            1 => spoiled.insert(one, lines[other].clone()),
            2 => spoiled.swap(one, other),
            _ => spoiled.truncate(one),
        }
        if spoiled != lines {
            prop_assert!(read(&spoiled).is_err());
        }
    }
}
