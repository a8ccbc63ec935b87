//! How long answers are kept, and how often the registry may be asked: defaults, changeable by the host.

use std::time::Duration;

/// How long what was worked out stays good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CachePolicy {
    /// Lists and documents of the registry.
    pub registry: Duration,
    /// Dependency trees.
    pub dependency_tree: Duration,
    /// Statistics.
    pub statistics: Duration,
    /// Vectors of texts: for ever, as the same text has the same vector; none says so.
    pub embeddings: Option<Duration>,
}

impl Default for CachePolicy {
    /// 5 minutes, 1 hour, 1 minute, for ever.
    fn default() -> Self {
        Self {
            registry: Duration::from_secs(5 * 60),
            dependency_tree: Duration::from_secs(60 * 60),
            statistics: Duration::from_secs(60),
            embeddings: None,
        }
    }
}

/// How many results a search gives when nothing else is asked.
pub const SEARCH_LIMIT: u32 = 20;

/// The key of the budget that bounds how often the shared registry is synced.
pub const SYNC_BUDGET: &str = "plugin_registry_sync:global";

/// In how much time one sync of the shared registry may be made.
pub const SYNC_EVERY: Duration = Duration::from_secs(5 * 60);
