//! Starting, stopping, resuming.

use futures::StreamExt as _;
use futures::future::{Either, select};
use one_ontology::{
    ChangeSet, PluginEventType, Seq, Settle, Spend, StoreError, ThingId, Timestamp,
};
use plugin_runtime_api::RuntimeInfo;

use crate::machine::{Command, LostOutcome, State, StateKind};
use crate::manager::remove::Dependents;
use crate::manager::write::{Step, untyped};
use crate::{After, Budget, Instance, ManagerError, Operation, Tenant, transition};

impl Tenant {
    /// Starts an installed plugin, starts again one whose runtime failed, resumes a suspended one:
    /// writes what is intended, starts the runtime, writes what it consists of.
    ///
    /// # Errors
    /// `Denied`, `CommandRefused`, `InstanceNotFound`; `Executor` with the plugin's own words when
    /// it does not start, and the instance rests in ERROR with the reason.
    pub async fn activate(&self, instance: ThingId) -> Result<RuntimeInfo, ManagerError> {
        self.allow(Operation::ActivatePluginForAgent)?;
        let (started, _) = self
            .update(instance, |instance, now| {
                let command = match instance.properties.lifecycle.kind() {
                    StateKind::Error => Command::Retry,
                    StateKind::Suspended => Command::Resume,
                    // Its driver has been silent for longer than it may: go on in its place.
                    StateKind::Activating if abandoned(&instance, now) => {
                        Command::LeaseExpired(LostOutcome::Known)
                    }
                    _ => Command::Activate,
                };
                self.begin_operation(instance, command, now)
            })
            .await?;
        match self.start(&started).await {
            Ok(info) => {
                self.activated(&started, &info).await?;
                Ok(info)
            }
            Err(error) => {
                let fence = started.properties.fence;
                let reason = self.words(&started).await.of_error(&error);
                self.update(instance, |instance, now| {
                    if instance.properties.fence != fence {
                        return Err(ManagerError::Superseded);
                    }
                    self.failed_step(instance, now, error.tag(), &reason)
                })
                .await?;
                Err(error)
            }
        }
    }

    async fn activated(&self, started: &Instance, info: &RuntimeInfo) -> Result<(), ManagerError> {
        let fence = started.properties.fence;
        let described = info
            .plugins
            .iter()
            .find(|plugin| plugin.instance == started.id);
        let components = described.map(|d| d.components.clone()).unwrap_or_default();
        let count = components.len();
        let isolation = self.isolation(started);
        self.update(started.id, |instance, now| {
            if instance.properties.fence != fence {
                return Err(ManagerError::Superseded);
            }
            self.step(
                instance,
                Command::StepOk,
                now,
                |p| {
                    p.components = components.clone();
                    p.operation = None;
                },
                |event| {
                    event
                        .with("components", count)
                        .with("engine", info.engine.as_str())
                        .with("isolation", isolation.as_str())
                        .with("start_ms", info.start_ms)
                },
            )
        })
        .await?;
        Ok(())
    }

    pub(crate) fn begin_operation(
        &self,
        instance: Instance,
        command: Command,
        now: Timestamp,
    ) -> Result<Step, ManagerError> {
        let key = self.new_key(command.kind().as_str(), now)?;
        self.step(
            instance,
            command,
            now,
            |p| self.begin(p, &command, &key, now),
            |event| event.with("operation", command.kind().as_str()),
        )
    }

    /// Stops a plugin: admits no more executions, lets those under way end within the policy's
    /// grace, stops the runtime.
    ///
    /// # Errors
    /// `Denied`, `CommandRefused`, `InstanceNotFound`, `HasDependents` when an active plugin needs
    /// it; `Draining` when executions outlast the grace; `Executor` when it cannot be stopped, and
    /// the instance rests in ERROR.
    pub async fn deactivate(&self, instance: ThingId) -> Result<(), ManagerError> {
        self.allow(Operation::DeactivatePluginForAgent)?;
        self.refuse_if_needed(instance, Dependents::Running).await?;
        let found = self.load(instance).await?;
        let draining = State::Deactivating {
            then: After::Installed,
            in_flight: found.properties.lifecycle.in_flight(),
        };
        if found.properties.lifecycle == draining {
            return self.drain(&found).await.map(drop);
        }
        let (begun, _) = self
            .update(instance, |instance, now| {
                self.begin_operation(instance, Command::Deactivate, now)
            })
            .await?;
        match begun.properties.lifecycle.kind() {
            StateKind::Deactivating => self.drain(&begun).await.map(drop),
            _ => Ok(()),
        }
    }

    /// Stops the runtime of a draining instance and brings it to what comes then.
    pub(crate) async fn drain(&self, begun: &Instance) -> Result<Instance, ManagerError> {
        let executor = self.shared().executor.as_ref();
        let (runtime, fence) = (begun.properties.runtime, begun.properties.fence);
        let grace = self.shared().policy.grace;
        if let Err(error) = executor.stop(&runtime, fence, grace).await {
            let error = ManagerError::from(error);
            let reason = self.words(begun).await.of_error(&error);
            self.update(begun.id, |instance, now| {
                self.failed_step(instance, now, error.tag(), &reason)
            })
            .await?;
            return Err(error);
        }
        self.wait_until_drained(begun.id).await?;
        let (drained, _) = self
            .update(begun.id, |instance, now| {
                let ends = !matches!(
                    instance.properties.lifecycle,
                    State::Deactivating {
                        then: After::Uninstalling,
                        ..
                    }
                );
                if instance.properties.fence != fence {
                    return Err(ManagerError::Superseded);
                }
                self.step(
                    instance,
                    Command::StepOk,
                    now,
                    |p| {
                        if ends {
                            p.operation = None;
                        }
                    },
                    |event| event,
                )
            })
            .await?;
        Ok(drained)
    }

