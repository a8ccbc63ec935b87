//! What is kept, how long, and what makes it go.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::executor::block_on;
use futures::future::{join, poll_immediate};
use one_ontology::{
    Event, Group, GroupId, ManualClock, MemoryStore, Place, Scope, SearchQuery, Seq, Store, Thing,
    ThingQuery,
};
use plugin_store_layers::{
    At, CacheFigures, CacheOptions, Cached, Fault, Injected, Injection, Method,
};

use crate::facts::{Facts, NOW};

const TTL: Duration = Duration::from_secs(60);

struct Bench {
    facts: Facts,
    clock: Arc<ManualClock>,
    /// Written to by another host.
    below: Arc<MemoryStore>,
    cached: Cached<MemoryStore>,
    thing: Thing,
}

/// A thing called `old`, which the cache has read.
fn bench() -> Bench {
    bench_with(CacheOptions::default().ttl(TTL))
}

fn bench_with(options: CacheOptions) -> Bench {
    let facts = Facts::new();
    let clock = Arc::new(ManualClock::new(NOW));
    let below = Arc::new(MemoryStore::new());
    let thing = facts.added(below.as_ref(), "old");
    let cached = Cached::over(below.clone(), options, clock.clone());
    assert_eq!(facts.name(&cached, thing.id), "old");
    Bench {
        facts,
        clock,
        below,
        cached,
        thing,
    }
}

impl Bench {
    fn written_elsewhere(&self) {
        self.facts.rename(self.below.as_ref(), self.thing.id, "new");
    }

    fn name(&self) -> String {
        self.facts.name(&self.cached, self.thing.id)
    }
}

#[test]
fn what_others_write_is_seen_after_the_ttl_and_not_before() {
    let bench = bench();
    bench.written_elsewhere();
    bench
        .clock
        .advance(TTL.saturating_sub(Duration::from_micros(1)));
    assert_eq!(bench.name(), "old", "the cache keeps nothing");
    bench.clock.advance(Duration::from_micros(1));
    assert_eq!(bench.name(), "new");
}

#[test]
fn a_clock_that_goes_back_makes_nothing_younger() {
    let bench = bench();
    bench.written_elsewhere();
    bench.clock.set(NOW.minus(Duration::from_secs(1)));
    assert_eq!(bench.name(), "new");
}

#[test]
fn without_a_ttl_nothing_is_kept() {
    let bench = bench_with(CacheOptions::default().ttl(Duration::ZERO));
    bench.written_elsewhere();
    assert_eq!(bench.name(), "new");
    assert_eq!(bench.cached.figures().rows, 0);
}

#[test]
fn an_own_commit_that_others_came_before_forgets_what_they_wrote() {
    let bench = bench();
    bench.facts.added(&bench.cached, "known from here on");
    assert_eq!(bench.name(), "old");
    bench.written_elsewhere();
    assert_eq!(bench.name(), "old", "the cache keeps nothing");
    bench
        .facts
        .added(&bench.cached, "of no concern to the first");
    assert_eq!(bench.name(), "new");
}

#[test]
fn an_own_commit_leaves_what_it_does_not_touch() {
    let bench = bench();
    bench.facts.added(&bench.cached, "known from here on");
    assert_eq!(bench.name(), "old");
    let before = bench.cached.figures();
    bench
        .facts
        .added(&bench.cached, "of no concern to the first");
    assert_eq!(bench.name(), "old");
    let after = bench.cached.figures();
    assert_eq!(after.hits, before.hits + 1);
}

#[test]
fn a_refused_commit_is_followed_by_a_fresh_read() {
    let bench = bench();
    bench.written_elsewhere();
    let stale = bench.facts.changes().replace(bench.thing.clone());
    let error = block_on(bench.cached.commit(stale)).unwrap_err();
    assert_eq!(error.tag(), "Stale");
    assert_eq!(bench.name(), "new");
}

