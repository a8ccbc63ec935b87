//! What is stored has one form that never changes, and old forms are read.

use std::fmt::Debug;

use one_ontology::{
    BudgetRule, BudgetState, ChunkPosition, Connection, ConnectionId, ConnectionType, Embedding,
    End, Event, EventId, EventType, Group, Head, Knowledge, KnowledgeId, KnowledgeRole,
    KnowledgeSource, KnowledgeType, Membership, NewEvent, Person, PersonId, Place, PluginThingType,
    Properties, QuotaPeriod, Receipt, Role, Row, Settle, Spend, Strength, Thing, ThingId,
    Timestamp, strategies,
};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{noon, system};

fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn acme() -> Place {
    Place::Group(one_ontology::GroupId::from_uuid(uuid(1)))
}

/// The form of a value is the golden one and reads back as the value.
fn golden<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, value: &T) {
    let text = serde_json::to_string_pretty(value).unwrap();
    assert_eq!(serde_json::from_str::<T>(&text).unwrap(), *value, "{name}");
    insta::assert_snapshot!(format!("stored_{name}"), text);
}

#[test]
fn rows_have_golden_forms() {
    let scope = system(acme());
    let mut group = Group::new(one_ontology::GroupId::from_uuid(uuid(1)), "Acme", noon());
    group.parent = Some(one_ontology::GroupId::from_uuid(uuid(9)));
    golden("group", &group);
    golden("group_row", &Row::Group(group));
    let mut person = Person::new(&scope, PersonId::from_uuid(uuid(2)), "Ada", noon());
    person.email = Some("ada@example.org".into());
    golden("person", &person);
    golden(
        "membership",
        &Membership::new(person.id, acme(), Role::GroupOwner, noon()),
    );
    let mut thing = Thing::new(
        &scope,
        ThingId::from_uuid(uuid(3)),
        PluginThingType::ElizaosPlugin.into(),
        "sql",
        noon(),
    );
    thing.properties = Properties::new().with("npm_package", "@elizaos/plugin-sql");
    golden("thing", &thing);
    let mut link = Connection::new(
        &scope,
        ConnectionId::from_uuid(uuid(4)),
        person.id,
        ConnectionType::Owns,
        thing.id,
        noon(),
    );
    link.strength = Some(Strength::try_from(0.5).unwrap());
    link.valid_to = Some(noon());
    golden("connection", &link);
    let mut note = Knowledge::new(
        &scope,
        KnowledgeId::from_uuid(uuid(5)),
        KnowledgeType::Chunk,
        noon(),
    );
    note.text = Some("text".into());
    note.embedding = Some(Embedding::new("small", vec![0.1, -1.0]).unwrap());
    note.source = Some(KnowledgeSource {
        end: End::Thing(thing.id),
        role: KnowledgeRole::ChunkOf,
        field: Some("readme".into()),
    });
    note.chunk = Some(ChunkPosition {
        index: 0,
        start: 0,
        end: 4,
    });
    note.labels = vec!["topic:sql".parse().unwrap()];
    note.archived_at = Some(noon());
    golden("knowledge", &note);
    golden("knowledge_row", &Row::Knowledge(note));
    golden("row_id", &one_ontology::RowId::Membership(person.id));
}

#[test]
fn events_receipts_and_budgets_have_golden_forms() {
    let id = EventId::from_uuid(uuid(6));
    let new = NewEvent::new(
        id,
        EventType::EntityCreated,
        Some(acme().group().unwrap().into()),
    )
    .with("n", 1);
    golden("new_event", &new);
    let actor = "agent:00000000-0000-0000-0000-000000000007@00000000-0000-0000-0000-000000000001";
    let event = Event::seal(acme(), None, &actor.parse().unwrap(), noon(), new);
    golden("event", &event);
    let head: Head = event.head();
    golden("head", &head);
    let key: one_ontology::BudgetKey = "plugin_install".parse().unwrap();
    let window = BudgetRule::window(10, std::time::Duration::from_secs(3600));
    let quota = BudgetRule::Quota {
        limit: 100,
        period: QuotaPeriod::Day,
    };
    golden(
        "rules",
        &vec![window, quota, BudgetRule::Level { limit: 5 }],
    );
    let spend = Spend::one(key.clone(), window);
    golden("spend", &spend);
    golden("settle", &Settle::refund(&spend, noon()));
    let states = vec![
        BudgetState::Window { spent: vec![1, 2] },
        BudgetState::Quota {
            since: "2026-11-20".into(),
            used: 7,
        },
        BudgetState::Level { used: 1 },
    ];
    golden("states", &states);
    let receipt = Receipt {
        place: acme(),
        first: event.seq,
        head,
        budgets: [(key, states[2].clone())].into(),
        answer: one_ontology::Answer::Done,
    };
    golden("receipt", &receipt);
}

