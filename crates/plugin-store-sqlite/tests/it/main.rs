//! The store, as its users meet it.
#![expect(clippy::unwrap_used, reason = "a failing test may panic")]

mod in_memory;
