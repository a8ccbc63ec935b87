//! A plugin installed for one organisation.

use std::collections::{BTreeMap, BTreeSet};

use one_ontology::{
    Actor, IdempotencyKey, PluginThingType, Thing, ThingId, ThingProperties, ThingType, Timestamp,
    vocabulary,
};
use plugin_registry::{PackagePin, Parameter};
use plugin_runtime_api::{
    Artifact, Component, ComponentKind, ComponentName, Effect, Engine, ExecutionId, Fence,
    Permissions, PluginName, RuntimeId,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    AgentGrant, AgentSeat, Breaker, EventCause, Givings, Holds, Hours, Moved, Notice,
    PendingOperation, Pin, Policy, RecordedInput, State, StateKind,
};

/// An instance as the store has it.
pub type Instance = Thing<PluginInstance>;

/// What is known of an installed plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PluginInstance {
    /// Its package.
    pub npm_package: PluginName,
    /// Its exact version.
    pub version: String,
    /// The plugin of the catalog that it is an instance of.
    pub plugin_id: ThingId,
    /// Where it is in its lifecycle.
    pub lifecycle: State,
    /// Since when it is in this state, where ACTIVE and EXECUTING count as one. None in rows that an
    /// older version wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Why it rests where it rests, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who brought it where it is, or on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
    /// What is being done to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<PendingOperation>,
    /// The installation that failed, with everything it takes to try it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<PendingOperation>,
    /// Grows with each operation; whoever acts under a lower one is from the past.
    pub fence: Fence,
    /// What runs it.
    pub engine: Engine,
    /// Its runtime.
    pub runtime: RuntimeId,
    /// Where its code is, once it has been fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
    /// What to fetch to have its code again. Empty in rows that an older version wrote.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<PackagePin>,
    /// The plugins its runtime consists of, in install order, itself among them.
    pub members: Vec<Member>,
    /// How far it may be updated; none, as far as there are versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// What is said of the releases that it runs, the gravest first, as it was last brought here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
    /// What it may do.
    pub grants: Permissions,
    /// What can be configured.
    pub parameters: Vec<Parameter>,
    /// What is configured. Never a secret.
    pub settings: BTreeMap<String, Value>,
    /// Counts the configurations, from 0.
    pub settings_revision: u64,
    /// Secrets that are being given to the vault, or taken out of it, by giver. Names only.
    #[serde(default, skip_serializing_if = "Givings::is_empty")]
    pub secrets_under_way: Givings,
    /// Secrets of which nobody knows whether the vault took them. Names only.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub secrets_unsure: BTreeSet<String>,
    /// Secrets that the vault was given. Names only; none in rows that an older version wrote, which
    /// does not mean that there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets_kept: Option<BTreeSet<String>>,
    /// Its components as they were when it last started.
    #[serde(default)]
    pub components: Vec<Component>,
    /// Its executions under way.
    #[serde(default)]
    pub executions: BTreeMap<ExecutionId, ExecutionLease>,
    /// Who lets no execution of it begin, to change it when those under way have ended.
    #[serde(default, skip_serializing_if = "Holds::is_empty")]
    pub holds: Holds,
    /// Since when what runs may have other secrets than the vault, where executions in it are under way: when
    /// they have ended it is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_owed: Option<Timestamp>,
    /// Runtimes of it besides its own that may still run, and are to be stopped.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub strays: BTreeSet<RuntimeId>,
    /// The agents that may use it, besides the one that every organisation has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub agents: BTreeMap<ThingId, AgentGrant>,
    /// The parameters that whoever lets an agent use it may set for that agent; the others only an owner
    /// may.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub open_to_agents: BTreeSet<String>,
    /// Its recent errors.
    #[serde(default)]
    pub errors: ErrorWindow,
    /// How it was used, as far as the row of a day does not have it yet.
    #[serde(default, skip_serializing_if = "Hours::is_empty")]
    pub usage: Hours,
    /// Whether executions are held back because too many failed in a row.
    #[serde(default, skip_serializing_if = "Breaker::is_fresh")]
    pub breaker: Breaker,
    /// Why it is here.
    pub wanted: Wanted,
    /// When it was installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed_at: Option<Timestamp>,
    /// Who installed it.
    pub installed_by: Actor,
}

