//! Schemas of strangers, and what becomes of values.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failing test may panic"
)]

mod hostile;
mod rules;
