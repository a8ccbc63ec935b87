//! Rows, events and their parts, all such as hold.

use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;

use super::{
    actor, connection_id, connection_type, duration, end, end_in, event_id, event_type, group_id,
    group_status, group_type, join_policy, knowledge_id, knowledge_role, knowledge_type,
    membership_status, name, person_id, plan, properties, revision, role, text, thing_id,
    thing_status, thing_type, timestamp, visibility,
};
use crate::{
    ChunkPosition, Connection, Embedding, Event, Group, Knowledge, KnowledgeSource, KnowledgeType,
    Label, Membership, NewEvent, Person, Place, Revision, Role, Row, RowId, Strength, Thing,
    Timestamp,
};

/// Which writing of a row, when it was made and when written.
fn written() -> BoxedStrategy<(Revision, Timestamp, Timestamp)> {
    (revision(), timestamp(), duration())
        .prop_map(|(revision, made, later)| (revision, made, made.plus(later)))
        .boxed()
}

/// Any group.
pub fn group() -> BoxedStrategy<Group> {
    let kind = (group_type(), visibility(), join_policy(), plan());
    (
        group_id(),
        name(),
        option::of(group_id()),
        group_status(),
        kind,
        written(),
    )
        .prop_map(
            |(id, name, parent, status, kind, (revision, created_at, updated_at))| Group {
                id,
                name,
                group_type: kind.0,
                parent,
                status,
                visibility: kind.1,
                join_policy: kind.2,
                plan: kind.3,
                revision,
                created_at,
                updated_at,
            },
        )
        .prop_filter("its own parent", |group| group.parent != Some(group.id))
        .boxed()
}

/// Any person, recorded in this place.
pub fn person(place: Place) -> BoxedStrategy<Person> {
    let email = option::of("[a-z0-9._+-]{1,64}@[a-z0-9.-]{1,100}");
    (person_id(), name(), email, written())
        .prop_map(
            move |(id, display_name, email, (revision, created_at, updated_at))| Person {
                id,
                place,
                display_name,
                email,
                revision,
                created_at,
                updated_at,
            },
        )
        .boxed()
}

/// Any membership in this place: of the platform's staff in the shared registry, else of a group.
pub fn membership(place: Place) -> BoxedStrategy<Membership> {
    let role = role().prop_map(move |role| match (place, role) {
        (Place::Global, _) => Role::PlatformOwner,
        (Place::Group(_), Role::PlatformOwner) => Role::GroupOwner,
        (Place::Group(_), role) => role,
    });
    (person_id(), role, membership_status(), written())
        .prop_map(
            move |(person, role, status, (revision, created_at, updated_at))| Membership {
                person,
                place,
                role,
                status,
                revision,
                created_at,
                updated_at,
            },
        )
        .boxed()
}

/// Any thing that lives in this place.
pub fn thing(place: Place) -> BoxedStrategy<Thing> {
    (
        thing_id(),
        thing_type(),
        name(),
        thing_status(),
        properties(),
        written(),
    )
        .prop_map(
            move |(
                id,
                thing_type,
                name,
                status,
                properties,
                (revision, created_at, updated_at),
            )| {
                Thing {
                    id,
                    place,
                    thing_type,
                    name,
                    status,
                    properties,
                    revision,
                    created_at,
                    updated_at,
                }
            },
        )
        .boxed()
}

/// Any strength.
pub fn strength() -> BoxedStrategy<Strength> {
    (0.0..=1.0_f64)
        .prop_filter_map("from 0 to 1", |number| Strength::try_from(number).ok())
        .boxed()
}

/// Any connection that lives in this place, its ends' kinds aside.
pub fn connection(place: Place) -> BoxedStrategy<Connection> {
    let ends = (end_in(place), end_in(place)).prop_filter("a self link", |(from, to)| from != to);
    let valid = (option::of(timestamp()), option::of(duration()));
    (
        connection_id(),
        ends,
        connection_type(),
        properties(),
        option::of(strength()),
        valid,
        written(),
    )
        .prop_map(
            move |(id, (from, to), connection_type, metadata, strength, valid, written)| {
                Connection {
                    id,
                    place,
                    from,
                    to,
                    connection_type,
                    metadata,
                    strength,
                    valid_from: valid.0,
                    valid_to: valid
                        .1
                        .map(|later| valid.0.unwrap_or(Timestamp::EPOCH).plus(later)),
                    revision: written.0,
                    created_at: written.1,
                }
            },
        )
        .boxed()
}

