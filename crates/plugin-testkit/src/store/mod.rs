//! The conformance suite of [`Store`](one_ontology::Store), its differential test, and stores
//! that are wrong on purpose.
//!
//! [`store_suite!`](crate::store_suite) is all an adapter writes.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a suite fails by panicking"
)]

// First: the others use its macro.
#[macro_use]
mod list;

mod case;
mod cases;
pub mod differential;
mod faulty;
pub mod isolation;
mod kit;
mod subject;
mod timer;

pub use case::{CASES, Case, run_case};
pub use faulty::{Fault, FaultyStore};
pub use subject::Subject;
