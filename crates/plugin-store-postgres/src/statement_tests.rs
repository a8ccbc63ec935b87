//! Every statement that reads finds what it lists in an index, and without its own predicate on
//! the place the server still keeps places apart.

use futures::executor::block_on;
use one_ontology::search::terms;
use one_ontology::{
    Among, BudgetKey, ChangeSet, Connection, ConnectionId, ConnectionQuery, ConnectionType,
    Embedding, End, EventId, EventQuery, EventType, Group, GroupId, Knowledge, KnowledgeId,
    KnowledgeQuery, KnowledgeType, NewEvent, Person, PersonId, Place, Scope, Seq, SequentialIds,
    Spend, Store as _, Thing, ThingId, ThingQuery, ThingStatus, ThingType, Timestamp,
};
use plugin_test_postgres::{self as server, client, run};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::session::{Query, in_schema};
use crate::{Options, PostgresStore, begin, find, key, list, search, select};

const ROLE: &str = "one_plugin_test";

/// What a statement is called here, the index it starts from, whether it comes out in that index's
/// order, and the statement.
type Case = (&'static str, &'static str, bool, Query);

fn at() -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000)
}

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
    let vector = Embedding::new("m", vec![1.0]).unwrap();
    let any = Among::Things { types: Vec::new() };
    let among_courses = Among::Things {
        types: vec![ThingType::Course],
    };
    let among_labelled = Among::Knowledge {
        types: Vec::new(),
        labels: vec!["topic:x".parse().unwrap()],
    };
    let words = || -> Vec<String> { terms("rust text").into_iter().collect() };
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
            "count of things",
            "things_",
            true,
            search::count_among(place, &any),
        ),
        (
            "count of courses",
            "things_type",
            true,
            search::count_among(place, &among_courses),
        ),
        (
            "count of knowledge",
            "knowledge_",
            true,
            search::count_among(place, &Among::default()),
        ),
        (
            "count by labels",
            "knowledge_",
            true,
            search::count_among(place, &among_labelled),
        ),
        (
            "things with words",
            "thing_words_pkey",
            true,
            search::with_words(place, &any, words()),
        ),
        (
            "courses with words",
            "thing_words_pkey",
            true,
            search::with_words(place, &among_courses, words()),
        ),
        (
            "knowledge with words",
            "knowledge_words_pkey",
            true,
            search::with_words(place, &Among::default(), words()),
        ),
        (
            "knowledge with words and labels",
            "knowledge_words_pkey",
            true,
            search::with_words(place, &among_labelled, words()),
        ),
        (
            "knowledge with vectors",
            "vectors_model",
            true,
            search::with_vectors(place, &Among::default(), &vector),
        ),
        (
            "vectors by label",
            "vectors_model",
            true,
            search::with_vectors(place, &among_labelled, &vector),
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

/// A schema of our own as the role owns it, with the store that made it.
struct Home {
    address: &'static str,
    schema: String,
    store: PostgresStore,
}

fn home(name: &str) -> Option<Home> {
    let address = server::address(&format!("plugin-store-postgres {name}"))?;
    let schema = format!("one_unit_{}_{name}", std::process::id());
    server::sql(
        address,
        &format!(
            "DO $$ BEGIN CREATE ROLE {ROLE}; \
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$; \
             CREATE SCHEMA {schema} AUTHORIZATION {ROLE}"
        ),
    );
    let options = Options::default().schema(&schema).role(ROLE);
    let store = block_on(PostgresStore::connect(address, options)).unwrap();
    Some(Home {
        address,
        schema,
        store,
    })
}

impl Drop for Home {
    fn drop(&mut self) {
        server::sql(
            self.address,
            &format!("DROP SCHEMA {} CASCADE", self.schema),
        );
    }
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

fn check_plan(name: &str, index: &str, sorted: bool, plan: &[String]) {
    let whole = plan.join("\n");
    let scans: Vec<&String> = plan
        .iter()
        .filter(|line| line.contains(" Scan ") && !line.contains("CTE Scan"))
        .collect();
    assert!(!scans.is_empty(), "{name}:\n{whole}");
    for scan in &scans {
        assert!(scan.contains("Index"), "{name}: {scan} in\n{whole}");
    }
    assert!(
        scans
            .iter()
            .any(|scan| scan.contains(&format!("using {index}"))),
        "{name} does not use {index}:\n{whole}"
    );
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
                check_plan(name, index, sorted, &plan);
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
INSERT INTO @things SELECT p, gen_random_uuid(), 'course', 'n' || i, 'active', 'p' || i, 'u' || i, '{}'
  FROM (VALUES ('\\x00'::bytea, 20000), ('\\x01'::bytea, 500)) v (p, n), generate_series(1, n) i;
INSERT INTO @things SELECT decode(md5(i::text), 'hex'), gen_random_uuid(), 'course', 'n', 'active', NULL, NULL, '{}'
  FROM generate_series(1, 2000) i;
INSERT INTO @thing_words SELECT place, 'rust', id FROM @things;
INSERT INTO @knowledge SELECT place, id, 'chunk', '\\x74', row_number() OVER (), false, '{}' FROM @things;
INSERT INTO @knowledge_words SELECT place, 'rust', id FROM @things;
INSERT INTO @labels SELECT place, 'topic:x', newest, id FROM @knowledge;
INSERT INTO @vectors SELECT place, id, 'm', 1, '\\x00000000' FROM @knowledge;
INSERT INTO @connections SELECT place, id, 'references', '\\x74', '\\x74', false, '{}' FROM @things;
INSERT INTO @events SELECT place, row_number() OVER (PARTITION BY place), 'x', '\\x74', '{}' FROM @things;
INSERT INTO @people SELECT place, id, name, '{}' FROM @things;
INSERT INTO @memberships SELECT place, id, '{}' FROM @things;
INSERT INTO @budgets SELECT place, id::text, '{}' FROM @things;
INSERT INTO @groups SELECT decode(md5(i::text), 'hex'), '\\x00', '{}' FROM generate_series(1, 2000) i;
ANALYZE @things; ANALYZE @thing_words; ANALYZE @knowledge; ANALYZE @knowledge_words; ANALYZE @labels;
ANALYZE @vectors; ANALYZE @connections; ANALYZE @events; ANALYZE @people; ANALYZE @memberships;
ANALYZE @budgets; ANALYZE @groups;";

/// A place with one row of everything that the statements above look for.
fn furnish(store: &PostgresStore, ids: &SequentialIds, place: Option<Group>, mark: &str) -> Scope {
    let where_ = place.as_ref().map_or(Place::Global, Group::place);
    let scope = Scope::system("test".parse().unwrap(), where_);
    let id = ThingId::from_uuid(Uuid::from_u128(1));
    let event = |end| NewEvent::new(EventId::new(ids, at()), EventType::EntityCreated, end);
    let mut changes = ChangeSet::new(&scope, event(Some(id.into())), at());
    if let Some(group) = place {
        changes = changes.insert(group);
    }
    let mut thing = Thing::new(&scope, id, ThingType::Course, "Rust", at());
    thing.properties = thing
        .properties
        .with("npm_package", "p")
        .with("registry_url", "u")
        .with("mark", mark);
    let id = ThingId::from_uuid(Uuid::from_u128(3));
    let other = Thing::new(&scope, id, ThingType::Lesson, "Go", at());
    let mut person = Person::new(&scope, PersonId::from_uuid(Uuid::from_u128(1)), "zoe", at());
    person.display_name = format!("zoe {mark}");
    let id = KnowledgeId::from_uuid(Uuid::from_u128(1));
    let mut knowledge = Knowledge::new(&scope, id, KnowledgeType::Chunk, at());
    knowledge.text = Some(format!("rust text {mark}"));
    knowledge.labels = vec!["topic:x".parse().unwrap()].into_iter().collect();
    knowledge.embedding = Some(Embedding::new("m", vec![1.0]).unwrap());
    let connection = Connection::new(
        &scope,
        ConnectionId::from_uuid(Uuid::from_u128(2)),
        thing.id,
        ConnectionType::References,
        other.id,
        at(),
    );
    let rule = one_ontology::BudgetRule::Level { limit: 9 };
    let changes = changes
        .insert(thing)
        .insert(other)
        .insert(person)
        .insert(knowledge)
        .connect(connection)
        .spend(Spend::one("b".parse().unwrap(), rule))
        .event(event(None));
    block_on(store.commit(changes)).unwrap();
    scope
}

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
                if name.starts_with("count") {
                    return usize::try_from(rows[0].get::<_, i64>(0)).unwrap();
                }
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
            let with = if name.starts_with("count") {
                usize::try_from(with[0].get::<_, i64>(0)).unwrap()
            } else {
                with.len()
            };
            assert_eq!(ours, with, "{name}: {sql}");
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
            let nothing =
                rows.is_empty() || (name.starts_with("count") && rows[0].get::<_, i64>(0) == 0);
            assert!(nothing, "{name} in a fresh session: {sql}");
        }
        // Otherwise there was nothing that could have been seen.
        assert!(some * 10 > all * 6, "{some} of {all} statements list a row");
        let _ = (key::place(b.place()), list::CHILDREN);
    });
}
