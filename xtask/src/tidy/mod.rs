//! `cargo xtask tidy`: what a compiler does not check.

mod crate_files;
pub mod layers;
mod lengths;
pub mod map;
pub mod text;
mod tree;

use std::fmt;
use std::path::Path;

use crate::metadata::Workspace;
use crate::process::capture;

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Issue {
    /// The file, relative to the root.
    pub path: String,
    /// Counted from one.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

impl Issue {
    /// An issue at a line of a file.
    pub fn new(
        path: impl Into<String>,
        line: usize,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            line,
            what: what.into(),
            fix: fix.into(),
        }
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {}: {}",
            self.path, self.line, self.what, self.fix
        )
    }
}

/// A text file that is, or could be, committed.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Relative to the root, with `/`.
    pub path: String,
    /// Its whole text.
    pub text: String,
}

/// Runs all checks and prints what they find; `true` if they find nothing.
///
/// # Errors
///
/// A sentence, when git or cargo cannot be asked.
pub fn run(workspace: &Workspace, verbose: bool) -> Result<bool, String> {
    let files = source_files(&workspace.root)?;
    let trees = tree::load(&workspace.root)?;

    let mut issues = layers::check(workspace);
    issues.extend(tree::check(workspace, &trees));
    issues.extend(map::check(workspace, &files));
    issues.extend(crate_files::check(workspace, &files));
    issues.extend(lengths::check(workspace, &files));
    issues.extend(files.iter().flat_map(text::check));
    issues.sort();
    issues.dedup();
    for issue in &issues {
        println!("{issue}");
    }

    if verbose {
        println!("longest library files:");
        for (lines, path) in lengths::longest(workspace, &files, 10) {
            println!("{lines:>5} {path}");
        }
    }
    println!(
        "xtask tidy: {} external packages under the five core crates (at most {}), {} files read, {}",
        tree::external(workspace, &trees).len(),
        tree::MOST_EXTERNAL,
        files.len(),
        match issues.len() {
            0 => "all is well".to_owned(),
            1 => "1 issue".to_owned(),
            several => format!("{several} issues"),
        }
    );
    Ok(issues.is_empty())
}

/// What git tracks or would track: a file that is not added yet is checked before it lands.
fn source_files(root: &Path) -> Result<Vec<SourceFile>, String> {
    let arguments = [
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ];
    let listing = capture(root, "git", &arguments)?;
    let mut paths: Vec<&str> = listing
        .split('\0')
        .filter(|path| !path.is_empty())
        .collect();
    paths.sort_unstable();
    paths.dedup();
    Ok(paths
        .into_iter()
        .filter_map(|path| {
            // Deleted but still tracked, or not text: nothing to read.
            let text = String::from_utf8(std::fs::read(root.join(path)).ok()?).ok()?;
            Some(SourceFile {
                path: path.to_owned(),
                text,
            })
        })
        .collect())
}

/// The line on which `found` first holds, else the first.
fn line_where(text: &str, found: impl Fn(&str) -> bool) -> usize {
    text.lines().position(found).map_or(1, |index| index + 1)
}
