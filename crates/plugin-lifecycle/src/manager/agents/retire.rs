//! Retiring agents.

use one_ontology::{
    ChangeSet, ConnectionQuery, End, EventType, PluginConnectionType, PluginEventType, Revision,
    RowId, Settle, StoreError, Thing, ThingId,
};

use super::grants::ended;
use super::rows::refuse_stale;
use crate::manager::write::untyped;
use crate::{Instance, ManagerError, Operation, Tenant};

impl Tenant {
    /// Puts an agent away, if its row is still the one that was read, and ends in the same change set all
    /// that it may use; then ends its runtimes. What it has kept stays.
    ///
    /// # Errors
    /// `Denied`, `AgentNotFound`; `Stale` when it was written since, `Contended`, `Store`. What cannot be
    /// stopped now is stopped by whoever recovers.
    pub async fn retire_agent(&self, agent: ThingId, read: Revision) -> Result<(), ManagerError> {
        self.allow(Operation::UpdatePluginConfig)?;
        let attempts = self.shared().policy.attempts;
        for _ in 0..attempts {
            let (row, found) = self.load_agent(agent).await?;
            refuse_stale(&found, read)?;
            // After its row was read: whoever lets it use something writes that.
            let used = self.used_by(agent).await?;
            let (left, changes) = self.retiring(&row, used)?;
            match self.shared().store.commit(changes).await {
                Ok(_) => {
                    for instance in left {
                        let strays = instance.properties.strays_of(agent);
                        drop(self.end_strays(&instance, &strays).await);
                    }
                    return Ok(());
                }
                Err(StoreError::Stale { .. } | StoreError::Busy { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ManagerError::Contended { attempts })
    }

    fn retiring(
        &self,
        agent: &Thing,
        used: Vec<Instance>,
    ) -> Result<(Vec<Instance>, ChangeSet), ManagerError> {
        let now = self.shared().now();
        let event = self.about_agent(EventType::EntityArchived, agent, now);
        let level = self.agents_level()?;
        let mut changes = ChangeSet::new(&self.scope, event, now)
            .archive(RowId::Thing(agent.id), agent.revision)
            .settle(Settle::refund(&level, now));
        let mut left = Vec::new();
        for mut instance in used {
            let Some(grant) = instance.properties.release(agent.id) else {
                continue;
            };
            let event = self
                .event(PluginEventType::PluginConfigured, &instance, now)
                .with("revoked", agent.id.to_string());
            changes = ended(changes.event(event).replace(untyped(&instance)?), &grant);
            left.push(instance);
        }
        Ok((left, changes))
    }

    /// The instances that an agent may use, by package.
    pub(super) async fn used_by(&self, agent: ThingId) -> Result<Vec<Instance>, ManagerError> {
        let mut query = ConnectionQuery {
            from: Some(agent.into()),
            types: vec![PluginConnectionType::PluginUses.into()],
            ..ConnectionQuery::default()
        };
        let mut used = Vec::new();
        loop {
            let page = self.shared().store.connections(&self.scope, &query).await?;
            for connection in page.items {
                if let End::Thing(instance) = connection.to {
                    let found = self.find(instance).await?;
                    used.extend(found.filter(|it| it.properties.agents.contains_key(&agent)));
                }
            }
            match page.next {
                Some(cursor) => query.cursor = Some(cursor),
                None => break,
            }
        }
        used.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        used.dedup_by_key(|it| it.id);
        Ok(used)
    }
}
