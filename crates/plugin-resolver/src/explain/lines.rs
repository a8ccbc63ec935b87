//! How near another version of a package is to the one that was asked for.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use semver::Version;

use crate::universe::{Bits, FIRST, Package};

/// All versions of a package.
pub(super) fn every(data: Package<'_>) -> Bits {
    Bits::from_indexes(FIRST..data.limit())
}

/// All versions that are no prereleases.
pub(super) fn stable(data: Package<'_>) -> Bits {
    let is_stable = |index: &u32| {
        data.release(*index)
            .is_some_and(|r| r.version.pre.is_empty())
    };
    Bits::from_indexes((FIRST..data.limit()).filter(is_stable))
}

/// Versions outside of what was asked for, those of one line that are equally near together, the nearest first.
pub(super) fn nearest(data: Package<'_>, asked: &Bits, outside: &Bits) -> Vec<Bits> {
    let from = From::new(data, asked);
    let mut groups: BTreeMap<(usize, Reverse<Line>, bool), Vec<u32>> = BTreeMap::new();
    for index in outside.below(data.limit()).filter(|index| *index >= FIRST) {
        if let Some(release) = data.release(index) {
            let version = release.version;
            let key = (
                from.distance(version),
                Reverse(line(version)),
                from.is_older(version),
            );
            groups.entry(key).or_default().push(index);
        }
    }
    groups.into_values().map(Bits::from_indexes).collect()
}

/// Over how many release lines a version lies from what was asked for; one more if it is older, one more if only it is a prerelease.
pub(super) fn distance(data: Package<'_>, asked: &Bits, version: &Version) -> usize {
    From::new(data, asked).distance(version)
}

/// What a caret range spans: a major version, or a minor one below 1.0.
type Line = (u64, u64);

fn line(version: &Version) -> Line {
    match version.major {
        0 => (0, version.minor),
        major => (major, 0),
    }
}

/// Where distances are counted from: the newest version that was asked for, else the newest there is, prereleases last.
struct From<'a> {
    lines: Vec<Line>,
    place: usize,
    asked: Option<&'a Version>,
    admits_prereleases: bool,
}

impl<'a> From<'a> {
    fn new(data: Package<'a>, asked: &Bits) -> Self {
        let mut lines: Vec<Line> = data.versions().map(line).collect();
        lines.sort_unstable();
        lines.dedup();
        let newest = asked
            .last_below(data.limit())
            .and_then(|index| data.release(index));
        let asked = newest.map(|release| release.version);
        let newest_stable = || data.versions().rfind(|version| version.pre.is_empty());
        let anchor = asked
            .or_else(newest_stable)
            .or_else(|| data.versions().next_back());
        let place = anchor.and_then(|version| lines.binary_search(&line(version)).ok());
        Self {
            place: place.unwrap_or_default(),
            admits_prereleases: anchor.is_some_and(|version| !version.pre.is_empty()),
            lines,
            asked,
        }
    }

    fn is_older(&self, version: &Version) -> bool {
        self.asked.is_some_and(|asked| version < asked)
    }

    fn distance(&self, version: &Version) -> usize {
        let place = self
            .lines
            .binary_search(&line(version))
            .unwrap_or(self.place);
        let is_newly_prerelease = !version.pre.is_empty() && !self.admits_prereleases;
        self.place.abs_diff(place)
            + usize::from(self.is_older(version))
            + usize::from(is_newly_prerelease)
    }
}
