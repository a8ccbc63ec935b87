//! What a lock means for a request.

use std::collections::BTreeSet;

use crate::{Lock, PackageName};

/// Which packages of a lock may move to other versions although those that are locked still fit.
///
/// The others stay at their locked versions as long as there is any answer in which they do, and what is unlocked moves as far as that
/// lets it: to move a plugin to a release that needs another version of something shared, unlock it with its dependencies. Where there is
/// no such answer, say because something else is asked for, each locked version is kept as far as it fits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Unlock {
    /// None.
    #[default]
    None,
    /// These.
    Only(BTreeSet<PackageName>),
    /// These, and all that they need, directly or not, according to the lock. What others need, too, is among it.
    WithDependencies(BTreeSet<PackageName>),
    /// All: what was locked is not preferred, only exempt from a [`Cooldown`](crate::Cooldown).
    All,
}

/// How a request uses its lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Locking {
    /// Versions of the lock come first wherever they fit.
    Prefer(Unlock),
    /// The answer is the lock, or there is none.
    Frozen,
}

impl Default for Locking {
    fn default() -> Self {
        Self::Prefer(Unlock::None)
    }
}

impl Locking {
    /// Whether a package has to stay as it is locked if it stays at its locked version.
    pub(crate) fn keeps<'a>(&'a self, lock: &'a Lock) -> impl Fn(&PackageName) -> bool + 'a {
        let unlock = match self {
            Self::Prefer(unlock) => unlock,
            Self::Frozen => &Unlock::None,
        };
        unlock.keeps(lock)
    }
}

impl Unlock {
    /// Whether a package keeps its locked version where that fits.
    pub(crate) fn keeps<'a>(&'a self, lock: &'a Lock) -> impl Fn(&PackageName) -> bool + 'a {
        let closure = match self {
            Self::WithDependencies(names) => dependencies(lock, names),
            _ => BTreeSet::new(),
        };
        move |name| match self {
            Self::None => true,
            Self::Only(names) => !names.contains(name),
            Self::WithDependencies(_) => !closure.contains(name),
            Self::All => false,
        }
    }
}

fn dependencies<'a>(lock: &'a Lock, names: &'a BTreeSet<PackageName>) -> BTreeSet<&'a PackageName> {
    let mut found: BTreeSet<&PackageName> = names.iter().collect();
    let mut open: Vec<&PackageName> = names.iter().collect();
    while let Some(name) = open.pop() {
        let needs = lock.get(name).into_iter().flat_map(|locked| &locked.needs);
        open.extend(
            needs
                .map(|need| &need.name)
                .filter(|name| found.insert(name)),
        );
    }
    found
}
