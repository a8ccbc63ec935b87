//! Which calls go wrong, how, and what is there afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use futures::executor::block_on;
use futures::future::poll_immediate;
use one_ontology::{Answer, GroupId, MemoryStore, Place, Scope, Seq, Store, StoreError};
use plugin_store_layers::{At, Fault, Injected, Injection, Method};
use proptest::prelude::*;

use crate::facts::{Facts, NOW};

fn busy() -> StoreError {
    StoreError::Busy {
        reason: "for a test".to_owned(),
    }
}

/// The tags of some reads of the head, `-` where all is well.
fn heads(store: &dyn Store, calls: u32) -> Vec<&'static str> {
    let facts = Facts::new();
    let head = |_| block_on(store.head(&facts.scope)).map_or_else(|error| error.tag(), |_| "-");
    (0..calls).map(head).collect()
}

#[test]
fn the_nth_call_fails_and_no_other() {
    let fail = Injection::new(Fault::Fail(busy()), At::Nth(3));
    let store = Injected::new(MemoryStore::new(), [fail]);
    assert_eq!(heads(&store, 5), ["-", "-", "StoreBusy", "-", "-"]);
    assert_eq!(store.calls(), 5);
}

#[test]
fn every_second_call_fails() {
    let fail = Injection::new(Fault::Fail(busy()), At::Every(2));
    let store = Injected::new(MemoryStore::new(), [fail]);
    assert_eq!(heads(&store, 5), ["-", "StoreBusy", "-", "StoreBusy", "-"]);
    let never = Injection::new(Fault::Fail(busy()), At::Every(0));
    let store = Injected::new(MemoryStore::new(), [never]);
    assert_eq!(heads(&store, 3), ["-", "-", "-"]);
}

#[test]
fn calls_of_other_methods_are_not_counted() {
    let fail = Injection::new(Fault::Fail(busy()), At::Nth(2)).on(Method::Head);
    let store = Injected::new(MemoryStore::new(), [fail]);
    let facts = Facts::new();
    assert_eq!(heads(&store, 1), ["-"]);
    facts.added(&store, "no head");
    assert_eq!(heads(&store, 1), ["StoreBusy"]);
}

#[test]
fn calls_for_other_places_are_not_counted() {
    let facts = Facts::new();
    let group = Place::Group(GroupId::new(&facts.ids, NOW));
    let fail = Injection::new(Fault::Fail(busy()), At::Nth(1)).for_place(group);
    let store = Injected::new(MemoryStore::new(), [fail]);
    assert_eq!(heads(&store, 2), ["-", "-"]);
    let scope = Scope::system("layers".parse().unwrap(), group);
    assert_eq!(block_on(store.head(&scope)), Err(busy()));
    assert_eq!(block_on(store.head(&scope)), Ok(None));
}

#[test]
fn a_failed_commit_has_done_nothing() {
    let fail = Injection::new(Fault::Fail(busy()), At::Nth(1)).on(Method::Commit);
    let store = Injected::new(MemoryStore::new(), [fail]);
    let facts = Facts::new();
    assert_eq!(block_on(store.commit(facts.changes())), Err(busy()));
    assert_eq!(block_on(store.head(&facts.scope)), Ok(None));
}

/// What is there after a crash at the first commit, and whether a second process that asks again
/// under the same key finds it done.
fn crashed(fault: Fault) -> (Seq, Answer) {
    let facts = Facts::new();
    let crash = Injection::new(fault, At::Nth(1)).on(Method::Commit);
    let store = Injected::new(MemoryStore::new(), [crash]);
    let changes = facts.changes().once("request".parse().unwrap());
    let error = block_on(store.commit(changes.clone())).unwrap_err();
    assert_eq!(error.tag(), "StoreUnavailable");
    assert!(store.has_crashed());
    assert_eq!(heads(&store.clone(), 2), ["StoreUnavailable"; 2]);
    let below = store.inner();
    let there = block_on(below.head(&facts.scope)).unwrap();
    let receipt = block_on(below.commit(changes)).unwrap();
    (there.map_or(Seq::START, |head| head.seq), receipt.answer)
}

#[test]
fn a_crash_before_a_commit_leaves_nothing() {
    assert_eq!(crashed(Fault::CrashBefore), (Seq::START, Answer::Done));
}

