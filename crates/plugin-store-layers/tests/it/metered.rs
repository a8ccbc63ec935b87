//! What a sink is told.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::executor::block_on;
use futures::future::{join, poll_immediate};
use one_ontology::{
    Clock, ManualClock, MemoryStore, Place, Scope, Seq, Store, StoreError, ThingQuery, Timestamp,
};
use plugin_store_layers::{
    At, Ending, Fault, Figures, Injected, Injection, Metered, Method, Tally,
};

use crate::facts::{Facts, NOW};

fn figures(calls: u64, rows: u64, took: u64, longest: u64) -> Figures {
    Figures {
        calls,
        rows,
        took: Duration::from_secs(took),
        longest: Duration::from_secs(longest),
    }
}

/// A clock that goes on by a second each time it is read.
#[derive(Debug)]
struct Ticking(ManualClock);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        self.0.advance(Duration::from_secs(1));
        self.0.now()
    }
}

#[test]
fn calls_rows_and_time_are_counted_by_method_and_ending() {
    let facts = Facts::new();
    let tally = Arc::new(Tally::new());
    let clock = Arc::new(Ticking(ManualClock::new(NOW)));
    let store = Metered::new(MemoryStore::new(), tally.clone(), clock);
    let thing = facts.added(&store, "one");
    facts.added(&store, "two");
    let again = facts.changes().insert(thing);
    block_on(store.commit(again)).unwrap_err();
    block_on(store.things(&facts.scope, &ThingQuery::default())).unwrap();
    let expected = [
        ((Method::Commit, Ending::Done), figures(2, 2, 2, 1)),
        (
            (Method::Commit, Ending::Failed("AlreadyExists")),
            figures(1, 0, 1, 1),
        ),
        ((Method::Thing, Ending::Done), figures(2, 2, 2, 1)),
        ((Method::Things, Ending::Done), figures(1, 2, 1, 1)),
    ];
    assert_eq!(tally.figures().into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_call_that_waits_takes_as_long_as_the_clock_says() {
    let facts = Facts::new();
    let tally = Arc::new(Tally::new());
    let clock = Arc::new(ManualClock::new(NOW));
    let linger = Injection::new(Fault::Linger(Duration::from_millis(1)), At::Every(1));
    let below = Injected::new(MemoryStore::new(), [linger]);
    let store = Metered::new(below, tally.clone(), clock.clone());
    let (head, ()) = block_on(join(store.head(&facts.scope), async {
        clock.advance(Duration::from_secs(7));
    }));
    head.unwrap();
    assert_eq!(
        tally.figures()[&(Method::Head, Ending::Done)],
        figures(1, 0, 7, 7)
    );
}

#[test]
fn a_clock_that_goes_back_makes_no_time_of_it() {
    let facts = Facts::new();
    let tally = Arc::new(Tally::new());
    let clock = Arc::new(ManualClock::new(NOW));
    let linger = Injection::new(Fault::Linger(Duration::from_millis(1)), At::Every(1));
    let below = Injected::new(MemoryStore::new(), [linger]);
    let store = Metered::new(below, tally.clone(), clock.clone());
    let (head, ()) = block_on(join(store.head(&facts.scope), async {
        clock.set(NOW.minus(Duration::from_secs(7)));
    }));
    head.unwrap();
    assert_eq!(
        tally.figures()[&(Method::Head, Ending::Done)],
        figures(1, 0, 0, 0)
    );
}

#[test]
fn what_was_given_up_is_told_too() {
    let facts = Facts::new();
    let tally = Arc::new(Tally::new());
    let delay = Injection::new(Fault::Delay(Duration::from_secs(3600)), At::Every(1));
    let below = Injected::new(MemoryStore::new(), [delay]);
    let store = Metered::new(below, tally.clone(), Arc::new(ManualClock::new(NOW)));
    assert_eq!(block_on(poll_immediate(store.head(&facts.scope))), None);
    let expected = [((Method::Head, Ending::Dropped), figures(1, 0, 0, 0))];
    assert_eq!(tally.figures().into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn each_event_of_a_watch_is_told() {
    let facts = Facts::new();
    let tally = Arc::new(Tally::new());
    let below = MemoryStore::new();
    for name in ["one", "two", "three"] {
        facts.added(&below, name);
    }
    let down = StoreError::Unavailable {
        reason: "for a test".to_owned(),
    };
    let fail = Injection::new(Fault::Fail(down), At::Nth(2)).on(Method::Watch);
    let below = Injected::new(below, [fail]);
    let store = Metered::new(below, tally.clone(), Arc::new(ManualClock::new(NOW)));
    let scope = Scope::system("layers".parse().unwrap(), Place::Global);
    block_on(store.watch(&scope, Seq::START).take(2).count());
    block_on(store.watch(&scope, Seq::START).count());
    let expected = [
        ((Method::Watch, Ending::Done), figures(2, 2, 0, 0)),
        (
            (Method::Watch, Ending::Failed("StoreUnavailable")),
            figures(1, 0, 0, 0),
        ),
    ];
    assert_eq!(tally.figures().into_iter().collect::<Vec<_>>(), expected);
}
