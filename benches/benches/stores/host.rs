//! Where the stores are.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::executor::block_on;
use one_ontology::{MemoryStore, Store};
use plugin_store_postgres::PostgresStore;
use plugin_store_sqlite::{Durability, Options, SqliteStore};
use tempfile::TempDir;

/// The role that stores work as on a server: row-level security binds it.
const ROLE: &str = "one_plugin_test";

/// What one store keeps; it can be opened any number of times.
pub(crate) enum Host {
    Memory(Arc<MemoryStore>),
    Sqlite(TempDir),
    Postgres(Server),
}

impl Host {
    pub(crate) fn memory() -> Self {
        Self::Memory(Arc::new(MemoryStore::new()))
    }

    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Memory(_) => "memory",
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// One more host of the same facts; there is only one of those in memory.
    pub(crate) fn open(&self) -> Arc<dyn Store> {
        match self {
            Self::Memory(store) => store.clone(),
            Self::Sqlite(_) => Arc::new(sqlite(&self.file().unwrap())),
            Self::Postgres(server) => Arc::new(server.open()),
        }
    }

    /// The file of an embedded database.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite(folder) => Some(folder.path().join("store.db")),
            Self::Memory(_) | Self::Postgres(_) => None,
        }
    }
}

/// Commits wait for no disk: what is measured this way are not disks.
pub(crate) fn sqlite(file: &Path) -> SqliteStore {
    let options = Options::default().durability(Durability::Normal);
    SqliteStore::open(file, options).unwrap()
}

/// A schema of its own on a server, gone with the value.
pub(crate) struct Server {
    address: String,
    schema: String,
}

impl Server {
    pub(crate) fn new(server: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let schema = format!("one_bench_{}_{count}", std::process::id());
        // Roles belong to the whole server: others may be making the same.
        let sql = format!(
            "DO $$ BEGIN CREATE ROLE {ROLE}; \
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$; \
             DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema} AUTHORIZATION {ROLE}"
        );
        plugin_test_postgres::sql(server, &sql);
        // By its name its connections are told from others'.
        let name = format!("application_name={schema}");
        let address = match (server.contains("://"), server.contains('?')) {
            (false, _) => format!("{server} {name}"),
            (true, false) => format!("{server}?{name}"),
            (true, true) => format!("{server}&{name}"),
        };
        Self { address, schema }
    }

    /// Of a superuser.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn schema(&self) -> &str {
        &self.schema
    }

    pub(crate) fn options(&self) -> plugin_store_postgres::Options {
        options(&self.schema)
    }

    pub(crate) fn open(&self) -> PostgresStore {
        postgres(&self.address, &self.schema)
    }

    /// Bytes of its tables and their indexes.
    pub(crate) fn size(&self) -> i64 {
        let sql = "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class \
                   WHERE relnamespace = to_regnamespace($1) AND relkind = 'r'";
        plugin_test_postgres::run(async {
            let client = plugin_test_postgres::client(&self.address).await.unwrap();
            client.query_one(sql, &[&self.schema]).await.unwrap().get(0)
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let sql = format!("DROP SCHEMA IF EXISTS {} CASCADE", self.schema);
        if let Err(error) = plugin_test_postgres::try_sql(&self.address, &sql) {
            eprintln!("{sql}: {error}");
        }
    }
}

/// A schema that is there.
pub(crate) fn postgres(address: &str, schema: &str) -> PostgresStore {
    block_on(PostgresStore::connect(address, options(schema))).unwrap()
}

/// Bound by row-level security; commits wait for no disk.
fn options(schema: &str) -> plugin_store_postgres::Options {
    plugin_store_postgres::Options::default()
        .schema(schema)
        .role(ROLE)
        .require_row_security()
        .durability(plugin_store_postgres::Durability::Normal)
}
