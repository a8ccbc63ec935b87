//! What can be said of plugins that are at work: where they stand, what they ran, what is left of it.

use clap::Args;

/// Of `status`.
#[derive(Args, Debug)]
pub(crate) struct StatusArgs {
    /// Only this plugin: its full name, its short one, or the id of its instance
    pub(crate) package: Option<String>,
    /// Say it again whenever something changes, until Ctrl-C; with --json, a line each time
    #[arg(long)]
    pub(crate) watch: bool,
}

/// Of `suspend`.
#[derive(Args, Debug)]
pub(crate) struct SuspendArgs {
    /// The plugin: its full name, its short one, or the id of its instance
    pub(crate) package: String,
    /// Why, for everybody who asks
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

/// Of `recover`.
#[derive(Args, Debug)]
pub(crate) struct RecoverArgs {
    /// Also in every organisation below
    #[arg(long)]
    pub(crate) below: bool,
    /// Do not wait for leases: whoever had them in the organisation of the command is gone, as you know
    #[arg(long, conflicts_with = "below")]
    pub(crate) hosts_are_gone: bool,
}

/// Of `runs`.
#[derive(Args, Debug)]
pub(crate) struct RunsArgs {
    /// The installed plugin
    pub(crate) package: String,
    /// Only those that ended so
    #[arg(long, value_parser = [
        "succeeded", "refused", "failed", "timed_out", "out_of_memory", "crashed", "cancelled",
        "not_run", "unknown",
    ])]
    pub(crate) outcome: Option<String>,
    /// Only of the component of this exact name
    #[arg(long, value_name = "NAME")]
    pub(crate) component: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
}

/// Of `cancel` and `rerun`.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// The installed plugin
    pub(crate) package: String,
    /// The execution: `runs` and `exec --json` name it
    pub(crate) execution: String,
}

/// Of `usage`.
#[derive(Args, Debug)]
pub(crate) struct UsageArgs {
    /// The installed plugin
    pub(crate) package: String,
    /// Over which time
    #[arg(long, default_value = "day", value_parser = ["hour", "day", "week", "month"])]
    pub(crate) window: String,
}
