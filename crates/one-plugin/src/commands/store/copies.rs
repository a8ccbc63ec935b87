//! Copies of a store, and the store from a copy.

use std::path::{Path, PathBuf};

use plugin_store_sqlite::{Durability, Options, Progress, SqliteStore, Stage};
use serde_json::json;

use super::written::{is_same_file, refuse, replace};
use super::{counted, format_of, server, unusable};
use crate::cli::{BackupArgs, RestoreArgs};
use crate::failure::Failure;
use crate::interrupt;
use crate::kept::Kept;
use crate::output::{Output, megabytes};
use crate::tally::Tally;

pub(super) fn backup(kept: &Kept, args: &BackupArgs, output: &Output) -> Result<(), Failure> {
    let path = match kept {
        Kept::Sqlite(path) => path,
        Kept::Postgres(address) => return Err(server::backup(address, &args.file)?),
        Kept::Memory => return format_of(kept).map(drop),
    };
    format_of(kept)?;
    if is_same_file(path, &args.file) {
        return Err(unusable(&args.file, &"it is the store itself"));
    }
    if !args.overwrite {
        refuse(&args.file)?;
    }
    let store = SqliteStore::open(path, Options::default().durability(Durability::Full))?;
    let (tally, watch) = Tally::shown(output);
    let bytes = replace(&args.file, |partial| {
        let copied = store.backup(partial, |far| told(&tally, far))?;
        Ok(copied.bytes)
    })?;
    drop(watch);
    let value = json!({"file": args.file, "bytes": bytes});
    output.say(&value, || {
        let (file, size) = (args.file.display(), megabytes(bytes));
        format!("{} is copied to `{file}`, {size}", kept.name())
    });
    Ok(())
}

pub(super) fn restore(kept: &Kept, args: &RestoreArgs, output: &Output) -> Result<(), Failure> {
    let path = match kept {
        Kept::Sqlite(path) => path,
        Kept::Postgres(address) => return Err(server::restore(address, &args.file)?),
        Kept::Memory => return format_of(kept).map(drop),
    };
    if is_same_file(path, &args.file) {
        return Err(unusable(&args.file, &"it is the store itself"));
    }
    if !args.overwrite {
        refuse_store(path, kept)?;
    }
    let (tally, watch) = Tally::shown(output);
    let restored = interrupt::incomplete(&partial_of(path), || {
        plugin_store_sqlite::restore(&args.file, path, |far| told(&tally, far))
    })?;
    drop(watch);
    let checked = &restored.checked;
    let rows: u64 = checked.rows.values().sum();
    let value = json!({
        "file": args.file,
        "format": checked.version,
        "rows": checked.rows,
        "chains": checked.chains,
        "replaced": restored.replaced,
    });
    output.say(&value, || {
        let mut line = format!(
            "{} is now what `{}` was: format {}, {}, {} that hold",
            kept.name(),
            args.file.display(),
            checked.version,
            counted(rows, "row"),
            counted(checked.chains, "chain")
        );
        if let Some(replaced) = &restored.replaced {
            line.push_str(&format!("\nwhat it was before is `{}`", replaced.display()));
        }
        line
    });
    Ok(())
}

/// How the names begin of what this process puts beside a store before it is whole.
fn partial_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-", std::process::id()));
    name.into()
}

fn refuse_store(path: &Path, kept: &Kept) -> Result<(), Failure> {
    match path.symlink_metadata() {
        Ok(file) if file.len() > 0 => {
            let message = format!("there already is a store in {}", kept.name());
            let help =
                "`--overwrite` puts the copy in its place, and keeps it beside it".to_owned();
            Err(Failure::new("AlreadyExists", message).with([help]))
        }
        _ => Ok(()),
    }
}

fn told(tally: &Tally, far: Progress) {
    let what = match far.stage {
        Stage::Copying => "pages copied",
        Stage::Rows => "rows checked",
        _ => "pages checked",
    };
    tally.tell(what, far.done, far.done, far.of);
}
