//! The store, as its users meet it.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failing test may panic"
)]

mod contract;
mod crashes;
mod help;
mod host;
mod life;
mod lost_answers;
mod opening;
mod processes;
mod searching;
mod security;
mod server;