#[test]
fn a_crash_after_a_commit_leaves_it() {
    assert_eq!(
        crashed(Fault::CrashAfter),
        (Seq::START.next(), Answer::Replayed)
    );
}

#[test]
fn the_hook_is_called_before_anybody_learns_of_the_crash() {
    let seen = Arc::new(AtomicU32::new(0));
    let hook = Arc::clone(&seen);
    let crash = Injection::new(Fault::CrashAfter, At::Nth(2));
    let store = Injected::crashing(Arc::new(MemoryStore::new()), [crash], move || {
        hook.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(heads(&store, 1), ["-"]);
    assert_eq!(seen.load(Ordering::Relaxed), 0);
    assert_eq!(heads(&store, 2), ["StoreUnavailable"; 2]);
    assert_eq!(seen.load(Ordering::Relaxed), 1);
}

#[test]
fn a_delay_comes_before_the_store_is_asked_and_lingering_after() {
    for (fault, there) in [
        (Fault::Delay(Duration::from_secs(3600)), false),
        (Fault::Linger(Duration::from_secs(3600)), true),
    ] {
        let facts = Facts::new();
        let slow = Injection::new(fault, At::Every(1)).on(Method::Commit);
        let store = Injected::new(MemoryStore::new(), [slow]);
        let answer = block_on(poll_immediate(store.commit(facts.changes())));
        assert_eq!(answer, None);
        let head = block_on(store.head(&facts.scope)).unwrap();
        assert_eq!(head.is_some(), there);
    }
}

#[test]
fn a_delay_ends() {
    let delay = Injection::new(Fault::Delay(Duration::from_millis(1)), At::Every(1));
    let linger = Injection::new(Fault::Linger(Duration::from_millis(1)), At::Every(1));
    let store = Injected::new(MemoryStore::new(), [delay, linger]);
    assert_eq!(heads(&store, 2), ["-", "-"]);
}

#[test]
fn a_watch_ends_with_the_error_that_was_injected() {
    let facts = Facts::new();
    let fail = Injection::new(Fault::Fail(busy()), At::Nth(1)).on(Method::Watch);
    let store = Injected::new(MemoryStore::new(), [fail]);
    facts.added(&store, "one");
    let events = block_on(store.watch(&facts.scope, Seq::START).collect::<Vec<_>>());
    assert_eq!(events, [Err(busy())]);
}

#[test]
fn a_watch_that_waits_ends_with_the_crash() {
    let facts = Facts::new();
    let store = Injected::new(MemoryStore::new(), []);
    facts.added(&store, "one");
    let mut events = store.watch(&facts.scope, Seq::START);
    assert!(block_on(events.next()).unwrap().is_ok());
    assert!(block_on(poll_immediate(events.next())).is_none());
    store.crash();
    let error = block_on(events.next()).unwrap().unwrap_err();
    assert_eq!(error.tag(), "StoreUnavailable");
    assert_eq!(block_on(events.next()), None);
}

proptest! {
    /// The same seed, the same calls; none of a thousand is none, a thousand all.
    #[test]
    fn chances_are_drawn_from_the_seed(seed: u64, in_a_thousand in 0..=1000_u16) {
        let at = At::Chance { seed, in_a_thousand };
        let drawn = (1..=10_000).filter(|nth| at.is(*nth)).count();
        prop_assert_eq!(drawn, (1..=10_000).filter(|nth| at.is(*nth)).count());
        // Ten standard deviations of a binomial of 10,000 draws are at most 500.
        let expected = usize::from(in_a_thousand) * 10;
        prop_assert!(drawn.abs_diff(expected) <= 500, "{drawn} instead of {expected}");
        prop_assert!(in_a_thousand != 0 || drawn == 0);
        prop_assert!(in_a_thousand != 1000 || drawn == 10_000);
    }
}

#[test]
fn another_seed_draws_other_calls() {
    let calls = |seed| {
        let at = At::Chance {
            seed,
            in_a_thousand: 100,
        };
        (1..=1000)
            .filter(move |nth| at.is(*nth))
            .collect::<Vec<u64>>()
    };
    assert_eq!(calls(1), calls(1));
    assert_ne!(calls(1), calls(2));
}
