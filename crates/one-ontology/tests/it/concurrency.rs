//! Many writers at once.

use std::sync::Barrier;

use futures::executor::block_on;
use one_ontology::{
    Answer, BudgetRule, ChangeSet, EventId, EventQuery, EventType, Limit, NewEvent, Revision,
    RowId, Spend, Store as _, ThingType, audit,
};

use crate::support::{change, commit, in_group, noon, store_with, thing};

const WRITERS: usize = 8;
const EACH: usize = 100;

/// Runs a writer in each of many threads, all starting at once, and adds up what they say.
fn together(write: impl Fn(usize) -> usize + Sync) -> usize {
    let barrier = Barrier::new(WRITERS);
    std::thread::scope(|threads| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (barrier, write) = (&barrier, &write);
                threads.spawn(move || {
                    barrier.wait();
                    write(writer)
                })
            })
            .collect();
        writers
            .into_iter()
            .map(|writer| writer.join().unwrap())
            .sum()
    })
}

#[test]
fn a_budget_is_never_over_granted() {
    let rules = [
        BudgetRule::window(300, std::time::Duration::from_secs(60)),
        BudgetRule::Quota {
            limit: 300,
            period: one_ontology::QuotaPeriod::Day,
        },
        BudgetRule::Level { limit: 300 },
    ];
    for rule in rules {
        let scope = in_group("a");
        let store = store_with(&scope);
        let granted = together(|writer| {
            (0..EACH)
                .filter(|n| {
                    let id = EventId::of_name(&[&writer.to_string(), &n.to_string()]);
                    let event = NewEvent::new(id, EventType::TaskEvent, None);
                    let spend = Spend::one("test".parse().unwrap(), rule);
                    commit(&store, ChangeSet::new(&scope, event, noon()).spend(spend)).is_ok()
                })
                .count()
        });
        assert_eq!(granted, 300, "{rule}");
        let query = EventQuery {
            limit: Limit::new(1000),
            ..EventQuery::default()
        };
        let events = block_on(store.events(&scope, &query)).unwrap().items;
        assert_eq!(events.len(), 301);
        let head = block_on(store.head(&scope)).unwrap();
        assert_eq!(audit::verify(scope.place(), &events, head), Ok(head));
    }
}

#[test]
fn a_request_sent_by_many_is_done_by_one() {
    let scope = in_group("a");
    let store = store_with(&scope);
    let done = together(|_| {
        (0..EACH)
            .filter(|n| {
                let changes = change(&scope).once(format!("request {n}").parse().unwrap());
                commit(&store, changes).unwrap().answer == Answer::Done
            })
            .count()
    });
    assert_eq!(done, EACH);
}

#[test]
fn of_those_who_read_the_same_one_writes_and_none_is_lost() {
    let scope = in_group("a");
    let store = store_with(&scope);
    let counter = thing(&scope, "counter", ThingType::Metric);
    commit(&store, change(&scope).insert(counter.clone())).unwrap();
    let written = together(|_| {
        (0..EACH)
            .filter(|_| {
                loop {
                    let mut read = block_on(store.thing(&scope, counter.id)).unwrap().unwrap();
                    let count = read
                        .properties
                        .get("count")
                        .and_then(serde_json::Value::as_u64);
                    read.properties = read.properties.with("count", count.unwrap_or(0) + 1);
                    match commit(&store, change(&scope).replace(read)) {
                        Ok(_) => return true,
                        Err(error) => assert_eq!(error.tag(), "Stale"),
                    }
                }
            })
            .count()
    });
    let read = block_on(store.thing(&scope, counter.id)).unwrap().unwrap();
    assert_eq!(written, WRITERS * EACH);
    assert_eq!(read.properties.get("count"), Some(&written.into()));
    assert_eq!(read.revision, Revision::new(written as u64 + 1));
    let stale = change(&scope).archive(RowId::Thing(read.id), Revision::FIRST);
    assert_eq!(commit(&store, stale).unwrap_err().tag(), "Stale");
}
