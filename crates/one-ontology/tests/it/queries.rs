//! Pages and cursors.

use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{
    Cursor, Event, EventQuery, Knowledge, KnowledgeId, KnowledgeQuery, KnowledgeType, Limit,
    MemoryStore, Page, Person, PersonQuery, Place, Query, Scope, Seq, Store as _, StoreError,
    ThingQuery, ThingType, strategies,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{change, commit, event, in_group, noon, store_with, system, thing};

/// Every page of a query, each checked, put together.
fn pages<Q: Query + Clone>(
    query: &Q,
    set: impl Fn(&Q, Option<Cursor>) -> Q,
    list: impl Fn(&Q) -> Result<Page<Q::Row>, StoreError>,
) -> Vec<Q::Row> {
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let page = list(&set(query, cursor)).unwrap();
        assert!(page.items.len() <= query.limit().get());
        assert!(page.next.is_none() || page.items.len() == query.limit().get());
        all.extend(page.items);
        // A cursor survives its text.
        cursor = page.next.map(|next| next.as_str().parse().unwrap());
        if cursor.is_none() {
            return all;
        }
    }
}

/// A place with rows of every kind, some of the same name and of the same time.
fn filled(history: Vec<one_ontology::ChangeSet>) -> (MemoryStore, Scope) {
    let scope = system(Place::Global);
    let store = MemoryStore::new();
    for changes in history {
        commit(&store, changes).unwrap();
    }
    for i in 0..3_u64 {
        let later = noon().plus(Duration::from_secs(i / 2));
        let mut same = thing(&scope, &format!("same {i}"), ThingType::Course);
        same.name = "the same".into();
        let id = KnowledgeId::of_name(&["test", &i.to_string()]);
        let mut note = Knowledge::new(&scope, id, KnowledgeType::Document, later);
        note.text = Some("x".into());
        let person = one_ontology::PersonId::of_name(&[&i.to_string()]);
        let changes = one_ontology::ChangeSet::new(&scope, event("more"), later)
            .insert(same)
            .insert(note)
            .insert(Person::new(&scope, person, "Ada", noon()));
        commit(&store, changes).unwrap();
    }
    (store, scope)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pages_put_together_are_all_rows_in_order(
        history in strategies::history(system(Place::Global), 0..12),
        limit in 1..7_u32,
        statuses in vec(strategies::thing_status(), 0..3),
    ) {
        let (store, scope) = filled(history);
        let limit = Limit::new(limit);
        let all = |rows: usize| Limit::new(u32::try_from(rows).unwrap_or(1000));

        let query = ThingQuery { statuses, limit, ..ThingQuery::default() };
        let list = |q: &ThingQuery| block_on(store.things(&scope, q));
        let whole = list(&ThingQuery { limit: all(1000), ..query.clone() }).unwrap().items;
        prop_assert!(whole.is_sorted_by_key(|t| (t.name.clone(), t.id)));
        prop_assert!(whole.iter().all(|t| query.matches(t)));
        let paged = pages(&query, |q, cursor| ThingQuery { cursor, ..q.clone() }, list);
        prop_assert_eq!(paged, whole);

        let query = EventQuery { limit, ..EventQuery::default() };
        let list = |q: &EventQuery| block_on(store.events(&scope, q));
        let whole = list(&EventQuery { limit: all(1000), ..query.clone() }).unwrap().items;
        prop_assert!(whole.is_sorted_by_key(|e| e.seq));
        let paged = pages(&query, |q, cursor| EventQuery { cursor, ..q.clone() }, list);
        prop_assert_eq!(paged, whole);

        let query = one_ontology::ConnectionQuery { limit, ..Default::default() };
        let list = |q: &one_ontology::ConnectionQuery| block_on(store.connections(&scope, q));
        let whole = list(&one_ontology::ConnectionQuery { limit: all(1000), ..query.clone() }).unwrap().items;
        prop_assert!(whole.is_sorted_by_key(|c| c.id));
        prop_assert!(whole.iter().all(|c| c.valid_to.is_none()));
        let paged = pages(&query, |q, cursor| one_ontology::ConnectionQuery { cursor, ..q.clone() }, list);
        prop_assert_eq!(paged, whole);

        let query = PersonQuery { limit, cursor: None };
        let list = |q: &PersonQuery| block_on(store.people(&scope, q));
        let whole = list(&PersonQuery { limit: all(1000), cursor: None }).unwrap().items;
        prop_assert!(whole.is_sorted_by_key(|p| (p.display_name.clone(), p.id)));
        let paged = pages(&query, |_, cursor| PersonQuery { limit, cursor }, list);
        prop_assert_eq!(paged, whole);

        let query = KnowledgeQuery { limit, ..KnowledgeQuery::default() };
        let list = |q: &KnowledgeQuery| block_on(store.knowledge(&scope, q));
        let whole = list(&KnowledgeQuery { limit: all(1000), ..query.clone() }).unwrap().items;
        prop_assert!(whole.is_sorted_by_key(|k| (std::cmp::Reverse(k.created_at), k.id)));
        prop_assert!(whole.iter().all(|k| k.archived_at.is_none()));
        let paged = pages(&query, |q, cursor| KnowledgeQuery { cursor, ..q.clone() }, list);
        prop_assert_eq!(paged, whole);
    }

    #[test]
    fn garbage_is_no_cursor(cursor in strategies::cursor(), query in strategies::thing_query()) {
        let store = MemoryStore::new();
        let scope = system(Place::Global);
        let things = ThingQuery { cursor: Some(cursor.clone()), ..query };
        prop_assert_eq!(block_on(store.things(&scope, &things)), Err(StoreError::InvalidCursor));
        let events = EventQuery { cursor: Some(cursor), ..EventQuery::default() };
        prop_assert_eq!(block_on(store.events(&scope, &events)), Err(StoreError::InvalidCursor));
    }

    #[test]
    fn any_name_fits_into_a_cursor(name in strategies::name(), rows in 2..4_usize) {
        let scope = in_group("a");
        let store = store_with(&scope);
        for i in 0..rows {
            let mut row = thing(&scope, &i.to_string(), ThingType::Course);
            row.name = name.clone();
            commit(&store, change(&scope).insert(row)).unwrap();
        }
        let query = ThingQuery { limit: Limit::new(1), name: Some(name), ..ThingQuery::default() };
        let list = |q: &ThingQuery| block_on(store.things(&scope, q));
        let paged = pages(&query, |q, cursor| ThingQuery { cursor, ..q.clone() }, list);
        prop_assert_eq!(paged.len(), rows);
    }
}

