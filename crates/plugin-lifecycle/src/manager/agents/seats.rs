//! Where an execution for an agent runs.

use one_ontology::{PluginEventType, StoreError};

use crate::agents::seat_of;
use crate::manager::end::of_agent;
use crate::manager::execute::Begun;
use crate::{AdmissionRefusal, AgentSeat, Instance, ManagerError, Tenant};

impl Tenant {
    /// Sees to it that what an attempt of an execution runs in runs, and is what its row says: for an agent,
    /// in a runtime with its settings and its character of now, which is named before it is started.
    pub(crate) async fn make_ready(&self, begun: &mut Begun) -> Result<(), ManagerError> {
        let attempts = self.shared().policy.attempts;
        for _ in 0..attempts {
            self.take_seat_of_now(begun).await?;
            self.end_idle_strays(&begun.instance).await;
            let seat = begun.lease.seat.as_ref();
            match self.ensure_running(&begun.instance, seat).await {
                // It was given another character meanwhile.
                Err(ManagerError::Store(StoreError::Stale { .. })) => {}
                running => return running,
            }
        }
        Err(ManagerError::Contended { attempts })
    }

    /// Gives an execution for an agent the seat that it would be given now, where that is another one;
    /// refuses one whose grant has ended since it began.
    async fn take_seat_of_now(&self, begun: &mut Begun) -> Result<(), ManagerError> {
        let Some(held) = begun.lease.seat.clone() else {
            return Ok(());
        };
        let character = self.character_revision(Some(held.agent)).await?;
        let found = self.load(begun.instance.id).await?;
        if seat_now(&found, &held, character)? == held {
            return Ok(());
        }
        let (before, execution) = (&*begun, begun.execution);
        let (instance, _) = self
            .rewrite(before.instance.id, |mut found, now| {
                let seat = seat_now(&found, &held, character)?;
                let properties = &mut found.properties;
                properties.take_seat(&seat);
                let ours = properties.fence == before.instance.properties.fence;
                let lease = properties.executions.get_mut(&execution);
                let lease = lease.filter(|it| ours && it.key == before.lease.key);
                lease.ok_or(ManagerError::Superseded)?.seat = Some(seat);
                let event = self
                    .event(PluginEventType::PluginOperationStarted, &found, now)
                    .with("operation", "move_execution")
                    .with("execution", execution.to_string());
                self.beside(found, of_agent(event, Some(held.agent)), now)
            })
            .await?;
        let lease = instance.properties.executions.get(&execution).cloned();
        begun.lease = lease.ok_or(ManagerError::Superseded)?;
        begun.instance = instance;
        Ok(())
    }
}

/// The seat that whoever holds one would be given now, by the same grant.
fn seat_now(
    found: &Instance,
    held: &AgentSeat,
    character: Option<u64>,
) -> Result<AgentSeat, AdmissionRefusal> {
    if found.properties.still_grants(held) {
        seat_of(found, held.agent, character)
    } else {
        Err(AdmissionRefusal::AgentNotGranted { agent: held.agent })
    }
}
