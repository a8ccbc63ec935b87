//! Queries of any bytes are answered: they find what matches, and mean nothing else.

use one_ontology::{
    ConnectionId, End, EventQuery, EventType, KnowledgeQuery, Limit, PersonId, Properties, RowId,
    Seq, ThingId, ThingQuery, ThingStatus, ThingType,
};
use serde_json::{Value, json};

use crate::store::kit::{Kit, label};

fn named(name: &str) -> ThingQuery {
    ThingQuery {
        name: Some(name.to_owned()),
        ..ThingQuery::default()
    }
}

pub(crate) async fn texts_that_no_row_can_have_find_nothing(kit: &Kit) {
    let scope = kit.group().await;
    let mut thing = kit.thing(&scope, ThingType::Course, "a");
    thing.properties = Properties::new().with("npm_package", "a");
    kit.add(&scope, thing).await;
    let long = "a".repeat(4 << 20);
    for text in ["", "\0", "a\0", "a\0b", "\n", &long] {
        for query in [
            named(text),
            ThingQuery::default().with("npm_package", text),
            ThingQuery::default().with("registry_url", text),
            ThingQuery::default().with("other", text),
            ThingQuery::default().with(text, "a"),
        ] {
            assert!(kit.names(&scope, &query).await.is_empty());
            kit.commit(kit.changes(&scope).insist_absent(query)).await;
        }
    }
}

pub(crate) async fn names_of_properties_are_no_paths(kit: &Kit) {
    let scope = kit.group().await;
    let names = [
        "a.b",
        "a",
        "$",
        "$.a",
        "a[0]",
        "[0]",
        "\"a\"",
        "a\"b",
        "'a'",
        "a'b",
        "*",
        "",
        " ",
        "#",
        "a\\b",
        "{a,b}",
        "é",
        "npm_package.x",
    ];
    for name in names {
        let mut thing = kit.thing(&scope, ThingType::Course, &format!("has `{name}`"));
        thing.properties = Properties::new().with(name, json!({"b": 1, "0": [1]}));
        kit.add(&scope, thing).await;
    }
    for name in names {
        let whole = ThingQuery::default().with(name, json!({"b": 1, "0": [1]}));
        assert_eq!(kit.names(&scope, &whole).await, [format!("has `{name}`")]);
        let part = ThingQuery::default().with(name, json!(1));
        assert!(kit.names(&scope, &part).await.is_empty(), "{name}");
    }
}

