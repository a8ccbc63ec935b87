#![doc = include_str!("../README.md")]

mod error;
mod lexer;
mod limits;
mod module;
mod package;

pub use error::Unreadable;
pub use module::{Completeness, LoadKind, Module, ModuleFormat, Target, read_module};
pub use package::read_symbols;