    /// Executions write their own ends. Those whose driver is gone are closed as unknown once
    /// their leases have run out.
    async fn wait_until_drained(&self, id: ThingId) -> Result<(), ManagerError> {
        let store = &self.shared().store;
        let after = store
            .head(&self.scope)
            .await?
            .map_or(Seq::START, |head| head.seq);
        let mut events = store.watch(&self.scope, after);
        loop {
            let instance = self.load(id).await?;
            let in_flight = instance.properties.lifecycle.in_flight();
            if in_flight == 0 {
                return Ok(());
            }
            let now = self.shared().now();
            let last = instance
                .properties
                .executions
                .values()
                .map(|e| e.lease_until)
                .max();
            let last = last.unwrap_or(now);
            if last <= now {
                self.close_unknown(id).await?;
                continue;
            }
            let Some(timer) = &self.shared().timer else {
                // Without a timer only an event can wake us; one always comes while the driver of
                // the execution lives, because invocations end by their deadlines.
                if events.next().await.is_none() {
                    return Err(ManagerError::Draining { in_flight });
                }
                continue;
            };
            match select(events.next(), timer.sleep_until(last)).await {
                Either::Left((None, _)) => return Err(ManagerError::Draining { in_flight }),
                Either::Left((Some(_), _)) | Either::Right(_) => {}
            }
        }
    }

    /// Closes executions whose leases have run out: nobody knows how they ended, and so it is
    /// said.
    async fn close_unknown(&self, id: ThingId) -> Result<(), ManagerError> {
        for _ in 0..self.shared().policy.attempts {
            let mut instance = self.load(id).await?;
            let now = self.shared().now();
            let lost: Vec<_> = instance
                .properties
                .executions
                .iter()
                .filter(|(_, lease)| lease.lease_until <= now)
                .map(|(id, lease)| (*id, lease.clone()))
                .collect();
            for (execution, _) in &lost {
                instance.properties.executions.remove(execution);
                let state = instance.properties.lifecycle;
                let closed = Command::LeaseExpired(LostOutcome::Unknown);
                instance.properties.lifecycle = match state {
                    State::Executing { .. } => transition(state, closed)?.to,
                    _ => state.drained_by_one(),
                };
                instance.status = instance.properties.lifecycle.kind().thing_status();
            }
            let mut changes: Option<ChangeSet> = None;
            for (execution, lease) in lost {
                let event = self
                    .event(PluginEventType::PluginActionFailed, &instance, now)
                    .with("execution", execution.to_string())
                    .with("component", lease.component.as_str())
                    .with("outcome", "unknown");
                let next = match changes {
                    Some(changes) => changes.event(event),
                    None => ChangeSet::new(&self.scope, event, now),
                };
                changes = Some(next.settle(self.leave_bulkhead(lease.began)?));
            }
            let Some(changes) = changes else {
                return Ok(());
            };
            match self
                .shared()
                .store
                .commit(changes.replace(untyped(&instance)?))
                .await
            {
                Err(StoreError::Stale { .. } | StoreError::Busy { .. }) => {}
                other => return other.map(drop).map_err(ManagerError::from),
            }
        }
        Err(ManagerError::Contended {
            attempts: self.shared().policy.attempts,
        })
    }

    /// Closes, in the whole organisation, the executions whose leases have run out; gives how many
    /// instances had any.
    pub(crate) async fn close_abandoned(&self) -> Result<usize, ManagerError> {
        let now = self.shared().now();
        let mut count = 0;
        for instance in self.load_all().await? {
            let mut leases = instance.properties.executions.values();
            if leases.any(|lease| lease.lease_until <= now) {
                self.close_unknown(instance.id).await?;
                count += 1;
            }
        }
        Ok(count)
    }

    /// What an execution gives back when it ends.
    pub(crate) fn leave_bulkhead(&self, began: Timestamp) -> Result<Settle, ManagerError> {
        let rule = self.shared().policy.at_a_time(self.group.plan);
        let spend = Spend::one(Budget::AtATime.key()?, rule);
        Ok(Settle::refund(&spend, began))
    }

    /// Suspends a plugin until somebody activates it again.
    ///
    /// # Errors
    /// As [`Tenant::deactivate`].
    pub async fn suspend(&self, instance: ThingId, reason: &str) -> Result<(), ManagerError> {
        self.allow(Operation::UpdatePluginConfig)?;
        let found = self.load(instance).await?;
        if matches!(
            found.properties.lifecycle,
            State::Deactivating {
                then: After::Suspended,
                ..
            }
        ) {
            // Begun earlier and not finished: go on.
            return self.drain(&found).await.map(drop);
        }
        let (begun, _) = self
            .update(instance, |instance, now| {
                let mut step = self.begin_operation(instance, Command::Suspend, now)?;
                step.instance.properties.reason = Some(reason.to_owned());
                step.changes = self.changes(&step.instance, step.transition, now, |event| {
                    event.with("reason", reason)
                })?;
                Ok(step)
            })
            .await?;
        match begun.properties.lifecycle.kind() {
            StateKind::Deactivating => self.drain(&begun).await.map(drop),
            _ => Ok(()),
        }
    }
}

fn abandoned(instance: &Instance, now: Timestamp) -> bool {
    let operation = instance.properties.operation.as_ref();
    operation.is_none_or(|operation| operation.lease_until <= now)
}
