//! Read, decide, write; and again when somebody else wrote in between.

use one_ontology::{
    ChangeSet, EventId, IdempotencyKey, NewEvent, Receipt, StoreError, ThingId, Timestamp,
};
use plugin_runtime_api::Fence;

use crate::instance::PendingOperation;
use crate::{Command, Instance, ManagerError, PluginInstance, Tenant, Transition, transition};

/// What a command makes of an instance, decided but not yet written.
pub(crate) struct Step {
    pub(crate) instance: Instance,
    pub(crate) changes: ChangeSet,
    pub(crate) transition: Transition,
}

impl Tenant {
    /// An event of the given type about an instance, with what all of them say.
    pub(crate) fn event(
        &self,
        event_type: one_ontology::PluginEventType,
        instance: &Instance,
        now: Timestamp,
    ) -> NewEvent {
        let id = EventId::new(self.shared().ids.as_ref(), now);
        NewEvent::new(id, event_type, Some(instance.id.into()))
            .with("npm_package", instance.properties.npm_package.as_str())
            .with("version", instance.properties.version.as_str())
    }

    /// Applies `command` to an instance as read: the next state, its status, and a change set with
    /// the events that the table lists and the instance replaced.
    ///
    /// `edit` changes the instance further before it is written; `describe` adds to each event.
    pub(crate) fn step(
        &self,
        mut instance: Instance,
        command: Command,
        now: Timestamp,
        edit: impl FnOnce(&mut PluginInstance),
        describe: impl Fn(NewEvent) -> NewEvent,
    ) -> Result<Step, ManagerError> {
        let transition = transition(instance.properties.lifecycle, command)?;
        instance.properties.lifecycle = transition.to;
        instance.status = transition.to.kind().thing_status();
        edit(&mut instance.properties);
        let changes = self.changes(&instance, transition, now, describe)?;
        Ok(Step {
            instance,
            changes,
            transition,
        })
    }

    /// The step of an operation that failed for good, with why, as it may be recorded.
    pub(crate) fn failed_step(
        &self,
        instance: Instance,
        now: Timestamp,
        tag: &str,
        reason: &str,
    ) -> Result<Step, ManagerError> {
        self.step(
            instance,
            Command::StepFailed,
            now,
            |p| {
                p.reason = Some(reason.to_owned());
                p.operation = None;
            },
            |event| event.with("error", tag).with("reason", reason),
        )
    }

    pub(crate) fn changes(
        &self,
        instance: &Instance,
        transition: Transition,
        now: Timestamp,
        describe: impl Fn(NewEvent) -> NewEvent,
    ) -> Result<ChangeSet, ManagerError> {
        let make = |event_type| {
            let event = self
                .event(event_type, instance, now)
                .with("rule", transition.rule.as_str())
                .with("state", transition.to.kind().as_str());
            describe(event)
        };
        // Rows without events of their own continue an operation: they say which one.
        let continued = [one_ontology::PluginEventType::PluginOperationStarted];
        let listed = if transition.events().is_empty() {
            continued.as_slice()
        } else {
            transition.events()
        };
        let mut events = listed.iter().copied().map(make);
        let first = events
            .next()
            .ok_or(ManagerError::Contended { attempts: 0 })?;
        let changes = ChangeSet::new(&self.scope, first, now).replace(untyped(instance)?);
        Ok(events.fold(changes, ChangeSet::event))
    }

    /// Reads the instance, lets `decide` make a step of it, and writes that; as often as others
    /// write in between, up to the policy's attempts.
    pub(crate) async fn update(
        &self,
        id: ThingId,
        decide: impl Fn(Instance, Timestamp) -> Result<Step, ManagerError>,
    ) -> Result<(Instance, Receipt), ManagerError> {
        let attempts = self.shared().policy.attempts;
        for _ in 0..attempts {
            let instance = self.load(id).await?;
            let step = decide(instance, self.shared().now())?;
            match self.shared().store.commit(step.changes).await {
                Ok(receipt) => {
                    let mut instance = step.instance;
                    instance.revision = instance.revision.next();
                    return Ok((instance, receipt));
                }
                Err(StoreError::Stale { .. } | StoreError::Busy { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ManagerError::Contended { attempts })
    }

    /// What `command` begins on an instance that it has brought on its way: a new fence and,
    /// unless it is at rest already, an operation with a lease.
    pub(crate) fn begin(
        &self,
        instance: &mut PluginInstance,
        command: &Command,
        key: &IdempotencyKey,
        now: Timestamp,
    ) {
        let fence = instance.fence.next();
        instance.fence = fence;
        instance.reason = None;
        instance.operation = instance
            .lifecycle
            .kind()
            .is_transient()
            .then(|| self.operation(command, key, fence, now));
    }

    pub(crate) fn operation(
        &self,
        command: &Command,
        key: &IdempotencyKey,
        fence: Fence,
        now: Timestamp,
    ) -> PendingOperation {
        let policy = &self.shared().policy;
        let lease = match command {
            // Starting is bounded by the executor.
            Command::Activate | Command::Retry | Command::Resume | Command::LeaseExpired(_) => {
                policy.limits.start() + policy.grace
            }
            _ => policy.operation_lease,
        };
        PendingOperation {
            key: key.clone(),
            command: command.kind(),
            attempt: 1,
            began: now,
            lease_until: now.plus(lease),
            fence,
        }
    }

    /// A name for a new operation or execution.
    pub(crate) fn new_key(
        &self,
        what: &str,
        now: Timestamp,
    ) -> Result<IdempotencyKey, ManagerError> {
        Ok(format!("{what}:{}", self.shared().ids.next(now)).parse()?)
    }
}

pub(crate) fn untyped(instance: &Instance) -> Result<one_ontology::Thing, ManagerError> {
    let id = instance.id;
    instance
        .clone()
        .untyped()
        .map_err(|violations| ManagerError::Unreadable {
            instance: id,
            violations,
        })
}
