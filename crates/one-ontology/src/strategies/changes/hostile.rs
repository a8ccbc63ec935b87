//! Change sets that may be refused for any reason, and about few rows, so that they meet.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::start;
use crate::strategies::{
    connection, connection_type, hostile_properties, hostile_text, new_event, person_id, place,
    row, thing_query,
};
use crate::{
    BudgetRule, ChangeSet, Connection, ConnectionId, ConnectionType, End, GroupId, KnowledgeId,
    KnowledgeType, NewEvent, PersonId, Place, QuotaPeriod, Revision, Row, RowId, Scope, Settle,
    Spend, ThingId, ThingQuery, ThingType,
};

/// Any change set at all of this scope: rows that are there or not, stale, of other places, with
/// fields that do not hold, budgets with and without room, requests seen before.
///
/// Its rows have few different ids, so that of many some are accepted and some meet each other.
pub fn change_set(scope: Scope) -> BoxedStrategy<ChangeSet> {
    let key = option::weighted(0.2, 0..4_u8);
    (
        new_event(),
        vec(part(scope.place()), 0..5),
        0..120_000_u64,
        key,
    )
        .prop_map(move |(event, parts, millis, key)| {
            let now = start().plus(Duration::from_millis(millis));
            let changes = parts
                .into_iter()
                .fold(ChangeSet::new(&scope, event, now), take);
            match key.and_then(|key| format!("request-{key}").parse().ok()) {
                Some(key) => changes.once(key),
                None => changes,
            }
        })
        .boxed()
}

#[derive(Clone, Debug)]
enum Part {
    Insert(Box<Row>),
    Replace(Box<Row>),
    Archive(RowId, Revision),
    Connect(Box<Connection>),
    Disconnect(ConnectionId),
    Insist(RowId, Revision),
    InsistAbsent(Box<ThingQuery>),
    Spend(Spend),
    Settle(Settle),
    Event(NewEvent),
}

fn take(changes: ChangeSet, part: Part) -> ChangeSet {
    match part {
        Part::Insert(row) => changes.insert(*row),
        Part::Replace(row) => changes.replace(*row),
        Part::Archive(id, revision) => changes.archive(id, revision),
        Part::Connect(connection) => changes.connect(*connection),
        Part::Disconnect(id) => changes.disconnect(id),
        Part::Insist(id, revision) => changes.insist(id, revision),
        Part::InsistAbsent(query) => changes.insist_absent(*query),
        Part::Spend(spend) => changes.spend(spend),
        Part::Settle(settle) => changes.settle(settle),
        Part::Event(event) => changes.event(event),
    }
}

fn part(place: Place) -> BoxedStrategy<Part> {
    let few = move || (few_row_id(place), few_revision());
    prop_oneof![
        8 => few_row(place).prop_map(|row| Part::Insert(Box::new(row))),
        4 => few_row(place).prop_map(|row| Part::Replace(Box::new(row))),
        2 => few().prop_map(|(id, revision)| Part::Archive(id, revision)),
        4 => few_connection(place).prop_map(|c| Part::Connect(Box::new(c))),
        2 => few_number().prop_map(|n| Part::Disconnect(ConnectionId::of_name(&["few", n]))),
        1 => few().prop_map(|(id, revision)| Part::Insist(id, revision)),
        1 => few_absent().prop_map(|query| Part::InsistAbsent(Box::new(query))),
        3 => few_spend().prop_map(Part::Spend),
        2 => (few_spend(), 0..3_u32, 0..120_u64).prop_map(|(spend, actual, seconds)| {
            Part::Settle(Settle {
                actual,
                ..Settle::refund(&spend, start().plus(Duration::from_secs(seconds)))
            })
        }),
        2 => hostile_event().prop_map(Part::Event),
    ]
    .boxed()
}

fn few_number() -> BoxedStrategy<&'static str> {
    select(["0", "1", "2", "3"].as_slice()).boxed()
}

fn few_revision() -> BoxedStrategy<Revision> {
    (1..4_u64).prop_map(Revision::new).boxed()
}

fn few_thing() -> BoxedStrategy<ThingId> {
    few_number()
        .prop_map(|n| ThingId::of_name(&["few", n]))
        .boxed()
}

