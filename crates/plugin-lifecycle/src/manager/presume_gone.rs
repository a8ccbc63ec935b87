//! Hosts of which somebody knows that they are no more.

use one_ontology::{PluginEventType, ThingId, Timestamp};

use crate::manager::write::Step;
use crate::{Instance, ManagerError, Operation, Tenant};

impl Tenant {
    /// Takes it that whoever was at work on plugins of this organisation is gone: every lease ends
    /// now, so that [`PluginManager::recover`](crate::PluginManager::recover) need not wait for it.
    /// Gives the instances of which somebody had a lease.
    ///
    /// It is for people who know: the machine was switched off, the process was killed. Where a host
    /// lives after all it is overtaken as one that was silent too long is: operations go on under
    /// a higher fence, and executions end as unknown although they may still be running. The trail
    /// says who took it to be gone.
    ///
    /// # Errors
    /// `Denied`, `Store`. Those given up before an error stay so.
    pub async fn presume_gone(&self) -> Result<Vec<ThingId>, ManagerError> {
        self.allow(Operation::UpdatePluginConfig)?;
        let mut ended = Vec::new();
        for instance in self.load_all().await? {
            if !has_lease(&instance, self.shared().now()) {
                continue;
            }
            match self
                .rewrite(instance.id, |it, now| self.gone(it, now))
                .await
            {
                Ok(_) => ended.push(instance.id),
                // It was finished or removed meanwhile.
                Err(ManagerError::Superseded | ManagerError::InstanceNotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(ended)
    }

    fn gone(&self, mut instance: Instance, now: Timestamp) -> Result<Step, ManagerError> {
        if !has_lease(&instance, now) {
            return Err(ManagerError::Superseded);
        }
        for lease in leases(&mut instance) {
            *lease = now.min(*lease);
        }
        let reason = "its host was said to be gone";
        let event = self
            .event(PluginEventType::PluginErrorOccurred, &instance, now)
            .with("error", "HostGone")
            .with("reason", reason);
        self.beside(instance, event, now)
    }
}

fn has_lease(instance: &Instance, now: Timestamp) -> bool {
    leases(&mut instance.clone()).any(|until| *until > now)
}

fn leases(instance: &mut Instance) -> impl Iterator<Item = &mut Timestamp> {
    let properties = &mut instance.properties;
    let operation = properties.operation.iter_mut();
    let executions = properties.executions.values_mut();
    operation
        .map(|operation| &mut operation.lease_until)
        .chain(executions.map(|execution| &mut execution.lease_until))
        .chain(properties.secrets_under_way.leases())
        .chain(properties.holds.leases())
}