/// An old form is read, the canonical one is written, and writing that again changes nothing.
fn old<T: Serialize + DeserializeOwned>(name: &str, form: &Value) {
    let read: T = serde_json::from_str(&form.to_string()).unwrap();
    let first = serde_json::to_string_pretty(&read).unwrap();
    let again: T = serde_json::from_str(&first).unwrap();
    assert_eq!(
        serde_json::to_string_pretty(&again).unwrap(),
        first,
        "{name}"
    );
    insta::assert_snapshot!(format!("old_{name}"), first);
}

#[test]
fn old_spellings_are_read_and_never_written() {
    let id = |n: u32| format!("00000000-0000-0000-0000-00000000000{n}");
    old::<Thing>(
        "thing",
        &json!({"_id": id(3), "groupId": id(1), "type": "elizaos_plugin", "name": "sql",
            "metadata": {"npm_package": "@elizaos/plugin-sql"},
            "createdAt": 1_795_176_000_000_i64, "updatedAt": 1_795_176_000_123_i64}),
    );
    old::<Connection>(
        "connection",
        &json!({"_id": id(4), "groupId": id(1), "fromThingId": id(2), "toThingId": id(3),
            "relationshipType": "part_of", "validFrom": 0, "validTo": 1, "createdAt": 0}),
    );
    old::<Connection>(
        "connection_type",
        &json!({"id": id(4), "place": "global", "fromId": format!("person:{}", id(2)), "toId": id(3),
            "connectionType": "owns", "createdAt": "2026-11-20T12:00:00+01:00"}),
    );
    old::<Membership>(
        "membership",
        &json!({"person": id(2), "place": id(1), "role": "org_owner", "status": "active",
            "createdAt": 0, "updatedAt": 0}),
    );
    old::<Person>(
        "person",
        &json!({"_id": id(2), "place": id(1), "displayName": "Ada", "createdAt": 0, "updatedAt": 0}),
    );
    old::<Group>(
        "group",
        &json!({"_id": id(1), "name": "Acme", "type": "business", "parentGroupId": id(9),
            "status": "active", "visibility": "public", "joinPolicy": "invite_only",
            "plan": "free", "createdAt": 0, "updatedAt": 0}),
    );
    old::<Event>(
        "event",
        &json!({"_id": id(6), "groupId": id(1), "seq": 1, "eventType": "thing_created",
            "actorId": id(2), "targetId": id(3), "timestamp": 0, "digest": "0".repeat(64)}),
    );
    old::<Knowledge>(
        "knowledge",
        &json!({"_id": id(5), "groupId": id(1), "knowledgeType": "document", "text": "text",
            "embedding": {"embeddingModel": "small", "embedding": [1]},
            "createdAt": 0, "updatedAt": 0}),
    );
}

#[test]
fn times_have_one_width_and_sort_as_text() {
    let read = |text: &str| text.parse::<Timestamp>().map(|time| time.to_string()).ok();
    let table = [
        ("2026-11-20T12:00:00Z", Some("2026-11-20T12:00:00.000000Z")),
        (
            "2026-11-20T12:00:00.1234567Z",
            Some("2026-11-20T12:00:00.123456Z"),
        ),
        (
            "1969-12-31T23:59:59.9999999Z",
            Some("1969-12-31T23:59:59.999999Z"),
        ),
        (
            "2026-11-20T12:00:00-05:30",
            Some("2026-11-20T17:30:00.000000Z"),
        ),
        ("2016-12-31T23:59:60Z", Some("2017-01-01T00:00:00.000000Z")),
        ("0000-01-01T00:00:00Z", Some("0000-01-01T00:00:00.000000Z")),
        (
            "9999-12-31T23:59:59.999999999Z",
            Some("9999-12-31T23:59:59.999999Z"),
        ),
        ("0000-01-01T00:00:00+00:01", None),
        ("9999-12-31T23:59:59-00:01", None),
        ("9999-12-31T23:59:60Z", None),
        ("+10000-01-01T00:00:00Z", None),
        ("2026-02-29T00:00:00Z", None),
        ("2026-11-20", None),
        ("", None),
    ];
    for (text, expected) in table {
        assert_eq!(read(text).as_deref(), expected, "{text}");
    }
    for (millis, ok) in [
        (0, true),
        (-1, true),
        (253_402_300_799_999, true),
        (253_402_300_800_000, false),
        (i64::MAX, false),
        (i64::MIN, false),
    ] {
        assert_eq!(
            serde_json::from_value::<Timestamp>(json!(millis)).is_ok(),
            ok,
            "{millis}"
        );
    }
    assert_eq!(Timestamp::from_micros(i64::MIN), Timestamp::MIN);
    assert_eq!(Timestamp::from_micros(i64::MAX), Timestamp::MAX);
    assert_eq!(
        Timestamp::MAX.plus(std::time::Duration::MAX),
        Timestamp::MAX
    );
    assert_eq!(
        Timestamp::MIN.minus(std::time::Duration::MAX),
        Timestamp::MIN
    );
    assert_eq!(
        Timestamp::MIN.since(Timestamp::MAX),
        std::time::Duration::ZERO
    );
}

