//! The port of those who watch.

use std::fmt::Debug;
use std::time::Duration;

use one_ontology::{GroupId, ThingId, vocabulary};

use super::Observation;

/// Is told what is done, for spans and figures. It has no say in it: nothing that it does changes
/// how a command ends.
///
/// It is told of ids, names of commands, error tags, counts and times: never of settings, inputs,
/// outputs, reasons or anything else that a person or a plugin wrote.
pub trait Observer: Debug + Send + Sync + 'static {
    /// Something begins.
    ///
    /// # Behavior
    /// Called on the task that does it; must neither block nor panic. What is given back lives as long
    /// as the activity does and is told of its end exactly once, also where its caller gives it up.
    fn begin(&self, activity: &Activity) -> Box<dyn ActivitySpan>;

    /// Something is written, or has changed.
    ///
    /// # Behavior
    /// Called on the task that did it, after it was written; must neither block nor panic. A host that
    /// ends between the write and this call has told nobody: the trail is what counts.
    fn observe(&self, observation: &Observation);
}

/// An activity under way.
pub trait ActivitySpan: Debug + Send {
    /// Its task goes on with it. What happens until [`ActivitySpan::exit`] is part of it.
    fn enter(&mut self);

    /// Its task waits, or does something else.
    fn exit(&mut self);

    /// It has ended, so long after it began by the host's clock.
    fn end(&mut self, end: ActivityEnd, took: Duration);
}

/// Something that is done for an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activity {
    /// What.
    pub kind: ActivityKind,
    /// For which organisation; none for what is done for several.
    pub group: Option<GroupId>,
    /// To which instance; none for what is done to several, or to one that is not there yet.
    pub instance: Option<ThingId>,
}

vocabulary! {
    /// What can be watched from its beginning to its end.
    closed ActivityKind ("an activity") {
        /// `Tenant::install`.
        Install = "install",
        /// `Tenant::retry_install`.
        RetryInstall = "retry_install",
        /// `Tenant::configure`.
        Configure = "configure",
        /// `Tenant::activate`.
        Activate = "activate",
        /// `Tenant::resume`.
        Resume = "resume",
        /// `Tenant::call` and what comes down to it.
        Execute = "execute",
        /// `Tenant::deactivate`.
        Deactivate = "deactivate",
        /// `Tenant::suspend`.
        Suspend = "suspend",
        /// `Tenant::update`.
        Update = "update",
        /// `Tenant::rollback`.
        Rollback = "rollback",
        /// `Tenant::uninstall`.
        Uninstall = "uninstall",
        /// `PluginManager::recover`.
        Recover = "recover",
        /// `PluginManager::dispatch`.
        Dispatch = "dispatch",
    }
}

/// How an activity ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActivityEnd {
    /// As it was meant to. What a plugin made of an execution is another thing
    /// ([`Observation::ExecutionEnded`]).
    Done,
    /// With an error of this tag.
    Failed(&'static str),
    /// Its caller gave it up.
    Dropped,
}

impl ActivityEnd {
    /// `Done`, the tag of the error, or `Dropped`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Done => "Done",
            Self::Failed(tag) => tag,
            Self::Dropped => "Dropped",
        }
    }
}
