//! The contract, without a file.

use plugin_store_sqlite::SqliteStore;
use plugin_testkit::store::Subject;

plugin_testkit::store_suite!(|| async { Subject::new(SqliteStore::in_memory().unwrap()) });
