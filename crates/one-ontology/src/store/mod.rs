//! The ports to the facts, and the store that keeps them in memory.

mod directory;
mod memory;
mod port;

/// The locks of the memory store. `tests/schedules` compiles its source with others, which change
/// threads on purpose.
mod sync {
    pub(super) use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
}

pub use directory::Directory;
pub use memory::MemoryStore;
pub use port::Store;
