//! Which store the facts are kept in.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use futures::executor::block_on;
use one_ontology::{GroupId, MemoryStore, Store, StoreError};
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

/// The address of a database, with whatever it holds.
#[derive(Clone)]
pub(crate) struct DatabaseAddress(String);

impl DatabaseAddress {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabaseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseAddress(..)")
    }
}

/// Where the facts are kept.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    /// In this process.
    Memory,
    /// In this file.
    Sqlite(PathBuf),
    /// On this server.
    Postgres(DatabaseAddress),
}

/// A store that keeps facts beyond this process, with what only such a store can do.
#[derive(Debug)]
pub(crate) enum Opened {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

impl Opened {
    pub(crate) fn store(&self) -> &dyn Store {
        match self {
            Self::Sqlite(store) => store,
            Self::Postgres(store) => store,
        }
    }

    /// Every group, archived ones too.
    pub(crate) fn groups(&self) -> Result<Vec<GroupId>, StoreError> {
        match self {
            Self::Sqlite(store) => block_on(store.groups()),
            Self::Postgres(store) => block_on(store.groups()),
        }
    }
}

impl Kept {
    /// What this address means; without one, the file in `home`.
    pub(crate) fn at(address: Option<&StoreAddress>, home: &Path) -> Result<Self, Failure> {
        let Some(StoreAddress(address)) = address else {
            return Ok(Self::Sqlite(home.join("one-plugin.sqlite")));
        };
        if address == "memory" {
            return Ok(Self::Memory);
        }
        match address.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            Some(("postgres" | "postgresql", rest)) if !rest.is_empty() => {
                // `postgres:URL` and the address by itself mean the same.
                let url = if rest.starts_with("//") {
                    address
                } else {
                    rest
                };
                Ok(Self::Postgres(DatabaseAddress(url.to_owned())))
            }
            _ => Err(Failure::new(
                "UsageError",
                "--store takes `memory`, `sqlite:PATH` or `postgres://USER@HOST/DATABASE`",
            )),
        }
    }

    /// The store, made if it is not there and brought to the newest format if it is older.
    pub(crate) fn open(&self, durability: Durability) -> Result<Arc<dyn Store>, Failure> {
        Ok(match self {
            Self::Memory => Arc::new(MemoryStore::new()),
            Self::Sqlite(path) => Arc::new(sqlite(path, durability)?),
            Self::Postgres(address) => Arc::new(postgres(address)?),
        })
    }

    /// The same, by its own type.
    pub(crate) fn open_typed(&self) -> Result<Opened, Failure> {
        match self {
            Self::Memory => Err(in_memory()),
            Self::Sqlite(path) => Ok(Opened::Sqlite(sqlite(path, Durability::Full)?)),
            Self::Postgres(address) => Ok(Opened::Postgres(postgres(address)?)),
        }
    }

    /// The format that it has; none if it is not there.
    pub(crate) fn format(&self) -> Result<Option<u32>, Failure> {
        Ok(match self {
            Self::Memory => return Err(in_memory()),
            Self::Sqlite(path) => plugin_store_sqlite::format_of(path)?,
            Self::Postgres(address) => {
                let options = plugin_store_postgres::Options::default();
                block_on(PostgresStore::look(address.as_str(), options))?.format
            }
        })
    }

    /// The newest format that there is of it.
    pub(crate) fn newest_format(&self) -> u32 {
        match self {
            Self::Memory => 0,
            Self::Sqlite(_) => plugin_store_sqlite::FORMAT,
            Self::Postgres(_) => plugin_store_postgres::FORMAT,
        }
    }

    /// What people call it; nothing of an address.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Memory => "the store in memory".to_owned(),
            Self::Sqlite(path) => format!("`{}`", path.display()),
            Self::Postgres(_) => {
                let schema = plugin_store_postgres::Options::default().schema;
                format!("the schema `{schema}`")
            }
        }
    }
}

fn sqlite(path: &Path, durability: Durability) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, Options::default().durability(durability))
}

fn postgres(address: &DatabaseAddress) -> Result<PostgresStore, StoreError> {
    let options = plugin_store_postgres::Options::default();
    block_on(PostgresStore::connect(address.as_str(), options))
}

fn in_memory() -> Failure {
    let message = "a store in memory ends with each command: name another one with --store";
    Failure::new("UsageError", message)
}
