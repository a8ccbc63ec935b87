//! Which agents use which plugins.

use std::collections::BTreeMap;

use one_ontology::{Actor, ThingId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::manager::tenant::redacted;
use crate::{AgentGrant, Instance, ManagerError, Operation, Tenant};

/// That an agent may use a plugin, as far as the asker may see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentUse {
    /// The agent.
    pub agent: ThingId,
    /// What it is called.
    pub name: String,
    /// The instance.
    pub instance: ThingId,
    /// Its package.
    pub package: String,
    /// The agent's own settings; for those who may not see values, `[redacted]`.
    pub settings: BTreeMap<String, Value>,
    /// Who granted it.
    pub granted_by: Actor,
    /// When.
    pub granted_at: Timestamp,
}

impl Tenant {
    /// The agents that may use an instance, by id.
    ///
    /// # Errors
    /// `Denied`, `InstanceNotFound`, `Store`.
    pub async fn agents_using(&self, instance: ThingId) -> Result<Vec<AgentUse>, ManagerError> {
        self.allow(Operation::ViewWhichAgentsUsePlugin)?;
        let shown = self.allow(Operation::ViewPluginConfig)?;
        let instance = redacted(self.load(instance).await?, shown);
        let mut uses = Vec::new();
        for (agent, grant) in &instance.properties.agents {
            // Retired since the row was read: it may use nothing any more.
            if let Some((_, found)) = self.find_agent(*agent).await? {
                uses.push(of(&instance, *agent, &found.name, grant));
            }
        }
        Ok(uses)
    }

    /// What an agent may use, by package.
    ///
    /// # Errors
    /// `Denied`, `AgentNotFound`, `Store`.
    pub async fn used_by_agent(&self, agent: ThingId) -> Result<Vec<AgentUse>, ManagerError> {
        self.allow(Operation::ViewWhichAgentsUsePlugin)?;
        let shown = self.allow(Operation::ViewPluginConfig)?;
        let (_, found) = self.load_agent(agent).await?;
        let used = self.used_by(agent).await?.into_iter();
        let uses = used.filter_map(|instance| {
            let instance = redacted(instance, shown);
            let grant = instance.properties.agents.get(&agent)?;
            Some(of(&instance, agent, &found.name, grant))
        });
        Ok(uses.collect())
    }
}

fn of(instance: &Instance, agent: ThingId, name: &str, grant: &AgentGrant) -> AgentUse {
    AgentUse {
        agent,
        name: name.to_owned(),
        instance: instance.id,
        package: instance.properties.npm_package.to_string(),
        settings: grant.settings.clone(),
        granted_by: grant.granted_by.clone(),
        granted_at: grant.granted_at,
    }
}
