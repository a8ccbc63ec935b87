//! Reads from memory.

mod shelf;
mod store;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use one_ontology::{ChangeSet, Clock, Place, Receipt, Scope, Seq, Store, StoreError};

use self::shelf::{Shelf, Touched};

/// Keeps what was read, so that it need not be read again for a while.
///
/// # What is kept
/// Things, people and knowledge by id; pages of things, connections, knowledge and people; what
/// was found by text. Always asked of the store below: groups, memberships and descendants (a right that
/// was taken away is gone at once, everywhere), the head, events and budgets, and searches by
/// vector. Errors are not kept.
///
/// What is kept belongs to one place: the place is part of every key, and each place has room of
/// its own, so what one organisation reads neither shows in another nor drives its rows out.
///
/// # How old an answer can be
/// - **Commits through this cache or its clones** are seen by every read that starts after they have
///   returned: the contract's "own writes". A read that was under way meanwhile is not kept.
/// - **Commits of other hosts** are seen after [`CacheOptions::ttl`] at the latest, counted from when
///   the row was asked of the store below. They are seen earlier, as soon as their first event has
///   passed through [`Cached::watch`](Store::watch), which [`Cached::follow`] drives; with the next commit
///   through this cache, which tells by the numbers of its events that others came between; and after any
///   commit that was refused, so that reading and deciding again after `Stale` reads anew.
/// - **A commit that was given up** (its future dropped) may yet be done by the store below, and
///   counts as one of another host.
///
/// A decision on an old row cannot do harm: what it insists on is held against the store below.
/// A clock that goes backwards makes what was kept count as too old.
///
/// Clones share the store below and what is kept.
pub struct Cached<S: ?Sized> {
    clock: Arc<dyn Clock>,
    shelf: Arc<Mutex<Shelf>>,
    inner: Arc<S>,
}

/// How much is kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheOptions {
    ttl: Duration,
    rows: usize,
    places: usize,
}

impl CacheOptions {
    /// How long an answer may be used; 1 s otherwise. Zero keeps nothing.
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// How many rows are kept of one place, an answer without rows counting as one; 1,000 otherwise.
    /// What was used longest ago makes room. A row may be as large as the store allows.
    #[must_use]
    pub const fn rows_of_a_place(mut self, rows: usize) -> Self {
        self.rows = rows;
        self
    }

    /// Of how many places something is kept; 1,000 otherwise.
    #[must_use]
    pub const fn places(mut self, places: usize) -> Self {
        self.places = places;
        self
    }
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(1),
            rows: 1000,
            places: 1000,
        }
    }
}

/// What a cache has done, and what it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheFigures {
    /// Reads that were answered from memory.
    pub hits: u64,
    /// Reads that could have been, and were not.
    pub misses: u64,
    /// Places of which something may be kept.
    pub places: usize,
    /// Rows that are kept, as [`CacheOptions::rows_of_a_place`] counts them.
    pub rows: usize,
}

impl<S: Store> Cached<S> {
    /// A cache over a store.
    pub fn new(inner: S, options: CacheOptions, clock: Arc<dyn Clock>) -> Self {
        Self::over(Arc::new(inner), options, clock)
    }
}

impl<S: Store + ?Sized> Cached<S> {
    /// A cache over a store that is shared, also over an `Arc<dyn Store>`.
    pub fn over(inner: Arc<S>, options: CacheOptions, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            shelf: Arc::new(Mutex::new(Shelf::new(options))),
            inner,
        }
    }

    /// The store below.
    #[must_use]
    pub const fn inner(&self) -> &Arc<S> {
        &self.inner
    }

    /// What it has done so far.
    #[must_use]
    pub fn figures(&self) -> CacheFigures {
        self.shelf().figures()
    }

    /// Forgets all that is kept of a place.
    pub fn forget(&self, place: Place) {
        self.shelf().forget(place);
    }

    /// Forgets what others change in a place, as they do it, until watching fails; then gives the
    /// error. A host that shares its store with others runs one of these for each place it wants
    /// fresh, and another one when it ends.
    pub async fn follow(&self, scope: &Scope) -> StoreError {
        let after = match self.inner.head(scope).await {
            Ok(head) => head.map_or(Seq::START, |head| head.seq),
            Err(error) => return error,
        };
        // What was kept before the watch began may be older than it.
        self.forget(scope.place());
        let mut events = self.watch(scope, after);
        while let Some(next) = events.next().await {
            if let Err(error) = next {
                return error;
            }
        }
        StoreError::Unavailable {
            reason: "the store below ended a watch; follow again".to_owned(),
        }
    }

    // Every change of the shelf is whole before anything in it can panic.
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        lock(&self.shelf)
    }

    async fn commit_through(&self, changes: ChangeSet) -> Result<Receipt, StoreError> {
        let mut doubt = Doubt {
            shelf: &self.shelf,
            place: changes.place(),
            done: false,
        };
        let touched = Touched::by(&changes.needs());
        let receipt = self.inner.commit(changes).await?;
        self.shelf().committed(&receipt, &touched);
        doubt.done = true;
        Ok(receipt)
    }
}

fn lock(shelf: &Mutex<Shelf>) -> MutexGuard<'_, Shelf> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A commit that nobody knows the end of: refused, or given up.
struct Doubt<'a> {
    shelf: &'a Mutex<Shelf>,
    place: Place,
    done: bool,
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if !self.done {
            lock(self.shelf).forget(self.place);
        }
    }
}

impl<S: ?Sized> Clone for Cached<S> {
    fn clone(&self) -> Self {
        Self {
            clock: Arc::clone(&self.clock),
            shelf: Arc::clone(&self.shelf),
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<S: Store + ?Sized> fmt::Debug for Cached<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached")
            .field("inner", &self.inner)
            .field("figures", &self.figures())
            .finish_non_exhaustive()
    }
}
