//! A process that several writers share is killed, again and again.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{
    BudgetRule, ChangeSet, EventId, EventType, IdSource, NewEvent, RandomIds, Spend, Store as _,
    Thing, ThingId, ThingType,
};
use plugin_store_sqlite::{Options, SqliteStore, check};

use crate::help::{now, open, scope, verified};
use crate::processes::{say, start};

const WRITERS: u64 = 4;
/// How many things one change set inserts: never only some of them.
const THINGS: u64 = 3;

/// How often: 200 times, or as often as `ONE_PLUGIN_KILLS` says.
fn kills() -> u64 {
    std::env::var("ONE_PLUGIN_KILLS").map_or(200, |text| text.parse().unwrap())
}

/// Several writers write for ever, each says every commit that was answered. Theirs wait for each other, so
/// they share transactions.
pub(crate) fn write(file: &Path) {
    let store = SqliteStore::open(file, Options::default()).unwrap();
    std::thread::scope(|threads| {
        for _ in 0..WRITERS {
            threads.spawn(|| {
                loop {
                    let receipt = block_on(store.commit(changes())).unwrap();
                    say("done", receipt.head.seq.get());
                }
            });
        }
    });
}

/// One event, several things, one unit of a budget.
fn changes() -> ChangeSet {
    let ids = &RandomIds;
    let event = NewEvent::new(EventId::new(ids, now()), EventType::EntityCreated, None);
    let rule = BudgetRule::Level { limit: u64::MAX };
    let changes = ChangeSet::new(&scope(), event, now())
        .spend(Spend::one("writes".parse().unwrap(), rule))
        .once(format!("{}", ids.next(now())).parse().unwrap());
    (0..THINGS).fold(changes, |changes, number| {
        let id = ThingId::new(ids, now());
        let name = format!("written by a child, {number}");
        changes.insert(Thing::new(&scope(), id, ThingType::Course, name, now()))
    })
}

#[test]
fn a_killed_process_loses_nothing_that_was_answered() {
    let directory = tempfile::tempdir().unwrap();
    let mut path = directory.path().join("store-0.db");
    let mut answered = 0;
    let mut all = 0;
    for round in 0..kills() {
        // A new file now and then: the time goes into killing, not into reading what is there.
        if round % 25 == 0 {
            path = directory.path().join(format!("store-{round}.db"));
            answered = 0;
        }
        let mut child = start("write together", &path);
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let mut done = lines
            .by_ref()
            .filter_map(|line| line.strip_prefix("done ")?.trim().parse::<u64>().ok());
        let wanted = usize::try_from(round * 7 % 12).unwrap();
        let mut heard: Vec<u64> = done.by_ref().take(wanted).collect();
        // At another point of its work each time.
        std::thread::sleep(Duration::from_micros(round * 131 % 4000));
        child.kill().unwrap();
        // What it had said before it was killed counts too.
        heard.extend(done);
        child.wait().unwrap();
        let last = heard.into_iter().max().unwrap_or(0).max(answered);

        // It can be checked as it was left, with its log beside it, and stays so.
        if round % 10 == 9 {
            let checked = check(&path, |_| {}).unwrap();
            assert_eq!(checked.findings, [], "round {round}");
            assert!(checked.rows.get("events") >= Some(&last), "round {round}");
        }
        let Ok(store) = open(&path) else {
            // It was killed before there was anything.
            assert_eq!(last, 0);
            continue;
        };
        let kept = verified(&store).len() as u64;
        assert!(kept >= last, "round {round}: {last} answered, {kept} there");
        drop(store);
        let checked = check(&path, |_| {}).unwrap();
        assert_eq!(checked.findings, [], "round {round}");
        let whole = BTreeMap::from([
            ("events", kept),
            ("things", kept * THINGS),
            ("receipts", kept),
        ]);
        for (table, rows) in whole {
            assert_eq!(
                checked.rows.get(table),
                Some(&rows),
                "round {round}: {table}"
            );
        }
        let connection = rusqlite::Connection::open(&path).unwrap();
        let used: u64 = connection
            .query_row(
                "SELECT coalesce(sum(doc ->> 'used'), 0) FROM budgets",
                [],
                |row| row.get::<_, i64>(0),
            )
            .map(|used| u64::try_from(used).unwrap())
            .unwrap();
        assert_eq!(used, kept, "round {round}");
        all += kept - answered;
        answered = kept;
    }
    assert!(all > kills(), "the children hardly wrote: {all}");
}
