//! What the ontology promises, through its public API.
#![expect(clippy::unwrap_used, reason = "a failing test may panic")]
#![expect(clippy::indexing_slicing, reason = "a failing test may panic")]
#![expect(clippy::panic, reason = "a failing test may panic")]

mod audit;
mod budgets;
mod canonical;
mod change_sets;
mod concurrency;
mod connection_rules;
mod errors;
mod exports;
mod isolation;
mod proofs;
mod queries;
mod retention;
mod scopes;
mod search;
mod search_index;
mod search_typos;
mod signing;
mod stored;
mod support;
mod validation;
mod vocabulary;
mod watch;
