//! The decisions and the manager that drives them, as specifications.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing test may panic"
)]

mod journey;
mod machine;
mod rbac;
mod world;