#[test]
fn a_commit_that_was_given_up_is_followed_by_a_fresh_read() {
    let facts = Facts::new();
    let below = MemoryStore::new();
    let thing = facts.added(&below, "old");
    // Answers a commit when it is too late.
    let linger = Injection::new(Fault::Linger(Duration::from_secs(3600)), At::Nth(1));
    let slow = Injected::new(below, [linger.on(Method::Commit)]);
    let clock = Arc::new(ManualClock::new(NOW));
    let cached = Cached::new(slow, CacheOptions::default().ttl(TTL), clock);
    assert_eq!(facts.name(&cached, thing.id), "old");
    let mut renamed = thing.clone();
    "new".clone_into(&mut renamed.name);
    let given_up = cached.commit(facts.changes().replace(renamed));
    assert_eq!(block_on(poll_immediate(given_up)), None);
    assert_eq!(facts.name(&cached, thing.id), "new");
}

#[test]
fn a_read_that_a_commit_overtook_is_not_kept() {
    let facts = Facts::new();
    let below = MemoryStore::new();
    let thing = facts.added(&below, "old");
    let linger = Injection::new(Fault::Linger(Duration::from_millis(20)), At::Nth(1));
    let slow = Injected::new(below, [linger.on(Method::Thing)]);
    let clock = Arc::new(ManualClock::new(NOW));
    let cached = Cached::new(slow, CacheOptions::default().ttl(TTL), clock);
    let mut renamed = thing.clone();
    "new".clone_into(&mut renamed.name);
    let changes = facts.changes().replace(renamed);
    // The read is answered below before the commit, and here after it.
    let (read, committed) = block_on(join(
        cached.thing(&facts.scope, thing.id),
        cached.commit(changes),
    ));
    committed.unwrap();
    assert_eq!(read.unwrap().unwrap().name, "old", "nothing was overtaken");
    assert_eq!(facts.name(&cached, thing.id), "new");
}

/// The next event of a watch, which must be there.
fn next(
    events: &mut (impl futures::Stream<Item = Result<Event, one_ontology::StoreError>> + Unpin),
) {
    block_on(poll_immediate(events.next()))
        .expect("the event is there")
        .unwrap()
        .unwrap();
}

#[test]
fn whoever_has_seen_the_event_reads_what_it_stands_for() {
    let bench = bench();
    let mut events = bench.cached.watch(&bench.facts.scope, Seq::START);
    next(&mut events);
    assert_eq!(bench.name(), "old");
    bench.written_elsewhere();
    assert_eq!(bench.name(), "old", "the cache keeps nothing");
    next(&mut events);
    assert_eq!(bench.name(), "new");
}

#[test]
fn following_a_place_keeps_it_fresh() {
    let bench = bench();
    let mut following = Box::pin(bench.cached.follow(&bench.facts.scope));
    let mut turn = || {
        let waker = futures::task::noop_waker();
        let mut context = std::task::Context::from_waker(&waker);
        assert!(following.as_mut().poll(&mut context).is_pending());
    };
    turn();
    assert_eq!(bench.name(), "old");
    bench.written_elsewhere();
    assert_eq!(bench.name(), "old", "the cache keeps nothing");
    turn();
    assert_eq!(bench.name(), "new");
}

#[test]
fn following_ends_with_the_error_of_the_watch() {
    let facts = Facts::new();
    let down = Injected::new(MemoryStore::new(), []);
    down.crash();
    let clock = Arc::new(ManualClock::new(NOW));
    let cached = Cached::new(down, CacheOptions::default(), clock);
    let error = block_on(cached.follow(&facts.scope));
    assert_eq!(error.tag(), "StoreUnavailable");
}

#[test]
fn an_error_is_not_kept() {
    let facts = Facts::new();
    let below = MemoryStore::new();
    let thing = facts.added(&below, "old");
    let busy = one_ontology::StoreError::Busy {
        reason: "once".to_owned(),
    };
    let busy = Injection::new(Fault::Fail(busy), At::Nth(1)).on(Method::Thing);
    let clock = Arc::new(ManualClock::new(NOW));
    let cached = Cached::new(Injected::new(below, [busy]), CacheOptions::default(), clock);
    assert!(block_on(cached.thing(&facts.scope, thing.id)).is_err());
    assert_eq!(facts.name(&cached, thing.id), "old");
}

