#![doc = include_str!("../README.md")]

mod bounds;
mod checker;

pub use checker::JsonSchemas;
