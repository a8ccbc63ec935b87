//! The contract, on a file that is as durable as it gets.

use plugin_store_sqlite::{Options, SqliteStore};
use plugin_testkit::store::Subject;

plugin_testkit::store_suite!(|| async {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    Subject::new(SqliteStore::open(path, Options::default()).unwrap()).keeping(directory)
});
