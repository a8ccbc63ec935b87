//! A file whose first events have left it.

use std::fs;

use futures::executor::block_on;
use one_ontology::audit::trail::{self, Check};
use one_ontology::audit::{RetentionPolicy, decide_retention};
use one_ontology::{ChangeSet, EventId, Place, Plan, RandomIds, Seq, Store as _};
use plugin_store_sqlite::{Checked, Fault, SqliteStore, check, restore};
use plugin_testkit::audit::TestKey;
use rusqlite::Connection;

use crate::help::{change, fill, now, open, scope};

fn quiet(path: &std::path::Path) -> Checked {
    check(path, |_| {}).unwrap()
}

/// Lets everything leave that is there; two events stay, that which says so and one behind it.
fn prune(store: &SqliteStore) {
    let key = TestKey::named("auditor");
    let whole = block_on(trail::verify(store, &scope(), Check::default(), |_| ())).unwrap();
    let checkpoint = whole.checkpoint(now()).unwrap();
    let trusted = checkpoint.sign(&key).unwrap().trust(&key).unwrap();
    let policy = RetentionPolicy::of_plan(Plan::Starter);
    let cold = now().plus(std::time::Duration::from_hours(90 * 24));
    let retention = decide_retention(&policy, Place::Global, Seq::new(1), &[trusted], cold);
    let id = EventId::new(&RandomIds, now());
    let pruning = ChangeSet::prune(&scope(), id, &retention.unwrap(), now());
    block_on(store.commit(pruning)).unwrap();
    block_on(store.commit(change(&RandomIds, "behind it"))).unwrap();
}

#[test]
fn it_is_whole_and_so_are_its_copies() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let copy = directory.path().join("copy.db");
    let store = open(&path).unwrap();
    fill(&store, 6);
    // Once more, from a trail that does not begin at its beginning.
    for events in [8, 10] {
        prune(&store);
        let checked = quiet(&path);
        assert_eq!(checked.findings, []);
        assert_eq!((checked.chains, checked.rows.get("events")), (1, Some(&2)));
        let head = block_on(store.head(&scope())).unwrap().unwrap();
        assert_eq!(head.seq.get(), events);
    }
    store.backup(&copy, |_| {}).unwrap();
    block_on(store.vacuum()).unwrap();
    drop(store);
    assert!(quiet(&path).is_whole());
    restore(&copy, &path, |_| {}).unwrap();
    let head = block_on(open(&path).unwrap().head(&scope())).unwrap();
    assert_eq!(head.map(|head| head.seq.get()), Some(10));
    assert!(quiet(&path).is_whole());
}

#[test]
fn what_left_without_a_word_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path).unwrap();
    fill(&store, 6);
    prune(&store);
    drop(store);
    for sql in [
        // The event that says what has left.
        "DELETE FROM events WHERE seq = 7",
        // It says that less has left; its neighbour is elsewhere; it says something else.
        "UPDATE events SET doc = replace(doc, '\"seq\":6', '\"seq\":5') WHERE seq = 7",
        "UPDATE events SET seq = 9 WHERE seq = 8",
        "UPDATE events SET doc = replace(doc, 'events_pruned', 'events_signed') WHERE seq = 7",
    ] {
        let damaged = directory.path().join("damaged.db");
        fs::copy(&path, &damaged).unwrap();
        let connection = Connection::open(&damaged).unwrap();
        connection.execute_batch(sql).unwrap();
        assert_eq!(connection.total_changes(), 1, "{sql}");
        drop(connection);
        let found = quiet(&damaged).findings;
        let kinds = [Fault::Chain, Fault::Column];
        assert!(
            found.iter().any(|finding| kinds.contains(&finding.kind)),
            "{sql}: {found:?}"
        );
    }
    assert!(quiet(&path).is_whole());
}
