//! What a host may choose.

use std::time::Duration;

/// When a commit counts as done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// When the disk has it: a commit that was answered survives a power failure.
    #[default]
    Full,
    /// When the operating system has it: a commit that was answered survives the end of the
    /// process. A power failure may take the last ones, in order; what is left is whole.
    Normal,
}

impl Durability {
    pub(crate) const fn pragma(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Normal => "NORMAL",
        }
    }
}

/// Where a row is read that is asked for by its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PointReads {
    /// Where the caller is, if a connection is free: some 10 µs where the page is in memory, instead of twice
    /// as long as it takes to wake a thread. What is not in memory is waited for on the caller's thread, so that on a
    /// slow disk (on a network) the other is better.
    #[default]
    OnCaller,
    /// On the threads that read, as everything else.
    OnThreads,
}

/// How a database file is used. The defaults suit a service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// When a commit counts as done. Default: [`Durability::Full`].
    pub durability: Durability,
    /// How long to wait for another process that is writing before it is `Busy`. Default: 5 s.
    pub busy_timeout: Duration,
    /// How many threads read, at least one. Default: 2.
    pub readers: usize,
    /// Where a row is read that is asked for by its key. Default: [`PointReads::OnCaller`].
    pub point_reads: PointReads,
    /// How often to look for another process's commits while somebody watches. Default: 50 ms.
    pub poll_interval: Duration,
    /// How large the file may become, in bytes; a commit beyond that is `Unavailable`. Default:
    /// as large as the disk lets it.
    pub max_bytes: Option<u64>,
    /// Up to which size, in bytes, the whole file is checked for damage when it is opened; in a
    /// larger one damage is found when the damaged part is read. Default: 16 MiB.
    pub check_up_to: u64,
    /// How much memory searches may keep, in bytes: an index for each place that was searched, those of the
    /// places searched last. The index of a place that is larger by itself is made anew for
    /// each search. Default: 256 MiB.
    pub search_memory: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Full,
            busy_timeout: Duration::from_secs(5),
            readers: 2,
            point_reads: PointReads::OnCaller,
            poll_interval: Duration::from_millis(50),
            max_bytes: None,
            check_up_to: 16 << 20,
            search_memory: 256 << 20,
        }
    }
}

impl Options {
    /// With another durability.
    #[must_use]
    pub const fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// With another time to wait for other writers.
    #[must_use]
    pub const fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// With another number of reading threads.
    #[must_use]
    pub const fn readers(mut self, readers: usize) -> Self {
        self.readers = readers;
        self
    }

    /// With another place to read rows by their keys.
    #[must_use]
    pub const fn point_reads(mut self, point_reads: PointReads) -> Self {
        self.point_reads = point_reads;
        self
    }

    /// With another interval between two looks for other processes' commits.
    #[must_use]
    pub const fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// With a bound on the file's size.
    #[must_use]
    pub const fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// With another bound on the check for damage.
    #[must_use]
    pub const fn check_up_to(mut self, bytes: u64) -> Self {
        self.check_up_to = bytes;
        self
    }

    /// With another bound on the memory of searches.
    #[must_use]
    pub const fn search_memory(mut self, bytes: usize) -> Self {
        self.search_memory = bytes;
        self
    }
}
