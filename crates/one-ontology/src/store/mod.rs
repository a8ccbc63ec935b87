//! The ports to the facts, and the store that keeps them in memory.

mod directory;
mod memory;
mod port;

pub use directory::Directory;
pub use memory::MemoryStore;
pub use port::Store;
