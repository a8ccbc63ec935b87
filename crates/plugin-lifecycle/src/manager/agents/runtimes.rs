//! Ending the runtimes of agents.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::{join, join_all};
use one_ontology::PluginEventType;
use plugin_runtime_api::{ExecutorError, Fence, RuntimeId};

use crate::{Instance, ManagerError, PluginInstance, StateKind, Tenant};

impl Tenant {
    /// Ends runtimes that nothing is to run in any more, and writes that they are ended; gives whether there
    /// was anything to do here.
    ///
    /// Under the fence after that of the row: whoever began before and has yet to start one is kept out. No
    /// stray is ever started again under its own name, so nobody else needs that fence.
    pub(crate) async fn end_strays(
        &self,
        instance: &Instance,
        strays: &BTreeSet<RuntimeId>,
    ) -> Result<bool, ManagerError> {
        let (properties, policy) = (&instance.properties, &self.shared().policy);
        let executor = &self.shared().executor;
        // Nobody here could have started what this host cannot run.
        if strays.is_empty() || executor.enforcement(&properties.engine).is_none() {
            return Ok(false);
        }
        let stops = strays.iter().map(|stray| async move {
            let stopped = self.stop_stray(stray, properties.fence, policy.grace);
            stopped.await.map(|()| *stray)
        });
        let (stopped, failed): (Vec<_>, Vec<_>) =
            join_all(stops).await.into_iter().partition(Result::is_ok);
        let stopped: BTreeSet<RuntimeId> = stopped.into_iter().flatten().collect();
        // One that cannot be stopped keeps no other one alive.
        if !stopped.is_empty() {
            self.forget_strays(instance, &stopped).await?;
        }
        match failed.into_iter().find_map(Result::err) {
            Some(error) => Err(error.into()),
            None => Ok(true),
        }
    }

    /// Writes that strays are ended.
    async fn forget_strays(
        &self,
        instance: &Instance,
        stopped: &BTreeSet<RuntimeId>,
    ) -> Result<(), ManagerError> {
        self.rewrite(instance.id, |mut found, now| {
            let before = found.properties.strays.len();
            found.properties.strays.retain(|it| !stopped.contains(it));
            if found.properties.strays.len() == before {
                return Err(ManagerError::Superseded);
            }
            let event = self
                .event(PluginEventType::PluginOperationStarted, &found, now)
                .with("operation", "end_runtimes")
                .with("runtimes", before - found.properties.strays.len());
            self.beside(found, event, now)
        })
        .await?;
        Ok(())
    }

    /// Ends the strays of an instance at work in which no execution is; what cannot be ended now, whoever
    /// recovers ends.
    pub(crate) async fn end_idle_strays(&self, instance: &Instance) {
        let state = instance.properties.lifecycle.kind();
        if matches!(state, StateKind::Active | StateKind::Executing) {
            let idle = instance.properties.idle_strays();
            drop(self.end_strays(instance, &idle).await);
        }
    }

    /// Stops every runtime of an instance, all at once; gives the first error when all were tried.
    pub(crate) async fn stop_all(
        &self,
        instance: &PluginInstance,
        grace: Duration,
    ) -> Result<(), ExecutorError> {
        let executor = &self.shared().executor;
        let own = executor.stop(&instance.runtime, instance.fence, grace);
        let (own, others) = join(own, self.stop_others(instance, grace)).await;
        own.and(others)
    }

    /// Stops every runtime of an instance but its own, all at once; gives the first error when all were tried.
    pub(crate) async fn stop_others(
        &self,
        instance: &PluginInstance,
        grace: Duration,
    ) -> Result<(), ExecutorError> {
        let agents = instance.agents_runtimes();
        let agents = agents.map(|runtime| self.stop_beside(runtime, instance.fence, grace));
        let strays = instance.strays.iter();
        let strays = strays.map(|stray| self.stop_stray(stray, instance.fence, grace));
        let (agents, strays) = join(join_all(agents), join_all(strays)).await;
        agents.into_iter().chain(strays).collect()
    }

    async fn stop_stray(
        &self,
        stray: &RuntimeId,
        fence: Fence,
        grace: Duration,
    ) -> Result<(), ExecutorError> {
        self.stop_beside(stray, fence.next(), grace).await
    }

    /// Stops a runtime that is not the instance's own. Where a higher fence was seen of it, somebody else has
    /// ended it, or has taken the whole instance over.
    async fn stop_beside(
        &self,
        runtime: &RuntimeId,
        fence: Fence,
        grace: Duration,
    ) -> Result<(), ExecutorError> {
        match self.shared().executor.stop(runtime, fence, grace).await {
            Err(ExecutorError::StaleFence { .. }) => Ok(()),
            stopped => stopped,
        }
    }
}
