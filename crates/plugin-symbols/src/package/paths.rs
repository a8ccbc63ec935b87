//! Paths inside a package, and from a specifier to one of its files.

use plugin_registry::PackageFiles;
use plugin_resolver::PackageName;

use crate::LoadKind;

/// The path that `specifier` means, seen from the folder of the file `from`. None if it leaves the package.
pub(super) fn relative(from: &str, specifier: &str) -> Option<String> {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    join(folder, specifier)
}

/// `path` below `folder`, without `.` and `..`.
pub(super) fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    let path = path.split(['?', '#']).next().unwrap_or_default();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The file at a path: exactly that one for `import`; for `require` also with an extension, or the index of a folder.
pub(super) fn file(files: &PackageFiles, path: &str, kind: LoadKind) -> Option<String> {
    let endings: &[&str] = match kind {
        LoadKind::Import => &[""],
        LoadKind::Require => &["", ".js", ".json", ".node", "/index.js", "/index.json"],
    };
    let candidates = endings.iter().map(|ending| format!("{path}{ending}"));
    candidates
        .map(|path| path.trim_start_matches('/').to_owned())
        .find(|path| files.get(path).is_some())
}

/// The package and the entry that a bare specifier means. None for a file, an address, or a module of Node that says so (`node:fs`).
pub(super) fn package(specifier: &str) -> Option<(PackageName, String)> {
    let ends = if specifier.starts_with('@') { 2 } else { 1 };
    let mut parts = specifier.splitn(ends + 1, '/');
    let name: Vec<&str> = parts.by_ref().take(ends).collect();
    let name = PackageName::new(&name.join("/")).ok()?;
    let entry = match parts.next() {
        Some(rest) => format!("./{rest}"),
        None => ".".to_owned(),
    };
    Some((name, entry))
}
