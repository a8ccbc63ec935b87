//! The SQLite store beside a program written by hand over rusqlite.

use std::path::Path;
use std::sync::Mutex;

use benches::report::{Section, Unit};
use futures::executor::block_on;
use one_ontology::{Event, NewEvent, Place, Store as _, Thing, Timestamp};
use plugin_store_sqlite::{Durability, Options, SqliteStore};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::{
    COMPARED, Figures, Runs, assert_same, change_set, facts, in_turns, in_writers, on_threads, row,
    scope, target,
};
use crate::Plan;

pub(super) fn section(plan: Plan) -> Section {
    verify();
    let mut rows = Vec::new();
    for durability in [Durability::Full, Durability::Normal] {
        let rounds = match durability {
            Durability::Full => plan.of(512, 64),
            Durability::Normal => plan.of(4096, 64),
        };
        for writers in [1, 8, 64] {
            let runs = in_turns(
                plan.of(5, 1),
                &[
                    &|| in_fresh_file(by_store, durability, writers, rounds),
                    &|| in_fresh_file(by_hand, durability, writers, rounds),
                ],
            );
            let label = format!("{}, {}", level(durability), in_writers(writers));
            rows.push(row(label.clone(), Unit::PerSecond, &runs, Runs::rate));
            rows.push(row(
                format!("{label}, CPU each"),
                Unit::Milliseconds,
                &runs,
                Runs::cpu,
            ));
        }
    }
    Section {
        title: "Change sets on SQLite".to_owned(),
        note: "A thing of about 400 bytes and its event in each. By hand: rusqlite, statements prepared, one transaction a change; it neither \
               validates nor decides, and its writers take turns at one connection. Medians of 5 runs in turn; a run of both was read back and is the same."
            .to_owned(),
        contestants: vec!["store".to_owned(), "by hand".to_owned()],
        ours: 1,
        rows,
    }
}

type Run = fn(&Path, Durability, usize, usize) -> Figures;

fn in_fresh_file(run: Run, durability: Durability, writers: usize, rounds: usize) -> Figures {
    let folder = tempfile::tempdir().unwrap();
    run(&folder.path().join("store.db"), durability, writers, rounds)
}

fn verify() {
    let folder = tempfile::tempdir().unwrap();
    let stores = [("hand.db", by_hand as Run), ("store.db", by_store)].map(|(name, run)| {
        let path = folder.path().join(name);
        run(&path, Durability::Normal, 1, COMPARED);
        SqliteStore::open(path, Options::default()).unwrap()
    });
    assert_same(&stores[0], &stores[1]);
}

const fn level(durability: Durability) -> &'static str {
    match durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
    }
}

fn by_store(path: &Path, durability: Durability, writers: usize, rounds: usize) -> Figures {
    let options = Options::default().durability(durability);
    let store = SqliteStore::open(path, options).unwrap();
    on_threads(writers, rounds, |number| {
        block_on(store.commit(change_set(Place::Global, number))).unwrap();
    })
}

fn by_hand(path: &Path, durability: Durability, writers: usize, rounds: usize) -> Figures {
    // The store makes the tables; the rest is rusqlite.
    drop(SqliteStore::open(path, Options::default()).unwrap());
    let connection = Connection::open(path).unwrap();
    connection.set_prepared_statement_cache_capacity(16);
    connection
        .pragma_update(None, "synchronous", level(durability))
        .unwrap();
    let connection = Mutex::new(connection);
    on_threads(writers, rounds, |number| {
        let (thing, event) = facts(Place::Global, number);
        insert(&mut connection.lock().unwrap(), &thing, event);
    })
}

fn insert(connection: &mut Connection, thing: &Thing, event: NewEvent) {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    let place: &[u8] = &[];
    let last: Option<String> = transaction
        .prepare_cached("SELECT doc FROM events WHERE place = ? ORDER BY seq DESC LIMIT 1")
        .unwrap()
        .query_row([place], |row| row.get(0))
        .optional()
        .unwrap();
    let head = last.map(|doc| serde_json::from_str::<Event>(&doc).unwrap().head());
    let scope = scope(Place::Global);
    let event = Event::seal(
        Place::Global,
        head.as_ref(),
        scope.actor(),
        Timestamp::EPOCH,
        event,
    );
    let id = thing.id.as_uuid().as_bytes();
    let seq = i64::try_from(event.seq.get()).unwrap();
    transaction
        .prepare_cached(
            "INSERT INTO things
                (place, id, type, name, status, npm_package, registry_url, doc, changed)
             VALUES (?, ?, ?, ?, ?, NULL, NULL, ?, ?)",
        )
        .unwrap()
        .execute(params![
            place,
            id,
            thing.thing_type.as_str(),
            thing.name,
            thing.status.as_str(),
            serde_json::to_string(thing).unwrap(),
            seq
        ])
        .unwrap();
    transaction
        .prepare_cached("INSERT INTO events (place, seq, type, target, doc) VALUES (?, ?, ?, ?, ?)")
        .unwrap()
        .execute(params![
            place,
            seq,
            event.event_type.as_str(),
            target(thing),
            serde_json::to_string(&event).unwrap()
        ])
        .unwrap();
    transaction.commit().unwrap();
}
