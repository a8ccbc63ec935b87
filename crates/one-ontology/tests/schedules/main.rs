//! The memory store under other schedules than the machine's: the store's own source, compiled with locks that
//! shuttle controls, so that threads change places at every lock, at random and as a seed says.
//!
//! `ONE_PLUGIN_SCHEDULES` says how many schedules each test tries, otherwise 300.
#![expect(clippy::unwrap_used, reason = "a failing test may panic")]

mod budgets;
mod linear;
mod store;
mod support;
mod watchers;

// What the store's source finds in its own crate.
use one_ontology::*;
