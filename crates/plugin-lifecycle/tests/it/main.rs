//! The decisions and the manager that drives them, as specifications.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing test may panic"
)]

mod abandoned;
mod admission;
mod agents;
mod agents_left;
mod agents_runtimes;
mod batches;
mod blame;
mod breaker;
mod channels;
mod configure_under_way;
mod docs;
mod drain;
mod events;
mod givers;
mod handles;
mod holds;
mod journey;
mod locks;
mod machine;
mod model;
mod notices;
mod observed;
mod one_runtime;
mod one_runtime_access;
mod one_runtime_laws;
mod one_runtime_memories;
mod one_runtime_models;
mod presumed_gone;
mod probe;
mod pruned;
mod queue;
mod rbac;
mod rebuild;
mod recover;
mod retry;
mod reuse;
mod review;
mod rollback;
mod rollups;
mod runs;
mod sanitizer;
mod schemas;
mod secrets;
mod secrets_over_versions;
mod several;
mod status;
mod stepping;
mod suspending;
mod update;
mod update_model;
mod update_races;
mod why;
mod world;
