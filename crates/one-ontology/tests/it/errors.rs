//! Errors have unique tags and messages for people.

use std::collections::BTreeSet;
use std::error::Error;

use one_ontology::audit::trail::TrailError;
use one_ontology::{
    Actor, AuditError, BudgetRule, Exhausted, GroupId, Place, RowId, ScopeError, Seq, StoreError,
    ThingId, Violations,
};

use crate::support::noon;

fn store_errors() -> Vec<StoreError> {
    let place = Place::Group(GroupId::from_uuid(uuid::Uuid::from_u128(1)));
    let exhausted = Exhausted {
        key: "plugin_install".parse().unwrap(),
        rule: BudgetRule::window(10, std::time::Duration::from_secs(3600)),
        retry_at: Some(noon()),
    };
    vec![
        StoreError::Stale {
            row: RowId::Thing(ThingId::from_uuid(uuid::Uuid::from_u128(2))),
        },
        StoreError::Exhausted(exhausted),
        StoreError::Invalid {
            what: "thing 1".into(),
            violations: Violations::one("name", "must not be empty"),
        },
        StoreError::NotFound {
            what: "thing 1".into(),
        },
        StoreError::AlreadyExists {
            what: "thing 1".into(),
        },
        StoreError::PlaceNotFound { place },
        StoreError::Archived {
            name: "Acme".into(),
        },
        StoreError::ReadOnly { place },
        StoreError::InvalidCursor,
        StoreError::Pruned {
            first: Seq::new(12),
        },
        StoreError::Busy {
            reason: "another process writes".into(),
        },
        StoreError::Unavailable {
            reason: "the disk is full".into(),
        },
        StoreError::Corrupt {
            reason: "event 7 cannot be read".into(),
        },
        StoreError::Incompatible {
            reason: "version 9, known is 1".into(),
        },
    ]
}

fn scope_errors() -> Vec<ScopeError> {
    let place = Place::Group(GroupId::from_uuid(uuid::Uuid::from_u128(1)));
    let actor: Actor = "system:test".parse().unwrap();
    vec![
        ScopeError::NoAccess { place, actor },
        ScopeError::Archived {
            name: "Acme".into(),
        },
        ScopeError::Directory(StoreError::InvalidCursor),
    ]
}

fn audit_errors() -> Vec<AuditError> {
    let place = Place::Global;
    let (seq, expected, found) = (Seq::new(7), Seq::new(7), Seq::new(9));
    vec![
        AuditError::Altered { place, seq },
        AuditError::Missing {
            place,
            expected,
            found,
        },
        AuditError::Unlinked { place, seq },
        AuditError::Foreign {
            place,
            found: Place::Global,
            seq,
        },
        AuditError::Truncated {
            place,
            expected,
            found,
        },
        AuditError::Diverged { place, seq },
        AuditError::BadSignature { place, seq },
        AuditError::UntrustedKey {
            key: "ed25519:00".parse().unwrap(),
        },
        AuditError::Unsigned {
            reason: "the device is gone".into(),
        },
        AuditError::NotIncluded { place, seq },
        AuditError::NotExtended {
            place,
            earlier: expected,
            later: found,
        },
        AuditError::OutOfReach {
            seq,
            first: expected,
            last: found,
        },
        AuditError::Unreadable {
            what: "line 7".into(),
            reason: "it is no JSON".into(),
        },
    ]
}

fn trail_errors() -> Vec<TrailError> {
    vec![TrailError::Unwritten {
        reason: "the disk is full".into(),
    }]
}

/// One of each variant has the tags listed, in order.
fn check<E: Error>(errors: &[E], tag: fn(&E) -> &'static str, tags: &[(&str, &str)]) {
    let given: Vec<&str> = errors.iter().map(tag).collect();
    let listed: Vec<&str> = tags.iter().map(|(tag, _)| *tag).collect();
    assert_eq!(given, listed);
    for (tag, help) in tags {
        assert!(
            tag.chars().all(|c| c.is_ascii_alphanumeric()) && tag.starts_with(char::is_uppercase)
        );
        assert!(!help.is_empty() && !help.ends_with('.'), "{help}");
    }
}

#[test]
fn each_variant_has_its_tag_and_each_tag_its_help() {
    check(&store_errors(), StoreError::tag, StoreError::TAGS);
    check(&scope_errors(), ScopeError::tag, ScopeError::TAGS);
    check(&audit_errors(), AuditError::tag, AuditError::TAGS);
    check(&trail_errors(), TrailError::tag, TrailError::TAGS);
    let all: Vec<&str> = [
        StoreError::TAGS,
        ScopeError::TAGS,
        AuditError::TAGS,
        TrailError::TAGS,
    ]
    .concat()
    .iter()
    .map(|(tag, _)| *tag)
    .collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
}

#[test]
fn messages_are_one_line_in_lower_case_without_a_period() {
    let mut messages: Vec<String> = Vec::new();
    messages.extend(store_errors().iter().map(ToString::to_string));
    messages.extend(scope_errors().iter().map(ToString::to_string));
    messages.extend(audit_errors().iter().map(ToString::to_string));
    messages.extend(trail_errors().iter().map(ToString::to_string));
    for message in &messages {
        assert!(!message.starts_with(char::is_uppercase), "{message}");
        assert!(
            !message.ends_with('.') && !message.contains('\n'),
            "{message}"
        );
    }
    insta::assert_snapshot!("messages", messages.join("\n"));
}

#[test]
fn a_source_is_not_printed_twice() {
    let error = ScopeError::Directory(StoreError::InvalidCursor);
    let source = error.source().unwrap().to_string();
    assert!(!error.to_string().contains(&source));
}

#[test]
fn what_users_write_is_cut_and_cleaned() {
    let hostile = format!("\u{1b}[31m\n{}", "x".repeat(100_000));
    let said = hostile.parse::<Place>().unwrap_err().to_string();
    assert!(
        said.len() < 200 && !said.contains('\u{1b}') && !said.contains('\n'),
        "{said}"
    );
}
