#![doc = include_str!("../README.md")]
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failing test may panic"
)]

mod cluster;
mod database;
mod server;

pub use cluster::{Cluster, own};
pub use database::Database;
pub use server::{address, client, run, skip, sql, try_sql};
