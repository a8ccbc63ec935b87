//! The suites, tried on the reference stores and on wrong ones.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failing test may panic"
)]

mod executor;
mod faulty;
mod memory;
mod sim;
mod sim_invariants;
mod trail;
mod vault;
