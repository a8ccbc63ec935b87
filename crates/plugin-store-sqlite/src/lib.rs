#![doc = include_str!("../README.md")]

mod backup;
mod bell;
mod check;
mod codec;
mod columns;
mod commit;
#[cfg(test)]
mod commit_tests;
mod error;
mod files;
mod find;
mod format;
mod held;
mod key;
mod list;
mod open;
mod options;
#[cfg(test)]
mod plan_tests;
mod progress;
mod queue;
mod restore;
mod schema;
mod search;
#[cfg(test)]
mod search_tests;
mod select;
mod store;
mod vacuum;
mod watch;
mod worker;

pub use backup::Copied;
pub use check::{Checked, Fault, Finding, check};
pub use format::{FORMAT, format_of};
pub use options::{Durability, Options, PointReads};
pub use progress::{Progress, Stage};
pub use restore::{Restored, restore};
pub use store::SqliteStore;
pub use vacuum::Vacuumed;
