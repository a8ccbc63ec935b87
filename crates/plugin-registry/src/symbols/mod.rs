//! What the files of a package say about names: which it exports, and which it imports from others.

mod files;
mod model;

pub use files::{PackageFile, PackageFiles};
pub use model::{EntryExports, ImportTime, ImportedNames, PackageSymbols, UnlistedEntries};