impl PluginInstance {
    /// Whether the driver of its operation has been silent for longer than it may.
    pub(crate) fn is_abandoned(&self, now: Timestamp) -> bool {
        let operation = self.operation.as_ref();
        operation.is_none_or(|operation| operation.lease_until <= now)
    }

    /// Its runtime, then those of agents, then those besides that may still run.
    pub(crate) fn runtimes(&self) -> impl Iterator<Item = &RuntimeId> {
        let own = std::iter::once(&self.runtime);
        own.chain(self.agents_runtimes()).chain(&self.strays)
    }

    /// Whether it is there to stay: not what is left of an installation that failed, nor on its way out.
    pub(crate) fn is_there(&self) -> bool {
        !matches!(
            self.lifecycle.kind(),
            StateKind::Failed | StateKind::Uninstalling
        )
    }
}

impl ThingProperties for PluginInstance {
    fn thing_type() -> ThingType {
        PluginThingType::PluginInstance.into()
    }
}

vocabulary! {
    /// Why an instance is here.
    closed Wanted ("`asked` or `needed`") {
        /// Somebody asked for it.
        Asked = "asked",
        /// Another plugin needs it.
        Needed = "needed",
    }
}

/// A plugin of a runtime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The instance.
    pub instance: ThingId,
    /// Its package.
    pub package: PluginName,
    /// Its version in this runtime.
    pub version: String,
}

/// An execution under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionLease {
    /// What kind of component.
    pub kind: ComponentKind,
    /// Which.
    pub component: ComponentName,
    /// What repeating it does.
    pub effect: Effect,
    /// Names the request to the executor; each attempt is one of its own.
    pub key: IdempotencyKey,
    /// Which attempt it is, from 1.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub attempt: u32,
    /// When somebody asked for its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_asked: Option<Timestamp>,
    /// What is kept of its input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<RecordedInput>,
    /// The delivery that it is, if it handles an event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<EventCause>,
    /// For which agent it runs, and where; none for the one that every organisation has, in the runtime of
    /// the instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<AgentSeat>,
    /// How long an attempt may take, in milliseconds, if whoever called said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// When it began.
    pub began: Timestamp,
    /// When it must have ended, whatever happens.
    pub lease_until: Timestamp,
}

impl ExecutionLease {
    /// The agent that it runs for; none for the one that every organisation has.
    #[must_use]
    pub fn agent(&self) -> Option<ThingId> {
        self.seat.as_ref().map(|seat| seat.agent)
    }
}

const fn first() -> u32 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks with a reference"
)]
const fn is_first(attempt: &u32) -> bool {
    *attempt == 1
}

/// Recent errors of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorWindow {
    /// How many in a row.
    pub in_a_row: u32,
    /// When, ascending; no more than the policy counts.
    pub recent: Vec<Timestamp>,
}

impl ErrorWindow {
    /// After a success.
    #[must_use]
    pub fn after_success(mut self) -> Self {
        self.in_a_row = 0;
        self
    }

    /// After an error at `now`, and whether that was one too many.
    #[must_use]
    pub fn after_error(mut self, policy: &Policy, now: Timestamp) -> (Self, TooMany) {
        self.in_a_row = self.in_a_row.saturating_add(1);
        let start = now.minus(policy.error_window);
        self.recent.retain(|at| *at > start);
        self.recent.push(now);
        let kept = policy.errors_in_window as usize;
        let surplus = self.recent.len().saturating_sub(kept.max(1));
        self.recent.drain(..surplus);
        let too_many = self.in_a_row >= policy.errors_in_a_row || self.recent.len() >= kept;
        let verdict = if too_many { TooMany::Yes } else { TooMany::No };
        (self, verdict)
    }
}

/// Whether errors have become too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooMany {
    /// The instance is to be suspended.
    Yes,
    /// It may go on.
    No,
}
