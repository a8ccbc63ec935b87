//! Whoever waits for an event is woken: a thread that is not would wait for ever, which shuttle reports.

use futures::StreamExt as _;
use one_ontology::{Seq, Store as _};
use shuttle::future::block_on;

use crate::support::{MemoryStore, change, scope, under_many_schedules, verified};

const WRITERS: u64 = 2;
const EACH: u64 = 2;

fn write(store: &MemoryStore) -> Vec<shuttle::thread::JoinHandle<()>> {
    let writer = |writer| {
        let store = store.clone();
        shuttle::thread::spawn(move || {
            for n in 0..EACH {
                block_on(store.commit(change(&format!("{writer}:{n}")))).unwrap();
            }
        })
    };
    (0..WRITERS).map(writer).collect()
}

/// The numbers of the next events behind one.
fn watch(store: &MemoryStore, after: u64, count: u64) -> Vec<u64> {
    let mut events = store.watch(&scope(), Seq::new(after));
    block_on(async {
        let mut numbers = Vec::new();
        for _ in 0..count {
            numbers.push(events.next().await.unwrap().unwrap().seq.get());
        }
        numbers
    })
}

#[test]
fn every_watcher_gets_every_event_in_order() {
    under_many_schedules(|| {
        let store = MemoryStore::new();
        let watchers: Vec<_> = [0, 0, 1]
            .map(|after| {
                let store = store.clone();
                let watch = move || watch(&store, after, WRITERS * EACH - after);
                (after, shuttle::thread::spawn(watch))
            })
            .into();
        for writer in write(&store) {
            writer.join().unwrap();
        }
        for (after, watcher) in watchers {
            let expected: Vec<u64> = (after + 1..=WRITERS * EACH).collect();
            assert_eq!(watcher.join().unwrap(), expected);
        }
        assert_eq!(verified(&store), WRITERS * EACH);
    });
}

/// One watcher leaves while others wait: theirs is not the wake-up that is lost.
#[test]
fn a_watcher_that_leaves_takes_no_wake_up_with_it() {
    under_many_schedules(|| {
        let store = MemoryStore::new();
        let (leaves, stays) = (store.clone(), store.clone());
        let leaves = shuttle::thread::spawn(move || watch(&leaves, 0, 1));
        let stays = shuttle::thread::spawn(move || watch(&stays, 0, WRITERS * EACH));
        for writer in write(&store) {
            writer.join().unwrap();
        }
        assert_eq!(leaves.join().unwrap(), [1]);
        assert_eq!(stays.join().unwrap(), [1, 2, 3, 4]);
    });
}
