//! What a suite is run on.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use one_ontology::Store;

/// A fresh store, and what must outlive it (a directory, a server).
pub struct Subject {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) patience: Duration,
    // Dropped after the store.
    keep: Option<Box<dyn Any + Send>>,
}

impl Subject {
    /// A store with nothing in it.
    pub fn new(store: impl Store) -> Self {
        Self {
            store: Arc::new(store),
            patience: Duration::from_secs(10),
            keep: None,
        }
    }

    /// Keeps `guard` until the store is gone.
    #[must_use]
    pub fn keeping(mut self, guard: impl Any + Send) -> Self {
        self.keep = Some(Box::new(guard));
        self
    }

    /// Waits so long for what should be there at once; 10 s otherwise.
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Makes one, on this thread.
    pub fn make<F: Future<Output = Self>>(fresh: impl FnOnce() -> F) -> Self {
        futures::executor::block_on(fresh())
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("store", &self.store)
            .field("keeps", &self.keep.is_some())
            .finish()
    }
}
