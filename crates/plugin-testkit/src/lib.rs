#![doc = include_str!("../README.md")]

pub mod audit;
pub mod executor;
pub mod sim;
pub mod store;
pub mod vault;
