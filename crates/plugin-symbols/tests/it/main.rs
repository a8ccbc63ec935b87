//! What is read from files, as users of the crate see it.
#![expect(clippy::unwrap_used, reason = "a failing test may panic")]

mod commonjs;
mod hostile;
mod laws;
mod modules;
mod packages;
