//! Bounds on what is fetched and how long that may take.

use std::time::Duration;

/// Bounds on fetching. The defaults suit any registry; tests shorten the times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Largest package document read, in bytes after decompression. 64 MiB.
    pub document_bytes: u64,
    /// Largest tarball read, in bytes. 256 MiB.
    pub tarball_bytes: u64,
    /// How many requests run at once. 8.
    pub concurrency: usize,
    /// How often one request is tried. 3.
    pub attempts: u32,
    /// Pause after the first failed try; it doubles with each further one. 1 s.
    pub backoff: Duration,
    /// Longest pause that a registry may ask for before its answer counts as a refusal. 10 s.
    pub longest_pause: Duration,
    /// Time to connect. 10 s.
    pub connect: Duration,
    /// Time until the answer begins. 30 s.
    pub answer: Duration,
    /// Time to read all of the answer. 5 min.
    pub body: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            document_bytes: 64 << 20,
            tarball_bytes: 256 << 20,
            concurrency: 8,
            attempts: 3,
            backoff: Duration::from_secs(1),
            longest_pause: Duration::from_secs(10),
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            body: Duration::from_secs(300),
        }
    }
}
