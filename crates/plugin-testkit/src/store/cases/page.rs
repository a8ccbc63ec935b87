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

/// No cursor of any list is trusted, whoever made it up.
pub(crate) async fn made_up_positions_are_refused_by_each_list(kit: &Kit) {
    let scope = filled(kit).await;
    let store = kit.store();
    let positions = [
        "null",
        "true",
        "-1",
        "1e30",
        "18446744073709551616",
        "\"text\"",
        "{}",
        "[]",
        "[1,2]",
        "[\"\\u0000\"]",
        "[null,null]",
        "[[[[[[]]]]]]",
        "[\"2026-01-01T00:00:00Z\",\"not an id\"]",
        "1 OR 1=1",
    ];
    for position in positions {
        let cursor =
            |fingerprint: String| Some(Cursor::from_text(format!("{fingerprint}.{position}")));
        let mut things = ThingQuery::default();
        things.cursor = cursor(things.fingerprint());
        let mut connections = ConnectionQuery::default();
        connections.cursor = cursor(connections.fingerprint());
        let mut events = EventQuery::default();
        events.cursor = cursor(events.fingerprint());
        let mut knowledge = KnowledgeQuery::default();
        knowledge.cursor = cursor(knowledge.fingerprint());
        let mut people = PersonQuery::default();
        people.cursor = cursor(people.fingerprint());
        for result in [
            store.things(&scope, &things).await.map(drop),
            store.connections(&scope, &connections).await.map(drop),
            store.events(&scope, &events).await.map(drop),
            store.knowledge(&scope, &knowledge).await.map(drop),
            store.people(&scope, &people).await.map(drop),
        ] {
            let error = result.expect_err(position);
            assert_eq!(error.tag(), "InvalidCursor", "{position}");
        }
    }
}

/// A position is one of an order, not a row: it need not be there.
pub(crate) async fn the_cursor_of_another_place_shows_nothing_of_it(kit: &Kit) {
    let (here, there) = (kit.group().await, kit.group().await);
    for (scope, names) in [(&here, ["a", "c", "e"]), (&there, ["b", "d", "f"])] {
        for name in names {
            kit.added(scope, ThingType::Course, name).await;
        }
    }
    let mut query = ThingQuery {
        limit: limit(2),
        ..ThingQuery::default()
    };
    query.cursor = kit.store().things(&there, &query).await.unwrap().next;
    assert!(query.cursor.is_some());
    assert_eq!(kit.names(&here, &query).await, ["e"]);
}

pub(crate) async fn a_page_goes_on_when_its_last_row_has_gone(kit: &Kit) {
    let scope = kit.group().await;
    for name in ["a", "b", "c", "d"] {
        kit.added(&scope, ThingType::Course, name).await;
    }
    let mut query = ThingQuery {
        limit: limit(2),
        ..ThingQuery::default()
    };
    let page = kit.store().things(&scope, &query).await.unwrap();
    for thing in &page.items {
        let archive = kit
            .changes(&scope)
            .archive(one_ontology::RowId::Thing(thing.id), thing.revision);
        kit.commit(archive).await;
    }
    query.cursor = page.next;
    assert_eq!(kit.names(&scope, &query).await, ["c", "d"]);
}

pub(crate) async fn the_limit_may_change_from_page_to_page(kit: &Kit) {
    let scope = filled(kit).await;
    let mut query = ThingQuery::default();
    let all = kit.store().things(&scope, &query).await.unwrap().items;
    let mut found = Vec::new();
    for rows in [1, 7, 2, 1000] {
        query.limit = limit(rows);
        let page = kit.store().things(&scope, &query).await.unwrap();
        found.extend(page.items);
        query.cursor = page.next;
    }
    assert_eq!(query.cursor, None);
    assert_eq!(found, all);
}

pub(crate) async fn pages_of_what_is_filtered(kit: &Kit) {
    let scope = filled(kit).await;
    let hub = ThingQuery::of_type(ThingType::Lesson);
    let hub = kit.store().things(&scope, &hub).await.unwrap().items[0].id;
    whole(
        23,
        |rows| ConnectionQuery {
            limit: limit(rows),
            ..ConnectionQuery::to(hub, ConnectionType::PartOf)
        },
        |query, cursor| query.cursor = Some(cursor),
        async |query| kit.store().connections(&scope, query).await,
    )
    .await;
    for _ in 0..23 {
        let event = kit.event(Some(hub.into()));
        kit.commit(one_ontology::ChangeSet::new(&scope, event, kit.now()))
            .await;
        kit.commit(kit.changes(&scope)).await;
    }
    whole(
        23,
        |rows| EventQuery {
            limit: limit(rows),
            ..EventQuery::about(hub)
        },
        |query, cursor| query.cursor = Some(cursor),
        async |query| kit.store().events(&scope, query).await,
    )
    .await;
}

/// What is older than a page is behind it, whatever was made since.
pub(crate) async fn newer_knowledge_does_not_move_older_pages(kit: &Kit) {
    let scope = kit.group().await;
    for text in ["1", "2", "3", "4"] {
        kit.add(&scope, kit.knowledge(&scope, text, &[])).await;
    }
    let mut query = KnowledgeQuery {
        limit: limit(2),
        ..KnowledgeQuery::default()
    };
    let page = kit.store().knowledge(&scope, &query).await.unwrap();
    kit.add(&scope, kit.knowledge(&scope, "5", &[])).await;
    query.cursor = page.next;
    assert_eq!(kit.texts(&scope, &query).await, ["2", "1"]);
}
