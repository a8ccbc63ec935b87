//! Events as they come.

use std::thread;

use futures::StreamExt as _;
use one_ontology::{Scope, Seq};

use crate::store::kit::Kit;

async fn take(kit: &Kit, scope: &Scope, after: u64, count: usize) -> Option<Vec<u64>> {
    let stream = kit.store().watch(scope, Seq::new(after));
    let events = kit.soon(stream.take(count).collect::<Vec<_>>()).await?;
    Some(events.into_iter().map(|e| e.unwrap().seq.get()).collect())
}

pub(crate) async fn earlier_events_come_first(kit: &Kit) {
    let scope = kit.group().await;
    for _ in 0..5 {
        kit.commit(kit.changes(&scope)).await;
    }
    let all = take(kit, &scope, 0, 6).await;
    assert_eq!(all, Some(vec![1, 2, 3, 4, 5, 6]));
}

pub(crate) async fn events_come_after_the_number_given(kit: &Kit) {
    let scope = kit.group().await;
    for _ in 0..5 {
        kit.commit(kit.changes(&scope)).await;
    }
    assert_eq!(take(kit, &scope, 4, 2).await, Some(vec![5, 6]));
}

pub(crate) async fn the_events_are_the_listed_ones(kit: &Kit) {
    let scope = kit.group().await;
    kit.commit(kit.changes(&scope).event(kit.event(None).with("x", 0.1)))
        .await;
    let listed = kit.events(&scope).await;
    let stream = kit.store().watch(&scope, Seq::START);
    let watched: Vec<_> = kit
        .soon(stream.take(3).collect::<Vec<_>>())
        .await
        .expect("three events are there")
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(watched, listed);
}

pub(crate) async fn a_later_event_wakes_the_watcher(kit: &Kit) {
    let scope = kit.group().await;
    let mut stream = kit.store().watch(&scope, Seq::new(1));
    for number in 2..12 {
        let (store, changes) = (kit.shared(), kit.changes(&scope));
        let (waits, waiting) = futures::channel::oneshot::channel::<()>();
        let writer = thread::spawn(move || {
            futures::executor::block_on(async {
                let _gone = waiting.await;
                store.commit(changes).await.map(drop)
            })
        });
        let next = kit
            .soon(async {
                let mut waits = Some(waits);
                let mut next = stream.next();
                // The first look finds nothing and leaves a waker; only then there is something.
                std::future::poll_fn(|context| {
                    let ready = futures::FutureExt::poll_unpin(&mut next, context);
                    drop(waits.take());
                    ready
                })
                .await
            })
            .await;
        writer.join().unwrap().unwrap();
        let event = next.expect("a commit wakes the watcher").unwrap();
        assert_eq!(event.unwrap().seq.get(), number);
    }
}

pub(crate) async fn each_watcher_gets_every_event(kit: &Kit) {
    let scope = kit.group().await;
    let mut first = kit.store().watch(&scope, Seq::START);
    let mut second = kit.store().watch(&scope, Seq::START);
    for number in 1..6 {
        for stream in [&mut first, &mut second] {
            let event = kit.soon(stream.next()).await.expect("both get it").unwrap();
            assert_eq!(event.unwrap().seq.get(), number);
        }
        kit.commit(kit.changes(&scope)).await;
    }
}

pub(crate) async fn only_events_of_the_place_come(kit: &Kit) {
    let (here, there) = (kit.group().await, kit.group().await);
    let stream = kit.store().watch(&here, Seq::START);
    for _ in 0..4 {
        kit.commit(kit.changes(&there)).await;
        kit.commit(kit.changes(&kit.global())).await;
        kit.commit(kit.changes(&here)).await;
    }
    let events = kit
        .soon(stream.take(5).collect::<Vec<_>>())
        .await
        .expect("five events");
    for (number, event) in (1..).zip(events) {
        let event = event.unwrap();
        assert_eq!((event.place, event.seq.get()), (here.place(), number));
    }
}

pub(crate) async fn a_place_can_be_watched_before_it_is_made(kit: &Kit) {
    let now = kit.now();
    let group = one_ontology::Group::new(one_ontology::GroupId::new(&kit.ids, now), "Later", now);
    let scope = Kit::system(group.place());
    let mut stream = kit.store().watch(&scope, Seq::START);
    kit.add(&scope, group).await;
    let event = kit
        .soon(stream.next())
        .await
        .expect("its first event comes");
    assert_eq!(event.unwrap().unwrap().seq.get(), 1);
}

pub(crate) async fn a_long_history_comes_whole(kit: &Kit) {
    let scope = kit.group().await;
    let mut changes = kit.changes(&scope);
    for _ in 0..1500 {
        changes = changes.event(kit.event(None));
    }
    kit.commit(changes).await;
    let all = take(kit, &scope, 0, 1502).await;
    assert_eq!(all, Some((1..=1502).collect()));
}

/// One ends anywhere, another starts from the last number seen: nothing is lost or comes twice.
pub(crate) async fn a_watch_goes_on_where_another_ended(kit: &Kit) {
    let scope = kit.group().await;
    let mut seen = Vec::new();
    for count in [1, 3, 1, 2] {
        for _ in 0..2 {
            kit.commit(kit.changes(&scope)).await;
        }
        let after = seen.last().copied().unwrap_or(0);
        seen.extend(
            take(kit, &scope, after, count)
                .await
                .expect("they are there"),
        );
    }
    assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7]);
}

