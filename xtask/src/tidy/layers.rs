//! Who may depend on whom inside the workspace.

use std::collections::BTreeSet;

use super::{Issue, line_where};
use crate::metadata::{Kind, Workspace};

/// The pure crates: no runtime, IO, clock, randomness or C under any of them.
pub const CORE: &[&str] = &[
    "one-ontology",
    "plugin-resolver",
    "plugin-registry",
    "plugin-runtime-api",
    "plugin-lifecycle",
];

/// Crates that nothing else may depend on.
const LEAVES: &[&str] = &["one-plugin", "benches", "xtask"];

/// What one crate may use.
#[derive(Debug, Clone, Copy)]
pub enum MayUse {
    /// These workspace crates and no other.
    Only(&'static [&'static str]),
    /// Any workspace crate that is not a leaf.
    AnyLibrary,
}

/// The table of ARCHITECTURE.md, in its order. Tests may use more: only normal and build dependencies are held to it.
pub const RULES: &[(&str, MayUse)] = &[
    ("one-ontology", MayUse::Only(&[])),
    ("plugin-resolver", MayUse::Only(&[])),
    (
        "plugin-registry",
        MayUse::Only(&["one-ontology", "plugin-resolver"]),
    ),
    ("plugin-runtime-api", MayUse::Only(&["one-ontology"])),
    (
        "plugin-lifecycle",
        MayUse::Only(&[
            "one-ontology",
            "plugin-resolver",
            "plugin-registry",
            "plugin-runtime-api",
        ]),
    ),
    // An adapter knows the crates of its port and never another adapter.
    ("plugin-store-sqlite", MayUse::Only(&["one-ontology"])),
    ("plugin-store-postgres", MayUse::Only(&["one-ontology"])),
    ("plugin-store-layers", MayUse::Only(&["one-ontology"])),
    (
        "plugin-executor-node",
        MayUse::Only(&["one-ontology", "plugin-runtime-api"]),
    ),
    (
        "plugin-source-npm",
        MayUse::Only(&["one-ontology", "plugin-resolver", "plugin-registry"]),
    ),
    ("plugin-audit-ed25519", MayUse::Only(&["one-ontology"])),
    (
        "plugin-vault-store",
        MayUse::Only(&["one-ontology", "plugin-runtime-api"]),
    ),
    (
        "plugin-config-jsonschema",
        MayUse::Only(&["one-ontology", "plugin-registry"]),
    ),
    ("plugin-observer", MayUse::Only(&["plugin-lifecycle"])),
    (
        "plugin-symbols",
        MayUse::Only(&["plugin-resolver", "plugin-registry"]),
    ),
    ("plugin-testkit", MayUse::Only(CORE)),
    ("plugin-test-postgres", MayUse::Only(&[])),
    ("one-plugin", MayUse::AnyLibrary),
    ("benches", MayUse::AnyLibrary),
    ("xtask", MayUse::Only(&[])),
];

/// Compares each manifest with [`RULES`].
#[must_use]
pub fn check(workspace: &Workspace) -> Vec<Issue> {
    check_against(workspace, RULES)
}

/// Compares each manifest with a table of rules.
#[must_use]
pub fn check_against(workspace: &Workspace, rules: &[(&str, MayUse)]) -> Vec<Issue> {
    let members: BTreeSet<&str> = workspace.crates.keys().map(String::as_str).collect();
    let mut issues = Vec::new();
    for (name, member) in &workspace.crates {
        let manifest = format!("{}/Cargo.toml", member.folder);
        let Some((_, may_use)) = rules.iter().find(|(of, _)| of == name) else {
            issues.push(Issue::new(
                manifest,
                1,
                format!("nothing says what `{name}` may depend on"),
                "add its row to RULES in xtask/src/tidy/layers.rs and to ARCHITECTURE.md",
            ));
            continue;
        };
        // A crate's tests may use the crate's own features through itself.
        for dependency in member.dependencies.iter().filter(|used| {
            used.kind != Kind::Dev && members.contains(used.name.as_str()) && used.name != *name
        }) {
            let used = dependency.name.as_str();
            let allowed = match may_use {
                MayUse::Only(these) => these.contains(&used),
                MayUse::AnyLibrary => !LEAVES.contains(&used),
            };
            if !allowed {
                let text = std::fs::read_to_string(workspace.root.join(&manifest));
                let line = line_where(&text.unwrap_or_default(), |line| {
                    line.trim_start().starts_with(used)
                });
                issues.push(Issue::new(
                    manifest.clone(),
                    line,
                    format!("`{name}` must not depend on `{used}`"),
                    "move the shared part to a crate both may use, or pass it in through a port",
                ));
            }
        }
    }
    issues
}
