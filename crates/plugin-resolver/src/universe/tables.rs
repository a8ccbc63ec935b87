//! The tables that a universe consists of. Everything here is an index into something else here.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use semver::Version;

use super::{Bits, DependencyKind, FIRST, Standing, Symbols, index};
use crate::PackageName;
use crate::spec::Spec;

/// Column by column, each thing once: versions, lists of edges and sets of versions are shared by all that have the same.
// INVARIANT: `packages` is sorted by name; `releases` go by package, within it by `semver::Version`'s order; edges of a release by target
// name, kind and text, then what it imports. Numbers of packages, needs and the rest are positions in these tables.
#[derive(Default)]
pub(crate) struct Tables {
    pub(super) packages: Box<[PackageRow]>,
    /// Whether no package has more releases than fit into a word beside what else may be selected of it.
    pub(super) is_narrow: bool,
    pub(super) releases: Box<[ReleaseRow]>,
    /// Each different version, ascending.
    pub(super) versions: Box<[Version]>,
    /// Where each list of edges begins in `edges`, and one past the last.
    pub(super) lists: Box<[u32]>,
    pub(super) edges: Box<[Edge]>,
    pub(super) needs: Box<[Need]>,
    /// Each different set of versions that some need admits.
    pub(super) admitted: Box<[Bits]>,
    /// Each with its text.
    pub(super) specs: Box<[(Spec, Arc<str>)]>,
    pub(super) symbols: Box<[Symbols]>,
    pub(super) integrity: Texts,
    /// By release, ascending.
    pub(super) deprecated: Box<[(u32, Box<str>)]>,
    /// When each release was published, as [`seconds`] say it; empty if that is known of none.
    pub(super) published: Box<[u32]>,
}

#[derive(Debug)]
pub(crate) struct PackageRow {
    pub(super) name: PackageName,
    pub(super) standing: Standing,
    /// Position of its first release, and how many there are.
    pub(super) first: u32,
    pub(super) count: u32,
    /// By name.
    pub(super) tags: Box<[(Box<str>, Version)]>,
    /// Indexes (as in [`index`]) of releases that are taken only when nothing else fits.
    pub(super) avoided: Bits,
}

impl PackageRow {
    pub(super) fn is_narrow(&self) -> bool {
        self.count <= Bits::FEW - FIRST
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct ReleaseRow {
    /// Position in `versions`.
    pub(super) version: u32,
    /// Position in `lists`.
    pub(super) list: u32,
}

/// What a release needs: the number of a need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) need: u32,
}

/// A package with what is asked of it, as often as anyone asks for exactly this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Need {
    pub(crate) target: u32,
    pub(crate) demanded: Demanded,
    /// Position in `admitted`: what meets it, prereleases by npm's rule. Empty if nothing does, or everything where the target takes no part.
    pub(super) admitted: u32,
}

/// What a need asks of its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Demanded {
    /// A version: the number of the specifier, and how it is needed.
    Spec(DependencyKind, u32),
    /// The number of what it must export.
    Symbols(u32),
}

impl Need {
    /// Whether it says anything at all: what is external does not, nor a wish for what nobody knows.
    pub(crate) fn takes_part(self) -> bool {
        self.admitted != EVERYTHING
    }

    /// How it is needed. An import is a condition on what is there, not a wish for it.
    pub(crate) fn kind(self) -> DependencyKind {
        match self.demanded {
            Demanded::Spec(kind, _) => kind,
            Demanded::Symbols(_) => DependencyKind::OptionalPeer,
        }
    }
}

/// Position in `admitted` of the empty set.
pub(super) const NOTHING: u32 = 0;
/// Position in `admitted` of the set that restricts nothing.
pub(super) const EVERYTHING: u32 = 1;

/// A package of a universe.
#[derive(Clone, Copy)]
pub(crate) struct Package<'a> {
    tables: &'a Tables,
    row: &'a PackageRow,
    pub(crate) name: &'a PackageName,
    pub(crate) standing: Standing,
    pub(crate) avoided: &'a Bits,
}

/// A release of a universe.
#[derive(Clone, Copy)]
pub(crate) struct Release<'a> {
    tables: &'a Tables,
    /// Its position among all releases.
    place: u32,
    pub(crate) version: &'a Version,
    pub(crate) edges: &'a [Edge],
}

impl Tables {
    pub(super) fn package(&self, number: u32) -> Option<Package<'_>> {
        let row = at(&self.packages, number)?;
        Some(Package {
            tables: self,
            row,
            name: &row.name,
            standing: row.standing,
            avoided: &row.avoided,
        })
    }

    pub(super) fn need(&self, number: u32) -> Option<Need> {
        at(&self.needs, number).copied()
    }

    pub(super) fn admitted(&self, need: Need) -> Option<&Bits> {
        at(&self.admitted, need.admitted)
    }

    pub(super) fn spec(&self, number: u32) -> Option<&(Spec, Arc<str>)> {
        at(&self.specs, number)
    }

    pub(super) fn symbols(&self, number: u32) -> Option<&Symbols> {
        at(&self.symbols, number)
    }

    fn version(&self, release: ReleaseRow) -> Option<&Version> {
        at(&self.versions, release.version)
    }

    fn edges(&self, list: u32) -> Option<&[Edge]> {
        let range = span(*at(&self.lists, list)?, *at(&self.lists, list + 1)?)?;
        self.edges.get(range)
    }
}

