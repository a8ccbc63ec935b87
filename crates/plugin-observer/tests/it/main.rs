//! What is told, against the tables of the README.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failing test may panic"
)]

mod facts;
mod figures;
mod spans;