fn few_row_id(place: Place) -> BoxedStrategy<RowId> {
    let group = place.group().unwrap_or_else(|| GroupId::of_name(&["few"]));
    (few_number(), 0..5_u8)
        .prop_map(move |(n, kind)| match kind {
            0 => RowId::Person(PersonId::of_name(&["few", n])),
            1 => RowId::Membership(PersonId::of_name(&["few", n])),
            2 => RowId::Knowledge(KnowledgeId::of_name(&["few", n])),
            3 => RowId::Group(group),
            _ => RowId::Thing(ThingId::of_name(&["few", n])),
        })
        .boxed()
}

/// A row with one of few ids, whose type follows from its id, made when all others were; sometimes
/// spoilt.
fn few_row(scope: Place) -> BoxedStrategy<Row> {
    let lives = prop_oneof![19 => Just(scope), 1 => place()];
    let parts = (lives, few_number(), few_revision());
    let spoilt = option::weighted(0.1, (hostile_text(), hostile_properties()));
    (parts, spoilt)
        .prop_flat_map(|((place, n, revision), spoilt)| (row(place), Just((n, revision, spoilt))))
        .prop_map(|(mut row, (n, revision, spoilt))| {
            settle_down(&mut row, n, revision);
            if let Some((text, properties)) = spoilt {
                spoil(&mut row, text, properties);
            }
            row
        })
        .boxed()
}

fn settle_down(row: &mut Row, n: &str, revision: Revision) {
    row.stamp(revision, start());
    match row {
        Row::Group(row) => row.created_at = start(),
        Row::Person(row) => {
            row.id = PersonId::of_name(&["few", n]);
            row.created_at = start();
        }
        Row::Membership(row) => {
            row.person = PersonId::of_name(&["few", n]);
            row.created_at = start();
        }
        Row::Thing(row) => {
            row.id = ThingId::of_name(&["few", n]);
            row.thing_type = match n {
                "0" => ThingType::Creator,
                "1" => ThingType::Token,
                _ => ThingType::Course,
            };
            row.created_at = start();
        }
        Row::Knowledge(row) => {
            row.id = KnowledgeId::of_name(&["few", n]);
            row.knowledge_type = KnowledgeType::Document;
            row.text.get_or_insert_with(|| "text".to_owned());
            row.created_at = start();
        }
    }
}

fn spoil(row: &mut Row, text: String, properties: crate::Properties) {
    match row {
        Row::Group(row) => row.name = text,
        Row::Person(row) => row.email = Some(text),
        Row::Membership(row) => row.updated_at = crate::Timestamp::MIN,
        Row::Thing(row) => (row.name, row.properties) = (text, properties),
        Row::Knowledge(row) => (row.text, row.metadata) = (Some(text), properties),
    }
}

fn few_connection(scope: Place) -> BoxedStrategy<Connection> {
    let end = || {
        prop_oneof![
            6 => few_thing().prop_map(End::Thing),
            1 => person_id().prop_map(End::Person),
            1 => Just(scope.group().map_or(End::Thing(ThingId::of_name(&["none"])), End::Group)),
        ]
    };
    let kind = prop_oneof![
        Just(ConnectionType::Owns),
        Just(ConnectionType::HoldsTokens),
        Just(ConnectionType::EnrolledIn),
        connection_type(),
    ];
    (connection(scope), few_number(), end(), end(), kind)
        .prop_map(|(mut connection, n, from, to, kind)| {
            connection.id = ConnectionId::of_name(&["few", n]);
            (connection.from, connection.to) = (from, to);
            connection.connection_type = kind;
            connection
        })
        .boxed()
}

fn few_absent() -> BoxedStrategy<ThingQuery> {
    prop_oneof![
        thing_query(),
        Just(ThingQuery::of_type(ThingType::Creator)),
        Just(ThingQuery::default()),
    ]
    .boxed()
}

fn few_spend() -> BoxedStrategy<Spend> {
    let rules = [
        BudgetRule::window(3, Duration::from_secs(30)),
        BudgetRule::Quota {
            limit: 5,
            period: QuotaPeriod::Day,
        },
        BudgetRule::Level { limit: 2 },
    ];
    let keys = [("window", 0), ("quota", 1), ("level", 2), ("window", 1)];
    (select(keys.to_vec()), 0..3_u32)
        .prop_filter_map("a key", move |((key, rule), amount)| {
            Some(Spend {
                key: key.parse().ok()?,
                rule: *rules.get(rule)?,
                amount,
            })
        })
        .boxed()
}

fn hostile_event() -> BoxedStrategy<NewEvent> {
    (new_event(), option::weighted(0.2, hostile_properties()))
        .prop_map(|(mut event, spoilt)| {
            if let Some(properties) = spoilt {
                event.metadata = properties;
            }
            event
        })
        .boxed()
}
