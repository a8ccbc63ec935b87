//! What there is to choose from: packages, their versions, what each needs.

mod admit;
mod bits;
mod builder;
mod facts;
mod interner;
mod symbols;
mod tables;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use semver::Version;

use crate::spec::Spec;
use crate::{PackageName, UnresolvableKind};

pub(crate) use self::bits::Bits;
pub use self::builder::UniverseBuilder;
pub use self::facts::{Exports, ReleaseFacts, Unlisted};
pub(crate) use self::symbols::Symbols;
use self::tables::Tables;
pub(crate) use self::tables::{Demanded, Edge, Need, Package, Release};

/// An immutable snapshot of package metadata, interned for solving. Cheap to clone.
///
/// It holds the plugin layer only: plugins and the packages they share with their host. One version of each is
/// selected. What lies below a plugin is npm's business; names that belong there are declared
/// [external](UniverseBuilder::external), and dependencies on them are kept as facts but take no part.
///
/// The same metadata gives the same universe, whatever order it was added in.
#[derive(Debug, Clone)]
pub struct Universe(Arc<Tables>);

/// Why a name is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Its metadata was added.
    Known,
    /// It belongs to the layer below.
    External,
    /// Something needs it, and nothing is known of it.
    Missing,
}

/// How a package needs another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DependencyKind {
    /// `dependencies`: must be there, in range.
    Normal,
    /// `peerDependencies`: must be there, in range, and is shared with the host.
    Peer,
    /// `optionalDependencies`: is there, in range, if that is possible.
    Optional,
    /// An optional peer: if something else brings it, it must be in range.
    OptionalPeer,
}

impl DependencyKind {
    /// Whether the dependent cannot be there without it.
    #[must_use]
    pub fn is_required(self) -> bool {
        matches!(self, Self::Normal | Self::Peer)
    }
}

/// Why a need cannot be met by any version, whatever else is selected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Nothing is known of the package.
    PackageMissing,
    /// The package has no version at all.
    PackageEmpty,
    /// Versions exist, none is in range.
    NoVersionMatches {
        /// The newest version that exists.
        newest: Box<Version>,
    },
    /// Only prereleases are in range, and npm's rule admits those only where a range names one.
    OnlyPrereleasesMatch {
        /// The newest of them.
        newest: Box<Version>,
    },
    /// The host provides a version that the universe does not know.
    HostVersionUnknown,
    /// The package has no such tag, or the tag points at a version that does not exist.
    TagUnknown {
        /// The tag.
        tag: Box<str>,
    },
    /// `workspace:` was published; it has no meaning outside its publisher's repository.
    WorkspacePublished,
    /// Something that no registry version answers.
    Unresolvable {
        /// What it is.
        kind: UnresolvableKind,
    },
    /// A release asks for another version of its own package.
    NeedsOtherSelf,
    /// No version has the entry, or exports the names.
    NeverExported,
    /// Versions are in range, and a cooldown passes over all of them.
    TooYoung {
        /// The newest of them.
        newest: Box<Version>,
        /// When it was published, where that is known.
        published: Option<DateTime<Utc>>,
    },
}

/// Stands for "not selected, and nobody asked".
pub(crate) const IDLE: u32 = 0;
/// Stands for "not selected although something would have liked it".
pub(crate) const ABSENT: u32 = 1;
/// Index of the first release; the rest follow in ascending order.
pub(crate) const FIRST: u32 = 2;

impl Universe {
    /// Begins an empty universe.
    #[must_use]
    pub fn builder() -> UniverseBuilder {
        UniverseBuilder::default()
    }

    pub(super) fn new(tables: Tables) -> Self {
        Self(Arc::new(tables))
    }

    /// The packages whose metadata is here, by name.
    pub fn packages(&self) -> impl Iterator<Item = &PackageName> {
        self.all()
            .filter(|package| package.standing == Standing::Known)
            .map(|package| package.name)
    }

    /// Whether the universe knows the package by its own metadata.
    #[must_use]
    pub fn knows(&self, name: &PackageName) -> bool {
        self.package_index(name)
            .and_then(|index| self.package(index))
            .is_some_and(|package| package.standing == Standing::Known)
    }

