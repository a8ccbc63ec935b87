//! How much a runtime and each of its executions may use.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Bounds on one runtime and its executions. Every field is a hard bound; what an executor cannot
/// enforce it says in its [`Enforcement`](crate::Enforcement).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Time for loading and starting the plugins of a runtime, in milliseconds.
    pub start_ms: u64,
    /// Time for one execution, in milliseconds; at most [`Limits::LONGEST_MS`].
    pub timeout_ms: u64,
    /// Memory of the runtime, in bytes.
    pub memory_bytes: u64,
    /// Share of one processor, in percent.
    pub cpu_percent: u8,
    /// Bytes the runtime may write to disk.
    pub disk_write_bytes: u64,
    /// Requests to the network a minute and plugin.
    pub egress_per_minute: u32,
    /// Bytes to and from the network in one execution.
    pub egress_bytes: u64,
    /// Size of one output as JSON, in bytes.
    pub output_bytes: u64,
    /// Host calls in one execution.
    pub host_calls: u32,
}

impl Limits {
    /// Five minutes: longer work is polled for, not waited for.
    pub const LONGEST_MS: u64 = 300_000;

    /// The time for one execution, never above [`Limits::LONGEST_MS`].
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.min(Self::LONGEST_MS))
    }

    /// The time for a start, never above [`Limits::LONGEST_MS`].
    #[must_use]
    pub fn start(&self) -> Duration {
        Duration::from_millis(self.start_ms.min(Self::LONGEST_MS))
    }
}

impl Default for Limits {
    /// 60 s to start, 30 s to run, 512 MiB, 80 % of a processor, no disk writes, 10 requests a
    /// minute and 10 MB to the network, 4 MiB of output, 10,000 host calls.
    fn default() -> Self {
        Self {
            start_ms: 60_000,
            timeout_ms: 30_000,
            memory_bytes: 512 << 20,
            cpu_percent: 80,
            disk_write_bytes: 0,
            egress_per_minute: 10,
            egress_bytes: 10_000_000,
            output_bytes: 4 << 20,
            host_calls: 10_000,
        }
    }
}
