//! ARCHITECTURE.md against the disk: every crate is on the map, and the map shows nothing that is not there.

use std::collections::BTreeSet;

use super::{Issue, SourceFile};
use crate::metadata::Workspace;

const MAP: &str = "ARCHITECTURE.md";

pub(super) fn check(workspace: &Workspace, files: &[SourceFile]) -> Vec<Issue> {
    let crates: BTreeSet<&str> = workspace.crates.keys().map(String::as_str).collect();
    match files.iter().find(|file| file.path == MAP) {
        Some(file) => check_text(&file.text, &crates),
        None => vec![Issue::new(
            MAP,
            1,
            "there is no such file",
            "write the map of the workspace",
        )],
    }
}

/// Compares a map with the crates that are there. Names count where they stand as code: in backticks or a fenced block.
#[must_use]
pub fn check_text(text: &str, crates: &BTreeSet<&str>) -> Vec<Issue> {
    let named = names_in_code(text);
    let mut issues = Vec::new();
    for name in crates {
        if !named.iter().any(|(_, found)| found == name) {
            issues.push(Issue::new(
                MAP,
                1,
                format!("`{name}` is not on the map"),
                "name it in backticks and say what it is",
            ));
        }
    }
    for (line, name) in named {
        let looks_like_ours = name.starts_with("one-") || name.starts_with("plugin-");
        if looks_like_ours && !crates.contains(name) {
            issues.push(Issue::new(
                MAP,
                line,
                format!("`{name}` is not a crate of this workspace"),
                "correct the name, or write a package of npm with its scope",
            ));
        }
    }
    issues
}

/// Words of letters, digits and `-` that stand as code, with their lines.
fn names_in_code(text: &str) -> Vec<(usize, &str)> {
    let mut names = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if fenced {
            names.extend(words(line).map(|word| (index + 1, word)));
        } else {
            // Every second piece between backticks is code.
            let code = line.split('`').skip(1).step_by(2);
            names.extend(code.flat_map(words).map(|word| (index + 1, word)));
        }
    }
    names
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    let part_of_word = |character: char| character.is_ascii_alphanumeric() || character == '-';
    code.split(move |character| !part_of_word(character) && !"@/._<*".contains(character))
        .filter_map(|path| {
            // `@scope/plugin-x` is a package of npm, `plugin-x.json` a file, `plugin-<db>` a pattern.
            if path.starts_with('@') {
                return None;
            }
            let path = path.strip_prefix("crates/").unwrap_or(path);
            let first = path.split('/').next()?.trim_end_matches('.');
            let whole =
                !first.is_empty() && first.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            (whole && !first.ends_with('-')).then_some(first)
        })
}
