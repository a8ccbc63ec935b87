//! What is under the pure crates: few packages, and none that brings a runtime, IO, randomness or C.

use std::collections::BTreeSet;
use std::path::Path;

use super::layers::CORE;
use super::{Issue, line_where};
use crate::metadata::Workspace;
use crate::process::capture;

/// The most packages from outside that the five may have together.
pub(super) const MOST_EXTERNAL: usize = 48;

/// The same answer on every machine, and the target that must stay possible.
const TARGETS: &[&str] = &["x86_64-unknown-linux-gnu", "wasm32-unknown-unknown"];

/// Refused by name; a `*` stands for anything.
const FORBIDDEN: &[&str] = &[
    "tokio*",
    "async-std*",
    "async-io",
    "async-global-executor",
    "smol",
    "mio",
    "polling",
    "socket2",
    "rand",
    "rand_*",
    "getrandom",
    "fastrand",
    "reqwest",
    "hyper*",
    "h2",
    "ureq*",
    "curl",
    "isahc",
    "native-tls",
    "rustls*",
    "openssl*",
    "ring",
    "aws-lc-*",
    "rusqlite",
    "sqlx*",
    "diesel",
    "libc",
    "nix",
    "rustix",
    "winapi",
    "windows*",
    "cc",
    "cmake",
    "pkg-config",
    "bindgen",
    "*-sys",
    "iana-time-zone",
];

/// One package as `cargo tree` prints it, found under one core crate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    core: &'static str,
    package: Package,
    /// Whether it is in the crate itself rather than only in build scripts.
    normal: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Package {
    name: String,
    version: String,
}

/// Asks cargo what is under each core crate alone, so that features others turn on do not count.
pub(super) fn load(root: &Path) -> Result<BTreeSet<Found>, String> {
    let mut all = BTreeSet::new();
    for core in CORE {
        for target in TARGETS {
            for (edges, normal) in [("normal", true), ("normal,build", false)] {
                let arguments = [
                    "tree",
                    "--package",
                    core,
                    "--edges",
                    edges,
                    "--target",
                    target,
                    "--prefix",
                    "none",
                    "--no-dedupe",
                ];
                let text = capture(root, "cargo", &arguments)?;
                all.extend(text.lines().filter_map(parse).map(|package| Found {
                    core,
                    package,
                    normal,
                }));
            }
        }
    }
    Ok(all)
}

/// Reads `name v1.2.3 (more)`.
fn parse(line: &str) -> Option<Package> {
    let mut words = line.split_whitespace();
    let name = words.next()?.to_owned();
    let version = words.next()?.strip_prefix('v')?.to_owned();
    Some(Package { name, version })
}

/// The packages from outside, each version once; build scripts' own are not counted.
pub(super) fn external(workspace: &Workspace, found: &BTreeSet<Found>) -> BTreeSet<Package> {
    found
        .iter()
        .filter(|each| each.normal && !workspace.crates.contains_key(&each.package.name))
        .map(|each| each.package.clone())
        .collect()
}

pub(super) fn check(workspace: &Workspace, found: &BTreeSet<Found>) -> Vec<Issue> {
    let mut issues = Vec::new();
    for each in found.iter().filter(|each| forbidden(&each.package.name)) {
        let manifest = format!("crates/{}/Cargo.toml", each.core);
        let name = &each.package.name;
        let text = std::fs::read_to_string(workspace.root.join(&manifest)).unwrap_or_default();
        issues.push(Issue::new(
            manifest,
            line_where(&text, |line| line.starts_with(name.as_str())),
            format!("`{name}` is under a crate that must stay pure"),
            format!(
                "drop it or the feature that brings it; `cargo tree --target all -e normal,build -p {} -i {name}` says who does",
                each.core
            ),
        ));
    }
    let count = external(workspace, found).len();
    if count > MOST_EXTERNAL {
        issues.push(Issue::new(
            "Cargo.toml",
            1,
            format!("the core crates have {count} packages from outside, {MOST_EXTERNAL} at most are allowed"),
            "do without the newest, or turn its default features off",
        ));
    }
    issues
}

fn forbidden(name: &str) -> bool {
    FORBIDDEN.iter().any(|pattern| {
        if let Some(end) = pattern.strip_prefix('*') {
            name.ends_with(end)
        } else if let Some(start) = pattern.strip_suffix('*') {
            name.starts_with(start)
        } else {
            name == *pattern
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_names_are_whole_names_unless_a_star_says_otherwise() {
        for (name, expect) in [
            ("tokio", true),
            ("tokio-util", true),
            ("openssl-sys", true),
            ("js-sys", true),
            ("libc", true),
            ("rand_core", true),
            ("serde", false),
            ("randomize", false),
            ("librarian", false),
            ("system", false),
            ("ringbuffer", false),
        ] {
            assert_eq!(forbidden(name), expect, "{name}");
        }
    }

    #[test]
    fn lines_of_cargo_tree_are_read() {
        let package = parse("serde_derive v1.0.229 (proc-macro)").unwrap();
        assert_eq!(
            (package.name.as_str(), package.version.as_str()),
            ("serde_derive", "1.0.229")
        );
        assert_eq!(parse(""), None);
        assert_eq!(parse("[build-dependencies]"), None);
    }
}
