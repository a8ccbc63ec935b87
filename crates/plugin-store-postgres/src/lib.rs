#![doc = include_str!("../README.md")]

mod background;
mod begin;
mod bell;
mod codec;
mod commit;
mod error;
mod find;
mod key;
mod list;
mod listen;
mod options;
mod pool;
mod schema;
#[cfg(test)]
#[cfg(unix)]
mod schema_tests;
mod search;
mod select;
mod session;
#[cfg(test)]
#[cfg(unix)]
mod statement_tests;
mod store;
#[cfg(test)]
#[cfg(unix)]
mod test_home;
mod watch;
mod write;

/// The client, for hosts that configure it or hand in their transactions.
pub use tokio_postgres;

pub use options::{Durability, Options};
pub use schema::{FORMAT, Looked, RowSecurity};
pub use store::PostgresStore;
