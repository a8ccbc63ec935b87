//! The reference passes.

use one_ontology::MemoryStore;
use plugin_testkit::store::Subject;

plugin_testkit::store_suite!(|| async { Subject::new(MemoryStore::new()) });
