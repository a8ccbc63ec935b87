//! A copy of the tree to take predicates out of.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Adapter;
use super::sites::Site;
use crate::process::{capture, stream};

/// Each file's text.
pub(super) type Texts = BTreeMap<PathBuf, String>;

/// What the tests of an adapter meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// The statements, and nothing else.
    Statements,
    /// Whatever the adapter has.
    Everything,
}

/// How a run of the tests went.
pub(super) enum Ran {
    Failing(Vec<String>),
    /// What some of them lacked.
    Skipped(String),
}

/// A copy of the tracked and the new files of the tree, removed afterwards; what is built stays for the next time.
pub(super) struct Tree(PathBuf);

impl Tree {
    pub(super) fn new(root: &Path) -> Result<Self, String> {
        let folder = root.join("target/predicates/tree");
        let _absent = fs::remove_dir_all(&folder);
        let list = capture(
            root,
            "git",
            &["ls-files", "--cached", "--others", "--exclude-standard"],
        )?;
        for name in list.lines() {
            let (from, to) = (root.join(name), folder.join(name));
            if !from.is_file() {
                continue;
            }
            let parent = to.parent().unwrap_or(&folder);
            fs::create_dir_all(parent)
                .and_then(|()| fs::copy(&from, &to))
                .map_err(|error| format!("`{name}` cannot be copied: {error}"))?;
        }
        Ok(Self(folder))
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Does something while these predicates are not there.
    pub(super) fn without<T>(
        &self,
        texts: &Texts,
        sites: &[&Site],
        work: impl FnOnce() -> Result<T, String>,
    ) -> Result<T, String> {
        let files: BTreeSet<&PathBuf> = sites.iter().map(|site| &site.file).collect();
        let text_of = |file: &PathBuf| texts.get(file).cloned().unwrap_or_default();
        for file in &files {
            let mut text = text_of(file);
            let mut here: Vec<&&Site> = sites.iter().filter(|site| &site.file == *file).collect();
            // From behind, so that the others stay where they are.
            here.sort_by_key(|site| std::cmp::Reverse(site.at));
            for site in here {
                text.replace_range(site.at..site.at + site.text.len(), &site.instead);
            }
            write(file, &text)?;
        }
        let done = work();
        for file in files {
            write(file, &text_of(file))?;
        }
        done
    }

    /// The tests that fail with the copy as it is.
    pub(super) fn run(&self, adapter: &Adapter, guard: Guard) -> Result<Ran, String> {
        let log = self.0.with_file_name("skipped");
        let _absent = fs::remove_file(&log);
        let mut cargo = Command::new("cargo");
        cargo
            .args(["test", "--package", adapter.package])
            .args(adapter.tests)
            .current_dir(&self.0)
            .env("CARGO_TARGET_DIR", self.0.with_file_name("build"))
            .env("CARGO_INCREMENTAL", "1")
            .env("ONE_PLUGIN_SKIPPED_LOG", &log);
        if guard == Guard::Statements {
            cargo.envs(adapter.unguarded.iter().copied());
        }
        let (mut failing, mut ran, mut first) = (Vec::new(), false, String::new());
        stream(&mut cargo, |_, line| {
            if let Some(rest) = line.strip_prefix("test ") {
                ran = true;
                failing.extend(rest.strip_suffix(" ... FAILED").map(str::to_owned));
            }
            if line.starts_with("error") && first.is_empty() {
                line.clone_into(&mut first);
            }
        })
        .map_err(|error| format!("cargo could not be run: {error}"))?;
        if !ran {
            return Err(format!(
                "the tests of {} did not run: {first}",
                adapter.package
            ));
        }
        let skipped = fs::read_to_string(&log).unwrap_or_default();
        Ok(match skipped.lines().next() {
            Some(line) => Ran::Skipped(line.to_owned()),
            None => Ran::Failing(failing),
        })
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _absent = fs::remove_dir_all(&self.0);
    }
}

pub(super) fn is_test(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    stem.ends_with("tests") || path.iter().any(|part| part == "check")
}

pub(super) fn rust_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let unreadable = |error| format!("`{}` cannot be read: {error}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

pub(super) fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("`{}`: {error}", path.display()))
}

pub(super) fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("`{}`: {error}", path.display()))
}
