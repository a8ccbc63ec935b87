//! What can be said of telling plugins what happens.

use clap::{Args, Subcommand};
use one_ontology::{EventType, ThingId};

/// Of `events`.
#[derive(Debug, Subcommand)]
pub(crate) enum EventsCommand {
    /// Let an event component of a plugin be told of what happens from now on
    #[command(after_help = "Examples:
  one-plugin events subscribe notes plugin_installed plugin_uninstalled --component NOTE_EVENT
Nothing is told by itself: `events dispatch` tells what has happened.")]
    Subscribe(SubscribeArgs),
    /// End a subscription
    #[command(after_help = "Example:
  one-plugin events unsubscribe SUBSCRIPTION")]
    Unsubscribe(SubscriptionArg),
    /// List the subscriptions: who is told of what, how far, and what is in the way
    #[command(after_help = "Examples:
  one-plugin events list
  one-plugin events list --json")]
    List,
    /// Tell those that are subscribed what has happened, each at least once and in order
    #[command(after_help = "Examples:
  one-plugin events dispatch
  one-plugin events dispatch --below --json
A plugin that fails is tried again later, by a later dispatch, and what is behind it waits.")]
    Dispatch(DispatchArgs),
    /// List the events that were tried as often as they may be
    #[command(after_help = "Example:
  one-plugin events dead")]
    Dead(DeadArgs),
    /// Try the event of a dead letter once more, now
    #[command(after_help = "Example:
  one-plugin events redeliver LETTER")]
    Redeliver(LetterArg),
    /// Let a subscription be told again of everything from an event on
    #[command(after_help = "Example:
  one-plugin events replay SUBSCRIPTION --from 17
The numbers are those that `audit` prints.")]
    Replay(ReplayArgs),
}

/// Of `events subscribe`.
#[derive(Args, Debug)]
pub(crate) struct SubscribeArgs {
    /// The installed plugin
    pub(crate) package: String,
    /// The types of events, as `audit` prints them
    #[arg(required = true, value_name = "TYPE")]
    pub(crate) types: Vec<EventType>,
    /// The event component that handles them
    #[arg(long, value_name = "NAME")]
    pub(crate) component: String,
}

/// A subscription.
#[derive(Args, Debug)]
pub(crate) struct SubscriptionArg {
    /// The subscription, as `events list` prints it
    pub(crate) subscription: ThingId,
}

/// Of `events dispatch`.
#[derive(Args, Debug)]
pub(crate) struct DispatchArgs {
    /// Also in every organisation below
    #[arg(long)]
    pub(crate) below: bool,
}

/// Of `events dead`.
#[derive(Args, Debug)]
pub(crate) struct DeadArgs {
    /// Only of this subscription
    #[arg(long, value_name = "SUBSCRIPTION")]
    pub(crate) of: Option<ThingId>,
}

/// A dead letter.
#[derive(Args, Debug)]
pub(crate) struct LetterArg {
    /// The dead letter, as `events dead` prints it
    pub(crate) letter: ThingId,
}

/// Of `events replay`.
#[derive(Args, Debug)]
pub(crate) struct ReplayArgs {
    /// The subscription, as `events list` prints it
    pub(crate) subscription: ThingId,
    /// The number of the first event
    #[arg(long, value_name = "NUMBER")]
    pub(crate) from: u64,
}
