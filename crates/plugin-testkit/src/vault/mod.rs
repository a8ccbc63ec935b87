//! The conformance suite of [`Vault`](plugin_runtime_api::Vault), and vaults that are wrong on
//! purpose.
//!
//! An adapter calls [`vault_suite!`](crate::vault_suite) once with what makes an empty vault.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a suite fails by panicking"
)]

mod case;
mod cases;
mod faulty;

pub use case::{CASES, Case, run_case};
pub use cases::{ORGANISATIONS, organisation};
pub use faulty::{Fault, FaultyVault};
