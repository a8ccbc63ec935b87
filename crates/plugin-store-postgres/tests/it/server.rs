//! The server that these tests use.

pub(crate) use plugin_test_postgres::{Cluster, client, own, run, sql, try_sql};

/// A server for a test, or a line that says that the test did not run.
pub(crate) fn address(what: &str) -> Option<&'static str> {
    plugin_test_postgres::address(&format!("plugin-store-postgres {what}"))
}

/// Says, where nobody can overlook it, that a test did not run.
pub(crate) fn skip(what: &str, why: &str) {
    plugin_test_postgres::skip(&format!("plugin-store-postgres {what}"), why);
}
