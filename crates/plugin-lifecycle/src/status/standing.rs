//! The status of an instance.

use one_ontology::{Revision, Scope, ThingId, Timestamp};
use plugin_runtime_api::{Engine, Fence, PluginName};
use serde::{Deserialize, Serialize};

use super::conditions::View;
use super::{
    Beside, BreakerStatus, Condition, ConditionKind, Desired, ErrorStatus, ExecutionStatus,
    OperationStatus, desired,
};
use crate::machine::possible;
use crate::{
    CommandKind, Instance, Moved, Operation, Permit, Pin, Policy, State, StateKind, permit_in, why,
};

/// Where an instance stands: what it is to be, what it is, what holds of it and what can be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// When this held.
    pub at: Timestamp,
    /// Which instance.
    pub instance: ThingId,
    /// Its package.
    pub package: PluginName,
    /// Its version.
    pub version: String,
    /// What runs it.
    pub engine: Engine,
    /// Which revision of its row this was read from.
    pub revision: Revision,
    /// What it is to be.
    pub desired: Desired,
    /// What it is.
    pub state: StateKind,
    /// Since when; none in rows that an older version wrote. ACTIVE and EXECUTING count as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Why it is there, in a sentence.
    pub why: String,
    /// The last command, and who gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
    /// What holds of it, in the order of [`ConditionKind::ALL`].
    pub conditions: Vec<Condition>,
    /// The commands that people can give now, in the order of the table: those that it accepts, and those that wait until
    /// its executions have ended.
    pub possible: Vec<CommandKind>,
    /// The fence it is at.
    pub fence: Fence,
    /// The operation under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationStatus>,
    /// The executions under way, by id.
    pub executions: Vec<ExecutionStatus>,
    /// Whether executions are held back.
    pub breaker: BreakerStatus,
    /// Its recent errors; not for those who may not see figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<ErrorStatus>,
    /// How many executions of its organisation wait for a place, in this process; not for those who
    /// may not see figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<usize>,
    /// How far it may be updated; none, as far as there are versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// Counts its configurations, from 0.
    pub settings_revision: u64,
}

/// Where an instance stands at `now`. What its row does not say comes from `beside`.
///
/// ```
/// # use plugin_lifecycle::{Beside, ConditionKind, ConditionStatus, Instance, Policy, status};
/// # use one_ontology::Timestamp;
/// fn works(instance: &Instance, now: Timestamp) -> bool {
///     let status = status(instance, &Beside::default(), &Policy::default(), now);
///     let healthy = status.condition(ConditionKind::Healthy);
///     healthy.is_some_and(|it| it.status == ConditionStatus::True)
/// }
/// ```
#[must_use]
pub fn status(instance: &Instance, beside: &Beside, policy: &Policy, now: Timestamp) -> Status {
    let row = &instance.properties;
    let who = match beside.who.as_str() {
        "" => "Somebody",
        who => who,
    };
    let view = View {
        row,
        beside,
        policy,
        now,
    };
    let executions = row.executions.iter();
    Status {
        at: now,
        instance: instance.id,
        package: row.npm_package.clone(),
        version: row.version.clone(),
        engine: row.engine.clone(),
        revision: instance.revision,
        desired: desired(row),
        state: row.lifecycle.kind(),
        since: row.since,
        why: why(row, who, now),
        moved: row.moved.clone(),
        conditions: view.conditions(),
        possible: possible(at_rest(row.lifecycle)),
        fence: row.fence,
        operation: row
            .operation
            .as_ref()
            .map(|operation| OperationStatus::of(operation, policy, now)),
        executions: executions
            .map(|(execution, lease)| ExecutionStatus::of(*execution, lease, now))
            .collect(),
        breaker: BreakerStatus::of(&row.breaker, now),
        errors: Some(ErrorStatus::of(row, policy, now)),
        waiting: beside.waiting,
        pin: row.pin.clone(),
        settings_revision: row.settings_revision,
    }
}

/// What a command finds that waits until executions have ended, as changes of the version do.
const fn at_rest(state: State) -> State {
    match state {
        State::Executing { .. } => State::Active,
        _ => state,
    }
}

impl Status {
    /// What holds of one question.
    #[must_use]
    pub fn condition(&self, kind: ConditionKind) -> Option<&Condition> {
        self.conditions.iter().find(|it| it.kind == kind)
    }

    /// The same as the holder of `scope` may see it: only the commands that they may give, and figures
    /// only for those who may see them.
    #[must_use]
    pub fn seen_by(mut self, scope: &Scope) -> Self {
        let state = self.state;
        self.possible
            .retain(|command| permit_in(scope, operation_of(state, *command)) == Permit::Allow);
        if permit_in(scope, Operation::ViewPluginUsageMetrics) != Permit::Allow {
            self.errors = None;
            self.waiting = None;
        }
        self
    }
}

/// What roles are asked about where a command is given to an instance in a state.
const fn operation_of(state: StateKind, command: CommandKind) -> Operation {
    match command {
        CommandKind::Install => Operation::InstallPluginInOrg,
        CommandKind::Retry => match state {
            StateKind::Failed => Operation::InstallPluginInOrg,
            _ => Operation::ActivatePluginForAgent,
        },
        CommandKind::Activate | CommandKind::Resume => Operation::ActivatePluginForAgent,
        CommandKind::BeginExecution => Operation::ExecutePluginAction,
        CommandKind::Deactivate => Operation::DeactivatePluginForAgent,
        CommandKind::Update | CommandKind::Rollback => Operation::UpdatePluginVersion,
        CommandKind::Cancel | CommandKind::Uninstall => Operation::UninstallPluginFromOrg,
        // What is nobody's to give is in no list of possible commands.
        CommandKind::Suspend
        | CommandKind::Configure
        | CommandKind::ValidationFailed
        | CommandKind::StepOk
        | CommandKind::StepFailed
        | CommandKind::LeaseExpired
        | CommandKind::EndExecution
        | CommandKind::RuntimeCrashed => Operation::UpdatePluginConfig,
    }
}
