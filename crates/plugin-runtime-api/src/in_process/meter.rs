//! Counts what one execution uses.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::Usage;

#[derive(Debug, Default)]
pub(super) struct Meter {
    host_calls: AtomicU32,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

impl Meter {
    /// Counts one more host call unless there were `limit` already.
    pub(super) fn begin_host_call(&self, limit: u32) -> bool {
        self.host_calls
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
                (count < limit).then(|| count.saturating_add(1))
            })
            .is_ok()
    }

    pub(super) fn take_in(&self, bytes: u64) {
        self.bytes_in.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn give_out(&self, bytes: u64) {
        self.bytes_out.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn usage(&self, wall_us: u64) -> Usage {
        Usage {
            wall_us,
            memory_bytes: 0,
            host_calls: self.host_calls.load(Ordering::Relaxed),
            bytes_in: self.bytes_in.load(Ordering::Relaxed),
            bytes_out: self.bytes_out.load(Ordering::Relaxed),
        }
    }
}
