//! Streams of events.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures::executor::block_on;
use futures::stream::BoxStream;
use futures::{FutureExt as _, Stream, StreamExt as _};
use one_ontology::{Event, MemoryStore, Seq, Store as _, StoreError};

use crate::support::{change, commit, event, found, in_group, store_with};

/// A stream that is polled by hand, and how often it was woken.
struct Watched {
    events: BoxStream<'static, Result<Event, StoreError>>,
    woken: Arc<Woken>,
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Watched {
    fn new(store: &MemoryStore, group: &str, after: u64) -> Self {
        Self {
            events: store.watch(&in_group(group), Seq::new(after)),
            woken: Arc::default(),
        }
    }

    /// The numbers of the events that are there now.
    fn ready(&mut self) -> Vec<u64> {
        let waker = Waker::from(self.woken.clone());
        let mut context = Context::from_waker(&waker);
        let mut numbers = Vec::new();
        while let Poll::Ready(event) = Pin::new(&mut self.events).poll_next(&mut context) {
            numbers.push(event.unwrap().unwrap().seq.get());
        }
        numbers
    }

    fn woken(&self) -> usize {
        self.woken.0.load(Ordering::SeqCst)
    }
}

#[test]
fn events_come_in_order_and_wake() {
    let store = store_with(&in_group("a"));
    let mut watched = Watched::new(&store, "a", 0);
    assert_eq!(watched.ready(), [1]);
    assert_eq!((watched.ready(), watched.woken()), (vec![], 0));
    commit(&store, change(&in_group("a")).event(event("more"))).unwrap();
    assert_eq!(watched.woken(), 1);
    assert_eq!(watched.ready(), [2, 3]);
    // A commit that is refused wakes nobody.
    let refused = change(&in_group("a")).event(event("bad").with("bad", "\0"));
    assert!(commit(&store, refused).is_err());
    assert_eq!((watched.ready(), watched.woken()), (vec![], 1));
}

#[test]
fn a_watch_goes_on_where_another_ended() {
    let store = store_with(&in_group("a"));
    commit(&store, change(&in_group("a"))).unwrap();
    assert_eq!(Watched::new(&store, "a", 1).ready(), [2]);
    let mut ahead = Watched::new(&store, "a", 3);
    assert!(ahead.ready().is_empty());
    commit(&store, change(&in_group("a"))).unwrap();
    assert!(ahead.ready().is_empty());
    commit(&store, change(&in_group("a"))).unwrap();
    assert_eq!(ahead.ready(), [4]);
    assert!(Watched::new(&store, "a", u64::MAX).ready().is_empty());
}

#[test]
fn two_watchers_each_see_all() {
    let store = store_with(&in_group("a"));
    let (mut one, mut two) = (Watched::new(&store, "a", 0), Watched::new(&store, "a", 0));
    assert_eq!((one.ready(), two.ready()), (vec![1], vec![1]));
    commit(&store, change(&in_group("a"))).unwrap();
    assert_eq!((one.woken(), two.woken()), (1, 1));
    assert_eq!((one.ready(), two.ready()), (vec![2], vec![2]));
}

#[test]
fn nobody_is_woken_by_another_group() {
    let store = store_with(&in_group("a"));
    let mut watched = Watched::new(&store, "a", 1);
    assert!(watched.ready().is_empty());
    found(&store, &in_group("b"));
    commit(&store, change(&in_group("b"))).unwrap();
    assert_eq!((watched.ready(), watched.woken()), (vec![], 0));
}

#[test]
fn a_watch_may_begin_before_its_group() {
    let store = MemoryStore::new();
    let mut watched = Watched::new(&store, "a", 0);
    assert!(watched.ready().is_empty());
    found(&store, &in_group("a"));
    assert_eq!((watched.woken(), watched.ready()), (1, vec![1]));
}

/// Reads the store while it is being woken, as an executor that runs tasks at once would.
struct ReadsAtOnce(MemoryStore, AtomicUsize);

impl Wake for ReadsAtOnce {
    fn wake(self: Arc<Self>) {
        let scope = in_group("a");
        let head = self.0.head(&scope).now_or_never().unwrap();
        let head = head.unwrap().unwrap();
        self.1.store(head.seq.get() as usize, Ordering::SeqCst);
    }
}

#[test]
fn whoever_is_woken_may_use_the_store_at_once() {
    let store = store_with(&in_group("a"));
    let mut events = store.watch(&in_group("a"), Seq::new(1));
    let reader = Arc::new(ReadsAtOnce(store.clone(), AtomicUsize::new(0)));
    let waker = Waker::from(reader.clone());
    let polled = Pin::new(&mut events).poll_next(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    commit(&store, change(&in_group("a"))).unwrap();
    assert_eq!(reader.1.load(Ordering::SeqCst), 2);
}

#[test]
fn a_watcher_in_another_thread_gets_every_event() {
    let store = store_with(&in_group("a"));
    let events = store.watch(&in_group("a"), Seq::START);
    let watcher = std::thread::spawn(move || {
        let taken: Vec<_> = block_on(events.take(101).collect());
        taken
            .into_iter()
            .map(|e| e.unwrap().seq.get())
            .collect::<Vec<_>>()
    });
    for _ in 0..100 {
        commit(&store, change(&in_group("a"))).unwrap();
    }
    assert_eq!(watcher.join().unwrap(), (1..=101).collect::<Vec<_>>());
}