pub(crate) async fn nested_properties_are_compared_whole(kit: &Kit) {
    let scope = kit.group().await;
    let values = [
        json!([]),
        json!([1, 2]),
        json!([2, 1]),
        json!({}),
        json!({"a": 1}),
        json!({"a": 1, "b": null}),
        json!({"a": [1, {"c": 0.5}]}),
    ];
    for value in &values {
        let mut thing = kit.thing(&scope, ThingType::Course, &value.to_string());
        thing.properties = Properties::new().with("v", value.clone());
        kit.add(&scope, thing).await;
    }
    for value in &values {
        let query = ThingQuery::default().with("v", value.clone());
        assert_eq!(kit.names(&scope, &query).await, [value.to_string()]);
    }
    // The order of names plays no part.
    let turned: Value = serde_json::from_str(r#"{"b": null, "a": 1}"#).unwrap();
    let query = ThingQuery::default().with("v", turned);
    assert_eq!(kit.names(&scope, &query).await.len(), 1);
}

pub(crate) async fn filters_of_things_hold_together(kit: &Kit) {
    let scope = kit.group().await;
    let make = async |name: &str, thing_type, package: &str, status| {
        let mut thing = kit.thing(&scope, thing_type, name);
        thing.properties = Properties::new().with("npm_package", package).with("x", 1);
        thing.status = status;
        kit.add(&scope, thing).await;
    };
    make("a", ThingType::Course, "p", ThingStatus::Active).await;
    make("a", ThingType::Lesson, "p", ThingStatus::Active).await;
    make("a", ThingType::Course, "q", ThingStatus::Active).await;
    make("a", ThingType::Course, "p", ThingStatus::Draft).await;
    make("b", ThingType::Course, "p", ThingStatus::Active).await;
    let mut query = named("a").with("npm_package", "p").with("x", 1);
    query.types = vec![ThingType::Course];
    query.statuses = vec![ThingStatus::Active];
    assert_eq!(kit.names(&scope, &query).await.len(), 1);
    query.properties.insert("x".to_owned(), json!(2));
    assert!(kit.names(&scope, &query).await.is_empty());
}

pub(crate) async fn filters_of_events_hold_together(kit: &Kit) {
    let scope = kit.group().await;
    let target = End::from(ThingId::new(&kit.ids, kit.now()));
    for (event_type, target) in [
        (EventType::UserLogin, Some(target)),
        (EventType::UserLogout, Some(target)),
        (EventType::UserLogin, None),
        (EventType::UserLogin, Some(target)),
    ] {
        let event = kit.event_of(event_type, target);
        let changes = one_ontology::ChangeSet::new(&scope, event, kit.now());
        kit.commit(changes).await;
    }
    let query = EventQuery {
        types: vec![EventType::UserLogin],
        target: Some(target),
        after: Seq::new(2),
        ..EventQuery::default()
    };
    let page = kit.store().events(&scope, &query).await.unwrap();
    let numbers: Vec<_> = page.items.iter().map(|event| event.seq.get()).collect();
    assert_eq!(numbers, [5]);
}

/// Statuses that are asked for are those, and no others.
pub(crate) async fn without_a_status_only_the_archived_is_left_out(kit: &Kit) {
    let scope = kit.group().await;
    for status in ThingStatus::ALL {
        let mut thing = kit.thing(&scope, ThingType::Course, "Same");
        thing.properties = Properties::new().with("npm_package", "p");
        thing.status = *status;
        kit.add(&scope, thing).await;
    }
    for query in [
        ThingQuery::default(),
        named("Same"),
        ThingQuery::of_type(ThingType::Course),
        ThingQuery::default().with("npm_package", "p"),
    ] {
        let left = ThingStatus::ALL.len() - 1;
        assert_eq!(kit.names(&scope, &query).await.len(), left, "{query:?}");
        let archived = query.in_status(ThingStatus::Archived);
        assert_eq!(kit.names(&scope, &archived).await.len(), 1);
    }
}

pub(crate) async fn ids_that_no_row_has_find_nothing(kit: &Kit) {
    let scope = kit.group().await;
    let id = uuid::Uuid::nil();
    let (thing, person) = (ThingId::from_uuid(id), PersonId::from_uuid(id));
    let store = kit.store();
    assert_eq!(store.thing(&scope, thing).await.unwrap(), None);
    assert_eq!(store.person(&scope, person).await.unwrap(), None);
    let row = one_ontology::KnowledgeId::from_uuid(id);
    assert_eq!(store.knowledge_by_id(&scope, row).await.unwrap(), None);
    let about = store.events(&scope, &EventQuery::about(thing)).await;
    assert!(about.unwrap().items.is_empty());
    let query = KnowledgeQuery {
        source: Some(thing.into()),
        ..KnowledgeQuery::default()
    };
    assert!(kit.texts(&scope, &query).await.is_empty());
    for changes in [
        kit.changes(&scope).disconnect(ConnectionId::from_uuid(id)),
        kit.changes(&scope)
            .archive(RowId::Person(person), one_ontology::Revision::FIRST),
    ] {
        assert_eq!(kit.refused(changes).await, "NotFound");
    }
}

pub(crate) async fn more_labels_than_a_row_can_have_list_nothing(kit: &Kit) {
    let scope = kit.group().await;
    kit.add(&scope, kit.knowledge(&scope, "x", &["topic:0"]))
        .await;
    let query = KnowledgeQuery {
        labels: (0..2000).map(|i| label(&format!("topic:{i}"))).collect(),
        ..KnowledgeQuery::default()
    };
    assert!(kit.texts(&scope, &query).await.is_empty());
}

pub(crate) async fn an_answer_may_be_as_long_as_the_limit(kit: &Kit) {
    let scope = kit.group().await;
    let most = Limit::MAX as usize;
    let mut changes = kit.changes(&scope);
    for i in 0..=most {
        changes = changes.insert(kit.thing(&scope, ThingType::Course, &format!("{i:05}")));
    }
    kit.commit(changes).await;
    let query = ThingQuery {
        limit: Limit::new(u32::MAX),
        ..ThingQuery::default()
    };
    let page = kit.store().things(&scope, &query).await.unwrap();
    assert_eq!(page.items.len(), most);
    let rest = ThingQuery {
        cursor: page.next,
        ..query
    };
    assert_eq!(kit.names(&scope, &rest).await, [format!("{most:05}")]);
}
