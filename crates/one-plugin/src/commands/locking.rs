//! Locks: exact versions, kept in version control.

use serde_json::json;

use super::asking;
use crate::cli::{DiffArgs, LockArgs};
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;

pub(crate) fn lock(session: &Session, args: &LockArgs, output: &Output) -> Result<(), Failure> {
    let question = asking::question(session, &args.wish, output)?;
    let lock = asking::answer(&question)?.lock();
    let Some(file) = &args.out else {
        output.say(&lock, || lock.to_json().trim_end().to_owned());
        return Ok(());
    };
    std::fs::write(file, lock.to_json()).map_err(|error| {
        let message = format!("the lock `{}` cannot be written: {error}", file.display());
        Failure::new("LockFileUnusable", message)
    })?;
    let count = lock.packages().len();
    output.say(&json!({"file": file, "packages": count}), || {
        format!("{count} packages locked in {}", file.display())
    });
    Ok(())
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
