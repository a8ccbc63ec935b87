//! An index never answers for a history that is not its own, and nobody waits for one.

use std::sync::Arc;

use one_ontology::{
    Among, ChangeSet, EventId, EventType, Hit, NewEvent, Place, Scope, SearchQuery, StoreError,
    Thing, ThingId, ThingType, Timestamp,
};
use rusqlite::Connection;

use crate::search::{Indexes, at_once, behind};
use crate::{commit, open};

/// A database whose only place has things of these names, each with an event.
fn with(names: &[&str]) -> Connection {
    let mut connection = open::in_memory().unwrap();
    let scope = Scope::system("test".parse().unwrap(), Place::Global);
    for name in names {
        let at = Timestamp::EPOCH;
        let id = ThingId::of_name(&[name]);
        let event = NewEvent::new(EventId::of_name(&[name]), EventType::CourseCreated, None);
        let thing = Thing::new(&scope, id, ThingType::Course, *name, at);
        let changes = ChangeSet::new(&scope, event, at).insert(thing);
        assert!(commit::commit(&mut connection, &[&changes])[0].is_ok());
    }
    connection
}

fn query(text: &str) -> SearchQuery {
    SearchQuery {
        among: Among::Things { types: Vec::new() },
        text: Some(text.to_owned()),
        ..SearchQuery::default()
    }
}

fn search(
    c: &mut Connection,
    indexes: &Indexes,
    query: &SearchQuery,
) -> Result<Vec<Hit>, StoreError> {
    match at_once(c, indexes, Place::Global, query)? {
        Some(hits) => Ok(hits),
        None => behind(c, indexes, Place::Global, query),
    }
}

/// A copy took the place of the database: from before, from before and gone on, of another history.
#[test]
fn an_index_of_another_history_is_forgotten() {
    for replaced in [
        &["a one", "b one"][..],
        &["a one", "b one", "d one"],
        &["a one", "b one", "d one", "e one"],
        &["d one", "e one", "f one", "g one", "h one"],
        &[],
    ] {
        let indexes = Indexes::new(1 << 20);
        let mut before = with(&["a one", "b one", "c one"]);
        assert_eq!(
            search(&mut before, &indexes, &query("one")).unwrap().len(),
            3
        );
        let mut after = with(replaced);
        let expected = search(&mut after, &Indexes::new(1 << 20), &query("one"));
        let found = search(&mut after, &indexes, &query("one"));
        assert_eq!(found, expected, "{replaced:?}");
        assert_eq!(found.unwrap().len(), replaced.len());
    }
}

/// Only what changed is read: a row that was changed behind the back of every chain is not seen.
#[test]
fn what_is_known_is_not_read_again() {
    let indexes = Indexes::new(1 << 20);
    let mut c = with(&["a one", "b one", "c one"]);
    assert_eq!(search(&mut c, &indexes, &query("one")).unwrap().len(), 3);
    c.execute_batch("UPDATE things SET doc = '{'").unwrap();
    assert_eq!(search(&mut c, &indexes, &query("one")).unwrap().len(), 3);
    let fresh = search(&mut c, &Indexes::new(1 << 20), &query("one"));
    assert_eq!(fresh.unwrap_err().tag(), "StoreCorrupt");
}

#[test]
fn a_reader_does_not_wait_for_an_index() {
    let indexes = Indexes::new(1 << 20);
    let mut c = with(&["a one"]);
    let one = query("one");
    assert_eq!(at_once(&mut c, &indexes, Place::Global, &one), Ok(None));
    assert_eq!(search(&mut c, &indexes, &one).unwrap().len(), 1);
    let index = indexes.of(Place::Global);
    let reads = Arc::clone(&index);
    let reading = reads.read().unwrap();
    assert!(
        at_once(&mut c, &indexes, Place::Global, &one)
            .unwrap()
            .is_some()
    );
    drop(reading);
    let _writing = index.write().unwrap();
    assert_eq!(at_once(&mut c, &indexes, Place::Global, &one), Ok(None));
}
