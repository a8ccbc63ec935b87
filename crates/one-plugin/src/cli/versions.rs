//! What can be said about versions: what is asked for, and how it is chosen.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Packages, and how their versions are chosen.
#[derive(Args, Debug)]
pub(crate) struct Wish {
    /// The packages: full names, or short ones (`knowledge`), and `@RANGE`; the first is the most important
    #[arg(required = true, value_name = "PACKAGE")]
    pub(crate) packages: Vec<String>,
    #[command(flatten)]
    pub(crate) choosing: Choosing,
}

/// How versions are chosen.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Choosing {
    /// Which of several fitting versions is taken; `lowest` shows whether declared lower bounds are true
    #[arg(long, value_enum, default_value_t, value_name = "WHICH")]
    pub(crate) policy: Which,
    /// Let every range admit prereleases, not only those that name one
    #[arg(long)]
    pub(crate) prereleases: bool,
    /// Count on this version of a package, which the host provides
    #[arg(long = "host", value_name = "NAME=VERSION")]
    pub(crate) hosts: Vec<String>,
    /// Keep to the versions of this lock file, as far as they still fit
    #[arg(long, value_name = "FILE")]
    pub(crate) lock: Option<PathBuf>,
}

/// Which of several fitting versions is taken. Variants without documentation keep `--help` on one line.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Which {
    #[default]
    Newest,
    Lowest,
}

/// Of `plan`.
#[derive(Args, Debug)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) wish: Wish,
    /// Explain why they cannot be together instead of putting them in groups
    #[arg(long)]
    pub(crate) together: bool,
}

/// Of `tree`.
#[derive(Args, Debug)]
pub(crate) struct TreeArgs {
    #[command(flatten)]
    pub(crate) wish: Wish,
    /// How deep it is shown
    #[arg(long, default_value_t = 5)]
    pub(crate) depth: usize,
}

/// Of `lock`.
#[derive(Args, Debug)]
pub(crate) struct LockArgs {
    #[command(flatten)]
    pub(crate) wish: Wish,
    /// Write it here instead of to standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}