#[test]
fn each_place_has_room_of_its_own() {
    let options = CacheOptions::default().ttl(TTL).rows_of_a_place(2);
    let bench = bench_with(options);
    let group = Group::new(GroupId::new(&bench.facts.ids, NOW), "Group", NOW);
    let scope = Scope::system("layers".parse().unwrap(), group.place());
    let facts = Facts {
        ids: one_ontology::SequentialIds::new(),
        scope,
    };
    block_on(bench.cached.commit(facts.changes().insert(group))).unwrap();
    for number in 0..10 {
        facts.added(&bench.cached, &number.to_string());
    }
    // Ten were read there; two are kept, beside the one that was kept here.
    assert_eq!(bench.cached.figures().rows, 3);
    bench.written_elsewhere();
    assert_eq!(bench.name(), "old", "others drove it out");
}

#[test]
fn what_was_used_longest_ago_makes_room() {
    let bench = bench_with(CacheOptions::default().ttl(TTL).rows_of_a_place(2));
    let facts = &bench.facts;
    let second = facts.added(bench.below.as_ref(), "second");
    let third = facts.added(bench.below.as_ref(), "third");
    facts.name(&bench.cached, second.id);
    bench.name();
    facts.name(&bench.cached, third.id);
    let before = bench.cached.figures();
    bench.name();
    facts.name(&bench.cached, third.id);
    let kept = bench.cached.figures();
    assert_eq!((kept.hits - before.hits, kept.misses), (2, before.misses));
    facts.name(&bench.cached, second.id);
    assert_eq!(bench.cached.figures().misses, before.misses + 1);
}

#[test]
fn a_page_larger_than_the_room_is_not_kept() {
    let bench = bench_with(CacheOptions::default().ttl(TTL).rows_of_a_place(2));
    for name in ["second", "third"] {
        bench.facts.added(bench.below.as_ref(), name);
    }
    let query = ThingQuery::default();
    for _ in 0..2 {
        let page = block_on(bench.cached.things(&bench.facts.scope, &query)).unwrap();
        assert_eq!(page.items.len(), 3);
    }
    let figures = bench.cached.figures();
    assert_eq!((figures.hits, figures.rows), (0, 1));
}

#[test]
fn so_many_places_and_no_more() {
    let options = CacheOptions::default().ttl(TTL).places(3);
    let bench = bench_with(options);
    for _ in 0..10 {
        let group = GroupId::new(&bench.facts.ids, NOW);
        let scope = Scope::system("layers".parse().unwrap(), Place::Group(group));
        block_on(bench.cached.thing(&scope, bench.thing.id)).unwrap();
    }
    let kept = bench.cached.figures();
    assert_eq!((kept.places, kept.rows), (3, 3));
    bench.cached.forget(Place::Global);
    assert_eq!(bench.name(), "old");
}

#[test]
fn pages_and_findings_are_kept_until_one_of_theirs_is_written() {
    let bench = bench();
    let (scope, cached) = (&bench.facts.scope, &bench.cached);
    let search = SearchQuery {
        among: one_ontology::Among::Things { types: Vec::new() },
        text: Some("old".to_owned()),
        ..SearchQuery::default()
    };
    let ask = || {
        block_on(async {
            let things = cached.things(scope, &ThingQuery::default()).await.unwrap();
            let found = cached.search(scope, &search).await.unwrap();
            (things.items.len(), found.len())
        })
    };
    let hits = |before: CacheFigures| cached.figures().hits - before.hits;
    block_on(cached.commit(bench.facts.changes())).unwrap();
    assert_eq!(ask(), (1, 1));
    let before = cached.figures();
    assert_eq!((ask(), hits(before)), ((1, 1), 2));
    // Says that something happened, and writes nothing else.
    block_on(cached.commit(bench.facts.changes())).unwrap();
    assert_eq!((ask(), hits(before)), ((1, 1), 4));
    let second = bench.facts.thing("old too");
    block_on(cached.commit(bench.facts.changes().insert(second))).unwrap();
    assert_eq!((ask(), hits(before)), ((2, 2), 4));
}