    /// The versions of a package, ascending; empty if it is not here.
    pub fn versions(&self, name: &PackageName) -> impl DoubleEndedIterator<Item = &Version> {
        self.package_index(name)
            .and_then(|index| self.package(index))
            .into_iter()
            .flat_map(Package::versions)
    }

    /// Dependencies on packages that are neither here nor external: (dependent, its version, what it needs, how it says
    /// so). Each makes its dependent unusable unless it is optional.
    pub fn missing(&self) -> impl Iterator<Item = (&PackageName, &Version, &PackageName, &Spec)> {
        self.facts(Standing::Missing)
    }

    /// Dependencies on external packages, in the same form.
    pub fn external(&self) -> impl Iterator<Item = (&PackageName, &Version, &PackageName, &Spec)> {
        self.facts(Standing::External)
    }

    fn facts(
        &self,
        standing: Standing,
    ) -> impl Iterator<Item = (&PackageName, &Version, &PackageName, &Spec)> {
        self.all().flat_map(move |package| {
            let releases = (FIRST..package.limit()).filter_map(move |at| package.release(at));
            releases.flat_map(move |release| {
                release.edges.iter().filter_map(move |edge| {
                    let need = self.need(edge.need)?;
                    let target = self.package(need.target)?;
                    let (spec, _) = self.need_spec(need)?;
                    let is_such = target.standing == standing;
                    is_such.then_some((package.name, release.version, target.name, spec))
                })
            })
        })
    }

    /// How many packages there are, known or not.
    pub(crate) fn count(&self) -> usize {
        self.0.packages.len()
    }

    /// Whether every set of versions of every package is a [`Bits::Few`].
    pub(crate) fn is_narrow(&self) -> bool {
        self.0.is_narrow
    }

    /// How many needs there are.
    pub(crate) fn need_count(&self) -> usize {
        self.0.needs.len()
    }

    pub(crate) fn package_index(&self, name: &PackageName) -> Option<u32> {
        let found = self.0.packages.binary_search_by(|row| row.name.cmp(name));
        found.ok().and_then(|index| u32::try_from(index).ok())
    }

    /// The index of a package from some index on: near ones are found fast.
    pub(crate) fn package_index_from(&self, start: u32, name: &PackageName) -> Option<u32> {
        let rest = self.0.packages.get(usize::try_from(start).ok()?..)?;
        if rest.first().is_some_and(|row| row.name == *name) {
            return Some(start);
        }
        let mut reach = 1;
        while rest.get(reach).is_some_and(|row| row.name <= *name) {
            reach *= 2;
        }
        let near = rest.get(reach / 2..rest.len().min(reach + 1))?;
        let found = near.binary_search_by(|row| row.name.cmp(name)).ok()?;
        u32::try_from(reach / 2 + found).ok().map(|at| start + at)
    }

    pub(crate) fn package(&self, index: u32) -> Option<Package<'_>> {
        self.0.package(index)
    }

    pub(crate) fn need(&self, index: u32) -> Option<Need> {
        self.0.need(index)
    }

    /// What meets a need, prereleases by npm's rule.
    pub(crate) fn admitted(&self, need: Need) -> Option<&Bits> {
        self.0.admitted(need)
    }

    /// The specifier of a need with its text, unless it asks for symbols.
    pub(crate) fn need_spec(&self, need: Need) -> Option<&(Spec, Arc<str>)> {
        match need.demanded {
            Demanded::Spec(_, index) => self.0.spec(index),
            Demanded::Symbols(_) => None,
        }
    }

    pub(crate) fn symbols(&self, index: u32) -> Option<&Symbols> {
        self.0.symbols(index)
    }

    fn all(&self) -> impl Iterator<Item = Package<'_>> {
        (0..).map_while(|index| self.package(index))
    }
}

/// The package that is really meant.
pub(crate) fn real_name<'a>(name: &'a PackageName, spec: &'a Spec) -> &'a PackageName {
    match spec {
        Spec::Alias { name, .. } => name,
        _ => name,
    }
}

/// The index of the release at a position.
pub(crate) fn index(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX - FIRST) + FIRST
}