impl<'a> Package<'a> {
    /// One past the index of the newest release.
    pub(crate) fn limit(self) -> u32 {
        self.row.count + FIRST
    }

    pub(crate) fn release(self, index: u32) -> Option<Release<'a>> {
        let position = index.checked_sub(FIRST).filter(|at| *at < self.row.count)?;
        let place = self.row.first + position;
        let row = at(&self.tables.releases, place)?;
        Some(Release {
            tables: self.tables,
            place,
            version: self.tables.version(*row)?,
            edges: self.tables.edges(row.list)?,
        })
    }

    /// What the release with this index needs; empty if there is none.
    pub(crate) fn edges(self, index: u32) -> &'a [Edge] {
        self.release(index).map_or(&[], |release| release.edges)
    }

    /// Ascending.
    pub(crate) fn versions(self) -> impl DoubleEndedIterator<Item = &'a Version> {
        let tables = self.tables;
        let rows = self.rows().iter();
        rows.filter_map(|row| tables.version(*row))
    }

    pub(crate) fn index_of(self, version: &Version) -> Option<u32> {
        let found = self.rows().binary_search_by(|row| {
            let known = self.tables.version(*row);
            known.map_or(std::cmp::Ordering::Less, |known| known.cmp(version))
        });
        found.ok().map(index)
    }

    pub(crate) fn tag(self, tag: &str) -> Option<&'a Version> {
        let tags = &self.row.tags;
        let found = tags.binary_search_by(|(known, _)| known.as_ref().cmp(tag));
        let (_, version) = tags.get(found.ok()?)?;
        Some(version)
    }

    fn rows(self) -> &'a [ReleaseRow] {
        let range = span(self.row.first, self.row.first + self.row.count);
        range
            .and_then(|range| self.tables.releases.get(range))
            .unwrap_or_default()
    }
}

impl<'a> Release<'a> {
    pub(crate) fn integrity(self) -> Option<&'a str> {
        self.tables.integrity.get(self.place)
    }

    pub(crate) fn published(self) -> Option<DateTime<Utc>> {
        let seconds = *at(&self.tables.published, self.place)?;
        let time = DateTime::from_timestamp(i64::from(seconds), 0);
        time.filter(|_| seconds != 0)
    }

    pub(crate) fn deprecated(self) -> Option<&'a str> {
        let all = &self.tables.deprecated;
        let found = all.binary_search_by_key(&self.place, |(place, _)| *place);
        let (_, message) = all.get(found.ok()?)?;
        Some(message)
    }
}

/// A time of publication in four bytes: seconds since 1970, 0 for unknown. What lies beyond, in 2106 or before 1970, is moved to the end
/// of what can be said.
pub(super) fn seconds(published: Option<i64>) -> u32 {
    published.map_or(0, |seconds| {
        u32::try_from(seconds.max(1)).unwrap_or(u32::MAX)
    })
}

/// One text or none for each of many things, in one piece of memory.
#[derive(Default)]
pub(super) struct Texts {
    all: Box<str>,
    /// Where each ends; those that are missing are empty. Nothing at all if none is there.
    ends: Box<[usize]>,
}

impl<'a> FromIterator<Option<&'a str>> for Texts {
    fn from_iter<I: IntoIterator<Item = Option<&'a str>>>(texts: I) -> Self {
        let (mut all, mut ends) = (String::new(), Vec::new());
        for text in texts {
            all.push_str(text.unwrap_or_default());
            ends.push(all.len());
        }
        if all.is_empty() {
            ends.clear();
        }
        Self {
            all: all.into(),
            ends: ends.into(),
        }
    }
}

impl Texts {
    fn get(&self, number: u32) -> Option<&str> {
        let end = *at(&self.ends, number)?;
        let start = match number.checked_sub(1) {
            Some(before) => *at(&self.ends, before)?,
            None => 0,
        };
        self.all.get(start..end).filter(|text| !text.is_empty())
    }
}

impl fmt::Debug for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tables")
            .field("packages", &self.packages.len())
            .field("releases", &self.releases.len())
            .field("needs", &self.needs.len())
            .finish_non_exhaustive()
    }
}

pub(super) fn at<T>(values: &[T], number: u32) -> Option<&T> {
    values.get(usize::try_from(number).ok()?)
}

fn span(start: u32, end: u32) -> Option<std::ops::Range<usize>> {
    Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}
