//! Lists of plugins in the shapes that are in circulation.

mod entry;
mod flat;
mod model;
mod parse;

pub use model::{IndexEntry, IndexShape, Line, LineRelease, Origin, PluginKind, RegistryIndex};
