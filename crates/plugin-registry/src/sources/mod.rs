//! Sources that need no network.

mod embedded;
mod memory;

pub use embedded::{EmbeddedSource, catalog_names};
pub use memory::{MemorySource, stage_digest};