#[test]
fn the_longest_name_fits_into_a_cursor() {
    for name in ["😀".repeat(512), "\"".repeat(512), "\\".repeat(512)] {
        let scope = in_group("a");
        let store = store_with(&scope);
        for i in 0..2 {
            let mut row = thing(&scope, &i.to_string(), ThingType::Course);
            row.name.clone_from(&name);
            commit(&store, change(&scope).insert(row)).unwrap();
        }
        let query = ThingQuery {
            limit: Limit::new(1),
            ..ThingQuery::default()
        };
        let list = |q: &ThingQuery| block_on(store.things(&scope, q));
        let paged = pages(
            &query,
            |q, cursor| ThingQuery {
                cursor,
                ..q.clone()
            },
            list,
        );
        assert_eq!(paged.len(), 2);
    }
}

#[test]
fn a_cursor_belongs_to_one_query() {
    let (store, scope) = filled(Vec::new());
    let first = EventQuery {
        limit: Limit::new(1),
        ..EventQuery::default()
    };
    let cursor = block_on(store.events(&scope, &first)).unwrap().next;
    let with = |query: EventQuery| EventQuery {
        cursor: cursor.clone(),
        ..query
    };
    let list =
        |query: &EventQuery| block_on(store.events(&scope, query)).map(|page| page.items.len());
    assert_eq!(list(&with(first)), Ok(1));
    // The limit is not part of a query.
    assert_eq!(list(&with(EventQuery::default())), Ok(2));
    let about = EventQuery::about(one_ontology::PersonId::of_name(&["x"]));
    assert_eq!(list(&with(about)), Err(StoreError::InvalidCursor));
    let after = EventQuery {
        after: Seq::new(1),
        ..EventQuery::default()
    };
    assert_eq!(list(&with(after)), Err(StoreError::InvalidCursor));
    let people = PersonQuery {
        cursor,
        ..PersonQuery::default()
    };
    assert_eq!(
        block_on(store.people(&scope, &people)),
        Err(StoreError::InvalidCursor)
    );
}

#[test]
fn limits_that_came_from_outside_are_bounded() {
    let read = |text: &str| {
        serde_json::from_str::<ThingQuery>(text)
            .unwrap()
            .limit
            .get()
    };
    assert_eq!(read("{}"), 100);
    assert_eq!(read(r#"{"limit":0}"#), 1);
    assert_eq!(read(r#"{"limit":7}"#), 7);
    assert_eq!(read(r#"{"limit":4294967295}"#), 1000);
    assert!(serde_json::from_str::<ThingQuery>(r#"{"limit":-1}"#).is_err());
}

#[test]
fn filters_say_what_they_list() {
    let (store, scope) = filled(Vec::new());
    let mut package = thing(&scope, "a package", ThingType::Product);
    package.properties = package
        .properties
        .with("npm_package", "left-pad")
        .with("n", 1);
    commit(&store, change(&scope).insert(package.clone())).unwrap();
    let names = |query: ThingQuery| -> Vec<String> {
        let page = block_on(store.things(&scope, &query)).unwrap();
        page.items.into_iter().map(|t| t.name).collect()
    };
    let product = || ThingQuery::of_type(ThingType::Product);
    assert_eq!(names(product()), ["a package"]);
    assert_eq!(
        names(product().with("npm_package", "left-pad").with("n", 1)),
        ["a package"]
    );
    assert!(names(product().with("npm_package", "left-pad").with("n", 2)).is_empty());
    assert!(names(product().with("nothing", serde_json::Value::Null)).is_empty());
    assert!(names(product().in_status(one_ontology::ThingStatus::Archived)).is_empty());
    let named = ThingQuery {
        name: Some("the same".into()),
        ..ThingQuery::default()
    };
    assert_eq!(names(named).len(), 3);

    let about = |target| block_on(store.events(&scope, &target)).unwrap().items;
    let mut told = event("told");
    told.target = Some(package.id.into());
    commit(&store, change(&scope).event(told)).unwrap();
    assert_eq!(about(EventQuery::about(package.id)).len(), 1);
    let all: Vec<Event> = about(EventQuery::default());
    let last = EventQuery {
        after: all[all.len() - 2].seq,
        ..EventQuery::default()
    };
    assert_eq!(about(last), [all[all.len() - 1].clone()]);
}
