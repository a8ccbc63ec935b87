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
    /// Take the lock as it is, or say what drifted
    #[arg(long, requires = "lock", conflicts_with = "unlock")]
    pub(crate) frozen: bool,
    /// Let these packages of the lock move, as far as the others let them: names, `all` or `none`
    #[arg(long, requires = "lock", value_name = "NAME")]
    pub(crate) unlock: Vec<String>,
    /// Let what the unlocked need move with them
    #[arg(long, requires = "unlock")]
    pub(crate) with_dependencies: bool,
    /// Pass over releases that are younger than so many days
    #[arg(long, value_name = "DAYS")]
    pub(crate) cooldown: Option<u32>,
    /// Except of this package
    #[arg(long, requires = "cooldown", value_name = "NAME")]
    pub(crate) cooldown_except: Vec<String>,
    /// How many steps a search may take before it gives up [default: 500000]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) steps: Option<u64>,
}

impl Choosing {
    /// Whether nothing is said about which versions may be chosen.
    pub(crate) fn is_plain(&self) -> bool {
        self.policy == Which::default()
            && !self.prereleases
            && self.hosts.is_empty()
            && self.lock.is_none()
            && self.cooldown.is_none()
    }
}

/// Which of several fitting versions is taken. Variants without documentation keep `--help` on one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
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
    /// The packages: full names, or short ones, and `@RANGE`; the first is the most important
    #[arg(value_name = "PACKAGE")]
    pub(crate) packages: Vec<String>,
    #[command(flatten)]
    pub(crate) choosing: Choosing,
    /// Write nothing: say whether this lock, or each in this directory, still is an answer, and what drifted
    #[arg(long, value_name = "FILE", conflicts_with_all = ["out", "lock", "groups"])]
    pub(crate) check: Option<PathBuf>,
    /// Write it here instead of to standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Put them in groups where they cannot be together, and write a lock for each into this directory
    #[arg(long, value_name = "DIR", conflicts_with = "out")]
    pub(crate) groups: Option<PathBuf>,
}

/// Of `why`.
#[derive(Args, Debug)]
pub(crate) struct WhyArgs {
    /// The package to ask about, in full or short
    pub(crate) package: String,
    /// Among what these packages need [default: what is installed]
    #[arg(long, value_name = "PACKAGE", num_args = 1.., conflicts_with = "file")]
    pub(crate) of: Vec<String>,
    #[command(flatten)]
    pub(crate) subject: Subject,
}

/// Of `graph`.
#[derive(Args, Debug)]
pub(crate) struct GraphArgs {
    /// The packages, drawn with all they need [default: what is installed]
    #[arg(value_name = "PACKAGE", conflicts_with = "file")]
    pub(crate) packages: Vec<String>,
    #[command(flatten)]
    pub(crate) subject: Subject,
    /// For Graphviz, for Mermaid, or as JSON
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: GraphFormat,
}

/// What is asked about, where it is not packages: a lock file, or what is installed.
#[derive(Args, Debug)]
pub(crate) struct Subject {
    /// Of this lock file
    #[arg(long = "in", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) choosing: Choosing,
}

/// How a graph is written. Variants without documentation keep `--help` on one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    #[default]
    Dot,
    Mermaid,
    Json,
}

/// Of `outdated`.
#[derive(Args, Debug)]
pub(crate) struct OutdatedArgs {
    /// Of this lock file [default: of what is installed]
    #[arg(long = "in", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// Of `dedupe`.
#[derive(Args, Debug)]
pub(crate) struct DedupeArgs {
    /// Lock files [default: what is installed]
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// Of `diff`.
#[derive(Args, Debug)]
pub(crate) struct DiffArgs {
    /// The lock as it was
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,
    /// The lock as it is
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,
}
