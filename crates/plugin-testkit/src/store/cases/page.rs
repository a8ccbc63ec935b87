//! Pages follow one another without a gap, and cursors belong to their query.

use one_ontology::{
    ConnectionQuery, ConnectionType, Cursor, EventQuery, KnowledgeQuery, PersonQuery, Query, Scope,
    StoreError, ThingQuery, ThingType,
};

use crate::store::kit::{Kit, limit, pages};

/// A place with 23 of everything that can be listed, things in equal names.
async fn filled(kit: &Kit) -> Scope {
    let scope = kit.group().await;
    let hub = kit.added(&scope, ThingType::Lesson, "Hub").await.id;
    for i in 0..23 {
        let thing = kit.thing(&scope, ThingType::Course, &format!("Course {}", i / 5));
        let connection = kit.connection(&scope, thing.id, ConnectionType::PartOf, hub);
        kit.commit(
            kit.changes(&scope)
                .insert(thing)
                .insert(kit.person(&scope, &format!("Person {}", i / 5)))
                .insert(kit.knowledge(&scope, &format!("text {i}"), &["topic:x"]))
                .connect(connection),
        )
        .await;
    }
    scope
}

/// Pages of every size make up the whole, in order.
async fn whole<Q: Query<Row: PartialEq + std::fmt::Debug>>(
    expected: usize,
    with_limit: impl Fn(u32) -> Q,
    go_on: impl Fn(&mut Q, Cursor) + Copy,
    list: impl AsyncFn(&Q) -> Result<one_ontology::Page<Q::Row>, StoreError>,
) {
    let all = list(&with_limit(1000)).await.unwrap();
    assert_eq!(all.items.len(), expected);
    assert_eq!(all.next, None);
    for size in [1, 2, 5, 22, 23, 24] {
        let rows = pages(with_limit(size), go_on, &list).await;
        assert_eq!(rows, all.items, "in pages of {size}");
    }
}

pub(crate) async fn pages_of_things(kit: &Kit) {
    let scope = filled(kit).await;
    for (query, expected) in [
        (ThingQuery::default(), 24),
        (ThingQuery::of_type(ThingType::Course), 23),
        (ThingQuery::default().with("none", 1), 0),
    ] {
        whole(
            expected,
            |rows| ThingQuery {
                limit: limit(rows),
                ..query.clone()
            },
            |query, cursor| query.cursor = Some(cursor),
            async |query| kit.store().things(&scope, query).await,
        )
        .await;
    }
}

pub(crate) async fn pages_of_connections(kit: &Kit) {
    let scope = filled(kit).await;
    whole(
        23,
        |rows| ConnectionQuery {
            limit: limit(rows),
            ..ConnectionQuery::default()
        },
        |query, cursor| query.cursor = Some(cursor),
        async |query| kit.store().connections(&scope, query).await,
    )
    .await;
}

pub(crate) async fn pages_of_events(kit: &Kit) {
    let scope = filled(kit).await;
    for after in [0, 2] {
        whole(
            25 - after,
            |rows| EventQuery {
                limit: limit(rows),
                after: one_ontology::Seq::new(after as u64),
                ..EventQuery::default()
            },
            |query, cursor| query.cursor = Some(cursor),
            async |query| kit.store().events(&scope, query).await,
        )
        .await;
    }
}

pub(crate) async fn pages_of_knowledge(kit: &Kit) {
    let scope = filled(kit).await;
    for labels in [Vec::new(), vec![crate::store::kit::label("topic:x")]] {
        whole(
            23,
            |rows| KnowledgeQuery {
                limit: limit(rows),
                labels: labels.clone(),
                ..KnowledgeQuery::default()
            },
            |query, cursor| query.cursor = Some(cursor),
            async |query| kit.store().knowledge(&scope, query).await,
        )
        .await;
    }
}

pub(crate) async fn pages_of_people(kit: &Kit) {
    let scope = filled(kit).await;
    whole(
        23,
        |rows| PersonQuery {
            limit: limit(rows),
            ..PersonQuery::default()
        },
        |query, cursor| query.cursor = Some(cursor),
        async |query| kit.store().people(&scope, query).await,
    )
    .await;
}

/// A page goes on behind its last row, whatever came or went meanwhile.
pub(crate) async fn a_cursor_survives_what_is_written_meanwhile(kit: &Kit) {
    let scope = kit.group().await;
    for name in ["b", "d", "f", "h"] {
        kit.added(&scope, ThingType::Course, name).await;
    }
    let mut query = ThingQuery {
        limit: limit(2),
        ..ThingQuery::default()
    };
    let page = kit.store().things(&scope, &query).await.unwrap();
    query.cursor = page.next;
    for name in ["a", "c", "e"] {
        kit.added(&scope, ThingType::Course, name).await;
    }
    assert_eq!(kit.names(&scope, &query).await, ["e", "f"]);
}

pub(crate) async fn the_cursor_of_another_query_is_refused(kit: &Kit) {
    let scope = filled(kit).await;
    let store = kit.store();
    let mut courses = ThingQuery::of_type(ThingType::Course);
    courses.limit = limit(2);
    let cursor = store.things(&scope, &courses).await.unwrap().next;
    assert!(cursor.is_some());
    let mut all = ThingQuery {
        cursor: cursor.clone(),
        ..ThingQuery::default()
    };
    let refused = |result: Result<(), StoreError>| {
        assert_eq!(result.unwrap_err().tag(), "InvalidCursor");
    };
    refused(store.things(&scope, &all).await.map(drop));
    all.types = vec![ThingType::Course];
    assert!(store.things(&scope, &all).await.is_ok());
    let query = ConnectionQuery {
        cursor: cursor.clone(),
        ..ConnectionQuery::default()
    };
    refused(store.connections(&scope, &query).await.map(drop));
    let query = EventQuery {
        cursor: cursor.clone(),
        ..EventQuery::default()
    };
    refused(store.events(&scope, &query).await.map(drop));
    let query = KnowledgeQuery {
        cursor: cursor.clone(),
        ..KnowledgeQuery::default()
    };
    refused(store.knowledge(&scope, &query).await.map(drop));
    let query = PersonQuery {
        cursor,
        ..PersonQuery::default()
    };
    refused(store.people(&scope, &query).await.map(drop));
}

pub(crate) async fn what_is_no_cursor_is_refused(kit: &Kit) {
    let scope = filled(kit).await;
    let own = ThingQuery::default().fingerprint();
    let texts = [
        String::new(),
        "garbage".to_owned(),
        "..".to_owned(),
        "\0".to_owned(),
        format!("{own}."),
        format!("{own}.null"),
        format!("{own}.[\"name\"]"),
        format!("{own}.[\"name\", \"not an id\"]"),
        format!("{own}.{{\"name\":1}}"),
        "'; DROP TABLE things --".repeat(100),
    ];
    for text in texts {
        let query = ThingQuery {
            cursor: Some(Cursor::from_text(text.clone())),
            ..ThingQuery::default()
        };
        let error = kit.store().things(&scope, &query).await.unwrap_err();
        assert_eq!(error.tag(), "InvalidCursor", "{text:?}");
    }
}
