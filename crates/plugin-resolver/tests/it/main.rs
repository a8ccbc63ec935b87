//! What the resolver promises, tried through its public surface.
#![expect(clippy::unwrap_used, reason = "a failing test may panic")]
#![expect(clippy::panic, reason = "a failing test may panic")]
#![expect(clippy::indexing_slicing, reason = "a failing test may panic")]

mod advice;
mod bad_input;
mod budgets;
mod cases;
mod chains;
mod conflicts;
mod drifted;
mod edges;
mod graphs;
mod groups;
mod held;
mod laws;
mod lock_laws;
mod locking;
mod locks;
mod machines;
mod names_and_specs;
mod policies;
mod range_algebra;
mod ranges;
mod real;
mod sat;
mod support;
mod symbols;
mod verdicts;
mod worlds;
