//! Several change sets in one transaction are answered, and leave the file, as if each had been alone.

use one_ontology::{
    Answer, BudgetRule, ChangeSet, EventId, EventType, Group, GroupId, NewEvent, Place, Receipt,
    Scope, Spend, StoreError, Thing, ThingId, ThingType, Timestamp,
};
use rusqlite::Connection;

use crate::{commit, open};

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000 + micros)
}

fn scope(place: Place) -> Scope {
    Scope::system("test".parse().unwrap(), place)
}

fn changes(place: Place, number: u64) -> ChangeSet {
    let id = EventId::of_name(&["event", &number.to_string()]);
    let event = NewEvent::new(id, EventType::EntityCreated, None);
    ChangeSet::new(&scope(place), event, at(0))
}

fn thing(place: Place, name: &str) -> Thing {
    let id = ThingId::of_name(&[name]);
    Thing::new(&scope(place), id, ThingType::Course, name, at(0))
}

/// Every way to be answered, and each depends on those before it.
fn mixed() -> Vec<ChangeSet> {
    let global = Place::Global;
    let id = GroupId::of_name(&["group"]);
    let group = Place::Group(id);
    let spend = || {
        let rule = BudgetRule::Level { limit: 2 };
        Spend::one("calls".parse().unwrap(), rule)
    };
    let mut stale = thing(global, "a");
    stale.name = "other words".to_owned();
    vec![
        changes(group, 1).insert(thing(group, "too early")),
        changes(global, 2).insert(thing(global, "a")),
        changes(global, 3).insert(thing(global, "a")),
        changes(group, 4).insert(Group::new(id, "Group", at(0))),
        changes(group, 5).insert(thing(group, "in time")),
        changes(global, 6).replace(stale.clone()),
        changes(global, 7).replace(stale),
        changes(global, 8).once("named".parse().unwrap()),
        changes(global, 9).once("named".parse().unwrap()),
        changes(global, 10).spend(spend()),
        changes(global, 11).spend(spend()),
        changes(global, 12)
            .spend(spend())
            .insert(thing(global, "never")),
        changes(global, 13),
    ]
}

fn together(connection: &mut Connection, batch: &[ChangeSet]) -> Vec<Result<Receipt, StoreError>> {
    commit::commit(connection, &batch.iter().collect::<Vec<_>>())
}

fn apart(connection: &mut Connection, batch: &[ChangeSet]) -> Vec<Result<Receipt, StoreError>> {
    let one = |changes| commit::commit(connection, &[changes]);
    batch.iter().flat_map(one).collect()
}

/// Every row of every table of ours, as text.
fn rows(connection: &Connection) -> Vec<String> {
    let mut rows = Vec::new();
    for table in ["groups", "things", "events", "budgets", "receipts"] {
        let sql = format!("SELECT doc FROM {table} ORDER BY doc");
        let mut statement = connection.prepare(&sql).unwrap();
        let found = statement.query_map([], |row| row.get::<_, String>(0));
        rows.extend(
            found
                .unwrap()
                .map(|doc| format!("{table}: {}", doc.unwrap())),
        );
    }
    let changed = "SELECT changed FROM things ORDER BY n";
    let mut statement = connection.prepare(changed).unwrap();
    let found = statement.query_map([], |row| row.get::<_, i64>(0));
    rows.extend(found.unwrap().map(|n| format!("changed: {}", n.unwrap())));
    rows
}

#[test]
fn each_is_answered_as_if_alone() {
    let (mut one, mut other) = (open::in_memory().unwrap(), open::in_memory().unwrap());
    let answers = together(&mut one, &mixed());
    assert_eq!(answers, apart(&mut other, &mixed()));
    assert_eq!(rows(&one), rows(&other));
    let tags: Vec<&str> = answers
        .iter()
        .map(|answer| match answer {
            Ok(receipt) if receipt.answer == Answer::Replayed => "replayed",
            Ok(_) => "done",
            Err(error) => error.tag(),
        })
        .collect();
    let expected = "PlaceNotFound done AlreadyExists done done done Stale done replayed done done \
                    BudgetExhausted done";
    assert_eq!(tags.join(" "), expected);
}

/// However a list is cut into batches, the answers and the rows are the same.
#[test]
fn where_a_batch_ends_does_not_matter() {
    let mut alone = open::in_memory().unwrap();
    let expected = apart(&mut alone, &mixed());
    for size in 1..=mixed().len() {
        let mut connection = open::in_memory().unwrap();
        let answers: Vec<_> = mixed()
            .chunks(size)
            .flat_map(|batch| together(&mut connection, batch))
            .collect();
        assert_eq!(answers, expected, "in batches of {size}");
        assert_eq!(rows(&connection), rows(&alone), "in batches of {size}");
    }
}

/// One is too large for the space that is left. The others are done.
#[test]
fn what_does_not_fit_is_refused_alone() {
    let mut connection = open::in_memory().unwrap();
    let pages: i64 = connection
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    connection
        .pragma_update_and_check(None, "max_page_count", pages + 20, |_| Ok(()))
        .unwrap();
    let large = (0..300).fold(changes(Place::Global, 2), |changes, i| {
        changes.insert(thing(Place::Global, &format!("{i} {}", "long ".repeat(40))))
    });
    let batch = [
        changes(Place::Global, 1).insert(thing(Place::Global, "before")),
        large,
        changes(Place::Global, 3).insert(thing(Place::Global, "after")),
    ];
    let answers = together(&mut connection, &batch);
    let tags: Vec<_> = answers
        .iter()
        .map(|answer| answer.as_ref().map_or_else(StoreError::tag, |_| "done"))
        .collect();
    assert_eq!(tags, ["done", "StoreUnavailable", "done"]);
    let events: Vec<u64> = answers
        .iter()
        .flatten()
        .map(|receipt| receipt.head.seq.get())
        .collect();
    assert_eq!(events, [1, 2]);
    let things: i64 = connection
        .query_row("SELECT count(*) FROM things", [], |row| row.get(0))
        .unwrap();
    assert_eq!(things, 2);
}

/// The end of the transaction fails: nobody is told that anything was done, and nothing is there.
#[test]
fn a_commit_that_fails_is_told_to_all() {
    let mut connection = open::in_memory().unwrap();
    connection
        .execute_batch(
            "PRAGMA foreign_keys = ON;
             CREATE TABLE broken (id BLOB REFERENCES groups (id) DEFERRABLE INITIALLY DEFERRED);
             CREATE TRIGGER breaks AFTER INSERT ON events BEGIN
                INSERT INTO broken VALUES (x'00');
             END",
        )
        .unwrap();
    let before = rows(&connection);
    let answers = together(&mut connection, &mixed());
    assert_eq!(answers.len(), mixed().len());
    for answer in answers {
        assert_eq!(answer.unwrap_err().tag(), "StoreUnavailable");
    }
    assert_eq!(rows(&connection), before);
    // And it goes on once that is mended.
    connection.execute_batch("DROP TRIGGER breaks").unwrap();
    let answers = together(&mut connection, &mixed());
    assert!(answers.last().unwrap().is_ok());
}
