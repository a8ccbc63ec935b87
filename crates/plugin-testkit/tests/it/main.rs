//! The suites, tried on the reference stores and on wrong ones.
#![expect(clippy::unwrap_used, reason = "a failing test may panic")]

mod executor;
mod faulty;
mod memory;
mod trail;