/// Many commits come between two looks.
pub(crate) async fn a_slow_watcher_loses_nothing(kit: &Kit) {
    let scope = kit.group().await;
    let mut stream = kit.store().watch(&scope, Seq::new(1));
    let mut expected = 2..;
    for burst in [1, 5, 40] {
        for _ in 0..burst {
            kit.commit(kit.changes(&scope).event(kit.event(None))).await;
        }
        for number in expected.by_ref().take(2 * burst) {
            let event = kit.soon(stream.next()).await.expect("it is there").unwrap();
            assert_eq!(event.unwrap().seq.get(), number);
        }
    }
}

pub(crate) async fn a_watch_from_a_later_number_waits_for_it(kit: &Kit) {
    let scope = kit.group().await;
    let mut stream = kit.store().watch(&scope, Seq::new(4));
    for _ in 0..5 {
        kit.commit(kit.changes(&scope)).await;
    }
    let event = kit.soon(stream.next()).await.expect("the fifth comes");
    assert_eq!(event.unwrap().unwrap().seq.get(), 5);
    let mut never = kit.store().watch(&scope, Seq::new(u64::MAX));
    kit.commit(kit.changes(&scope)).await;
    assert!(futures::FutureExt::now_or_never(never.next()).is_none());
}

pub(crate) async fn what_is_refused_or_replayed_is_not_watched(kit: &Kit) {
    let scope = kit.group().await;
    let stream = kit.store().watch(&scope, Seq::new(1));
    for _ in 0..3 {
        let request = kit.changes(&scope).once(crate::store::kit::key("one"));
        kit.commit(request).await;
        let missing = kit.thing(&scope, one_ontology::ThingType::Course, "Missing");
        kit.refused(kit.changes(&scope).replace(missing)).await;
    }
    kit.commit(kit.changes(&scope)).await;
    let events: Vec<_> = kit
        .soon(stream.take(2).collect::<Vec<_>>())
        .await
        .expect("two were done");
    let numbers: Vec<_> = events.into_iter().map(|e| e.unwrap().seq.get()).collect();
    assert_eq!(numbers, [2, 3]);
}

pub(crate) async fn a_dropped_watcher_disturbs_nobody(kit: &Kit) {
    let scope = kit.group().await;
    for round in 2..12 {
        let mut stays = kit.store().watch(&scope, Seq::new(round - 1));
        for _ in 0..20 {
            let mut goes = kit.store().watch(&scope, Seq::new(round - 1));
            assert!(futures::FutureExt::now_or_never(goes.next()).is_none());
        }
        kit.commit(kit.changes(&scope)).await;
        let event = kit.soon(stays.next()).await.expect("it is woken").unwrap();
        assert_eq!(event.unwrap().seq.get(), round);
    }
}

/// Who learns of an event can read what it is about.
pub(crate) async fn what_an_event_tells_of_is_there(kit: &Kit) {
    let scope = kit.group().await;
    let rounds: Vec<_> = (0..30)
        .map(|_| {
            let thing = kit.thing(&scope, one_ontology::ThingType::Course, "Told of");
            let event = kit.event(Some(thing.id.into()));
            one_ontology::ChangeSet::new(&scope, event, kit.now()).insert(thing)
        })
        .collect();
    let mut stream = kit.store().watch(&scope, Seq::new(1));
    let store = kit.shared();
    let writer = thread::spawn(move || {
        for changes in rounds {
            futures::executor::block_on(store.commit(changes)).unwrap();
        }
    });
    for _ in 0..30 {
        let event = kit.soon(stream.next()).await.expect("it comes").unwrap();
        let Some(one_ontology::End::Thing(id)) = event.unwrap().target else {
            panic!("an event lost its target");
        };
        assert!(kit.store().thing(&scope, id).await.unwrap().is_some());
    }
    writer.join().unwrap();
}

pub(crate) async fn many_writers_are_watched_in_one_order(kit: &Kit) {
    let scope = kit.group().await;
    let stream = kit.store().watch(&scope, Seq::START);
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let changes: Vec<_> = (0..20).map(|_| kit.changes(&scope)).collect();
            let store = kit.shared();
            thread::spawn(move || {
                for changes in changes {
                    futures::executor::block_on(store.commit(changes)).unwrap();
                }
            })
        })
        .collect();
    let events = kit.soon(stream.take(81).collect::<Vec<_>>()).await;
    let numbers: Vec<_> = events
        .expect("each event comes")
        .into_iter()
        .map(|event| event.unwrap().seq.get())
        .collect();
    assert_eq!(numbers, (1..=81).collect::<Vec<_>>());
    for writer in writers {
        writer.join().unwrap();
    }
}

/// Two tasks wait for the same event; one commit wakes both.
pub(crate) async fn all_who_wait_are_woken(kit: &Kit) {
    let scope = kit.group().await;
    let mut waiting = Vec::new();
    let mut threads = Vec::new();
    for _ in 0..3 {
        let (looked, has_looked) = futures::channel::oneshot::channel::<()>();
        let (mut stream, patience) = (kit.store().watch(&scope, Seq::new(1)), kit.patience());
        threads.push(thread::spawn(move || {
            let mut looked = Some(looked);
            let next = std::future::poll_fn(move |context| {
                let next = stream.poll_next_unpin(context);
                drop(looked.take());
                next
            });
            futures::executor::block_on(crate::store::timer::within(patience, next))
        }));
        waiting.push(has_looked);
    }
    for has_looked in waiting {
        let _dropped = has_looked.await;
    }
    kit.commit(kit.changes(&scope)).await;
    for thread in threads {
        let event = thread.join().unwrap().expect("each of them is woken");
        assert_eq!(event.unwrap().unwrap().seq.get(), 2);
    }
}
