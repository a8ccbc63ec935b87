//! Tells watchers of a place that something was committed there.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use one_ontology::Place;

/// Rung after each commit, here or elsewhere.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    places: Mutex<BTreeMap<Place, Watched>>,
}

#[derive(Debug, Default)]
struct Watched {
    /// What the place is called on the wire.
    tag: String,
    rung: u64,
    watchers: usize,
    waiting: Vec<Waker>,
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Place, Watched>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring_where(&self, meant: impl Fn(&Place, &Watched) -> bool) {
        let mut wakers = Vec::new();
        for (place, watched) in self.lock().iter_mut() {
            if meant(place, watched) {
                watched.rung += 1;
                wakers.append(&mut watched.waiting);
            }
        }
        // A waker may run foreign code: not under the lock.
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn ring(&self, place: Place) {
        self.ring_where(|of, _| *of == place);
    }

    pub(crate) fn ring_tag(&self, tag: &str) {
        self.ring_where(|_, watched| watched.tag == tag);
    }

    pub(crate) fn ring_all(&self) {
        self.ring_where(|_, _| true);
    }

    /// How often it has rung for a place.
    pub(crate) fn rung(&self, place: Place) -> u64 {
        self.lock().get(&place).map_or(0, |watched| watched.rung)
    }

    /// Waits until it has rung more often than `seen`.
    pub(crate) async fn rings_after(&self, place: Place, seen: u64) {
        poll_fn(|context| {
            let mut places = self.lock();
            let watched = places.entry(place).or_default();
            if watched.rung > seen {
                return Poll::Ready(());
            }
            if !watched.waiting.iter().any(|w| w.will_wake(context.waker())) {
                watched.waiting.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }

    pub(crate) fn watcher_came(&self, place: Place, tag: String) {
        let mut places = self.lock();
        let watched = places.entry(place).or_default();
        watched.tag = tag;
        watched.watchers += 1;
    }

    pub(crate) fn watcher_left(&self, place: Place) {
        let mut places = self.lock();
        if let Some(watched) = places.get_mut(&place) {
            watched.watchers = watched.watchers.saturating_sub(1);
            if watched.watchers == 0 {
                places.remove(&place);
            }
        }
    }
}
