//! Locking that survives a panic of somebody else.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks. What is kept behind our locks is whole between any two statements, so a panic elsewhere
/// spoils nothing.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
