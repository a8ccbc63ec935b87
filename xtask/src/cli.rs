//! From words on the command line to one of the four commands.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::metadata::Workspace;
use crate::{ci, predicates, run_tests, tidy};

const USAGE: &str = "\
usage: cargo xtask <command>

  test [--no-prepare]   run every test; --no-prepare downloads nothing
  tidy [--verbose]      check layers, maps, file lengths and stray addresses
  predicates [package [find.rs:26 ...]]
                        take each predicate of a place, or those at some lines, out of an adapter's SQL: a test must fail
  ci                    everything that must hold before a change lands";

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Run every test of the workspace.
    Test {
        /// Whether npm packages may be downloaded first.
        prepare: bool,
    },
    /// Check what a compiler does not.
    Tidy {
        /// Whether to list the longest files too.
        verbose: bool,
    },
    /// Take each predicate of a place out of the adapters' SQL.
    Predicates {
        /// Of one adapter only.
        package: Option<String>,
        /// Of these lines only, if there are any.
        only: Vec<String>,
    },
    /// Run every step of continuous integration.
    Ci,
    /// Print the usage.
    Help,
}

impl Command {
    /// Reads the words after `cargo xtask`.
    ///
    /// # Errors
    ///
    /// A sentence that names the first word that is not understood.
    pub fn parse(arguments: &[String]) -> Result<Self, String> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match words.as_slice() {
            [] | ["help" | "--help" | "-h"] => Ok(Self::Help),
            ["test"] => Ok(Self::Test { prepare: true }),
            ["test", "--no-prepare"] => Ok(Self::Test { prepare: false }),
            ["tidy"] => Ok(Self::Tidy { verbose: false }),
            ["tidy", "--verbose" | "-v"] => Ok(Self::Tidy { verbose: true }),
            ["predicates", words @ ..] => Ok(Self::Predicates {
                package: words.first().map(|&word| word.to_owned()),
                only: words.iter().skip(1).map(|&word| word.to_owned()).collect(),
            }),
            ["ci"] => Ok(Self::Ci),
            ["test" | "tidy" | "ci", word, ..] | [word, ..] => {
                Err(format!("`{word}` is not understood here"))
            }
        }
    }
}

/// Runs the command and says by its exit code whether all is well: 0 yes, 1 no, 2 not understood.
#[must_use]
pub fn main(arguments: &[String]) -> ExitCode {
    let command = match Command::parse(arguments) {
        Ok(command) => command,
        Err(message) => {
            eprintln!("xtask: {message}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<bool, String> {
    if command == Command::Help {
        println!("{USAGE}");
        return Ok(true);
    }
    let root = root()?;
    match command {
        Command::Test { prepare } => run_tests(&root, prepare),
        Command::Tidy { verbose } => tidy::run(&Workspace::load(&root)?, verbose),
        Command::Predicates { package, only } => predicates::run(&root, package.as_deref(), &only),
        Command::Ci => ci::run(&root),
        Command::Help => Ok(true),
    }
}

/// The workspace root: the folder above the manifest that cargo ran us from.
fn root() -> Result<PathBuf, String> {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .ok_or("run me as `cargo xtask`: CARGO_MANIFEST_DIR is not set")?;
    Path::new(&manifest)
        .parent()
        .map(Path::to_path_buf)
        .ok_or_else(|| "the manifest has no parent folder".to_owned())
}
