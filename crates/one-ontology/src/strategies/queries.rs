//! Queries and searches.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::{
    connection_type, embedding, end, event_type, hostile_text, json, knowledge_id, knowledge_type,
    label, name, seq, text, thing_id, thing_status, thing_type,
};
use crate::search::Candidate;
use crate::{
    Among, ConnectionQuery, Cursor, Ended, EventQuery, Hit, HitId, KnowledgeQuery, Limit,
    PersonQuery, SearchQuery, ThingQuery,
};

/// Any limit, mostly small.
pub fn limit() -> BoxedStrategy<Limit> {
    prop_oneof![4 => 1..10_u32, 1 => any::<u32>()]
        .prop_map(Limit::new)
        .boxed()
}

/// Any text in a cursor's place; almost never a cursor of any query.
pub fn cursor() -> BoxedStrategy<Cursor> {
    prop_oneof![
        hostile_text(),
        "[0-9a-f]{16}\\.[0-9]{1,3}",
        "[0-9a-f]{16}\\.\\[\"[a-z]{1,3}\",\"[0-9a-f-]{1,36}\"\\]",
    ]
    .prop_map(Cursor::from_text)
    .boxed()
}

/// Whether what has ended is listed.
pub fn ended() -> BoxedStrategy<Ended> {
    prop_oneof![Just(Ended::Left), Just(Ended::Listed)].boxed()
}

/// Any first page of things.
pub fn thing_query() -> BoxedStrategy<ThingQuery> {
    let properties = btree_map("(npm_package|registry_url|other)", json(), 0..2);
    let types = vec(thing_type(), 0..3);
    (
        types,
        vec(thing_status(), 0..3),
        option::of(name()),
        properties,
        limit(),
    )
        .prop_map(|(types, statuses, name, properties, limit)| ThingQuery {
            types,
            statuses,
            name,
            properties,
            limit,
            cursor: None,
        })
        .boxed()
}

/// Any first page of connections.
pub fn connection_query() -> BoxedStrategy<ConnectionQuery> {
    let types = vec(connection_type(), 0..3);
    (
        types,
        option::of(end()),
        option::of(end()),
        ended(),
        limit(),
    )
        .prop_map(|(types, from, to, ended, limit)| ConnectionQuery {
            types,
            from,
            to,
            ended,
            limit,
            cursor: None,
        })
        .boxed()
}

/// Any first page of events.
pub fn event_query() -> BoxedStrategy<EventQuery> {
    (vec(event_type(), 0..3), option::of(end()), seq(), limit())
        .prop_map(|(types, target, after, limit)| EventQuery {
            types,
            target,
            after,
            limit,
            cursor: None,
        })
        .boxed()
}

/// Any first page of people.
pub fn person_query() -> BoxedStrategy<PersonQuery> {
    limit()
        .prop_map(|limit| PersonQuery {
            limit,
            cursor: None,
        })
        .boxed()
}

/// Any first page of knowledge.
pub fn knowledge_query() -> BoxedStrategy<KnowledgeQuery> {
    let types = vec(knowledge_type(), 0..3);
    (types, option::of(end()), vec(label(), 0..2), limit())
        .prop_map(|(types, source, labels, limit)| KnowledgeQuery {
            types,
            source,
            labels,
            limit,
            cursor: None,
        })
        .boxed()
}

/// Among anything.
pub fn among() -> BoxedStrategy<Among> {
    prop_oneof![
        vec(thing_type(), 0..3).prop_map(|types| Among::Things { types }),
        (vec(knowledge_type(), 0..3), vec(label(), 0..2))
            .prop_map(|(types, labels)| Among::Knowledge { types, labels }),
    ]
    .boxed()
}

/// The id of anything that can be found.
pub fn hit_id() -> BoxedStrategy<HitId> {
    prop_oneof![
        thing_id().prop_map(HitId::Thing),
        knowledge_id().prop_map(HitId::Knowledge),
    ]
    .boxed()
}

/// Any hit.
pub fn hit() -> BoxedStrategy<Hit> {
    (hit_id(), 0.0..1.0_f64, option::of(-1.0..=1.0_f32))
        .prop_map(|(id, score, similarity)| Hit {
            id,
            score,
            similarity,
        })
        .boxed()
}

/// Any row that may be found, of any text.
pub fn candidate() -> BoxedStrategy<Candidate> {
    (hit_id(), hostile_text(), option::of(embedding()))
        .prop_map(|(id, text, embedding)| Candidate {
            id,
            text,
            embedding,
        })
        .boxed()
}

/// Any search.
pub fn search_query() -> BoxedStrategy<SearchQuery> {
    let closeness = option::of(-1.0..=1.0_f32);
    (
        among(),
        option::of(text()),
        option::of(embedding()),
        closeness,
        limit(),
    )
        .prop_map(
            |(among, text, embedding, min_similarity, limit)| SearchQuery {
                among,
                text,
                embedding,
                min_similarity,
                limit,
            },
        )
        .boxed()
}
