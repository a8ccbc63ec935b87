//! The suite of the port, on every layer and on all of them.

use std::sync::Arc;
use std::time::Duration;

use one_ontology::{MemoryStore, Store, SystemClock};
use plugin_store_layers::{CacheOptions, Cached, Injected, Metered, Tally, Traced};
use plugin_testkit::store::Subject;

/// Nothing grows too old during a test, so what is not forgotten when it must be is found out.
fn cached<S: Store + ?Sized>(store: Arc<S>) -> Cached<S> {
    let options = CacheOptions::default().ttl(Duration::from_secs(3600));
    Cached::over(store, options, Arc::new(SystemClock))
}

fn metered<S: Store>(store: S) -> Metered<S> {
    Metered::new(store, Arc::new(Tally::new()), Arc::new(SystemClock))
}

mod traced {
    use super::*;

    plugin_testkit::store_suite!(|| async { Subject::new(Traced::new(MemoryStore::new())) });
}

mod metered_ {
    use super::*;

    plugin_testkit::store_suite!(|| async { Subject::new(metered(MemoryStore::new())) });
}

mod cached_ {
    use super::*;

    plugin_testkit::store_suite!(|| async { Subject::new(cached(Arc::new(MemoryStore::new()))) });
}

/// So little room that most of what is kept has to go.
mod cached_in_little_room {
    use super::*;

    plugin_testkit::store_suite!(|| async {
        let options = CacheOptions::default()
            .ttl(Duration::from_secs(3600))
            .rows_of_a_place(3)
            .places(1);
        Subject::new(Cached::new(
            MemoryStore::new(),
            options,
            Arc::new(SystemClock),
        ))
    });
}

mod injected {
    use super::*;

    plugin_testkit::store_suite!(|| async { Subject::new(Injected::new(MemoryStore::new(), [])) });
}

/// Over a store whose type is not known.
mod all {
    use super::*;

    plugin_testkit::store_suite!(|| async {
        let store: Arc<dyn Store> = Arc::new(Injected::new(MemoryStore::new(), []));
        Subject::new(Traced::new(metered(cached(store))))
    });
}
