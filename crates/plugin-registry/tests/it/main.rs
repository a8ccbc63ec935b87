//! plugin-registry, through its public interface.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failing test may panic"
)]

mod catalogs;
mod collecting;
mod collecting_laws;
mod documents;
mod errors;
mod indexes;
mod laws;
mod lexical;
mod manifests;
mod parameters;
mod real_lists;
mod refining;
mod refining_laws;
mod repositories;
mod revoked;
mod schemas;
mod sources;
mod support;
