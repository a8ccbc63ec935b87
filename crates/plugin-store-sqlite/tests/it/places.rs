//! What lies next door under the very same keys stays as it is.

use futures::executor::block_on;
use one_ontology::{
    Among, ChangeSet, Embedding, EventId, EventType, Group, GroupId, Knowledge, KnowledgeId,
    KnowledgeQuery, KnowledgeType, Label, NewEvent, Place, Scope, SearchQuery, Store, ThingQuery,
};
use plugin_store_sqlite::SqliteStore;
use rusqlite::Connection;

use crate::help::{now, open};

fn scope(group: GroupId) -> Scope {
    Scope::system("test".parse().unwrap(), Place::Group(group))
}

fn changes(scope: &Scope, name: &str) -> ChangeSet {
    let event = NewEvent::new(EventId::of_name(&[name]), EventType::EntityCreated, None);
    ChangeSet::new(scope, event, now())
}

fn by_label(store: &dyn Store, scope: &Scope) -> Vec<Knowledge> {
    let query = KnowledgeQuery {
        labels: vec![label()],
        ..KnowledgeQuery::default()
    };
    block_on(store.knowledge(scope, &query)).unwrap().items
}

fn embedding() -> Embedding {
    Embedding::new("test", vec![1.0, 2.0]).unwrap()
}

/// How many rows with the label a search finds: for their vector, else for their text.
fn searched(store: &dyn Store, scope: &Scope, close: Option<Embedding>) -> usize {
    let query = SearchQuery {
        among: Among::Knowledge {
            types: Vec::new(),
            labels: vec![label()],
        },
        text: close.is_none().then(|| "same".to_owned()),
        embedding: close,
        ..SearchQuery::default()
    };
    block_on(store.search(scope, &query)).unwrap().len()
}

fn label() -> Label {
    "topic:same".parse().unwrap()
}

/// Two groups with a row of the same id, moment, label and text.
fn twins() -> (SqliteStore, [Scope; 2]) {
    let store = SqliteStore::in_memory().unwrap();
    let scopes = ["a", "b"].map(|name| {
        let id = GroupId::of_name(&[name]);
        let scope = scope(id);
        let mut row = knowledge(&scope);
        row.labels = vec![label()];
        let founded = changes(&scope, "founded")
            .insert(Group::new(id, name, now()))
            .insert(row);
        block_on(store.commit(founded)).unwrap();
        scope
    });
    (store, scopes)
}

fn knowledge(scope: &Scope) -> Knowledge {
    let id = KnowledgeId::of_name(&["same"]);
    let mut row = Knowledge::new(scope, id, KnowledgeType::Chunk, now());
    row.text = Some("the same".to_owned());
    row.embedding = Some(embedding());
    row
}

#[test]
fn a_label_taken_away_here_stays_there() {
    let (store, [here, there]) = twins();
    let before = by_label(&store, &there);
    assert_eq!(before.len(), 1);
    block_on(store.commit(changes(&here, "unlabelled").replace(knowledge(&here)))).unwrap();
    assert_eq!(by_label(&store, &here), []);
    assert_eq!(by_label(&store, &there), before);
    for close in [None, Some(embedding())] {
        assert_eq!(searched(&store, &here, close.clone()), 0);
        assert_eq!(searched(&store, &there, close), 1);
    }
}

#[test]
fn what_a_label_finds_is_of_the_same_place() {
    let (store, scopes) = twins();
    for scope in scopes {
        let found = by_label(&store, &scope);
        assert_eq!(found.len(), 1);
        assert!(found.iter().all(|row| row.place == scope.place()));
        let things = block_on(store.things(&scope, &ThingQuery::default())).unwrap();
        assert_eq!(things.items, []);
    }
}

/// The vectors that decide are those of the place, also where the same id has another one next door.
#[test]
fn a_vector_next_door_decides_nothing() {
    let store = SqliteStore::in_memory().unwrap();
    let close = |x: f32, y: f32| Embedding::new("test", vec![x, y]).unwrap();
    let scopes = [("a", close(1.0, 0.0)), ("b", close(0.0, 1.0))].map(|(name, embedding)| {
        let id = GroupId::of_name(&[name]);
        let scope = scope(id);
        let mut row = knowledge(&scope);
        row.embedding = Some(embedding);
        let founded = changes(&scope, "founded")
            .insert(Group::new(id, name, now()))
            .insert(row);
        block_on(store.commit(founded)).unwrap();
        scope
    });
    let similarities = scopes.map(|scope| {
        let query = SearchQuery {
            embedding: Some(close(0.0, 1.0)),
            ..SearchQuery::default()
        };
        let hits = block_on(store.search(&scope, &query)).unwrap();
        hits.iter().map(|hit| hit.similarity).collect::<Vec<_>>()
    });
    assert_eq!(similarities, [[Some(0.0)], [Some(1.0)]]);
}

/// Where an index has come to is looked for in its own chain: what it knows is not read again because there is
/// another event of that number next door.
#[test]
fn a_chain_next_door_makes_no_index_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path).unwrap();
    let [first, second] = ["a", "b"].map(|name| {
        let id = GroupId::of_name(&[name]);
        let scope = scope(id);
        let founded = changes(&scope, name)
            .insert(Group::new(id, name, now()))
            .insert(knowledge(&scope));
        block_on(store.commit(founded)).unwrap();
        scope
    });
    let query = SearchQuery {
        text: Some("same".to_owned()),
        ..SearchQuery::default()
    };
    let found = |scope| block_on(store.search(scope, &query)).map(|hits| hits.len());
    assert_eq!((found(&first), found(&second)), (Ok(1), Ok(1)));
    Connection::open(&path)
        .unwrap()
        .execute_batch("UPDATE knowledge SET doc = '{'")
        .unwrap();
    for scope in [&first, &second] {
        block_on(store.commit(changes(scope, "more"))).unwrap();
        assert_eq!(found(scope), Ok(1));
    }
}
