//! Discover, install, govern and run elizaOS plugins from the command line.

mod cli;
mod commands;
mod demo;
mod failure;
mod interrupt;
mod kept;
mod key_file;
mod meter;
mod output;
mod paint;
mod prompt;
mod session;
mod tags;
mod tally;
mod timer;
mod vault;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return output::usage(&error),
    };
    let output = output::Output::new(&cli.global);
    output::ended(match commands::run(&cli, &output) {
        Ok(code) => code,
        Err(failure) => output.fail(&failure),
    })
}
