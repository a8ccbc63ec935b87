//! The program as its users meet it: processes, what they print, how they end.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failing test may panic"
)]

mod agents;
mod bad_input;
mod demo;
mod events;
mod examples;
mod exits;
mod filter;
mod guide;
mod help;
mod installs;
mod interrupts;
mod journey;
mod kills;
mod machine;
mod platform;
mod program;
mod recovers;
mod registry;
mod releases;
mod schemas;
mod secrets;
mod standing;
mod store;
mod store_on_server;
mod syncs;
mod tenants;
mod updates;
mod vault;
mod versions;
