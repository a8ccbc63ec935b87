//! The store's source, as it is.

mod sync {
    pub(super) use std::sync::PoisonError;

    pub(super) use shuttle::sync::{Arc, Mutex, MutexGuard};
}

#[expect(unreachable_pub, reason = "the library exports it")]
#[path = "../../src/store/memory.rs"]
pub(crate) mod memory;
