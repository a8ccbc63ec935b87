//! Each crate has a README, and its library begins with it.

use super::{Issue, SourceFile};
use crate::metadata::Workspace;

const INCLUDE: &str = "#![doc = include_str!(\"../README.md\")]";

pub(super) fn check(workspace: &Workspace, files: &[SourceFile]) -> Vec<Issue> {
    let find = |path: &str| files.iter().find(|file| file.path == path);
    let mut issues = Vec::new();
    for (name, member) in &workspace.crates {
        let readme = format!("{}/README.md", member.folder);
        if find(&readme).is_none() {
            issues.push(Issue::new(
                readme,
                1,
                format!("`{name}` has no README"),
                "write a page that says what it is, with an example that runs",
            ));
        }
        let Some(library) = &member.library else {
            continue;
        };
        if !find(library).is_some_and(|file| file.text.lines().any(|line| line == INCLUDE)) {
            issues.push(Issue::new(
                library.clone(),
                1,
                "the README is not the documentation of the crate",
                format!("begin with `{INCLUDE}`"),
            ));
        }
    }
    issues
}
