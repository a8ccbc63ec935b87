//! The store itself, for whoever looks after it.

mod chains;
mod check;
mod copies;
mod export;
mod keys;
mod migrate;
mod server;
mod verify;
mod written;

use std::path::Path;

use crate::cli::{Global, StoreCommand};
use crate::failure::Failure;
use crate::interrupt::{self, reading};
use crate::kept::Kept;
use crate::output::Output;
use crate::session;

pub(crate) fn run(global: &Global, command: &StoreCommand, output: &Output) -> Result<(), Failure> {
    interrupt::listen(None);
    match command {
        StoreCommand::NewKey(args) => return keys::make(args, output),
        StoreCommand::Verify(args) => {
            if let Some(file) = &args.file {
                return reading(|| verify::file(file, args, output));
            }
        }
        _ => {}
    }
    let home = session::home(global)?;
    let kept = Kept::at(global.store.as_ref(), &home)?;
    match command {
        StoreCommand::Check => reading(|| check::check(&kept, output)),
        StoreCommand::Backup(args) => copies::backup(&kept, args, output),
        StoreCommand::Restore(args) => {
            make_home(global, &home)?;
            copies::restore(&kept, args, output)
        }
        StoreCommand::Migrate(args) => {
            make_home(global, &home)?;
            migrate::migrate(&kept, args, output)
        }
        StoreCommand::Export(args) => export::export(&kept, &global.org, args, output),
        StoreCommand::Verify(args) => reading(|| verify::store(&kept, args, output)),
        StoreCommand::NewKey(_) => Ok(()),
    }
}

/// A file that was named is looked for where it was named; the home is made.
fn make_home(global: &Global, home: &Path) -> Result<(), Failure> {
    match global.store {
        None => session::make(home),
        Some(_) => Ok(()),
    }
}

/// The format of a store that is there.
fn format_of(kept: &Kept) -> Result<u32, Failure> {
    kept.format()?.ok_or_else(|| {
        let message = format!("there is no store in {}", kept.name());
        Failure::new("StoreNotFound", message)
    })
}

/// `file` cannot be read or written.
fn unusable(file: &Path, reason: &dyn std::fmt::Display) -> Failure {
    let message = format!("`{}` cannot be used: {reason}", file.display());
    Failure::new("FileUnusable", message)
}

/// `1 chain`, `2 chains`.
fn counted(count: u64, what: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{} {what}{end}", crate::tally::grouped(count))
}
