//! The store, as its users meet it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failing test may panic"
)]

mod full;
mod help;
mod in_memory;
mod life;
mod on_file;
mod opening;
mod processes;
mod together;
