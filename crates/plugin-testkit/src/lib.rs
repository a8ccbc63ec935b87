#![doc = include_str!("../README.md")]

pub mod executor;
pub mod store;
