//! Every layer keeps the contract, and does what it is for.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failing test may panic"
)]

mod cached;
mod facts;
mod injected;
mod law;
mod metered;
mod suites;
mod traced;
