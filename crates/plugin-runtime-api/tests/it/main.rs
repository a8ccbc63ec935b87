//! The specification of this crate, through its public interface.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing test may panic"
)]

mod errors;
mod memory_vault;
mod native;
mod permission;
mod rig;
mod router;
mod scripted;
mod wire;
