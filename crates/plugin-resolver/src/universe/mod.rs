//! What there is to choose from: packages, their versions, what each needs.

mod bits;
mod builder;
mod facts;
mod symbols;

use std::collections::BTreeMap;
use std::sync::Arc;

use semver::Version;

use crate::spec::Spec;
use crate::{PackageName, Prereleases, Range, UnresolvableKind};

pub(crate) use self::bits::Bits;
pub use self::builder::UniverseBuilder;
pub(crate) use self::builder::real_name;
pub use self::facts::{Exports, ReleaseFacts, Unlisted};
pub(crate) use self::symbols::Symbols;

/// An immutable snapshot of package metadata, interned for solving.
///
/// It holds the plugin layer only: plugins and the packages they share with their host. One version of each is
/// selected. What lies below a plugin is npm's business; names that belong there are declared
/// [external](UniverseBuilder::external), and dependencies on them are kept as facts but take no part.
///
/// The same metadata gives the same universe, whatever order it was added in.
// INVARIANT: `packages` is sorted by name, `versions` of a package by `semver::Version`'s order, edges of a version by
// target name, kind and text. Indexes into these are what everything else works with.
#[derive(Debug, Clone)]
pub struct Universe {
    pub(crate) packages: Vec<Package>,
    pub(crate) needs: Vec<Need>,
    /// Each with its text.
    pub(crate) specs: Vec<(Spec, Arc<str>)>,
    pub(crate) symbols: Vec<Symbols>,
}

#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) name: PackageName,
    pub(crate) standing: Standing,
    pub(crate) releases: Vec<Release>,
    pub(crate) tags: BTreeMap<Box<str>, Version>,
    /// Indexes (as in [`index`]) of releases that are taken only when nothing else fits.
    pub(crate) avoided: Bits,
}

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

#[derive(Debug, Clone)]
pub(crate) struct Release {
    pub(crate) version: Version,
    pub(crate) edges: Box<[Edge]>,
    pub(crate) integrity: Option<Box<str>>,
    pub(crate) deprecated: Option<Box<str>>,
    pub(crate) yanked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    /// Index into `needs`.
    pub(crate) need: u32,
    pub(crate) kind: DependencyKind,
}

/// A package with what is asked of it, as often as anyone asks for exactly this.
#[derive(Debug, Clone)]
pub(crate) struct Need {
    pub(crate) target: u32,
    pub(crate) demanded: Demanded,
    /// What admits it, prereleases by npm's rule.
    pub(crate) admitted: Result<Bits, Problem>,
}

/// What a need asks of its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Demanded {
    /// Index into `specs`: a version, in the text as it was published.
    Spec(u32),
    /// Index into `symbols`.
    Symbols(u32),
}

/// How a package needs another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

    /// The packages whose metadata is here, by name.
    pub fn packages(&self) -> impl Iterator<Item = &PackageName> {
        self.packages
            .iter()
            .filter(|package| package.standing == Standing::Known)
            .map(|package| &package.name)
    }

    /// The versions of a package, ascending; empty if it is not here.
    pub fn versions(&self, name: &PackageName) -> impl Iterator<Item = &Version> {
        self.package_index(name)
            .and_then(|index| self.package(index))
            .into_iter()
            .flat_map(|package| package.releases.iter().map(|release| &release.version))
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
        self.packages.iter().flat_map(move |package| {
            package.releases.iter().flat_map(move |release| {
                release.edges.iter().filter_map(move |edge| {
                    let need = self.need(edge.need)?;
                    let target = self.package(need.target)?;
                    let (spec, _) = self.need_spec(need)?;
                    (target.standing == standing).then_some((
                        &package.name,
                        &release.version,
                        &target.name,
                        spec,
                    ))
                })
            })
        })
    }

    pub(crate) fn package_index(&self, name: &PackageName) -> Option<u32> {
        let found = self
            .packages
            .binary_search_by(|package| package.name.cmp(name));
        found.ok().and_then(|index| u32::try_from(index).ok())
    }

    pub(crate) fn package(&self, index: u32) -> Option<&Package> {
        self.packages.get(usize::try_from(index).ok()?)
    }

    pub(crate) fn need(&self, index: u32) -> Option<&Need> {
        self.needs.get(usize::try_from(index).ok()?)
    }

    /// The specifier of a need with its text, unless it asks for symbols.
    pub(crate) fn need_spec(&self, need: &Need) -> Option<&(Spec, Arc<str>)> {
        match need.demanded {
            Demanded::Spec(index) => self.specs.get(usize::try_from(index).ok()?),
            Demanded::Symbols(_) => None,
        }
    }

    pub(crate) fn symbols(&self, index: u32) -> Option<&Symbols> {
        self.symbols.get(usize::try_from(index).ok()?)
    }
}

