//! The npm source as its users see it, against registries on the loopback interface.
#![expect(clippy::unwrap_used, reason = "a failing test may panic")]
#![expect(clippy::indexing_slicing, reason = "a failing test may panic")]

mod cache;
mod closures;
mod config;
mod credentials;
mod errors;
mod failures;
mod integrity;
mod laws;
mod live;
mod network;
mod npm;
mod server;
mod symbols;
mod tarballs;
mod world;
