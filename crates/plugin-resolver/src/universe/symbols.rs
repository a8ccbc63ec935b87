//! Imported and exported names as constraints: each becomes a set of versions, like a range.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Exports, ReleaseFacts, Unlisted};
use super::{Bits, FIRST, index};

/// What is asked of a package's exports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Symbols {
    /// As in `exports` of a `package.json`: `.` or `./v1`.
    pub(crate) entry: Box<str>,
    /// Ascending. None if it is the entry itself that is asked for.
    pub(crate) names: Vec<Box<str>>,
}

/// Who exports what: all releases of one package, turned around.
#[derive(Debug)]
pub(crate) struct ExportTable<'a> {
    /// How many releases there are.
    releases: u32,
    /// Releases that may have any entry that they do not list.
    open: Bits,
    entries: BTreeMap<&'a str, Entry<'a>>,
}

#[derive(Debug, Default)]
struct Entry<'a> {
    /// Releases that list the entry.
    listed: Vec<u32>,
    /// Those of them that may export any name from it.
    open: Vec<u32>,
    names: BTreeMap<&'a str, Vec<u32>>,
}

impl<'a> ExportTable<'a> {
    /// Of all releases of a package, ascending.
    pub(crate) fn new(releases: impl Iterator<Item = &'a ReleaseFacts>) -> Self {
        let mut open = Vec::new();
        let mut entries: BTreeMap<&str, Entry<'_>> = BTreeMap::new();
        let mut count = 0;
        for (position, facts) in releases.enumerate() {
            count += 1;
            let release = index(position);
            if facts.exports.is_empty() || facts.unlisted == Unlisted::Unknown {
                open.push(release);
            }
            for (entry, exports) in &facts.exports {
                let entry = entries.entry(entry).or_default();
                entry.listed.push(release);
                match exports {
                    Exports::Unknown => entry.open.push(release),
                    Exports::Names(names) => {
                        for name in names {
                            entry.names.entry(name).or_default().push(release);
                        }
                    }
                }
            }
        }
        Self {
            releases: count,
            open: Bits::from_indexes(open),
            entries,
        }
    }

    /// What an import comes to: one constraint for the names that the same releases export. What all releases export constrains nothing and
    /// is left out; where a release lacks a name because it lacks the entry, the entry is what is asked for.
    pub(crate) fn demands(&self, entry: &str, names: &BTreeSet<Box<str>>) -> Vec<(Symbols, Bits)> {
        let nowhere = Entry::default();
        let known = self.entries.get(entry).unwrap_or(&nowhere);
        let set = |releases: &[u32]| Bits::from_indexes(releases.iter().copied());
        let listed = set(&known.listed);
        let having = self.open.union(&listed);
        let any_name = set(&known.open).union(&self.open.intersection(&listed.complement()));
        let mut groups: BTreeMap<Bits, Vec<Box<str>>> = BTreeMap::new();
        groups.insert(having.clone(), Vec::new());
        for name in names {
            let exporting = known.names.get(&**name).map_or(&[][..], Vec::as_slice);
            let admitted = set(exporting).union(&any_name);
            if admitted != having {
                groups.entry(admitted).or_default().push(name.clone());
            }
        }
        let is_constraint = |bits: &Bits| bits.count_below(self.releases + FIRST) < self.releases;
        groups
            .into_iter()
            .filter(|(admitted, _)| is_constraint(admitted))
            .map(|(admitted, names)| {
                let entry = entry.into();
                (Symbols { entry, names }, admitted)
            })
            .collect()
    }
}
