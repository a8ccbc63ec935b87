//! What the files of a package say about names: which it exports, and which it imports from others.

mod files;
mod known;
mod model;
mod port;
mod refine;

pub use files::{PackageFile, PackageFiles};
pub use known::KnownSymbols;
pub use model::{EntryExports, ImportTime, ImportedNames, PackageSymbols, UnlistedEntries};
pub use port::{MemorySymbols, SymbolSource};
pub use refine::{Extent, RefineLimits, Refined, refine};
