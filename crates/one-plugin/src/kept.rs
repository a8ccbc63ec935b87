//! Which store the facts are kept in.

use std::convert::Infallible;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use futures::executor::block_on;
use one_ontology::{MemoryStore, Store};
use plugin_store_postgres::PostgresStore;
use plugin_store_sqlite::{Durability, Options, SqliteStore};

use crate::failure::Failure;

/// What `--store` said. It may hold a password, so nothing repeats it, and reading it never fails:
/// a message about an argument would show the argument.
#[derive(Clone)]
pub(crate) struct StoreAddress(String);

impl FromStr for StoreAddress {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreAddress(..)")
    }
}

/// The store of this address; without one, the file in `home`.
pub(crate) fn open(
    address: Option<&StoreAddress>,
    home: &Path,
    durability: Durability,
) -> Result<Arc<dyn Store>, Failure> {
    let sqlite = |path: &Path| -> Result<Arc<dyn Store>, Failure> {
        let options = Options::default().durability(durability);
        Ok(Arc::new(SqliteStore::open(path, options)?))
    };
    let Some(StoreAddress(address)) = address else {
        return sqlite(&home.join("one-plugin.sqlite"));
    };
    if address == "memory" {
        return Ok(Arc::new(MemoryStore::new()));
    }
    match address.split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() => sqlite(Path::new(path)),
        Some(("postgres" | "postgresql", rest)) if !rest.is_empty() => {
            // `postgres:URL` and the address by itself mean the same.
            let url = if rest.starts_with("//") {
                address
            } else {
                rest
            };
            let store = PostgresStore::connect(url, plugin_store_postgres::Options::default());
            Ok(Arc::new(block_on(store)?))
        }
        _ => Err(Failure::new(
            "UsageError",
            "--store takes `memory`, `sqlite:PATH` or `postgres://USER@HOST/DATABASE`",
        )),
    }
}
