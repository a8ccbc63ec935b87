//! Exported and imported names, as they are kept and as the resolver wants them.

use std::collections::{BTreeMap, BTreeSet};

use plugin_resolver::{Exports, PackageName, ReleaseFacts, Unlisted};
use serde::{Deserialize, Serialize};

/// The names that one release exports and imports. What is not known is said to be unknown, and
/// then admits anything: only what is certain can rule a release out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageSymbols {
    /// What can be imported from the package, by entry: `.` or `./v1`.
    pub exports: BTreeMap<String, EntryExports>,
    /// What is true of entries that are not listed.
    pub unlisted: UnlistedEntries,
    /// What it imports from other packages when its main entry is loaded, sorted and without repetition.
    pub imports: Vec<ImportedNames>,
}

/// What one entry exports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryExports {
    /// These names and no others; a default export is called `default`.
    Names(BTreeSet<String>),
    /// The entry is there; what it exports could not be found out.
    Unknown,
}

/// What is true of entries that are not listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnlistedEntries {
    /// They do not exist, as where a package.json has `exports`.
    Absent,
    /// They may exist, as where it has none.
    #[default]
    Unknown,
}

/// Names that are imported from one entry of another package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ImportedNames {
    /// The package.
    pub package: PackageName,
    /// The entry: `.` or `./v1`.
    pub entry: String,
    /// When a missing name is noticed.
    pub when: ImportTime,
    /// The names; none where only the entry is known to be loaded.
    pub names: BTreeSet<String>,
}

/// When an import is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportTime {
    /// While the package is loaded: what is missing keeps it from loading.
    Load,
    /// Later and perhaps never, as in `await import("x")` inside a function: what is missing may be expected.
    Later,
}

impl PackageSymbols {
    /// Adds these names to what is known of the release. Imports that are carried out later take no
    /// part, nor do imports of packages that are not in `layer`.
    #[must_use]
    pub fn add_to(
        &self,
        mut facts: ReleaseFacts,
        layer: impl Fn(&PackageName) -> bool,
    ) -> ReleaseFacts {
        for (entry, exports) in &self.exports {
            facts = facts.exports(entry, exports.into());
        }
        facts = facts.unlisted(match self.unlisted {
            UnlistedEntries::Absent => Unlisted::Absent,
            UnlistedEntries::Unknown => Unlisted::Unknown,
        });
        let at_load = self.imports.iter();
        for import in at_load.filter(|i| i.when == ImportTime::Load && layer(&i.package)) {
            let names = import.names.iter().map(String::as_str);
            facts = facts.imports(import.package.clone(), &import.entry, names);
        }
        facts
    }
}

impl From<&EntryExports> for Exports {
    fn from(exports: &EntryExports) -> Self {
        match exports {
            EntryExports::Names(names) => Self::names(names.iter().map(String::as_str)),
            EntryExports::Unknown => Self::Unknown,
        }
    }
}
