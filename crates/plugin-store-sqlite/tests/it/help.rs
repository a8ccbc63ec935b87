//! What these tests share.

use std::path::Path;

use futures::executor::block_on;
use one_ontology::{
    ChangeSet, Event, EventId, EventQuery, EventType, IdSource, Limit, NewEvent, Place, Scope,
    SequentialIds, Store, StoreError, Thing, ThingId, ThingType, Timestamp, audit,
};
use plugin_store_sqlite::{Durability, Options, SqliteStore};

pub(crate) fn scope() -> Scope {
    Scope::system("test".parse().unwrap(), Place::Global)
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000)
}

/// Does not wait long, and not for the disk.
pub(crate) fn quick() -> Options {
    Options::default()
        .durability(Durability::Normal)
        .busy_timeout(std::time::Duration::from_millis(200))
}

pub(crate) fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, quick())
}

pub(crate) fn event(ids: &dyn IdSource) -> NewEvent {
    NewEvent::new(EventId::new(ids, now()), EventType::EntityCreated, None)
}

/// Inserts a thing with a name.
pub(crate) fn change(ids: &dyn IdSource, name: &str) -> ChangeSet {
    let scope = scope();
    let thing = Thing::new(
        &scope,
        ThingId::new(ids, now()),
        ThingType::Course,
        name,
        now(),
    );
    ChangeSet::new(&scope, event(ids), now()).insert(thing)
}

/// Fills a store with `count` things, each in a commit of its own.
pub(crate) fn fill(store: &dyn Store, count: usize) {
    let ids = SequentialIds::new();
    for i in 0..count {
        block_on(store.commit(change(&ids, &format!("thing {i}")))).unwrap();
    }
}

/// Every event of the shared registry; their chain holds and leads to the head.
pub(crate) fn verified(store: &dyn Store) -> Vec<Event> {
    let mut query = EventQuery {
        limit: Limit::new(Limit::MAX),
        ..EventQuery::default()
    };
    let mut events = Vec::new();
    loop {
        let page = block_on(store.events(&scope(), &query)).unwrap();
        events.extend(page.items);
        query.cursor = page.next;
        if query.cursor.is_none() {
            break;
        }
    }
    let head = block_on(store.head(&scope())).unwrap();
    audit::verify(Place::Global, &events, head).unwrap();
    events
}
