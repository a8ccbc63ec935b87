//! Every statement finds what it lists in an index.

use one_ontology::{
    ConnectionQuery, ConnectionType, End, EventQuery, EventType, KnowledgeQuery, KnowledgeType,
    Place, Seq, ThingId, ThingQuery, ThingStatus, ThingType, Timestamp,
};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use uuid::Uuid;

use crate::select::{self, Select};
use crate::{commit, find, list, open, search};

/// The steps of the plan, without the parts that do not matter here.
fn plan(c: &Connection, select: &Select) -> Vec<String> {
    let mut statement = c
        .prepare(&format!("EXPLAIN QUERY PLAN {}", select.sql))
        .unwrap();
    // The plan does not depend on the values.
    let nulls = vec![Value::Null; statement.parameter_count()];
    let steps = statement
        .query_map(params_from_iter(nulls), |row| row.get(3))
        .unwrap();
    steps.map(Result::unwrap).collect()
}

/// Every step is a search by an index or key, and the first uses `index`. `sorted`: it comes out
/// in its order.
fn check(c: &Connection, index: &str, sorted: bool, select: &Select) {
    let steps = plan(c, select);
    assert!(
        steps.first().is_some_and(|step| step.contains(index)),
        "{steps:?} do not start with {index}: {}",
        select.sql
    );
    for step in &steps {
        let by_index = step.starts_with("SEARCH ")
            || step.starts_with("CORRELATED SCALAR SUBQUERY")
            || (!sorted && step == "USE TEMP B-TREE FOR ORDER BY");
        assert!(by_index, "{step} in {steps:?}: {}", select.sql);
    }
    let place = steps.first().is_some_and(|s| s.contains("(place=?"));
    assert!(place, "{steps:?} reads other places' rows");
}

#[test]
fn lists_use_their_indexes() {
    let c = &open::in_memory().unwrap();
    let place = Place::Global;
    let id = Uuid::from_u128(1);
    let end = End::Thing(ThingId::from_uuid(id));
    let after = || Some(("name".to_owned(), ThingId::from_uuid(id)));

    let course = ThingQuery::of_type(ThingType::Course);
    let named = ThingQuery {
        name: Some("x".to_owned()),
        ..course.clone()
    };
    for after in [None, after()] {
        for (index, query) in [
            ("things_name", ThingQuery::default()),
            ("things_type", course.clone()),
            (
                "things_type",
                course.clone().in_status(ThingStatus::Archived),
            ),
            ("things_name", named.clone()),
            (
                "things_npm_package",
                course.clone().with("npm_package", "p"),
            ),
            (
                "things_registry_url",
                course.clone().with("registry_url", "u"),
            ),
            ("things_type", course.clone().with("npm_package", 1)),
        ] {
            check(
                c,
                index,
                true,
                &select::things(place, &query, after.clone()),
            );
        }
    }
    let two = ThingQuery {
        types: vec![ThingType::Course, ThingType::Lesson],
        ..ThingQuery::default()
    };
    check(
        c,
        "things_type",
        false,
        &select::things(place, &two, after()),
    );

    let kind = ConnectionType::References;
    for (index, query) in [
        ("connections_from", ConnectionQuery::from(end, kind.clone())),
        ("connections_to", ConnectionQuery::to(end, kind.clone())),
        ("connections_id", ConnectionQuery::default()),
        (
            "connections_type",
            ConnectionQuery {
                types: vec![kind],
                ..ConnectionQuery::default()
            },
        ),
    ] {
        check(c, index, true, &select::connections(place, &query, None));
        let after = Some(one_ontology::ConnectionId::from_uuid(id));
        check(c, index, true, &select::connections(place, &query, after));
    }

    let mut about = EventQuery::about(end);
    for types in [vec![], vec![EventType::UserLogin]] {
        about.types = types;
        check(
            c,
            "events_target",
            true,
            &select::events(place, &about, None),
        );
    }
    let all = EventQuery::default();
    check(
        c,
        "events_seq",
        true,
        &select::events(place, &all, Some(Seq::new(7))),
    );

    check(c, "people_name", true, &select::people(place, None));
    let after = Some(("name".to_owned(), one_ontology::PersonId::from_uuid(id)));
    check(c, "people_name", true, &select::people(place, after));
}

#[test]
fn knowledge_uses_its_indexes() {
    let c = &open::in_memory().unwrap();
    let after = (
        Timestamp::EPOCH,
        one_ontology::KnowledgeId::from_uuid(Uuid::from_u128(1)),
    );
    let types = vec![KnowledgeType::Chunk];
    let source = Some(End::Thing(ThingId::from_uuid(Uuid::from_u128(1))));
    let labels = vec!["topic:x".parse().unwrap()];
    for after in [None, Some(after)] {
        let all = KnowledgeQuery::default;
        for (index, query) in [
            ("knowledge_newest", all()),
            (
                "knowledge_type",
                KnowledgeQuery {
                    types: types.clone(),
                    ..all()
                },
            ),
            (
                "knowledge_source",
                KnowledgeQuery {
                    source,
                    types: types.clone(),
                    ..all()
                },
            ),
            (
                "PRIMARY KEY",
                KnowledgeQuery {
                    labels: labels.clone(),
                    types: types.clone(),
                    ..all()
                },
            ),
            (
                "knowledge_source",
                KnowledgeQuery {
                    labels: labels.clone(),
                    source,
                    ..all()
                },
            ),
        ] {
            check(
                c,
                index,
                true,
                &select::knowledge(Place::Global, &query, after),
            );
        }
    }
}

#[test]
fn searches_use_their_indexes() {
    let c = &open::in_memory().unwrap();
    for (sql, index) in [
        (search::THINGS, "things_changed"),
        (search::KNOWLEDGE, "knowledge_changed"),
        (search::VECTOR, "knowledge_id"),
    ] {
        let select = Select {
            sql: sql.to_owned(),
            params: Vec::new(),
        };
        check(c, index, true, &select);
    }
}

#[test]
fn rows_are_found_by_their_keys() {
    let c = &open::in_memory().unwrap();
    for sql in [
        find::MEMBERSHIP,
        find::PERSON,
        find::THING,
        find::CONNECTION,
        find::KNOWLEDGE,
        find::HEAD,
        find::EVENT,
        find::COVERED,
        commit::PRUNE,
        find::BUDGET,
        find::RECEIPT,
    ] {
        let select = Select {
            sql: sql.to_owned(),
            params: Vec::new(),
        };
        check(c, "SEARCH", true, &select);
    }
    for (sql, index) in [
        (find::GROUP, "PRIMARY KEY"),
        (list::CHILDREN, "groups_parent"),
    ] {
        let select = Select {
            sql: sql.to_owned(),
            params: Vec::new(),
        };
        let steps = plan(c, &select);
        assert_eq!(steps.len(), 1, "{steps:?}");
        assert!(
            steps
                .iter()
                .all(|s| s.starts_with("SEARCH") && s.contains(index)),
            "{steps:?}"
        );
    }
}
