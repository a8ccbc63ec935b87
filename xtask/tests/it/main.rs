//! What the checks find and what they leave alone.

#![expect(clippy::unwrap_used, reason = "a failing test may panic")]

mod cli;
mod layers;
mod map;
mod report;
mod text;
