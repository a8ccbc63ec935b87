//! Locks: exact versions, kept in version control.

use std::path::Path;

use plugin_lifecycle::Question;
use plugin_resolver::Lock;
use serde_json::json;

use super::held::Held;
use super::{asking, grouped, held};
use crate::cli::{DiffArgs, LockArgs, Wish};
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;

pub(crate) fn lock(session: &Session, args: &LockArgs, output: &Output) -> Result<(), Failure> {
    if let Some(file) = &args.check {
        return check(session, args, file, output);
    }
    if args.packages.is_empty() {
        let message = "name the packages to lock, or with --check FILE a lock to look at";
        return Err(Failure::new("UsageError", message));
    }
    let wish = Wish {
        packages: args.packages.clone(),
        choosing: args.choosing.clone(),
    };
    let question = asking::question(session, &wish, output)?;
    if let Some(directory) = &args.groups {
        return grouped::write(&question, directory, output);
    }
    let lock = asking::answer(&question)?.lock();
    let Some(file) = &args.out else {
        output.say(&lock, || lock.to_json().trim_end().to_owned());
        return Ok(());
    };
    write(file, &lock)?;
    let count = lock.packages().len();
    output.say(&json!({"file": file, "packages": count}), || {
        format!("{count} packages locked in {}", file.display())
    });
    Ok(())
}

/// Writes a lock beside its file and puts it in place when it is whole, so that whoever is interrupted keeps the old one.
pub(crate) fn write(file: &Path, lock: &Lock) -> Result<(), Failure> {
    let text = lock.to_json();
    // What is no file of its own, a pipe or a link, is written to.
    let is_special = file
        .symlink_metadata()
        .is_ok_and(|found| !found.file_type().is_file());
    let written = match file.file_name() {
        Some(name) if !is_special => {
            let mut beside = name.to_owned();
            beside.push(format!(".{}.tmp", std::process::id()));
            let beside = file.with_file_name(beside);
            std::fs::write(&beside, text)
                .and_then(|()| std::fs::rename(&beside, file))
                .inspect_err(|_| {
                    // What could not be written may not be there; the error says what matters.
                    let _gone = std::fs::remove_file(&beside);
                })
        }
        _ => std::fs::write(file, text),
    };
    written.map_err(|error| {
        let message = format!("the lock `{}` cannot be written: {error}", file.display());
        Failure::new("LockFileUnusable", message)
    })
}

/// Whether a lock still is an answer: to what it was made for, or to what is asked for here.
fn check(session: &Session, args: &LockArgs, file: &Path, output: &Output) -> Result<(), Failure> {
    if args.packages.is_empty() && !args.choosing.is_plain() {
        let message = "a lock is checked against what it was made for, whatever is said beside it; name the packages to check it against what is asked for here";
        return Err(Failure::new("UsageError", message));
    }
    if file.is_dir() {
        return grouped::check(session, args, file, output);
    }
    let held = held::file_at(file)?;
    let question = if args.packages.is_empty() {
        again_frozen(session, &held, output)?
    } else {
        let tenant = session.tenant()?;
        let asked: Result<Vec<_>, Failure> = args
            .packages
            .iter()
            .map(|text| asking::package(session, &tenant, text))
            .collect();
        let how = asking::how(session, &tenant, &args.choosing)?.frozen(held.lock.clone());
        let question = held::ask(session, &asked?, how, output)?;
        asking::check_names(session, &tenant, &args.choosing, &question)?;
        question
    };
    asking::answer(&question)?;
    let count = held.lock.packages().len();
    output.say(&json!({"file": file, "packages": count}), || {
        format!(
            "{} still is an answer, all {count} packages of it",
            held.label
        )
    });
    Ok(())
}

/// Whether a lock still is an answer to what it was made for, as a question.
pub(crate) fn again_frozen(
    session: &Session,
    held: &Held,
    output: &Output,
) -> Result<Question, Failure> {
    let frozen = held.lock.clone();
    held::asked_again(session, held, |how| how.frozen(frozen), output)
}

pub(crate) fn diff(args: &DiffArgs, output: &Output) -> Result<(), Failure> {
    let (old, new) = (asking::lock_file(&args.old)?, asking::lock_file(&args.new)?);
    let diff = old.diff(&new);
    output.say(&diff, || {
        if diff.is_empty() {
            return "nothing is different".to_owned();
        }
        diff.to_string().trim_end().to_owned()
    });
    Ok(())
}
