#![doc = include_str!("../README.md")]

pub mod ci;
pub mod cli;
mod clock;
pub mod metadata;
mod packages;
pub mod predicates;
mod process;
pub mod report;
mod run_tests;
pub mod tidy;

pub use packages::{TEST_PACKAGES, digest};
pub use run_tests::run_tests;
