//! Read, decide, write; and again when somebody else wrote in between.

use std::time::Duration;

use one_ontology::{
    ChangeSet, EventId, IdempotencyKey, NewEvent, Receipt, StoreError, Thing, ThingId,
    ThingProperties, Timestamp,
};
use plugin_runtime_api::Fence;

use crate::{
    ChangePart, Command, CommandKind, Desired, Instance, LostOutcome, ManagerError, Moved,
    PendingOperation, Phase, PluginInstance, Tenant, Transition, transition,
};

/// Refuses unless an operation is still where its driver left it: in the same state, under the
/// same fence. Whoever was overtaken writes nothing.
pub(crate) fn still_held(found: &Instance, begun: &Instance) -> Result<(), ManagerError> {
    let (found, begun) = (&found.properties, &begun.properties);
    if found.fence == begun.fence && found.lifecycle.kind() == begun.lifecycle.kind() {
        Ok(())
    } else {
        Err(ManagerError::Superseded)
    }
}

/// What a command makes of an instance, decided but not yet written.
pub(crate) struct Step {
    pub(crate) instance: Instance,
    pub(crate) changes: ChangeSet,
    pub(crate) driver: Driver,
}

/// Whether whoever writes a step drives the operation of its instance from then on, or did until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Driver {
    Here,
    Anywhere,
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
        let from = instance.properties.lifecycle;
        let transition = transition(from, command)?;
        instance.properties.lifecycle = transition.to;
        if !from.is_same_stay(transition.to) {
            instance.properties.since = Some(now);
        }
        instance.status = transition.to.kind().thing_status();
        if let Some(wants) = Desired::by(from, command) {
            instance.properties.moved = Some(Moved {
                command: command.kind(),
                by: self.scope.actor().clone(),
                at: now,
                wants: Some(wants),
            });
        }
        let before = instance.properties.fence;
        edit(&mut instance.properties);
        instance.properties.pay_restart(before);
        let changes = self.changes(&instance, transition, now, describe)?;
        let drives = instance.properties.fence != before || instance.properties.operation.is_none();
        Ok(Step {
            instance,
            changes,
            driver: if drives {
                Driver::Here
            } else {
                Driver::Anywhere
            },
        })
    }

    /// The step of an operation that failed for good, with why, as it may be recorded.
    pub(crate) fn failed_step(
        &self,
        instance: Instance,
        now: Timestamp,
        tag: &str,
        reason: &str,
        edit: impl FnOnce(&mut PluginInstance),
    ) -> Result<Step, ManagerError> {
        let lost = instance.properties.executions.clone();
        let mut step = self.step(
            instance,
            Command::StepFailed,
            now,
            |p| {
                p.reason = Some(reason.to_owned());
                p.operation = None;
                p.usage.count_lost(now, p.executions.len());
                p.executions.clear();
                edit(p);
            },
            |event| event.with("error", tag).with("reason", reason),
        )?;
        // What it has not waited for ends with it.
        for (execution, lease) in &lost {
            step.changes = self.close_unknown(step.changes, &step.instance, *execution, lease)?;
        }
        Ok(step)
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
    pub(crate) async fn rewrite(
        &self,
        id: ThingId,
        decide: impl Fn(Instance, Timestamp) -> Result<Step, ManagerError>,
    ) -> Result<(Instance, Receipt), ManagerError> {
        let attempts = self.shared().policy.attempts;
        for _ in 0..attempts {
            let instance = self.load(id).await?;
            let step = decide(instance, self.shared().now())?;
            if let Some(written) = self.write(step).await? {
                return Ok(written);
            }
        }
        Err(ManagerError::Contended { attempts })
    }

    /// Writes a step; none if others wrote since what it was decided on was read.
    pub(crate) async fn write(
        &self,
        step: Step,
    ) -> Result<Option<(Instance, Receipt)>, ManagerError> {
        match self.shared().commit(step.changes).await {
            Ok(receipt) => {
                let mut instance = step.instance;
                instance.revision = instance.revision.next();
                if step.driver == Driver::Here {
                    self.shared().hosting.drives(self.group_id(), &instance);
                }
                Ok(Some((instance, receipt)))
            }
            Err(StoreError::Stale { .. } | StoreError::Busy { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Brings an instance on its way: a new fence and, unless it is at rest already, an operation
    /// with a lease.
    pub(crate) fn begin_operation(
        &self,
        instance: Instance,
        command: Command,
        now: Timestamp,
    ) -> Result<Step, ManagerError> {
        self.begin_because(instance, command, now, None)
    }

    /// As [`Tenant::begin_operation`], for a reason in words.
    pub(crate) fn begin_because(
        &self,
        instance: Instance,
        command: Command,
        now: Timestamp,
        reason: Option<&str>,
    ) -> Result<Step, ManagerError> {
        let key = self.new_key(command.kind().as_str(), now)?;
        self.step(
            instance,
            command,
            now,
            |p| {
                p.fence = p.fence.next();
                p.reason = reason.map(str::to_owned);
                if !p.lifecycle.kind().is_transient() {
                    // Whoever brings it to rest has stopped them.
                    p.strays.clear();
                }
                p.operation = Phase::of(p.lifecycle.kind())
                    .map(|phase| self.operation(&command, &key, p.fence, now, phase));
            },
            |event| {
                let event = event.with("operation", command.kind().as_str());
                match reason {
                    Some(reason) => event.with("reason", reason),
                    None => event,
                }
            },
        )
    }

    pub(crate) fn operation(
        &self,
        command: &Command,
        key: &IdempotencyKey,
        fence: Fence,
        now: Timestamp,
        phase: Phase,
    ) -> PendingOperation {
        PendingOperation {
            key: key.clone(),
            command: command.kind(),
            attempt: 1,
            began: now,
            lease_until: now.plus(self.lease_of(&phase)),
            fence,
            phase: Some(phase),
        }
    }

    /// How long the driver of a phase may be silent.
    pub(crate) fn lease_of(&self, phase: &Phase) -> Duration {
        let policy = &self.shared().policy;
        match phase {
            // Starting is bounded by the executor.
            Phase::Start => policy.limits.start() + policy.grace,
            Phase::Change(change) => match change.part {
                ChangePart::Fetch => policy.operation_lease,
                ChangePart::Start | ChangePart::Retire => {
                    policy.limits.start() + policy.grace + policy.grace
                }
            },
            Phase::Fetch(_) | Phase::Drain | Phase::Remove => policy.operation_lease,
        }
    }

    /// Takes over an operation whose driver has been silent for longer than it may: under a
    /// higher fence, which shuts that driver out, and with a lease of its own.
    pub(crate) fn take_over(
        &self,
        instance: Instance,
        now: Timestamp,
    ) -> Result<Step, ManagerError> {
        let taken = self.taken_over(&instance, now)?;
        self.step(
            instance,
            Command::LeaseExpired(LostOutcome::Known),
            now,
            |p| {
                p.fence = taken.fence;
                p.operation = Some(taken.clone());
            },
            |event| {
                event
                    .with("operation", taken.command.as_str())
                    .with("attempt", taken.attempt)
            },
        )
    }

    fn taken_over(
        &self,
        instance: &Instance,
        now: Timestamp,
    ) -> Result<PendingOperation, ManagerError> {
        let before = instance.properties.operation.clone();
        if before.as_ref().is_some_and(|held| held.lease_until > now) {
            return Err(ManagerError::Superseded);
        }
        // A row of an older version says less: then its state says what is left.
        let mut operation = before.map_or_else(
            || {
                Ok::<_, ManagerError>(PendingOperation {
                    key: self.new_key("operation", now)?,
                    command: CommandKind::LeaseExpired,
                    attempt: 0,
                    began: now,
                    lease_until: now,
                    fence: instance.properties.fence,
                    phase: None,
                })
            },
            Ok,
        )?;
        let state = instance.properties.lifecycle.kind();
        operation.phase = operation.phase.or(Phase::of(state));
        let lease = operation.phase.as_ref().map(|phase| self.lease_of(phase));
        operation.attempt = operation.attempt.saturating_add(1);
        operation.fence = instance.properties.fence.next();
        operation.lease_until = now.plus(lease.unwrap_or(self.shared().policy.operation_lease));
        Ok(operation)
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

pub(crate) fn untyped<P: ThingProperties + Clone>(thing: &Thing<P>) -> Result<Thing, ManagerError> {
    let id = thing.id;
    thing
        .clone()
        .untyped()
        .map_err(|violations| ManagerError::Unreadable {
            instance: id,
            violations,
        })
}
