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
