//! Ending an execution before it ends by itself.

use one_ontology::{PluginEventType, ThingId};
use plugin_runtime_api::{ExecutionId, ExecutorError};

use crate::manager::host::runtime_in;
use crate::{ExecutionLease, Instance, ManagerError, Operation, Tenant};

impl Tenant {
    /// Asks for the end of an execution, wherever it is driven: writes who asked, so that it is not
    /// tried again, and cancels what runs. How it ended is written by whoever drives it; it may
    /// still have succeeded. Asking again asks the executor again.
    ///
    /// A host whose executor is its own learns of what another one asked between attempts, and by [`Tenant::pass_cancels`].
    ///
    /// # Errors
    /// `Denied`, `InstanceNotFound`, `ExecutionNotFound` if it is not under way, `Executor`,
    /// `Store`.
    pub async fn cancel(
        &self,
        instance: ThingId,
        execution: ExecutionId,
    ) -> Result<(), ManagerError> {
        self.allow(Operation::CancelRunningPluginAction)?;
        let found = self.load(instance).await?;
        let missing = ManagerError::ExecutionNotFound { execution };
        let lease = found.properties.executions.get(&execution).ok_or(missing)?;
        if lease.cancel_asked.is_none() {
            self.ask_for_end(instance, execution).await?;
        }
        self.end_here(&found, execution, lease).await
    }

    /// Asks this host's executor for the end of every execution of an instance whose end somebody asked for, on
    /// whichever host. Nothing calls it by itself: a host whose executor is its own does, every second or so, while
    /// it has executions under way.
    ///
    /// # Errors
    /// `Denied`, `InstanceNotFound`, `Executor`, `Store`.
    pub async fn pass_cancels(&self, instance: ThingId) -> Result<(), ManagerError> {
        self.allow(Operation::ViewPluginExecutionLogs)?;
        let found = self.load(instance).await?;
        for (execution, lease) in &found.properties.executions {
            if lease.cancel_asked.is_some() {
                self.end_here(&found, *execution, lease).await?;
            }
        }
        Ok(())
    }

    async fn end_here(
        &self,
        found: &Instance,
        execution: ExecutionId,
        lease: &ExecutionLease,
    ) -> Result<(), ManagerError> {
        let runtime = runtime_in(found, lease.seat.as_ref());
        match self.shared().executor.cancel(&runtime, &execution).await {
            Ok(()) | Err(ExecutorError::NotRunning { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn ask_for_end(
        &self,
        instance: ThingId,
        execution: ExecutionId,
    ) -> Result<(), ManagerError> {
        self.rewrite(instance, |mut instance, now| {
            let executions = &mut instance.properties.executions;
            let lease = executions.get_mut(&execution);
            let lease = lease.ok_or(ManagerError::ExecutionNotFound { execution })?;
            lease.cancel_asked = Some(now);
            let component = lease.component.clone();
            let event = self
                .event(PluginEventType::PluginOperationStarted, &instance, now)
                .with("operation", "cancel")
                .with("execution", execution.to_string())
                .with("component", component.as_str());
            self.beside(instance, event, now)
        })
        .await?;
        Ok(())
    }
}