/// Any vector, of one of few models and lengths so that some can be compared.
pub fn embedding() -> BoxedStrategy<Embedding> {
    let number = prop_oneof![8 => -1.0..1.0_f32, 1 => Just(0.0), 1 => any::<f32>()];
    ("(small|large)", vec(number, 1..5))
        .prop_filter_map("finite", |(model, values)| {
            Embedding::new(model, values).ok()
        })
        .boxed()
}

/// Any label, with or without a prefix.
pub fn label() -> BoxedStrategy<Label> {
    prop_oneof!["(skill|topic|capability):[a-z]{1,8}", "[\\PC]{1,128}"]
        .prop_filter_map("a label", |text| text.parse().ok())
        .boxed()
}

/// Any source of knowledge.
pub fn knowledge_source() -> BoxedStrategy<KnowledgeSource> {
    (end(), knowledge_role(), option::of(name()))
        .prop_map(|(end, role, field)| KnowledgeSource { end, role, field })
        .boxed()
}

/// Any position of a chunk.
pub fn chunk_position() -> BoxedStrategy<ChunkPosition> {
    (any::<u32>(), 0..1_u64 << 40, 0..1_u64 << 20)
        .prop_map(|(index, start, length)| ChunkPosition {
            index,
            start,
            end: start + length,
        })
        .boxed()
}

/// Any knowledge that lives in this place.
pub fn knowledge(place: Place) -> BoxedStrategy<Knowledge> {
    let content = (option::of(text()), option::of(embedding()), embedding());
    let about = (
        option::of(knowledge_source()),
        option::of(chunk_position()),
        btree_set(label(), 0..4),
    );
    let kept = (properties(), option::weighted(0.1, timestamp()), written());
    (knowledge_id(), knowledge_type(), content, about, kept)
        .prop_map(
            move |(id, knowledge_type, content, about, (metadata, archived_at, written))| {
                let (text, mut embedding, always) = content;
                let text = match knowledge_type {
                    KnowledgeType::VectorOnly => {
                        embedding = Some(embedding.unwrap_or(always));
                        text
                    }
                    KnowledgeType::Label | KnowledgeType::Document | KnowledgeType::Chunk => Some(
                        text.filter(|text| !text.is_empty())
                            .unwrap_or_else(|| "text".to_owned()),
                    ),
                };
                Knowledge {
                    id,
                    place,
                    knowledge_type,
                    text,
                    embedding,
                    source: about.0,
                    chunk: about.1,
                    labels: about.2.into_iter().collect(),
                    metadata,
                    archived_at,
                    revision: written.0,
                    created_at: written.1,
                    updated_at: written.2,
                }
            },
        )
        .boxed()
}

/// Any row that lives in this place; a group only if the place is one.
pub fn row(place: Place) -> BoxedStrategy<Row> {
    let row = prop_oneof![
        person(place).prop_map(Row::Person),
        membership(place).prop_map(Row::Membership),
        thing(place).prop_map(Row::Thing),
        knowledge(place).prop_map(Row::Knowledge),
    ];
    let Some(id) = place.group() else {
        return row.boxed();
    };
    let group = group().prop_map(move |mut group| {
        group.id = id;
        group.parent = group.parent.filter(|parent| *parent != id);
        Row::Group(group)
    });
    prop_oneof![4 => row, 1 => group].boxed()
}

/// Any id of a row.
pub fn row_id() -> BoxedStrategy<RowId> {
    prop_oneof![
        group_id().prop_map(RowId::Group),
        person_id().prop_map(RowId::Person),
        person_id().prop_map(RowId::Membership),
        thing_id().prop_map(RowId::Thing),
        knowledge_id().prop_map(RowId::Knowledge),
    ]
    .boxed()
}

/// Any event that is not yet in a chain.
pub fn new_event() -> BoxedStrategy<NewEvent> {
    (event_id(), event_type(), option::of(end()), properties())
        .prop_map(|(id, event_type, target, metadata)| NewEvent {
            id,
            event_type,
            target,
            metadata,
        })
        .boxed()
}

/// Any whole chain of this place, with this many events.
pub fn chain(
    place: Place,
    length: impl Into<proptest::collection::SizeRange>,
) -> BoxedStrategy<Vec<Event>> {
    vec((new_event(), actor(), timestamp()), length)
        .prop_map(move |bodies| {
            let mut head = None;
            bodies
                .into_iter()
                .map(|(body, actor, at)| {
                    let event = Event::seal(place, head.as_ref(), &actor, at, body);
                    head = Some(event.head());
                    event
                })
                .collect()
        })
        .boxed()
}
