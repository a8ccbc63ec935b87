//! Locks of isolation groups: a directory with one for each, `group-1.lock.json` and on.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use plugin_lifecycle::Question;
use plugin_resolver::{Failure as ResolutionFailure, Grouping, Lock};
use serde::Serialize;
use serde_json::json;

use super::{asking, held, locking};
use crate::cli::LockArgs;
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;

/// What was written, as machines read it.
#[derive(Serialize)]
struct Written {
    #[serde(flatten)]
    grouping: Grouping,
    files: Vec<PathBuf>,
    /// Locks of groups that are no more.
    removed: Vec<PathBuf>,
}

/// Writes one lock for each group, or nothing if anything cannot be met at all. Afterwards the directory has the locks of these groups
/// and of no others.
pub(crate) fn write(question: &Question, directory: &Path, output: &Output) -> Result<(), Failure> {
    let grouping = groups(question)?;
    fs::create_dir_all(directory).map_err(|error| unusable(directory, &error))?;
    let mut files = Vec::new();
    for (group, lock) in (1..).zip(grouping.locks()) {
        let file = directory.join(file_name(group));
        locking::write(&file, &lock)?;
        files.push(file);
    }
    let removed = remove_from(directory, files.len() + 1)?;
    let written = Written {
        grouping,
        files,
        removed,
    };
    output.say_report(&written, &written.grouping.report(), &words(&written));
    Ok(())
}

/// The groups, which meet everything.
pub(crate) fn groups(question: &Question) -> Result<Grouping, Failure> {
    let grouping = asking::groups(question)?;
    let Some(left_out) = grouping.left_out().next() else {
        return Ok(grouping);
    };
    Err(ResolutionFailure::Conflict(Box::new(left_out.explanation.clone())).into())
}

fn words(written: &Written) -> String {
    let mut lines = vec![String::new()];
    for (file, lock) in written.files.iter().zip(written.grouping.locks()) {
        lines.push(format!(
            "{} packages locked in {}",
            lock.packages().len(),
            file.display()
        ));
    }
    for file in &written.removed {
        lines.push(format!(
            "{} removed: there is no such group any more",
            file.display()
        ));
    }
    lines.join("\n")
}

/// Whether each of the locks in a directory still is an answer to what it was made for.
pub(crate) fn check(
    session: &Session,
    args: &LockArgs,
    directory: &Path,
    output: &Output,
) -> Result<(), Failure> {
    if !args.packages.is_empty() {
        let message = "the locks of groups are checked against what each was made for; name no packages beside a directory";
        return Err(Failure::new("UsageError", message));
    }
    let files = present_from(directory, 1)?;
    if files.is_empty() {
        let message = format!(
            "there is no `{}` in `{}`",
            file_name(1),
            directory.display()
        );
        return Err(Failure::new("LockFileUnusable", message));
    }
    let mut checked = Vec::new();
    for file in files {
        let held = held::file_at(&file)?;
        let question = locking::again_frozen(session, &held, output)?;
        asking::answer(&question).map_err(|failure| failure.within(&held.label))?;
        checked.push((file, held.lock));
    }
    let value: Vec<_> = checked
        .iter()
        .map(|(file, lock)| json!({"file": file, "packages": lock.packages().len()}))
        .collect();
    output.say(&value, || {
        let line = |(file, lock): &(PathBuf, Lock)| {
            let (file, count) = (file.display(), lock.packages().len());
            format!("{file} still is an answer, all {count} packages of it")
        };
        checked.iter().map(line).collect::<Vec<_>>().join("\n")
    });
    Ok(())
}

fn file_name(group: usize) -> String {
    format!("group-{group}.lock.json")
}

/// The locks of groups from some number on, without a gap.
fn present_from(directory: &Path, group: usize) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for group in group.. {
        let file = directory.join(file_name(group));
        match file.try_exists() {
            Ok(true) => files.push(file),
            Ok(false) => break,
            Err(error) => return Err(unusable(&file, &error)),
        }
    }
    Ok(files)
}

fn remove_from(directory: &Path, group: usize) -> Result<Vec<PathBuf>, Failure> {
    let files = present_from(directory, group)?;
    for file in &files {
        match fs::remove_file(file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(unusable(file, &error));
            }
            _ => {}
        }
    }
    Ok(files)
}

fn unusable(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("`{}` cannot be used for locks: {error}", path.display());
    Failure::new("LockFileUnusable", message)
}
