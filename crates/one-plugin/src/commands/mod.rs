//! The commands, one file each.

mod agents;
mod asking;
mod audit;
mod budget;
pub(crate) mod catalog;
mod configure;
mod events;
mod exec;
mod grouped;
mod held;
mod inspecting;
mod installed;
mod installing;
mod lines;
mod locking;
mod name;
mod org;
mod planning;
mod recovering;
mod releases;
mod running;
mod secrets;
mod several;
mod standing;
mod store;
mod together;
mod updating;

use std::process::ExitCode;

use clap::CommandFactory as _;
use lines::Machine;
use serde_json::json;

pub(crate) use audit::row as audit_row;
pub(crate) use exec::words as ending;
pub(crate) use installed::{components, row as plugin_row};
pub(crate) use planning::{estimate, words as plan_words};
pub(crate) use updating::ALL;

use crate::cli::{Cli, Command, SecretsCommand};
use crate::failure::Failure;
use crate::output::{Output, line};
use crate::session::Session;

const RANGES: Machine = Machine {
    answer: plugin_resolver::machine::answer_ranges_line,
    unreadable: |why| {
        let error = json!({"_tag": "InvalidCase", "message": why});
        json!({"valid": false, "error": error}).to_string()
    },
};

const RESOLVE: Machine = Machine {
    answer: plugin_resolver::machine::answer_resolve_line,
    unreadable: |why| {
        let error = json!({"_tag": "InvalidCase", "message": why});
        json!({"id": null, "outcome": "invalid", "error": error}).to_string()
    },
};

/// Runs a command.
pub(crate) fn run(cli: &Cli, output: &Output) -> Result<ExitCode, Failure> {
    // These need no store.
    match &cli.command {
        Command::Demo(args) => return crate::demo::run(&cli.global, args, output),
        Command::Ranges => return lines::pump(RANGES),
        Command::Resolve(_) => return lines::pump(RESOLVE),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "one-plugin", &mut script);
            line(String::from_utf8_lossy(&script).trim_end());
            return Ok(ExitCode::SUCCESS);
        }
        Command::Secrets(SecretsCommand::NewKey(args)) => {
            secrets::new_key(args, output)?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Store(command) => {
            store::run(&cli.global, command, output)?;
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    let session = Session::open(&cli.global)?;
    match &cli.command {
        Command::Demo(_)
        | Command::Ranges
        | Command::Resolve(_)
        | Command::Completions { .. }
        | Command::Store(_) => {}
        Command::Sync(args) => catalog::sync(&session, args, output)?,
        Command::Search(args) => catalog::search(&session, args, output)?,
        Command::Show(args) => catalog::show(&session, args, output)?,
        Command::Plan(args) => return planning::plan(&session, args, output),
        Command::Tree(args) => together::tree(&session, args, output)?,
        Command::Lock(args) => locking::lock(&session, args, output)?,
        Command::Diff(args) => locking::diff(args, output)?,
        Command::Why(args) => inspecting::why(&session, args, output)?,
        Command::Outdated(args) => inspecting::outdated(&session, args, output)?,
        Command::Dedupe(args) => inspecting::dedupe(&session, args, output)?,
        Command::Graph(args) => inspecting::graph(&session, args, output)?,
        Command::Install(args) => installing::install(&session, args, output)?,
        Command::List => installed::list(&session, output)?,
        Command::Activate(args) => match &args.package {
            Some(package) => installed::activate(&session, package, output)?,
            None => several::activate(&session, output)?,
        },
        Command::Deactivate(args) => match &args.package {
            Some(package) => installed::deactivate(&session, package, output)?,
            None => several::deactivate(&session, output)?,
        },
        Command::Uninstall(args) => installed::uninstall(&session, &args.package, output)?,
        Command::Usage(args) => installed::usage(&session, args, output)?,
        Command::Update(args) => updating::update(&session, args, output)?,
        Command::Pin(args) => updating::pin(&session, args, output)?,
        Command::Channel(args) => releases::channel(&session, args, output)?,
        Command::Notices(args) => releases::notices(&session, args, output)?,
        Command::Revoke(args) => releases::revoke(&session, args, output)?,
        Command::Unrevoke(args) => releases::unrevoke(&session, args, output)?,
        Command::Rollback(args) => updating::rollback(&session, args, output)?,
        Command::Retry(args) => updating::retry(&session, args, output)?,
        Command::Config(args) => configure::config(&session, args, output)?,
        Command::Secrets(command) => secrets::run(&session, command, output)?,
        Command::Exec(args) => return exec::exec(&session, args, output),
        Command::Audit(args) => audit::audit(&session, args, output)?,
        Command::Runs(args) => running::runs(&session, args, output)?,
        Command::Cancel(args) => running::cancel(&session, args, output)?,
        Command::Rerun(args) => return running::rerun(&session, args, output),
        Command::Status(args) => standing::status(&session, args, output)?,
        Command::Suspend(args) => standing::suspend(&session, args, output)?,
        Command::Resume(args) => standing::resume(&session, args, output)?,
        Command::Recover(args) => recovering::recover(&session, args, output)?,
        Command::Agents(command) => agents::run(&session, command, output)?,
        Command::Events(command) => return events::run(&session, command, output),
        Command::Org(command) => org::org(&session, command, output)?,
    }
    Ok(ExitCode::SUCCESS)
}
