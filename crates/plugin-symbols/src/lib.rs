#![doc = include_str!("../README.md")]

mod error;
mod lexer;
mod limits;
mod module;
mod package;

/// Grows whenever the same files may give another answer: what was kept of an earlier one is then read anew.
pub const REVISION: u32 = 1;

pub use error::Unreadable;
pub use module::{Completeness, LoadKind, Module, ModuleFormat, Target, read_module};
pub use package::read_symbols;