#[test]
fn ids_are_ordered_by_time_and_named_ids_are_constants() {
    let ids = crate::support::ids();
    let at = |text: &str| ThingId::new(&ids, text.parse().unwrap());
    let (old, new) = (at("2026-11-20T12:00:00Z"), at("2026-11-20T12:00:00.001Z"));
    assert!(old < new);
    assert_eq!(old.as_uuid().get_version_num(), 7);
    assert!(
        at("2026-11-20T12:00:00Z") < at("2026-11-20T12:00:00Z"),
        "counted"
    );
    // Before the epoch UUIDv7 has no time: still a valid one.
    assert_eq!(at("1950-01-01T00:00:00Z").as_uuid().get_version_num(), 7);
    let latest = one_ontology::uuid_v7(Timestamp::MAX, [0xff; 10]);
    assert_eq!(latest.get_version_num(), 7);
    assert!(latest > one_ontology::uuid_v7(noon(), [0xff; 10]));
    // Parts are told apart, kinds of ids too; the value never changes.
    assert_ne!(
        ThingId::of_name(&["ab", "c"]),
        ThingId::of_name(&["a", "bc"])
    );
    assert_ne!(
        ThingId::of_name(&["a"]).as_uuid(),
        PersonId::of_name(&["a"]).as_uuid()
    );
    insta::assert_snapshot!(
        "named_id",
        ThingId::of_name(&["npm", "@elizaos/plugin-sql"]).to_string()
    );
}

#[test]
fn ends_places_and_actors_have_one_text() {
    let id = "00000000-0000-0000-0000-000000000002";
    fn check<T: std::str::FromStr<Err = one_ontology::InvalidValue> + ToString>(
        given: &str,
        text: Option<&str>,
    ) {
        let read = given.parse::<T>().ok().map(|value| value.to_string());
        assert_eq!(read.as_deref(), text, "{given}");
    }
    check::<Place>(id, Some(&format!("group:{id}")));
    check::<Place>("global", Some("global"));
    check::<Place>("Global", None);
    check::<Place>(&format!("thing:{id}"), None);
    check::<End>(id, Some(&format!("thing:{id}")));
    check::<End>(&format!("group:{id}"), Some(&format!("group:{id}")));
    check::<End>(&format!("thing:thing:{id}"), None);
    check::<one_ontology::Actor>(id, Some(&format!("person:{id}")));
    check::<one_ontology::Actor>(
        &format!("agent:{id}@{id}"),
        Some(&format!("agent:{id}@{id}")),
    );
    check::<one_ontology::Actor>(&format!("agent:{id}"), None);
    check::<one_ontology::Actor>("system:Sync", None);
    check::<one_ontology::Actor>("system:", None);
}

/// Written and read, a value is the same, and its text too.
fn round<T: Serialize + DeserializeOwned + PartialEq + Debug>(
    value: &T,
) -> Result<(), TestCaseError> {
    let text = serde_json::to_string(value).unwrap();
    let read: T = serde_json::from_str(&text).unwrap();
    prop_assert_eq!(&read, value);
    prop_assert_eq!(serde_json::to_string(&read).unwrap(), text);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn rows_survive_storage(place in strategies::place(), seed in strategies::place().prop_flat_map(strategies::row)) {
        round(&seed)?;
        round(&seed.id())?;
        round(&place)?;
    }

    #[test]
    fn facts_survive_storage(
        connection in strategies::connection(Place::Global),
        event in strategies::new_event(),
        chain in strategies::chain(Place::Global, 1..3),
        actor in strategies::actor(),
        embedding in strategies::embedding(),
        properties in strategies::hostile_properties(),
    ) {
        round(&connection)?;
        round(&event)?;
        round(&chain)?;
        round(&actor)?;
        round(&embedding)?;
        if properties.validate().is_ok() {
            round(&properties)?;
        }
    }

    #[test]
    fn budgets_and_queries_survive_storage(
        spend in strategies::spend(),
        settle in strategies::settle(),
        state in strategies::budget_state(),
        key in strategies::idempotency_key(),
        head in strategies::head(),
        things in strategies::thing_query(),
        connections in strategies::connection_query(),
        events in strategies::event_query(),
        people in strategies::person_query(),
        knowledge in strategies::knowledge_query(),
        search in strategies::search_query(),
        receipt in strategies::receipt(),
        hit in strategies::hit(),
    ) {
        round(&spend)?;
        round(&settle)?;
        round(&state)?;
        round(&key)?;
        round(&head)?;
        round(&things)?;
        round(&connections)?;
        round(&events)?;
        round(&people)?;
        round(&knowledge)?;
        round(&search)?;
        round(&receipt)?;
        round(&hit)?;
    }

    #[test]
    fn times_survive_and_sort(a in strategies::timestamp(), b in strategies::timestamp()) {
        round(&a)?;
        prop_assert_eq!(a.to_string().len(), 27);
        prop_assert_eq!(a.to_string().cmp(&b.to_string()), a.cmp(&b));
        if a >= b {
            prop_assert_eq!(b.plus(a.since(b)), a);
            prop_assert_eq!(a.minus(a.since(b)), b);
        }
    }
}
