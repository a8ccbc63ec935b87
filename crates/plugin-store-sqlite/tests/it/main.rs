//! The store, as its users meet it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failing test may panic"
)]

mod budgets;
mod copies;
mod crash;
mod formats;
mod full;
mod help;
mod history;
mod in_memory;
mod life;
mod limits;
mod on_file;
mod opening;
mod places;
mod processes;
mod pruned;
mod searching;
mod together;
