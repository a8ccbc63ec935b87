//! Values come back as they were, however odd or large.

use one_ontology::{
    ChangeSet, ChunkPosition, ConnectionQuery, ConnectionType, Embedding, Group, GroupId,
    JoinPolicy, Knowledge, KnowledgeId, KnowledgeQuery, KnowledgeRole, KnowledgeSource,
    KnowledgeType, Membership, PersonId, Plan, Properties, Role, RowId, Scope, ThingId, ThingQuery,
    ThingType, Timestamp, Visibility,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::store::kit::{Kit, label, limit, pages};

pub(crate) async fn knowledge_keeps_all_that_it_can_have(kit: &Kit) {
    let scope = kit.group().await;
    let mut row = kit.knowledge(&scope, "text", &["a", "topic:x"]);
    row.knowledge_type = KnowledgeType::Document;
    row.embedding = Some(Embedding::new("m", vec![0.5, -0.5]).unwrap());
    row.source = Some(KnowledgeSource {
        end: PersonId::new(&kit.ids, kit.now()).into(),
        role: KnowledgeRole::Summary,
        field: Some("bio".to_owned()),
    });
    row.chunk = Some(ChunkPosition {
        index: u32::MAX,
        start: 7,
        end: u64::MAX,
    });
    row.metadata = Properties::new()
        .with("number", 0.1)
        .with("nested", json!({"b": [1, null], "a": {}}));
    let read = kit.kept_knowledge(&scope, row.clone()).await;
    row.updated_at = read.updated_at;
    assert_eq!(read, row);
    let query = KnowledgeQuery::default();
    let page = kit.store().knowledge(&scope, &query).await.unwrap();
    assert_eq!(page.items, [row]);
}

pub(crate) async fn groups_keep_all_that_they_can_have(kit: &Kit) {
    let parent = kit.group().await;
    for (visibility, join_policy, plan) in [
        (Visibility::ALL[0], JoinPolicy::ALL[0], Plan::ALL[0]),
        (
            *Visibility::ALL.last().unwrap(),
            *JoinPolicy::ALL.last().unwrap(),
            *Plan::ALL.last().unwrap(),
        ),
    ] {
        let now = kit.now();
        let mut group = Group::new(GroupId::new(&kit.ids, now), "Group", now);
        group.parent = parent.place().group();
        group.visibility = visibility;
        group.join_policy = join_policy;
        group.plan = plan;
        kit.add(&Kit::system(group.place()), group.clone()).await;
        let read = kit.store().group(group.id).await.unwrap().unwrap();
        group.updated_at = read.updated_at;
        assert_eq!(read, group);
    }
}

pub(crate) async fn people_keep_an_address_or_none(kit: &Kit) {
    let scope = kit.group().await;
    for email in [None, Some("ada@example.org"), Some("ADA+x@Example.org")] {
        let mut person = kit.person(&scope, "Ada");
        person.email = email.map(str::to_owned);
        kit.add(&scope, person.clone()).await;
        let read = kit.store().person(&scope, person.id).await.unwrap();
        person.updated_at = read.as_ref().unwrap().updated_at;
        assert_eq!(read, Some(person));
    }
}

pub(crate) async fn connections_keep_what_is_said_of_them(kit: &Kit) {
    let scope = kit.group().await;
    let to = kit.added(&scope, ThingType::Course, "To").await.id;
    let mut expected = Vec::new();
    for value in [json!(u64::MAX), json!(-0.0), json!({"b": 1, "a": [null]})] {
        let from = kit.added(&scope, ThingType::Course, "From").await.id;
        let mut connection = kit.connection(&scope, from, ConnectionType::References, to);
        connection.metadata = Properties::new().with("", value.clone()).with("é", value);
        kit.commit(kit.changes(&scope).connect(connection.clone()))
            .await;
        expected.push(connection);
    }
    let page = kit
        .store()
        .connections(&scope, &ConnectionQuery::default())
        .await
        .unwrap();
    assert_eq!(page.items, expected);
    let text = |connection: &one_ontology::Connection| json!(connection.metadata).to_string();
    assert_eq!(
        page.items.iter().map(text).collect::<Vec<_>>(),
        expected.iter().map(text).collect::<Vec<_>>()
    );
}

/// Neither normalised nor folded nor trimmed, and nothing in them means anything.
pub(crate) async fn names_are_kept_byte_for_byte(kit: &Kit) {
    let scope = kit.group().await;
    let names = [
        "é",
        "e\u{301}",
        " a",
        "a ",
        "a",
        "A",
        "a\u{200d}b",
        "ab",
        "\u{202e}ab",
        "\u{feff}ab",
        "\u{fffd}",
        "\u{fffe}x",
        "\u{ffff}x",
        "\u{10ffff}",
        "ß",
        "ss",
        "SS",
        "ẞ",
        "İ",
        "i",
        "ı",
        "%",
        "_",
        "\\",
        "'",
        "''",
        "\"",
        "--",
        "NULL",
        "null",
        "1",
        "01",
        "1.0",
        "1e0",
        "0x1",
        "true",
        "$1",
        "?1",
        ":a",
        "{}",
        "[]",
    ];
    for name in names {
        kit.added(&scope, ThingType::Course, name).await;
        kit.add(&scope, kit.person(&scope, name)).await;
    }
    for name in names {
        let query = ThingQuery {
            name: Some(name.to_owned()),
            ..ThingQuery::default()
        };
        assert_eq!(kit.names(&scope, &query).await, [name]);
    }
    let people = kit.store().people(&scope, &Default::default()).await;
    let found: Vec<_> = people
        .unwrap()
        .items
        .into_iter()
        .map(|person| person.display_name)
        .collect();
    let mut expected = names.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

pub(crate) async fn the_longest_texts_are_kept(kit: &Kit) {
    let scope = kit.group().await;
    let name = "🦀".repeat(512);
    let thing = kit.added(&scope, ThingType::Course, &name).await;
    assert_eq!(thing.name, name);
    let named = ThingQuery {
        name: Some(name.clone()),
        ..ThingQuery::default()
    };
    assert_eq!(kit.names(&scope, &named).await, [name.as_str()]);
    let mut labels: Vec<String> = (0..64)
        .map(|i| format!("{i:02}{}", "é".repeat(126)))
        .collect();
    labels.sort();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let text = "x\n\u{1}é".repeat(Knowledge::MAX_TEXT / 5);
    let row = kit.knowledge(&scope, &text, &labels);
    let read = kit.kept_knowledge(&scope, row.clone()).await;
    assert_eq!((read.text, read.labels), (row.text, row.labels));
    let query = KnowledgeQuery {
        labels: vec![label(labels[63]), label(labels[0])],
        ..KnowledgeQuery::default()
    };
    assert_eq!(kit.texts(&scope, &query).await.len(), 1);
}

pub(crate) async fn the_largest_properties_are_kept(kit: &Kit) {
    let scope = kit.group().await;
    let mut large = kit.thing(&scope, ThingType::Course, "Large");
    // As JSON, `{"v":""}` takes eight bytes.
    let text = "x".repeat(Properties::MAX_BYTES - 8);
    large.properties = Properties::new().with("v", text);
    let read = kit.kept(&scope, large.clone()).await;
    assert_eq!(read.properties, large.properties);
    let mut deep = kit.thing(&scope, ThingType::Course, "Deep");
    let nested = (1..Properties::MAX_DEPTH).fold(json!(0.1), |value, _| json!([value]));
    deep.properties = Properties::new().with("v", nested);
    let read = kit.kept(&scope, deep.clone()).await;
    assert_eq!(read.properties, deep.properties);
}

pub(crate) async fn the_longest_vector_is_kept(kit: &Kit) {
    let scope = kit.group().await;
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let values = (0..Embedding::MAX_DIMENSION).map(|i| 1.0 / (i as f32 + 3.0));
    let vector = Embedding::new("m".repeat(128), values.collect()).unwrap();
    let mut row = kit.knowledge(&scope, "long", &[]);
    row.embedding = Some(vector.clone());
    let read = kit.kept_knowledge(&scope, row).await;
    assert_eq!(read.embedding, Some(vector));
}

fn at(kit: &Kit, scope: &Scope, now: Timestamp) -> ChangeSet {
    ChangeSet::new(scope, kit.event(None), now)
}

pub(crate) async fn moments_at_the_ends_of_time_are_kept(kit: &Kit) {
    let scope = kit.group().await;
    let ends = [
        Timestamp::MIN,
        Timestamp::from_micros(Timestamp::MIN.as_micros() + 1),
        Timestamp::from_micros(-1),
        Timestamp::EPOCH,
        // The first moment that 32 bits of seconds and that 64 bits of nanoseconds cannot say.
        Timestamp::from_micros(2_147_483_648_000_000),
        Timestamp::from_micros(9_223_372_036_854_776),
        Timestamp::MAX,
    ];
    let to = kit.added(&scope, ThingType::Course, "To").await.id;
    for moment in ends {
        let mut thing = kit.thing(&scope, ThingType::Course, "Then");
        thing.created_at = moment;
        let mut row = kit.knowledge(&scope, &moment.to_string(), &[]);
        row.created_at = moment;
        let mut connection = kit.connection(&scope, thing.id, ConnectionType::References, to);
        connection.valid_from = Some(moment);
        connection.created_at = moment;
        let id = thing.id;
        let changes = at(kit, &scope, moment)
            .insert(thing)
            .insert(row)
            .connect(connection.clone());
        kit.commit(changes).await;
        let read = kit.read(&scope, id).await;
        assert_eq!((read.created_at, read.updated_at), (moment, moment));
        let found = ConnectionQuery {
            from: Some(id.into()),
            ..ConnectionQuery::default()
        };
        let page = kit.store().connections(&scope, &found).await.unwrap();
        assert_eq!(page.items, [connection]);
    }
    let events = kit.events(&scope).await;
    let found: Vec<_> = events[2..].iter().map(|event| event.at).collect();
    assert_eq!(found, ends);
    let mut newest: Vec<String> = ends.iter().map(ToString::to_string).collect();
    newest.reverse();
    let rows = pages(
        KnowledgeQuery {
            limit: limit(1),
            ..KnowledgeQuery::default()
        },
        |query, cursor| query.cursor = Some(cursor),
        async |query| kit.store().knowledge(&scope, query).await,
    )
    .await;
    let texts: Vec<_> = rows.into_iter().filter_map(|row| row.text).collect();
    assert_eq!(texts, newest);
}

/// A clock that is far off spoils nothing: numbers and digests go on.
pub(crate) async fn a_clock_that_jumps_spoils_nothing(kit: &Kit) {
    let scope = kit.group().await;
    let mut thing = kit.added(&scope, ThingType::Course, "Here").await;
    for now in [Timestamp::MAX, Timestamp::MIN, Timestamp::EPOCH] {
        kit.commit(at(kit, &scope, now).replace(thing.clone()))
            .await;
        thing = kit.read(&scope, thing.id).await;
        assert!(thing.updated_at >= thing.created_at);
    }
    let events = kit.events(&scope).await;
    let head = kit.store().head(&scope).await.unwrap();
    one_ontology::audit::verify(scope.place(), &events, head).unwrap();
    let numbers: Vec<_> = events.iter().map(|event| event.seq.get()).collect();
    assert_eq!(numbers, (1..=5).collect::<Vec<_>>());
}

pub(crate) async fn ids_of_any_bits_are_ids(kit: &Kit) {
    let scope = kit.group().await;
    let ids = [
        Uuid::nil(),
        Uuid::from_u128(1),
        Uuid::from_u128(1 << 127),
        Uuid::max(),
    ];
    for id in ids {
        let mut thing = kit.thing(&scope, ThingType::Course, "Same");
        thing.id = ThingId::from_uuid(id);
        let mut row = kit.knowledge(&scope, "same", &[]);
        row.id = KnowledgeId::from_uuid(id);
        let person = PersonId::from_uuid(id);
        let membership = Membership::new(person, scope.place(), Role::GroupUser, kit.now());
        kit.commit(
            kit.changes(&scope)
                .insert(thing)
                .insert(row)
                .insert(membership),
        )
        .await;
        assert_eq!(kit.read(&scope, ThingId::from_uuid(id)).await.name, "Same");
        let read = kit
            .store()
            .knowledge_by_id(&scope, KnowledgeId::from_uuid(id));
        assert!(read.await.unwrap().is_some());
        let found = kit.store().membership(person, scope.place()).await.unwrap();
        assert_eq!(found.unwrap().person, person);
    }
    let rows = pages(
        ThingQuery {
            limit: limit(1),
            ..ThingQuery::default()
        },
        |query, cursor| query.cursor = Some(cursor),
        async |query| kit.store().things(&scope, query).await,
    )
    .await;
    let found: Vec<_> = rows.iter().map(|thing| *thing.id.as_uuid()).collect();
    assert_eq!(found, ids);
}

pub(crate) async fn rows_of_one_id_and_two_kinds_are_two_rows(kit: &Kit) {
    let scope = kit.group().await;
    let id = Uuid::from_u128(7);
    let mut thing = kit.thing(&scope, ThingType::Course, "Thing");
    thing.id = ThingId::from_uuid(id);
    let mut person = kit.person(&scope, "Person");
    person.id = PersonId::from_uuid(id);
    let mut row = kit.knowledge(&scope, "knowledge", &[]);
    row.id = KnowledgeId::from_uuid(id);
    let membership = Membership::new(person.id, scope.place(), Role::GroupUser, kit.now());
    let (thing_id, row_id, person_id) = (thing.id, row.id, person.id);
    kit.commit(
        kit.changes(&scope)
            .insert(thing)
            .insert(person)
            .insert(row)
            .insert(membership),
    )
    .await;
    let revision = kit.read(&scope, thing_id).await.revision;
    kit.commit(
        kit.changes(&scope)
            .archive(RowId::Thing(thing_id), revision),
    )
    .await;
    let store = kit.store();
    let row = store.knowledge_by_id(&scope, row_id).await.unwrap();
    assert_eq!(row.unwrap().archived_at, None);
    let person = store.person(&scope, person_id).await.unwrap();
    assert_eq!(person.unwrap().display_name, "Person");
    let membership = store.membership(person_id, scope.place()).await.unwrap();
    assert_eq!(membership.unwrap().revision, one_ontology::Revision::FIRST);
}

pub(crate) async fn a_property_set_to_null_is_there(kit: &Kit) {
    let scope = kit.group().await;
    let mut thing = kit.thing(&scope, ThingType::Course, "With");
    thing.properties = Properties::new().with("none", Value::Null);
    kit.kept(&scope, thing).await;
    kit.added(&scope, ThingType::Course, "Without").await;
    let query = ThingQuery::default().with("none", Value::Null);
    assert_eq!(kit.names(&scope, &query).await, ["With"]);
}
