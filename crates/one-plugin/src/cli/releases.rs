//! What can be said about releases that are installed: channels, notices, revocations.

use clap::Args;
use plugin_lifecycle::{NoticeKind, Treatment};

/// Of `pin`.
#[derive(Args, Debug)]
pub(crate) struct PinArgs {
    /// The installed plugin: its full name, its short one, or the id of its instance
    pub(crate) package: String,
    /// `hold`, a range, or a tag
    #[arg(required_unless_present = "none")]
    pub(crate) to: Option<String>,
    /// Take the pin away
    #[arg(long, conflicts_with = "to")]
    pub(crate) none: bool,
}

/// Of `channel`.
#[derive(Args, Debug)]
pub(crate) struct ChannelArgs {
    /// The tag to follow: `next`, `beta` [default: show what is followed]
    pub(crate) name: Option<String>,
    /// Follow no tag: what is tagged `latest`
    #[arg(long, conflicts_with = "name")]
    pub(crate) none: bool,
    /// Pass over releases that are younger than so many hours
    #[arg(long, value_name = "HOURS")]
    pub(crate) cooldown: Option<u32>,
}

/// Of `notices`.
#[derive(Args, Debug)]
pub(crate) struct NoticesArgs {
    /// What to do about what is said: KIND=WHAT, such as `deprecated=ignore`; kinds are `revoked`, `unpublished`,
    /// `deprecated`, and it is `ignore`, `notify` or `suspend`
    #[arg(long = "on", value_name = "KIND=WHAT", value_parser = treatment)]
    pub(crate) on: Vec<(NoticeKind, Treatment)>,
    /// Bring what the catalog says to what is installed, as `sync` does
    #[arg(long)]
    pub(crate) apply: bool,
}

/// Of `revoke`.
#[derive(Args, Debug)]
pub(crate) struct RevokeArgs {
    /// The package and which versions of it: `knowledge@<1.6.2` [default: list what is revoked]
    #[arg(value_name = "PACKAGE@RANGE", requires = "reason")]
    pub(crate) package: Option<String>,
    /// Why, in words; every organisation reads them
    #[arg(long, requires = "package")]
    pub(crate) reason: Option<String>,
    /// How bad it is
    #[arg(long, default_value = "high", value_parser = ["low", "moderate", "high", "critical"])]
    pub(crate) severity: String,
}

/// Of `unrevoke`.
#[derive(Args, Debug)]
pub(crate) struct UnrevokeArgs {
    /// The package and the versions, as they were revoked
    #[arg(value_name = "PACKAGE@RANGE")]
    pub(crate) package: String,
}

fn treatment(text: &str) -> Result<(NoticeKind, Treatment), String> {
    let (kind, treatment) = text
        .split_once('=')
        .ok_or_else(|| "it takes KIND=WHAT".to_owned())?;
    let kind = kind
        .parse::<NoticeKind>()
        .map_err(|error| error.to_string())?;
    let treatment = treatment
        .parse::<Treatment>()
        .map_err(|error| error.to_string())?;
    Ok((kind, treatment))
}
