//! Shutting a host down.

use std::collections::BTreeMap;

use futures::future::select;
use one_ontology::{Actor, GroupId, PluginEventType, TaskName, ThingId, Timestamp};
use plugin_runtime_api::{RuntimeId, RuntimeStatus};
use serde::{Deserialize, Serialize};

use crate::manager::hosting::{Ours, Running};
use crate::manager::write::Step;
use crate::{Instance, ManagerError, PluginManager, Tenant};

/// What shutting a host down came upon.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrainReport {
    /// How many commands and executions were still under way when the time was up.
    pub overdue: usize,
    /// The runtimes that were stopped.
    pub stopped: Vec<RuntimeId>,
    /// The runtimes that this host had started and others use by now.
    pub kept: Vec<RuntimeId>,
    /// The instances of which something was handed over: whoever recovers goes on with them at once.
    pub handed_over: Vec<ThingId>,
    /// What could not be stopped or handed over; leases hand it over when they run out.
    pub failed: Vec<NotDrained>,
}

/// What could not be stopped or handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotDrained {
    /// Of which instance; none where its organisation could not be entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<ThingId>,
    /// The error's tag.
    pub error: String,
    /// The error in words.
    pub reason: String,
}

impl NotDrained {
    fn of(instance: Option<ThingId>, error: &ManagerError) -> Self {
        Self {
            instance,
            error: error.tag().to_owned(),
            reason: error.to_string(),
        }
    }
}

impl PluginManager {
    /// The name under which a host that shuts down hands over, in trails and scopes.
    pub const DRAIN: &'static str = "drain";

    /// Shuts this host down, for all clones of this manager and for good: nothing begins here any more
    /// (`HostDraining`), what is under way may end until `deadline`, then its executions are cancelled.
    /// The runtimes that this host started are stopped, but for those that others use by now. What is
    /// left of its operations and executions is handed over: their leases end now, so that another
    /// host that recovers need not wait. Rows say nothing else than before: an active plugin stays
    /// active, and starts on its next use, wherever that is.
    ///
    /// Waiting is the `Timer`'s: without one the time is up at once. What is under way must be driven
    /// meanwhile by whoever drives it. Called again, it does again what is left to do.
    pub async fn drain(&self, deadline: Timestamp) -> DrainReport {
        let hosting = &self.shared.hosting;
        hosting.shut();
        self.until_idle(deadline).await;
        let mut report = DrainReport {
            overdue: hosting.activities(),
            ..DrainReport::default()
        };
        self.cancel_own().await;
        self.stop_own(&mut report).await;
        // What ended because of that is still to be written by whoever drives it.
        let grace = self.shared.policy.grace;
        self.until_idle(self.shared.now().plus(grace)).await;
        self.hand_over(&mut report).await;
        report
    }

    async fn until_idle(&self, deadline: Timestamp) {
        let idle = self.shared.hosting.idle();
        if let Some(timer) = &self.shared.timer {
            select(idle, timer.sleep_until(deadline)).await;
        }
    }

    /// Asks for the end of what is left; what cannot be asked ends with its runtime.
    async fn cancel_own(&self) {
        for (execution, begun) in self.shared.hosting.executions() {
            let executor = &self.shared.executor;
            drop(executor.cancel(&begun.runtime, &execution).await);
        }
    }

    async fn stop_own(&self, report: &mut DrainReport) {
        for (runtime, running) in self.shared.hosting.runtimes() {
            match self.stop_one(&runtime, running).await {
                Ok(Some(Stopped::Yes)) => report.stopped.push(runtime),
                Ok(Some(Stopped::Used)) => report.kept.push(runtime),
                Ok(None) => {}
                Err(error) => {
                    let left = NotDrained::of(Some(running.instance), &error);
                    report.failed.push(left);
                }
            }
        }
    }

    /// Stops a runtime that this host started, if it is still that one.
    async fn stop_one(
        &self,
        runtime: &RuntimeId,
        running: Running,
    ) -> Result<Option<Stopped>, ManagerError> {
        let (executor, grace) = (&self.shared.executor, self.shared.policy.grace);
        let RuntimeStatus::Running { fence, in_flight } = executor.status(runtime).await? else {
            return Ok(None);
        };
        if fence != running.fence {
            return Ok(None);
        }
        let own = self.shared.hosting.executions();
        let is_own = own.iter().any(|(_, begun)| begun.runtime == *runtime);
        if in_flight > 0 && !is_own {
            return Ok(Some(Stopped::Used));
        }
        executor.stop(runtime, fence, grace).await?;
        Ok(Some(Stopped::Yes))
    }

    async fn hand_over(&self, report: &mut DrainReport) {
        let mut by_group: BTreeMap<GroupId, Vec<(ThingId, Ours)>> = BTreeMap::new();
        for ((group, instance), ours) in self.shared.hosting.left() {
            by_group.entry(group).or_default().push((instance, ours));
        }
        for (group, left) in by_group {
            match self.drain_tenant(group).await {
                Ok(tenant) => tenant.hand_over_all(left, report).await,
                Err(error) => report.failed.push(NotDrained::of(None, &error)),
            }
        }
    }

    async fn drain_tenant(&self, group: GroupId) -> Result<Tenant, ManagerError> {
        let task: TaskName = Self::DRAIN.parse()?;
        self.tenant(Actor::System(task), group).await
    }
}

enum Stopped {
    Yes,
    /// Somebody else uses it.
    Used,
}

impl Tenant {
    async fn hand_over_all(&self, left: Vec<(ThingId, Ours)>, report: &mut DrainReport) {
        for (instance, ours) in left {
            let handed = self.rewrite(instance, |found, now| self.handed_over(found, &ours, now));
            match handed.await {
                Ok(_) => report.handed_over.push(instance),
                // It ended meanwhile, or somebody else has it.
                Err(ManagerError::Superseded | ManagerError::InstanceNotFound { .. }) => {}
                Err(error) => report.failed.push(NotDrained::of(Some(instance), &error)),
            }
        }
    }

    /// Ends the leases that are this host's, and no other.
    fn handed_over(
        &self,
        mut found: Instance,
        ours: &Ours,
        now: Timestamp,
    ) -> Result<Step, ManagerError> {
        let properties = &mut found.properties;
        let operation = properties.operation.as_mut();
        let operation = operation.filter(|operation| ours.operation == Some(operation.fence));
        let operation = operation.map(|operation| &mut operation.lease_until);
        let executions = properties.executions.iter_mut();
        let executions = executions.filter(|(id, _)| ours.executions.contains(id));
        let executions = executions.map(|(_, lease)| &mut lease.lease_until);
        let leases = operation.into_iter().chain(executions);
        let mut ended = 0_usize;
        for lease in leases.filter(|lease| **lease > now) {
            *lease = now;
            ended += 1;
        }
        if ended == 0 {
            return Err(ManagerError::Superseded);
        }
        let event = self
            .event(PluginEventType::PluginOperationStarted, &found, now)
            .with("operation", "hand_over")
            .with("leases", ended);
        self.beside(found, event, now)
    }
}
