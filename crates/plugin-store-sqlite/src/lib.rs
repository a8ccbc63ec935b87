#![doc = include_str!("../README.md")]

mod bell;
mod codec;
mod commit;
#[cfg(test)]
mod commit_tests;
mod error;
mod find;
mod key;
mod list;
mod open;
mod options;
#[cfg(test)]
mod plan_tests;
mod queue;
mod schema;
mod search;
mod select;
mod store;
mod watch;
mod worker;

pub use options::{Durability, Options};
pub use store::SqliteStore;
