//! How much would be fetched.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::registry::Registry;

/// The bytes of the packages whose size the registry tells, and how many it does not tell.
pub(crate) fn sizes(
    registry: &Registry,
    packages: BTreeSet<(String, String)>,
    threads: usize,
) -> (u64, u64) {
    let waiting = Mutex::new(packages);
    let total = Mutex::new((0_u64, 0_u64));
    let next = || {
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.pop_first()
    };
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some((name, version)) = next() {
                    let size = registry.tarball_size(&name, &version);
                    let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
                    match size {
                        Some(bytes) => total.0 = total.0.saturating_add(bytes),
                        None => total.1 += 1,
                    }
                }
            });
        }
    });
    total.into_inner().unwrap_or_else(PoisonError::into_inner)
}
