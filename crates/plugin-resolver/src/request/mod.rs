//! What is asked of a universe.

mod cooldown;
mod locking;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use semver::Version;
use serde::{Deserialize, Serialize};

pub use self::cooldown::{Cooldown, Undated};
pub(crate) use self::locking::Locking;
pub use self::locking::Unlock;
use crate::lock::{Lock, LockedRequest};
use crate::spec::Spec;
use crate::{PackageName, Prereleases};

/// Which of several fitting versions is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Policy {
    /// The newest.
    #[default]
    Newest,
    /// The oldest; shows whether declared lower bounds are true.
    Lowest,
}

/// How an answer is looked for. The answer is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Search {
    /// The preferred version of everything first; the complete solver only where that meets a conflict.
    #[default]
    GreedyFirst,
    /// The complete solver at once.
    Complete,
}

/// A request to resolve: roots in order of importance, and how. Cheap to clone.
///
/// ```
/// use plugin_resolver::Request;
/// # fn main() -> Result<(), plugin_resolver::ResolverError> {
/// let request = Request::new()
///     .root("@elizaos/plugin-knowledge".parse()?, "^1.6".parse()?)
///     .host("@elizaos/core".parse()?, plugin_resolver::parse_version("1.7.2")?);
/// assert_eq!(request.roots().count(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub(crate) roots: Arc<Vec<(PackageName, Spec)>>,
    pub(crate) hosts: Arc<BTreeMap<PackageName, Version>>,
    pub(crate) lock: Option<Arc<Lock>>,
    pub(crate) locking: Locking,
    pub(crate) cooldown: Option<Arc<Cooldown>>,
    pub(crate) policy: Policy,
    pub(crate) search: Search,
    pub(crate) prereleases: Prereleases,
    pub(crate) budget: Budget,
}

/// How much work the complete solver may do, in steps. A decision is a step, and so are 64 looks at sets of versions: what a search has
/// learned it looks at again with each decision, so decisions grow dearer as they do in time, and what is learned stays within memory.
/// In a universe that has a package of more than 61 versions, each 1,024 of them are a look more, and each 128 where a new set is made,
/// which may be kept. To take decisions back costs a step for each 256 packages that were met, or for each 8,192 where only another
/// version is tried. Counted, not timed, so that the same request ends in the same way everywhere. An explanation may take as many steps
/// again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget(u64);

impl Budget {
    /// A budget of so many steps.
    #[must_use]
    pub fn steps(steps: u64) -> Self {
        Self(steps)
    }

    pub(crate) fn count(self) -> u64 {
        self.0
    }
}

impl Default for Budget {
    /// 500,000 steps. Real requests take some dozens; a synthetic one of 5,000 packages of which one in five is held back is answered in
    /// 0.2 s. A problem made to be hard ends within about a second, and in 600 MB at the worst that is
    /// known, 1.2 KB a step.
    fn default() -> Self {
        Self(500_000)
    }
}

impl Request {
    /// A request for nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for a package. Where not everything can have its best version, earlier roots come first.
    #[must_use]
    pub fn root(mut self, name: PackageName, spec: Spec) -> Self {
        Arc::make_mut(&mut self.roots).push((name, spec));
        self
    }

    /// Says that the host provides a package in this version: if anything needs it, it must accept this one.
    #[must_use]
    pub fn host(mut self, name: PackageName, version: Version) -> Self {
        Arc::make_mut(&mut self.hosts).insert(name, version);
        self
    }

    /// Prefers the versions of a lock wherever they still fit: before the newest, and before anything that is not locked is decided. What
    /// may move nevertheless, [`Self::unlock`] says; without it, nothing that fits.
    #[must_use]
    pub fn prefer(mut self, lock: Lock) -> Self {
        self.lock = Some(Arc::new(lock));
        if self.locking == Locking::Frozen {
            self.locking = Locking::default();
        }
        self
    }

    /// Prefers the versions of the lock for fewer packages, or for none. With [`Unlock::Only`] nothing else moves for what is unlocked, as
    /// long as there is any answer without that; with [`Unlock::WithDependencies`] what it needs may move with it. A lock that was
    /// [frozen](Self::frozen) no longer is.
    #[must_use]
    pub fn unlock(mut self, unlock: Unlock) -> Self {
        self.locking = Locking::Prefer(unlock);
        self
    }

    /// Asks whether a lock still is an answer: nothing is chosen. The answer is the lock itself, or
    /// [`Failure::Drift`](crate::Failure::Drift) with everything that drifted: also what the locked releases need otherwise than the lock
    /// says, and a tag of which it does not say where it pointed. Where a tag points now takes no part, since the lock does say.
    #[must_use]
    pub fn frozen(mut self, lock: Lock) -> Self {
        self.lock = Some(Arc::new(lock));
        self.locking = Locking::Frozen;
        self
    }

    /// Passes over releases that are too young.
    #[must_use]
    pub fn cooldown(mut self, cooldown: Cooldown) -> Self {
        self.cooldown = Some(Arc::new(cooldown));
        self
    }

    /// Whether it passes over releases that are too young.
    #[must_use]
    pub fn has_cooldown(&self) -> bool {
        self.cooldown.is_some()
    }

    /// Chooses which of several fitting versions is taken.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Chooses how an answer is looked for.
    #[must_use]
    pub fn search(mut self, search: Search) -> Self {
        self.search = search;
        self
    }

    /// Chooses which prereleases ranges admit.
    #[must_use]
    pub fn prereleases(mut self, prereleases: Prereleases) -> Self {
        self.prereleases = prereleases;
        self
    }

    /// Bounds the work of the complete solver.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// What is asked for, in order.
    pub fn roots(&self) -> impl ExactSizeIterator<Item = (&PackageName, &Spec)> {
        self.roots.iter().map(|(name, spec)| (name, spec))
    }

    /// The lock that it prefers or holds frozen.
    #[must_use]
    pub fn lock(&self) -> Option<&Lock> {
        self.lock.as_deref()
    }

    /// The same request for some of its roots, by their positions. Positions that it does not have are passed over.
    #[must_use]
    pub fn only(&self, positions: &[usize]) -> Self {
        let roots = positions
            .iter()
            .filter_map(|at| self.roots.get(*at).cloned());
        Self {
            roots: Arc::new(roots.collect()),
            hosts: self.hosts.clone(),
            lock: self.lock.clone(),
            locking: self.locking.clone(),
            cooldown: self.cooldown.clone(),
            ..*self
        }
    }

    /// A digest of what is required (roots in order, host versions, policy, prereleases), not of how it is looked for: `sha256-` and
    /// the lower-case hexadecimal SHA-256 of the `request` of a [`Lock`] as compact JSON. The order of the roots takes part, since it
    /// decides the answer where not everything can have its best version.
    #[must_use]
    pub fn digest(&self) -> String {
        LockedRequest::of(self).digest()
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Newest => "newest",
            Self::Lowest => "lowest",
        })
    }
}
