//! What can be imported from a package, and which file each entry is.

use std::collections::{BTreeMap, BTreeSet};

use plugin_registry::{PackageFiles, UnlistedEntries};

use super::conditions::Exported;
use super::package_json::PackageJson;
use super::paths;
use crate::LoadKind;
use crate::limits::{MAX_ENTRIES, MAX_PATTERNS};

/// The entries of a package.
#[derive(Debug)]
pub(super) struct Entries {
    /// By entry, `.` or `./v1`: its path when it is imported, or none if it can only be required.
    pub(super) files: BTreeMap<String, Option<String>>,
    pub(super) unlisted: UnlistedEntries,
}

/// The entries that a package.json declares, patterns written out over the files that are there.
pub(super) fn entries(package: &PackageJson, files: &PackageFiles) -> Entries {
    match &package.exports {
        None => Entries {
            files: main(package, files)
                .map(|path| (".".to_owned(), Some(path)))
                .into_iter()
                .collect(),
            unlisted: UnlistedEntries::Unknown,
        },
        Some(Exported::Keyed(all)) if all.iter().any(|(key, _)| key.starts_with('.')) => {
            listed(all, files)
        }
        Some(single) => listed(&[(".".to_owned(), single.clone())], files),
    }
}

/// The main file of a package without `exports`, as Node finds it; where it finds none, as bundlers do.
fn main(package: &PackageJson, files: &PackageFiles) -> Option<String> {
    let named = [
        package.main.as_deref(),
        Some("index"),
        package.module.as_deref(),
    ];
    named
        .into_iter()
        .flatten()
        .filter_map(|path| paths::join("", path))
        .find_map(|path| paths::file(files, &path, LoadKind::Require))
}

fn listed(all: &[(String, Exported)], files: &PackageFiles) -> Entries {
    let mut found = Entries {
        files: BTreeMap::new(),
        unlisted: UnlistedEntries::Absent,
    };
    let exact: BTreeSet<&str> = all.iter().map(|(entry, _)| entry.as_str()).collect();
    let mut patterns = Vec::new();
    for (entry, exported) in all {
        let path = target(exported);
        match (entry.split_once('*'), path) {
            (Some((before, after)), path) => patterns.push(Pattern {
                before,
                after,
                path,
            }),
            // A folder, as Node allowed it until version 16.
            (None, _) if entry.ends_with('/') => found.unlisted = UnlistedEntries::Unknown,
            (None, Some(path)) => {
                let path = path.and_then(|path| paths::join("", path));
                found.files.insert(entry.clone(), path);
            }
            (None, None) => {}
        }
    }
    if found.files.len() > MAX_ENTRIES || patterns.len() > MAX_PATTERNS {
        found.unlisted = UnlistedEntries::Unknown;
        return found.cut();
    }
    for pattern in &patterns {
        pattern.add_to(&mut found, &patterns, &exact, files);
    }
    found.cut()
}

/// Where an entry leads: to a file when imported, to none when it can only be required. None if it does not exist.
fn target(exported: &Exported) -> Option<Option<&str>> {
    match exported.resolve(LoadKind::Import) {
        Some(path) => Some(Some(path)),
        None => exported.resolve(LoadKind::Require).map(|_| None),
    }
}

/// `"./features/*": "./dist/features/*.js"`.
#[derive(Debug)]
struct Pattern<'a> {
    before: &'a str,
    after: &'a str,
    /// As [`target`] gives it.
    path: Option<Option<&'a str>>,
}

impl Pattern<'_> {
    /// Adds what the pattern makes of the files that are there. An exact entry goes before it, and so does a longer pattern, also one that excludes.
    fn add_to(
        &self,
        found: &mut Entries,
        patterns: &[Pattern<'_>],
        exact: &BTreeSet<&str>,
        files: &PackageFiles,
    ) {
        let Some(path) = self.path else {
            return;
        };
        let path = path.and_then(|path| path.trim_start_matches("./").split_once('*'));
        let Some((start, end)) = path else {
            found.unlisted = UnlistedEntries::Unknown;
            return;
        };
        for file in files.paths() {
            let middle = file
                .strip_prefix(start)
                .and_then(|rest| rest.strip_suffix(end));
            let Some(middle) = middle.filter(|middle| !middle.is_empty()) else {
                continue;
            };
            let entry = format!("{}{middle}{}", self.before, self.after);
            let goes_before = |other: &Pattern<'_>| {
                other.before.len() > self.before.len() && other.matches(&entry)
            };
            if !exact.contains(entry.as_str()) && !patterns.iter().any(goes_before) {
                found.files.insert(entry, Some(file.to_owned()));
            }
            if found.files.len() > MAX_ENTRIES {
                return;
            }
        }
    }

    fn matches(&self, entry: &str) -> bool {
        entry.len() > self.before.len() + self.after.len()
            && entry.starts_with(self.before)
            && entry.ends_with(self.after)
    }
}

impl Entries {
    /// Leaves out what is too much; of that nothing is said.
    fn cut(mut self) -> Self {
        while self.files.len() > MAX_ENTRIES {
            self.files.pop_last();
            self.unlisted = UnlistedEntries::Unknown;
        }
        self
    }
}
