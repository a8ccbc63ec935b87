//! What a whole package exports and imports.

use plugin_registry::{
    EntryExports, FindingTag, PackageFiles, PackageSymbols, Parsed, Report, UnlistedEntries,
};

use super::entries::{Entries, entries};
use super::package_json::PackageJson;
use super::reach::Reader;
use crate::limits::MAX_PACKAGE_JSON_BYTES;

/// Reads which names each entry of a package exports, and which names its main entry imports from other packages when it is loaded.
///
/// Entries are resolved as Node's `import` does; `export *` is followed within the package. Never fails: where something cannot be
/// found out, the answer says that it is unknown and the report why. No file is read that no entry reaches.
#[must_use]
pub fn read_symbols(files: &PackageFiles) -> Parsed<PackageSymbols> {
    let package = match files.text("package.json") {
        Some(text) if text.len() > MAX_PACKAGE_JSON_BYTES => {
            return nothing(FindingTag::TooLarge, "is larger than is read");
        }
        text => text.map(PackageJson::parse),
    };
    let package = match package {
        Some(Ok(package)) => package,
        Some(Err(reason)) => return nothing(FindingTag::Invalid, &reason),
        None => return nothing(FindingTag::Missing, "is not in the package"),
    };
    let entries = entries(&package, files);
    let mut reader = Reader::new(files, &package, &entries);
    let mut symbols = PackageSymbols {
        unlisted: entries.unlisted,
        ..PackageSymbols::default()
    };
    for (entry, path) in &entries.files {
        let exports = match path {
            Some(path) => reader.exports(path),
            None => EntryExports::Unknown,
        };
        symbols.exports.insert(entry.clone(), exports);
    }
    if let Some(path) = main_file(&entries) {
        symbols.imports = reader.imports(path);
    }
    Parsed {
        value: symbols,
        report: reader.report,
    }
}

fn main_file(entries: &Entries) -> Option<&str> {
    entries.files.get(".")?.as_deref()
}

fn nothing(tag: FindingTag, reason: &str) -> Parsed<PackageSymbols> {
    let mut report = Report::new();
    report.warn(tag, "package.json", reason);
    Parsed {
        value: PackageSymbols {
            unlisted: UnlistedEntries::Unknown,
            ..PackageSymbols::default()
        },
        report,
    }
}
