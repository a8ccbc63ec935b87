//! Stopping and suspending.

use std::time::Duration;

use one_ontology::{PluginEventType, ThingId, Timestamp};
use plugin_runtime_api::Fence;

use crate::machine::{Command, State, StateKind};
use crate::manager::remove::Dependents;
use crate::manager::write::still_held;
use crate::{
    ActivityKind, After, CommandKind, Desired, Instance, ManagerError, Moved, Operation,
    PendingOperation, Phase, PluginInstance, Tenant, desired,
};

impl Tenant {
    /// Stops a plugin: admits no more executions, lets those under way end within the policy's
    /// grace, stops the runtime.
    ///
    /// # Errors
    /// `Denied`, `CommandRefused`, `InstanceNotFound`, `HasDependents` when an active plugin needs
    /// it; `Draining` when executions outlast the grace; `Executor` when it cannot be stopped, and
    /// the instance rests in ERROR.
    pub async fn deactivate(&self, instance: ThingId) -> Result<(), ManagerError> {
        let work = Box::pin(self.deactivate_unobserved(instance));
        self.observed(ActivityKind::Deactivate, Some(instance), work)
            .await
    }

    async fn deactivate_unobserved(&self, instance: ThingId) -> Result<(), ManagerError> {
        self.allow(Operation::DeactivatePluginForAgent)?;
        self.refuse_if_needed(instance, Dependents::Running).await?;
        if let Some(begun) = self.draining(instance, After::Installed).await? {
            return self.drain(&begun).await.map(drop);
        }
        let halted = self.halt_if_failed(instance).await?;
        let (begun, _) = self
            .rewrite(instance, |instance, now| {
                halted_here(&instance, halted)?;
                self.begin_operation(instance, Command::Deactivate, now)
            })
            .await?;
        match begun.properties.lifecycle.kind() {
            StateKind::Deactivating => self.drain(&begun).await.map(drop),
            _ => Ok(()),
        }
    }

    /// Stops the runtime of a draining instance, waits for its executions and brings it to what
    /// comes then.
    pub(crate) async fn drain(&self, begun: &Instance) -> Result<Instance, ManagerError> {
        self.stop_draining(begun).await?;
        self.wait_until_drained(begun.id).await?;
        self.drained(begun).await
    }

    /// Stops the runtime of a draining instance, or writes that it cannot be stopped.
    pub(crate) async fn stop_draining(&self, begun: &Instance) -> Result<(), ManagerError> {
        let grace = self.shared().policy.grace;
        let Err(error) = self.stop_all(&begun.properties, grace).await else {
            return Ok(());
        };
        let error = ManagerError::from(error);
        let reason = self.words(begun).await.of_error(&error);
        self.rewrite(begun.id, |instance, now| {
            still_held(&instance, begun)?;
            self.failed_step(instance, now, error.tag(), &reason, |_| ())
        })
        .await?;
        Err(error)
    }

    /// Writes that an instance has stopped and no execution of it is left.
    pub(crate) async fn drained(&self, begun: &Instance) -> Result<Instance, ManagerError> {
        let (drained, _) = self
            .rewrite(begun.id, |instance, now| {
                still_held(&instance, begun)?;
                self.step(
                    instance,
                    Command::StepOk,
                    now,
                    |p| {
                        p.operation = self.after_drain(p, now);
                        p.strays.clear();
                    },
                    |event| event,
                )
            })
            .await?;
        Ok(drained)
    }

    /// Executions write their own ends. Those whose driver is gone are closed as unknown once
    /// their leases have run out.
    pub(crate) async fn wait_until_drained(&self, id: ThingId) -> Result<(), ManagerError> {
        let mut events = self.happenings().await?;
        loop {
            let instance = self.load(id).await?;
            if instance.properties.lifecycle.in_flight() == 0 {
                return Ok(());
            }
            self.until_more_ends(&instance, &mut events, None).await?;
        }
    }

    /// Suspends a plugin until somebody activates it again.
    ///
    /// # Errors
    /// As [`Tenant::deactivate`].
    pub async fn suspend(&self, instance: ThingId, reason: &str) -> Result<(), ManagerError> {
        let work = Box::pin(self.suspend_unobserved(instance, reason));
        self.observed(ActivityKind::Suspend, Some(instance), work)
            .await
    }

