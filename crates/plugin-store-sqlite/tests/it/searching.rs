//! Searches see what was committed, by whomever, and keep no more memory than they may.

use futures::executor::block_on;
use one_ontology::{
    Among, ChangeSet, Embedding, Hit, Knowledge, KnowledgeId, KnowledgeType, RowId, SearchQuery,
    SequentialIds, Store, StoreError, Thing, ThingId, ThingType,
};
use plugin_store_sqlite::SqliteStore;
use rusqlite::Connection;

use crate::help::{change, event, fill, now, open, quick, scope};

fn search(store: &dyn Store, query: &SearchQuery) -> Result<Vec<Hit>, StoreError> {
    block_on(store.search(&scope(), query))
}

fn by_text(text: &str) -> SearchQuery {
    SearchQuery {
        among: Among::Things { types: Vec::new() },
        text: Some(text.to_owned()),
        ..SearchQuery::default()
    }
}

/// How many things of the shared registry a text finds.
pub(crate) fn things(store: &dyn Store, text: &str) -> usize {
    search(store, &by_text(text)).unwrap().len()
}

fn close_to(values: Vec<f32>) -> SearchQuery {
    SearchQuery {
        embedding: Some(Embedding::new("m", values).unwrap()),
        ..SearchQuery::default()
    }
}

/// A row of knowledge with a vector of two numbers.
fn known(ids: &SequentialIds, vector: Vec<f32>) -> Knowledge {
    let id = KnowledgeId::new(ids, now());
    let mut row = Knowledge::new(&scope(), id, KnowledgeType::Chunk, now());
    row.text = Some("a passage".to_owned());
    row.embedding = Some(Embedding::new("m", vector).unwrap());
    row
}

/// One searches, another commits, the first searches again: each new row, changed row and archived row counts.
#[test]
fn a_search_sees_what_another_has_committed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let (searches, writes) = (open(&path).unwrap(), open(&path).unwrap());
    assert_eq!(things(&searches, "rust"), 0);
    let ids = SequentialIds::new();
    let id = ThingId::new(&ids, now());
    let thing = Thing::new(&scope(), id, ThingType::Course, "rust", now());
    let commit = |changes: ChangeSet| block_on(writes.commit(changes)).unwrap();
    let changes = || ChangeSet::new(&scope(), event(&ids), now());
    commit(changes().insert(thing.clone()));
    assert_eq!(things(&searches, "rust"), 1);

    let mut renamed = thing.clone();
    renamed.name = "go".to_owned();
    commit(changes().replace(renamed));
    assert_eq!((things(&searches, "rust"), things(&searches, "go")), (0, 1));
    assert_eq!((things(&writes, "rust"), things(&writes, "go")), (0, 1));

    let read = block_on(writes.thing(&scope(), id)).unwrap().unwrap();
    commit(changes().archive(RowId::Thing(id), read.revision));
    assert_eq!(things(&searches, "go"), 0);

    let row = known(&ids, vec![1.0, 0.0]);
    commit(changes().insert(row.clone()));
    let near =
        |store: &SqliteStore| search(store, &close_to(vec![0.0, 1.0])).unwrap()[0].similarity;
    assert_eq!(near(&searches), Some(0.0));
    let mut moved = row;
    moved.embedding = Some(Embedding::new("m", vec![0.0, 2.0]).unwrap());
    commit(changes().replace(moved));
    assert_eq!((near(&searches), near(&writes)), (Some(1.0), Some(1.0)));
}

#[test]
fn a_search_right_after_a_commit_finds_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("store.db")).unwrap();
    let ids = SequentialIds::new();
    for n in 1..=50 {
        block_on(store.commit(change(&ids, "rust"))).unwrap();
        assert_eq!(things(&store, "rust"), n);
    }
}

/// Searches at once while others write: each answer is that of one moment, and none goes back behind an earlier one.
#[test]
fn searches_beside_commits_are_of_one_moment() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("store.db")).unwrap();
    let mut wide = by_text("thing");
    wide.limit = one_ontology::Limit::new(one_ontology::Limit::MAX);
    std::thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| {
                let mut before = 0;
                while before < 60 {
                    let found = search(&store, &wide).unwrap().len();
                    assert!(found >= before, "{found} < {before}");
                    before = found;
                }
            });
        }
        fill(&store, 60);
    });
}

/// Whatever little memory there is, the answers are the same.
#[test]
fn memory_is_a_bound_and_no_answer() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let ids = SequentialIds::new();
    let plenty = open(&path).unwrap();
    let stores = [0, 1_000, 100_000]
        .map(|bytes| SqliteStore::open(&path, quick().search_memory(bytes)).unwrap());
    for n in 0..5_u8 {
        let row = known(&ids, vec![1.0, f32::from(n)]);
        let changes = change(&ids, &format!("rust {n}")).insert(row);
        block_on(plenty.commit(changes)).unwrap();
        for query in [by_text("rust 3"), close_to(vec![1.0, 2.0])] {
            let expected = search(&plenty, &query);
            assert_eq!(expected.as_ref().unwrap().len(), usize::from(n) + 1);
            for store in &stores {
                assert_eq!(search(store, &query), expected);
            }
        }
    }
}

/// After a row that could not be read, what was read of the others does not count as all.
#[test]
fn a_search_that_failed_begins_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path).unwrap();
    fill(&store, 3);
    assert_eq!(things(&store, "thing"), 3);
    let ids = one_ontology::RandomIds;
    block_on(store.commit(change(&ids, "thing new"))).unwrap();
    block_on(store.commit(change(&ids, "thing broken"))).unwrap();
    let connection = Connection::open(&path).unwrap();
    let set = |doc: &str| {
        let sql = format!("UPDATE things SET doc = {doc} WHERE n = 5");
        connection.execute_batch(&sql).unwrap();
    };
    connection
        .execute_batch("CREATE TEMP TABLE kept AS SELECT doc FROM things WHERE n = 5")
        .unwrap();
    set("'{'");
    for _ in 0..2 {
        let error = search(&store, &by_text("thing")).unwrap_err();
        assert_eq!(error.tag(), "StoreCorrupt", "{error}");
    }
    set("(SELECT doc FROM kept)");
    assert_eq!(things(&store, "thing"), 5);
}
