//! One package: its entries, and what is reached from them.

mod conditions;
mod entries;
mod package_json;
mod paths;
mod reach;
mod symbols;

pub use symbols::read_symbols;
