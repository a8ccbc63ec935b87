//! What can be said of one plugin or of all.

use clap::Args;

/// Of `activate` and `deactivate`.
#[derive(Args, Debug)]
pub(crate) struct OneOrAllArgs {
    /// The installed plugin: its full name, its short one, or the id of its instance
    #[arg(required_unless_present = "all")]
    pub(crate) package: Option<String>,
    /// All that are installed, in the order in which they need each other; what somebody suspended is left
    #[arg(long, conflicts_with = "package")]
    pub(crate) all: bool,
}

/// Everything at once, of `update`.
#[derive(Args, Debug)]
pub(crate) struct AllAtOnce {
    /// Bring everything that is installed to what it follows, in the order in which plugins need each other
    #[arg(long, conflicts_with_all = ["package", "to", "dry_run"])]
    pub(crate) all: bool,
    /// Do it; else it is only shown
    #[arg(long, requires = "all")]
    pub(crate) yes: bool,
}
