//! Words that must not be in a committed file.
//!
//! The patterns are built from parts, so that this file does not find itself.

use super::layers::CORE;
use super::{Issue, SourceFile};

/// Hosts of package registries: the client is configured with one, we never name one.
const REGISTRY_HOSTS: &[&str] = &[
    concat!("registry.", "npmjs."),
    concat!("registry.", "yarnpkg."),
    concat!("registry.", "npmmirror."),
    concat!("registry.npm.", "taobao."),
    concat!("npm.pkg.", "github."),
];

/// With `registry.` before and one of these after, a dotted name is a host and not code.
const TOP_LEVEL: &[&str] = &["com", "org", "net", "io", "dev", "sh", "cn", "cloud"];

/// Folders that exist on one machine only.
const MACHINE_FOLDERS: &[&str] = &[
    concat!("/wor", "k/"),
    concat!("/roo", "t/"),
    concat!("/tm", "p/"),
    concat!("/hom", "e/"),
    concat!("/User", "s/"),
    concat!("/var/fold", "ers/"),
    concat!(":\\User", "s\\"),
];

/// Whose home may stand in an example.
const NOBODY: &[&str] = &["user", "me", "you", "alice"];

/// What must not be left in Rust code, and what to do instead.
const LEFTOVERS: &[(&str, &str)] = &[
    (
        concat!("#[al", "low("),
        "write `#[expect(.., reason = \"..\")]`, which says when it is no longer needed",
    ),
    (
        concat!("#![al", "low("),
        "write `#![expect(.., reason = \"..\")]`, which says when it is no longer needed",
    ),
    (
        concat!("to", "do!("),
        "write it, or open an issue and refuse with a typed error",
    ),
    (
        concat!("unimple", "mented!("),
        "write it, or open an issue and refuse with a typed error",
    ),
    (concat!("db", "g!("), "remove it"),
];

/// What the core crates do without, so that they run in a browser and answer the same everywhere. A compiler for wasm32 lets it pass and
/// it fails at run time.
const OUTSIDE: &[&str] = &[
    "std::env::",
    "std::fs",
    "std::net::",
    "std::process",
    "std::thread::",
    "std::time::Instant",
];

/// All findings in one file.
#[must_use]
pub fn check(file: &SourceFile) -> Vec<Issue> {
    let rust = file.path.ends_with(".rs");
    let lock =
        file.path.ends_with("package-lock.json") || file.path.ends_with("npm-shrinkwrap.json");
    let core = CORE
        .iter()
        .any(|name| file.path.starts_with(&format!("crates/{name}/src/")));
    let mut issues = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let mut report = |what: String, fix: &str| {
            issues.push(Issue::new(file.path.clone(), index + 1, what, fix));
        };
        if let Some(host) = registry_host(line) {
            report(
                format!("`{host}` is the host of a package registry"),
                "use what the client is configured for, or `registry.example` in a test",
            );
        }
        if let Some(folder) = machine_folder(line) {
            report(
                format!("`{folder}` is a folder of one machine"),
                "use a relative path, or a temporary directory asked for at run time",
            );
        }
        if lock && line.contains("\"resolved\"") {
            report(
                "the lock names where packages came from".to_owned(),
                "run `npm install --package-lock-only --omit-lockfile-registry-resolved`",
            );
        }
        let code = line.split("//").next().unwrap_or_default();
        if core {
            for outside in OUTSIDE.iter().filter(|word| has_word(code, word)) {
                report(
                    format!("`{outside}` in a core crate"),
                    "take what it gives as an argument, or make it a port that an adapter implements",
                );
            }
        }
        if rust {
            for (leftover, fix) in LEFTOVERS.iter().filter(|(word, _)| has_word(line, word)) {
                report(format!("`{leftover}` does not land"), fix);
            }
        }
    }
    issues
}

/// The host of a package registry in a line, if one is there.
#[must_use]
pub fn registry_host(line: &str) -> Option<String> {
    let line = line.to_ascii_lowercase();
    if let Some(known) = REGISTRY_HOSTS.iter().find(|host| line.contains(**host)) {
        return Some((*known).trim_end_matches('.').to_owned());
    }
    line.split(|character: char| !character.is_ascii_alphanumeric() && !"-._".contains(character))
        .map(|word| word.trim_matches('.'))
        .find(|word| {
            let labels: Vec<&str> = word.split('.').collect();
            let [first, middle @ .., last] = labels.as_slice() else {
                return false;
            };
            let reserved = middle
                .iter()
                .any(|label| matches!(*label, "example" | "test" | "invalid"));
            *first == "registry" && !middle.is_empty() && !reserved && TOP_LEVEL.contains(last)
        })
        .map(str::to_owned)
}

/// A path into a folder of one machine in a line, if one is there.
#[must_use]
pub fn machine_folder(line: &str) -> Option<&'static str> {
    MACHINE_FOLDERS.iter().copied().find(|folder| {
        line.match_indices(folder).any(|(at, _)| {
            let (before, from) = line.split_at(at);
            let inside = from.get(folder.len()..).unwrap_or_default();
            let owner = inside
                .split(|character: char| !character.is_ascii_alphanumeric())
                .next()
                .unwrap_or_default();
            let example = folder.to_ascii_lowercase().contains("s\\")
                || folder.contains(concat!("/hom", "e"))
                || folder.contains(concat!("/User", "s"));
            // A drive letter stands before `:`, a folder of some longer path before anything else.
            let starts = folder.starts_with(':') || !before.ends_with(is_inside_path);
            starts && !(example && NOBODY.contains(&owner))
        })
    })
}

fn is_inside_path(character: char) -> bool {
    character.is_alphanumeric() || "_-.~})]*$/\\%".contains(character)
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.split_at(at).0.chars().next_back();
        !before.is_some_and(|character| character.is_alphanumeric() || character == '_')
    })
}
