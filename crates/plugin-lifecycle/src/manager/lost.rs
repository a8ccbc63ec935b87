//! Executions whose drivers have gone silent.

use one_ontology::{ChangeSet, PluginEventType, Settle, Spend, StoreError, Timestamp};
use plugin_runtime_api::ExecutionId;

use crate::instance::ExecutionLease;
use crate::machine::{Command, LostOutcome, State, transition};
use crate::manager::end::{End, LastSeen, Teller, of_lease};
use crate::manager::write::untyped;
use crate::{Budget, EventCause, Instance, ManagerError, Tenant};

/// How an execution that somebody else began was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// As the executor says it did.
    Known,
    /// As one of which nobody knows.
    Unknown,
    /// Not here: somebody else was faster.
    Already,
}

impl Tenant {
    /// Ends the executions of an instance whose leases have run out: as the executor says they
    /// ended, or, where it does not know, as unknown. None of them is run again.
    pub(crate) async fn settle_expired(&self, instance: &Instance) -> Result<(), ManagerError> {
        let now = self.shared().now();
        for (execution, lease) in &instance.properties.executions {
            if lease.lease_until <= now {
                self.settle(instance, *execution, lease).await?;
            }
        }
        Ok(())
    }

    /// Ends one execution whose lease has run out.
    pub(crate) async fn settle(
        &self,
        instance: &Instance,
        execution: ExecutionId,
        lease: &ExecutionLease,
    ) -> Result<Settled, ManagerError> {
        let outcome = self.shared().executor.outcome(&lease.key).await?;
        match outcome {
            Some(outcome) => {
                let words = self.words(instance).await;
                let end = End::of(&Ok(outcome), words).told_by(Teller::Recovery);
                let told = self
                    .end_execution(LastSeen::Id(instance.id), execution, lease, &end, None)
                    .await?;
                Ok(told.map_or(Settled::Already, |_| Settled::Known))
            }
            None => self.settle_unknown(instance, execution).await,
        }
    }

    async fn settle_unknown(
        &self,
        instance: &Instance,
        execution: ExecutionId,
    ) -> Result<Settled, ManagerError> {
        let attempts = self.shared().policy.attempts;
        for _ in 0..attempts {
            let mut instance = self.load(instance.id).await?;
            let now = self.shared().now();
            let Some(lease) = instance.properties.executions.remove(&execution) else {
                return Ok(Settled::Already);
            };
            instance.properties.usage.count_lost(now, 1);
            let state = instance.properties.lifecycle;
            let closed = match state {
                State::Executing { .. } => Some(transition(
                    state,
                    Command::LeaseExpired(LostOutcome::Unknown),
                )?),
                _ => None,
            };
            instance.properties.lifecycle =
                closed.map_or_else(|| state.drained_by_one(), |closed| closed.to);
            instance.status = instance.properties.lifecycle.kind().thing_status();
            let fence = instance.properties.fence;
            instance.properties.pay_restart(fence);
            let event = self.unknown_end(&instance, execution, &lease, now);
            let event = match closed {
                Some(closed) => event
                    .with("rule", closed.rule.as_str())
                    .with("state", closed.to.kind().as_str()),
                None => event,
            };
            let changes = ChangeSet::new(&self.scope, event, now)
                .settle(self.leave_bulkhead(lease.began)?)
                .replace(untyped(&instance)?);
            match self.shared().commit(changes).await {
                Ok(_) => {
                    instance.revision = instance.revision.next();
                    self.shared().hosting.ends(execution);
                    self.drain_if_suspending(&instance).await;
                    self.end_idle_strays(&instance).await;
                    return Ok(Settled::Unknown);
                }
                Err(StoreError::Stale { .. } | StoreError::Busy { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ManagerError::Contended { attempts })
    }

    /// Says of an execution that nobody knows how it ended, and gives its place back.
    pub(crate) fn close_unknown(
        &self,
        changes: ChangeSet,
        instance: &Instance,
        execution: ExecutionId,
        lease: &ExecutionLease,
    ) -> Result<ChangeSet, ManagerError> {
        let event = self.unknown_end(instance, execution, lease, changes.now());
        let place = self.leave_bulkhead(lease.began)?;
        Ok(changes.event(event).settle(place))
    }

    fn unknown_end(
        &self,
        instance: &Instance,
        execution: ExecutionId,
        lease: &ExecutionLease,
        now: Timestamp,
    ) -> one_ontology::NewEvent {
        let event = self.event(PluginEventType::PluginActionFailed, instance, now);
        let event = EventCause::mark(lease.cause, event);
        of_lease(event, execution, lease).with("outcome", "unknown")
    }

    /// Ends, in the whole organisation, the executions whose leases have run out, as far as that is
    /// possible now; gives how many. An instance that cannot be read, or an execution that cannot
    /// be looked up, keeps no other one in its place.
    pub(crate) async fn close_abandoned(&self) -> Result<usize, ManagerError> {
        let now = self.shared().now();
        let mut count = 0;
        for instance in self.load_each().await?.into_iter().flatten() {
            for (execution, lease) in &instance.properties.executions {
                let expired = lease.lease_until <= now;
                if expired && self.settle(&instance, *execution, lease).await.is_ok() {
                    count += 1;
                }
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
}
