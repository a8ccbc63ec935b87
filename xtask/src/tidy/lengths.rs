//! A long file is a sign of two nouns.

use super::{Issue, SourceFile};
use crate::metadata::Workspace;

const MOST_LINES: usize = 600;

pub(super) fn check(workspace: &Workspace, files: &[SourceFile]) -> Vec<Issue> {
    library_files(workspace, files)
        .filter(|(lines, _)| *lines > MOST_LINES)
        .map(|(lines, path)| {
            Issue::new(
                path,
                MOST_LINES + 1,
                format!("{lines} lines, {MOST_LINES} at most"),
                "give each noun its own file",
            )
        })
        .collect()
}

/// The longest first.
pub(super) fn longest<'a>(
    workspace: &'a Workspace,
    files: &'a [SourceFile],
    most: usize,
) -> Vec<(usize, &'a str)> {
    let mut all: Vec<_> = library_files(workspace, files).collect();
    all.sort_by(|one, other| other.cmp(one));
    all.truncate(most);
    all
}

fn library_files<'a>(
    workspace: &'a Workspace,
    files: &'a [SourceFile],
) -> impl Iterator<Item = (usize, &'a str)> {
    let folders: Vec<String> = workspace
        .crates
        .values()
        .map(|member| format!("{}/src/", member.folder))
        .collect();
    files
        .iter()
        .filter(move |file| {
            file.path.ends_with(".rs") && folders.iter().any(|folder| file.path.starts_with(folder))
        })
        .map(|file| (file.text.lines().count(), file.path.as_str()))
}
