//! One file: what it exports and loads.

mod cjs;
mod clause;
mod declaration;
mod esm;
mod model;
mod namespace;

pub use model::{Completeness, LoadKind, Module, ModuleFormat, Target};

use crate::Unreadable;
use crate::lexer::scan;

/// Reads one file.
///
/// # Errors
/// It is too large, or not the JavaScript that this program knows.
pub fn read_module(source: &str, format: ModuleFormat) -> Result<Module, Unreadable> {
    let tokens = scan(source)?;
    match format {
        ModuleFormat::Esm => esm::read(&tokens),
        ModuleFormat::CommonJs => Ok(cjs::read(&tokens)),
        ModuleFormat::Detect if esm::is_esm(&tokens) => esm::read(&tokens),
        ModuleFormat::Detect => Ok(cjs::read(&tokens)),
    }
}
