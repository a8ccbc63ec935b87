//! Every statement that reads finds what it lists in an index, and without its own predicate on
//! the place the server still keeps places apart.

use one_ontology::{
    BudgetKey, ConnectionId, ConnectionQuery, ConnectionType, End, EventQuery, Group, GroupId,
    KnowledgeId, KnowledgeQuery, KnowledgeType, PersonId, Place, Seq, SequentialIds, ThingId,
    ThingQuery, ThingStatus, ThingType,
};
use plugin_test_postgres::{client, run};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::session::{Query, in_schema};
use crate::test_home::{ROLE, at, furnish, home};
use crate::{Options, begin, find, key, list, search, select};

/// What a statement is called here, the index it starts from, whether it comes out in that index's
/// order, and the statement.
type Case = (&'static str, &'static str, bool, Query);

fn of_type(types: Vec<ThingType>) -> ThingQuery {
    ThingQuery {
        types,
        ..ThingQuery::default()
    }
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn statements(place: Place) -> Vec<Case> {
    let uuid = Uuid::from_u128(1);
    let thing = ThingId::from_uuid(uuid);
    let end = End::Thing(thing);
    let course = ThingQuery::of_type(ThingType::Course);
    let named = ThingQuery {
        name: Some("Rust".to_owned()),
        ..ThingQuery::default()
    };
    let labelled = KnowledgeQuery {
        labels: vec!["topic:x".parse().unwrap()],
        ..KnowledgeQuery::default()
    };
    let chunks = KnowledgeQuery {
        types: vec![KnowledgeType::Chunk],
        ..KnowledgeQuery::default()
    };
    let about = KnowledgeQuery {
        source: Some(end),
        ..KnowledgeQuery::default()
    };
    let kind = ConnectionType::References;
    let of_kind = ConnectionQuery {
        types: vec![kind.clone()],
        ..ConnectionQuery::default()
    };
    let mut all: Vec<Case> = vec![
        ("thing", "things_pkey", true, find::thing(place, thing)),
        (
            "person",
            "people_pkey",
            true,
            find::person(place, PersonId::from_uuid(uuid)),
        ),
        (
            "membership",
            "memberships_pkey",
            true,
            find::membership(place, PersonId::from_uuid(uuid)),
        ),
        (
            "knowledge by id",
            "knowledge_pkey",
            true,
            find::knowledge(place, KnowledgeId::from_uuid(uuid)),
        ),
        ("head", "events_pkey", true, find::head(place)),
        (
            "event",
            "events_pkey",
            true,
            find::event(place, Seq::new(1)),
        ),
        (
            "budget",
            "budgets_pkey",
            true,
            find::budget(place, &"b".parse::<BudgetKey>().unwrap()),
        ),
        (
            "events about",
            "events_target",
            true,
            select::events(place, &EventQuery::about(end), None).limit(9),
        ),
        (
            "every thing",
            "things_",
            true,
            search::Of::Things.changed(place, None),
        ),
        (
            "every row of knowledge",
            "knowledge_",
            true,
            search::Of::Knowledge.changed(place, None),
        ),
        (
            "things changed",
            "things_changed",
            true,
            search::Of::Things.changed(place, Some(Seq::START)),
        ),
        (
            "knowledge changed",
            "knowledge_changed",
            true,
            search::Of::Knowledge.changed(place, Some(Seq::START)),
        ),
        (
            "vectors",
            "vectors_pkey",
            true,
            search::vectors(place, &[KnowledgeId::from_uuid(uuid)]),
        ),
    ];
    let behind = || Some(("Rust".to_owned(), thing));
    for after in [None, behind()] {
        let list = |query: &ThingQuery| select::things(place, query, after.clone()).limit(9);
        all.extend([
            (
                "all things",
                "things_name",
                true,
                list(&ThingQuery::default()),
            ),
            ("courses", "things_type", true, list(&course)),
            (
                "archived courses",
                "things_type",
                true,
                list(&course.clone().in_status(ThingStatus::Archived)),
            ),
            ("named", "things_name", true, list(&named)),
            (
                "by package",
                "things_npm_package",
                true,
                list(&course.clone().with("npm_package", "p")),
            ),
            (
                "by address",
                "things_registry_url",
                true,
                list(&ThingQuery::default().with("registry_url", "u")),
            ),
            (
                "of two types",
                "things_",
                false,
                list(&of_type(vec![ThingType::Course, ThingType::Lesson])),
            ),
        ]);
        let after = after.map(|_| PersonId::from_uuid(uuid));
        let people = select::people(place, after.map(|id| ("name".to_owned(), id)));
        all.push(("people", "people_name", true, people.limit(9)));
        let connections = after.map(|_| ConnectionId::from_uuid(uuid));
        let list =
            |query: &ConnectionQuery| select::connections(place, query, connections).limit(9);
        all.extend([
            (
                "all connections",
                "connections_pkey",
                true,
                list(&ConnectionQuery::default()),
            ),
            (
                "connections of a type",
                "connections_type",
                true,
                list(&of_kind),
            ),
            (
                "connections from",
                "connections_from",
                true,
                list(&ConnectionQuery::from(end, kind.clone())),
            ),
            (
                "connections to",
                "connections_to",
                true,
                list(&ConnectionQuery::to(end, kind.clone())),
            ),
        ]);
        let seq = after.map(|_| Seq::START);
        all.push((
            "all events",
            "events_pkey",
            true,
            select::events(place, &EventQuery::default(), seq).limit(9),
        ));
        let knowledge = after.map(|_| (at(), KnowledgeId::from_uuid(uuid)));
        let list = |query: &KnowledgeQuery| select::knowledge(place, query, knowledge).limit(9);
        all.extend([
            (
                "all knowledge",
                "knowledge_newest",
                true,
                list(&KnowledgeQuery::default()),
            ),
            ("chunks", "knowledge_type", true, list(&chunks)),
            ("knowledge about", "knowledge_source", true, list(&about)),
            (
                "knowledge with a label",
                "labels_pkey",
                true,
                list(&labelled),
            ),
        ]);
    }
    all
}

/// The lines of the plan that the server makes for any values.
async fn plan(client: &tokio_postgres::Client, schema: &str, query: &Query) -> Vec<String> {
    let sql = in_schema(schema, &query.sql);
    let nulls = vec!["NULL"; query.params.len()].join(", ");
    client
        .batch_execute(&format!("PREPARE p AS {sql}"))
        .await
        .unwrap();
    let rows = client
        .query(&format!("EXPLAIN (COSTS OFF) EXECUTE p ({nulls})"), &[])
        .await
        .unwrap();
    client.batch_execute("DEALLOCATE p").await.unwrap();
    rows.iter()
        .map(|row| row.get::<_, String>(0).trim().to_owned())
        .collect()
}

/// `index`: none while the tables are empty. Their indexes cost the same then, and which one is taken is chance;
/// none may be sorted or read other places' rows all the same.
fn check_plan(name: &str, index: Option<&str>, sorted: bool, plan: &[String]) {
    let whole = plan.join("\n");
    let scans: Vec<&String> = plan
        .iter()
        .filter(|line| line.contains(" Scan ") && !line.contains("CTE Scan"))
        .collect();
    assert!(!scans.is_empty(), "{name}:\n{whole}");
    for scan in &scans {
        assert!(scan.contains("Index"), "{name}: {scan} in\n{whole}");
    }
    let uses = |index: &str| {
        scans
            .iter()
            .any(|scan| scan.contains(&format!("using {index}")))
    };
    if let Some(index) = index {
        assert!(uses(index), "{name} does not use {index}:\n{whole}");
    }
    assert!(
        !sorted || !plan.iter().any(|line| line.contains("Sort Key")),
        "{name} is sorted:\n{whole}"
    );
    // Each scan reads rows of the place only.
    let places = plan
        .iter()
        .filter(|line| line.starts_with("Index Cond:") && line.contains("(place = "))
        .count();
    assert_eq!(
        places,
        scans.len(),
        "{name} reads other places' rows:\n{whole}"
    );
}

#[test]
fn every_statement_uses_its_index() {
    let Some(home) = home("plans") else { return };
    run(async {
        let session = client(home.address).await.unwrap();
        let options = Options::default().schema(&home.schema).role(ROLE);
        session.batch_execute(&options.settings()).await.unwrap();
        for filled in [false, true] {
            if filled {
                let fill = in_schema(&home.schema, FILL);
                client(home.address)
                    .await
                    .unwrap()
                    .batch_execute(&fill)
                    .await
                    .unwrap();
            }
            for (name, index, sorted, query) in statements(Place::Global) {
                let plan = plan(&session, &home.schema, &query).await;
                check_plan(name, filled.then_some(index), sorted, &plan);
            }
            let children = Query::new(list::CHILDREN, vec![Box::new(vec![vec![0_u8]])]);
            let plan = plan(&session, &home.schema, &children).await;
            assert!(
                plan.iter().any(|line| line.contains("using groups_parent")),
                "{plan:?}"
            );
        }
    });
}

/// Many rows in one place and many places with few.
const FILL: &str = "
INSERT INTO @things SELECT p, gen_random_uuid(), 'course', 'n' || i, 'active', 'p' || i, 'u' || i, '{}', i
  FROM (VALUES ('\\x00'::bytea, 20000), ('\\x01'::bytea, 500)) v (p, n), generate_series(1, n) i;
INSERT INTO @things SELECT decode(md5(i::text), 'hex'), gen_random_uuid(), 'course', 'n', 'active', NULL, NULL, '{}', i
  FROM generate_series(1, 2000) i;
INSERT INTO @knowledge SELECT place, id, 'chunk', '\\x74', row_number() OVER (), false, '{}', changed FROM @things;
INSERT INTO @labels SELECT place, 'topic:x', newest, id FROM @knowledge;
INSERT INTO @vectors SELECT place, id, 'm', '\\x00000000' FROM @knowledge;
INSERT INTO @connections SELECT place, id, 'references', '\\x74', '\\x74', false, '{}' FROM @things;
INSERT INTO @events SELECT place, row_number() OVER (PARTITION BY place), 'x', '\\x74', '{}' FROM @things;
INSERT INTO @people SELECT place, id, name, '{}' FROM @things;
INSERT INTO @memberships SELECT place, id, '{}' FROM @things;
INSERT INTO @budgets SELECT place, id::text, '{}' FROM @things;
INSERT INTO @groups SELECT decode(md5(i::text), 'hex'), '\\x00', '{}' FROM generate_series(1, 2000) i;
ANALYZE @things; ANALYZE @knowledge; ANALYZE @labels;
ANALYZE @vectors; ANALYZE @connections; ANALYZE @events; ANALYZE @people; ANALYZE @memberships;
ANALYZE @budgets; ANALYZE @groups;";

/// The statement without its own predicate on the place. It still takes the same values.
fn without_predicate(query: &Query) -> Query {
    let mut sql = query.sql.to_string();
    for alias in ["r.", "k.", "l.", "v.", ""] {
        sql = sql.replace(&format!("{alias}place = $1"), "$1::bytea IS NOT NULL");
        for other in ["r.", "k.", "l.", "v."] {
            sql = sql.replace(&format!("{alias}place = {other}place"), "true");
        }
    }
    assert!(!sql.contains("place = "), "{sql}");
    let params = vec![];
    Query::new(sql, params)
}

#[test]
fn without_its_predicate_a_statement_sees_nothing_of_another_place() {
    let Some(home) = home("predicates") else {
        return;
    };
    let ids = SequentialIds::new();
    let group = || Group::new(GroupId::new(&ids, at()), "Group", at());
    let (a, b) = (group(), group());
    furnish(&home.store, &ids, None, "shared");
    let a = furnish(&home.store, &ids, Some(a), "ours");
    let b = furnish(&home.store, &ids, Some(b), "theirs");
    run(async {
        let session = client(home.address).await.unwrap();
        session
            .batch_execute(&format!("SET ROLE {ROLE}"))
            .await
            .unwrap();
        let (mut some, mut all) = (0, 0);
        for (name, _, _, query) in statements(a.place()) {
            let bare = without_predicate(&query);
            let params: Vec<&(dyn ToSql + Sync)> = query
                .params
                .iter()
                .map(|param| -> &(dyn ToSql + Sync) { &**param })
                .collect();
            let sql = in_schema(&home.schema, &bare.sql);
            let seen = async |begin: &str| -> usize {
                session.batch_execute(begin).await.unwrap();
                let rows = session.query(&sql, &params).await;
                session.batch_execute("ROLLBACK").await.unwrap();
                let rows = rows.unwrap_or_else(|error| panic!("{name}: {error:?}"));
                for row in &rows {
                    if let Ok(doc) = row.try_get::<_, &str>(0) {
                        assert!(
                            !doc.contains("theirs") && !doc.contains("shared"),
                            "{name}: {doc}"
                        );
                    }
                }
                rows.len()
            };
            // As many as with the predicate: the server adds it.
            let ours = seen(&begin::read(a.place())).await;
            let sql_with = in_schema(&home.schema, &query.sql);
            session
                .batch_execute(&begin::read(a.place()))
                .await
                .unwrap();
            let with = session.query(&sql_with, &params).await.unwrap();
            session.batch_execute("ROLLBACK").await.unwrap();
            assert_eq!(ours, with.len(), "{name}: {sql}");
            some += usize::from(ours > 0);
            all += 1;
            // A transaction that does not say where it is sees nothing, whether the session has
            // been somewhere before or not.
            assert_eq!(seen("BEGIN").await, 0, "{name} without a place: {sql}");
            let fresh = client(home.address).await.unwrap();
            fresh
                .batch_execute(&format!("SET ROLE {ROLE}"))
                .await
                .unwrap();
            let rows = fresh.query(&sql, &params).await.unwrap();
            assert!(rows.is_empty(), "{name} in a fresh session: {sql}");
        }
        // Otherwise there was nothing that could have been seen.
        assert!(some * 10 > all * 6, "{some} of {all} statements list a row");
        let _ = (key::place(b.place()), list::CHILDREN);
    });
}
