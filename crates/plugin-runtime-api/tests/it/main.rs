//! The specification of this crate, through its public interface.

#![expect(clippy::unwrap_used, reason = "a failing test may panic")]

mod native;
mod rig;
mod scripted;
