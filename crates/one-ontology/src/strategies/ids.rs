//! Ids, numbers and digests.

use proptest::prelude::*;
use uuid::Uuid;

use crate::{
    ConnectionId, Digest, EventId, GroupId, Head, IdempotencyKey, KnowledgeId, PersonId, Revision,
    Seq, ThingId,
};

/// Any UUID, version 7 and others.
pub fn uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

/// Any group's id.
pub fn group_id() -> impl Strategy<Value = GroupId> {
    uuid().prop_map(GroupId::from_uuid)
}

/// Any person's id.
pub fn person_id() -> impl Strategy<Value = PersonId> {
    uuid().prop_map(PersonId::from_uuid)
}

/// Any thing's id.
pub fn thing_id() -> impl Strategy<Value = ThingId> {
    uuid().prop_map(ThingId::from_uuid)
}

/// Any connection's id.
pub fn connection_id() -> impl Strategy<Value = ConnectionId> {
    uuid().prop_map(ConnectionId::from_uuid)
}

/// Any event's id.
pub fn event_id() -> impl Strategy<Value = EventId> {
    uuid().prop_map(EventId::from_uuid)
}

/// Any id of knowledge.
pub fn knowledge_id() -> impl Strategy<Value = KnowledgeId> {
    uuid().prop_map(KnowledgeId::from_uuid)
}

/// Any revision, up to the largest that a signed 64-bit column keeps.
pub fn revision() -> impl Strategy<Value = Revision> {
    prop_oneof![9 => 1..100_u64, 1 => 1..=(i64::MAX as u64)].prop_map(Revision::new)
}

/// Any sequence number, up to the largest that a signed 64-bit column keeps.
pub fn seq() -> impl Strategy<Value = Seq> {
    prop_oneof![9 => 0..100_u64, 1 => 0..=(i64::MAX as u64)].prop_map(Seq::new)
}

/// Any digest.
pub fn digest() -> impl Strategy<Value = Digest> {
    any::<u64>().prop_map(|n| Digest::of(&n.to_be_bytes()))
}

/// Any head of a chain.
pub fn head() -> impl Strategy<Value = Head> {
    (seq(), digest()).prop_map(|(seq, digest)| Head { seq, digest })
}

/// Any key of a request.
pub fn idempotency_key() -> impl Strategy<Value = IdempotencyKey> {
    "[ -~]{1,200}".prop_filter_map("a key", |text| text.parse().ok())
}