impl Package {
    /// One past the index of the newest release.
    pub(crate) fn limit(&self) -> u32 {
        index(self.releases.len())
    }

    pub(crate) fn release(&self, index: u32) -> Option<&Release> {
        self.releases
            .get(usize::try_from(index.checked_sub(FIRST)?).ok()?)
    }

    pub(crate) fn index_of(&self, version: &Version) -> Option<u32> {
        let found = self
            .releases
            .binary_search_by(|release| release.version.cmp(version));
        found.ok().map(index)
    }

    /// Which releases meet the specifier. This is the one place where a range is evaluated.
    pub(crate) fn admitted(&self, spec: &Spec, prereleases: Prereleases) -> Result<Bits, Problem> {
        match self.standing {
            Standing::External => return Ok(Bits::EMPTY.complement()),
            Standing::Missing => return Err(Problem::PackageMissing),
            Standing::Known => {}
        }
        let spec = match spec {
            Spec::Alias { spec, .. } => spec,
            spec => spec,
        };
        let range = match spec {
            Spec::Range(range) => range,
            Spec::Tag(tag) => {
                let tagged = self
                    .tags
                    .get(tag)
                    .and_then(|version| self.index_of(version));
                return tagged
                    .map(Bits::singleton)
                    .ok_or_else(|| Problem::TagUnknown { tag: tag.clone() });
            }
            Spec::Workspace(_) => return Err(Problem::WorkspacePublished),
            Spec::Unresolvable { kind, .. } => return Err(Problem::Unresolvable { kind: *kind }),
            // INVARIANT: an alias holds a range or a tag.
            Spec::Alias { .. } => return Err(Problem::PackageMissing),
        };
        let Some(newest) = self.releases.last() else {
            return Err(Problem::PackageEmpty);
        };
        let reread = match prereleases {
            Prereleases::WhereNamed => None,
            Prereleases::Everywhere => Range::parse(range.as_str(), prereleases).ok(),
        };
        let range = reread.as_ref().unwrap_or(range);
        let admitted = self.in_range(range);
        if admitted != Bits::EMPTY {
            return Ok(admitted);
        }
        let wider = Range::parse(range.as_str(), Prereleases::Everywhere).ok();
        let prerelease = wider
            .and_then(|range| self.in_range(&range).last_below(self.limit()))
            .and_then(|index| self.release(index));
        Err(match prerelease {
            Some(release) => Problem::OnlyPrereleasesMatch {
                newest: Box::new(release.version.clone()),
            },
            None => Problem::NoVersionMatches {
                newest: Box::new(newest.version.clone()),
            },
        })
    }

    fn in_range(&self, range: &Range) -> Bits {
        let releases = self.releases.iter().enumerate();
        Bits::from_indexes(
            releases
                .filter(|(_, release)| range.satisfies(&release.version))
                .map(|(at, _)| index(at)),
        )
    }
}

/// The index of the release at a position.
pub(crate) fn index(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX - FIRST) + FIRST
}