    async fn suspend_unobserved(
        &self,
        instance: ThingId,
        reason: &str,
    ) -> Result<(), ManagerError> {
        self.allow(Operation::UpdatePluginConfig)?;
        if let Some(begun) = self.draining(instance, After::Suspended).await? {
            let begun = self.suspended_by(begun, reason).await?;
            return self.drain(&begun).await.map(drop);
        }
        let halted = self.halt_if_failed(instance).await?;
        let (begun, _) = self
            .rewrite(instance, |instance, now| {
                halted_here(&instance, halted)?;
                self.begin_because(instance, Command::Suspend, now, Some(reason))
            })
            .await?;
        match begun.properties.lifecycle.kind() {
            StateKind::Deactivating => self.drain(&begun).await.map(drop),
            _ => Ok(()),
        }
    }

    /// Writes that somebody wants an instance suspended that is on its way there by itself, for its errors.
    async fn suspended_by(&self, begun: Instance, reason: &str) -> Result<Instance, ManagerError> {
        if desired(&begun.properties) == Desired::Suspended {
            return Ok(begun);
        }
        let (wanted, _) = self
            .rewrite(begun.id, |mut instance, now| {
                still_held(&instance, &begun)?;
                instance.properties.reason = Some(reason.to_owned());
                instance.properties.moved = Some(Moved {
                    command: CommandKind::Suspend,
                    by: self.scope.actor().clone(),
                    at: now,
                    wants: Some(Desired::Suspended),
                });
                let event = self
                    .event(PluginEventType::PluginOperationStarted, &instance, now)
                    .with("operation", CommandKind::Suspend.as_str())
                    .with("reason", reason);
                self.beside(instance, event, now)
            })
            .await?;
        Ok(wanted)
    }

    /// An instance that is stopped already, to be what is said then: begun earlier and not
    /// finished. Its operation is taken over if its driver has been silent for too long.
    pub(crate) async fn draining(
        &self,
        instance: ThingId,
        then: After,
    ) -> Result<Option<Instance>, ManagerError> {
        let found = self.load(instance).await?;
        match found.properties.lifecycle {
            State::Deactivating { then: to, .. } if to == then => {
                self.joined(found).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// An operation under way, as one may go on with it: under its fence while its driver may
    /// live, since every step of it can be done twice, else taken over.
    pub(crate) async fn joined(&self, found: Instance) -> Result<Instance, ManagerError> {
        if !found.properties.is_abandoned(self.shared().now()) {
            return Ok(found);
        }
        let (taken, _) = self
            .rewrite(found.id, |instance, now| self.take_over(instance, now))
            .await?;
        Ok(taken)
    }

    /// What is left to do when a runtime has stopped: a removal goes on.
    fn after_drain(&self, instance: &PluginInstance, now: Timestamp) -> Option<PendingOperation> {
        let phase = Phase::of(instance.lifecycle.kind())?;
        let mut operation = instance.operation.clone()?;
        operation.lease_until = now.plus(self.lease_of(&phase));
        operation.phase = Some(phase);
        Some(operation)
    }

    /// Sees to it that nothing runs of an instance in ERROR, before it is said to be at rest, and
    /// gives the fence under which it was stopped. That is its own: it is above that of every start
    /// from before, and below that of whoever starts it again meanwhile.
    async fn halt_if_failed(&self, instance: ThingId) -> Result<Option<Fence>, ManagerError> {
        let found = self.load(instance).await?;
        if found.properties.lifecycle.kind() != StateKind::Error {
            return Ok(None);
        }
        self.halt(&found).await?;
        Ok(Some(found.properties.fence))
    }

    /// Stops what runs of an instance, without grace, under its fence.
    pub(crate) async fn halt(&self, instance: &Instance) -> Result<(), ManagerError> {
        let properties = &instance.properties;
        let executor = &self.shared().executor;
        if executor.enforcement(&properties.engine).is_none() {
            // Nobody here could have started it.
            return Ok(());
        }
        Ok(self.stop_all(properties, Duration::ZERO).await?)
    }
}

/// Refuses an instance in ERROR that is not as it was when its runtime was stopped: it may have been
/// started since.
fn halted_here(found: &Instance, halted: Option<Fence>) -> Result<(), ManagerError> {
    let failed = found.properties.lifecycle.kind() == StateKind::Error;
    if failed && halted != Some(found.properties.fence) {
        return Err(ManagerError::Superseded);
    }
    Ok(())
}
