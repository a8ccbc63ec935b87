//! Letting agents use plugins.

use std::collections::BTreeMap;

use one_ontology::{
    ChangeSet, Connection, ConnectionId, PluginConnectionType, PluginEventType, StoreError, Thing,
    ThingId,
};
use serde_json::Value;

use super::opening::own_settings;
use crate::manager::install::can_be_needed;
use crate::manager::write::untyped;
use crate::{AdmissionRefusal, AgentGrant, Instance, ManagerError, Operation, Tenant};

impl Tenant {
    /// Lets an agent use a plugin, with settings of its own, which are laid over those of the instance.
    /// Connects the two both ways. What the agent does with it runs in a runtime of its own, with its
    /// character, its memories and its rooms; that is started when it is first used, while the plugin
    /// is active. Granting again what is granted already, with the same settings, changes nothing.
    ///
    /// # Errors
    /// `Denied`, `InstanceNotFound`, `AgentNotFound`, `InvalidSettings`, `SecretsForAgent`,
    /// `AgentSettingsTooLarge`, `ClosedToAgents` for settings that are not opened ([`Tenant::open_to_agents`])
    /// where the asker may not configure the plugin, `AlreadyGranted` with other settings, `NotGrantable` while it is installed or removed, `Store`.
    pub async fn activate_for(
        &self,
        instance: ThingId,
        agent: ThingId,
        settings: &BTreeMap<String, Value>,
    ) -> Result<AgentGrant, ManagerError> {
        self.allow(Operation::ActivatePluginForAgent)?;
        let attempts = self.shared().policy.attempts;
        for _ in 0..attempts {
            let found = self.load(instance).await?;
            let (row, _) = self.load_agent(agent).await?;
            if !can_be_needed(&found) {
                let state = found.properties.lifecycle.kind();
                return Err(ManagerError::NotGrantable { state });
            }
            let settings = own_settings(&found.properties.parameters, settings, self.schemas())?;
            self.refuse_large(&settings)?;
            self.refuse_closed(&found.properties, settings.keys())?;
            if let Some(there) = found.properties.agents.get(&agent) {
                return if there.settings == settings {
                    Ok(there.clone())
                } else {
                    Err(ManagerError::AlreadyGranted { agent })
                };
            }
            let (grant, changes) = self.granting(found, row, settings)?;
            match self.shared().store.commit(changes).await {
                Ok(_) => return Ok(grant),
                Err(StoreError::Stale { .. } | StoreError::Busy { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ManagerError::Contended { attempts })
    }

    fn granting(
        &self,
        mut instance: Instance,
        agent: Thing,
        settings: BTreeMap<String, Value>,
    ) -> Result<(AgentGrant, ChangeSet), ManagerError> {
        let (now, ids) = (self.shared().now(), self.shared().ids.as_ref());
        let by = self.scope.actor().clone();
        let (uses, powers) = (ConnectionId::new(ids, now), ConnectionId::new(ids, now));
        let grant = AgentGrant {
            uses,
            powers,
            settings,
            settings_revision: 0,
            runtime: None,
            character_revision: 0,
            granted_by: by.clone(),
            granted_at: now,
        };
        let mut forth = Connection::new(
            &self.scope,
            uses,
            agent.id,
            PluginConnectionType::PluginUses,
            instance.id,
            now,
        );
        forth.metadata = forth.metadata.with("granted_by", by.to_string());
        let back = Connection::new(
            &self.scope,
            powers,
            instance.id,
            PluginConnectionType::PluginPowers,
            agent.id,
            now,
        );
        let names: Vec<&str> = grant.settings.keys().map(String::as_str).collect();
        let event = self
            .event(PluginEventType::PluginConfigured, &instance, now)
            .with("granted", agent.id.to_string())
            .with("parameters", names);
        instance.properties.agents.insert(agent.id, grant.clone());
        let changes = ChangeSet::new(&self.scope, event, now)
            .replace(untyped(&instance)?)
            // As it is: whoever retires it has read what it may use, and must read again.
            .replace(agent)
            .connect(forth)
            .connect(back);
        Ok((grant, changes))
    }

    /// Lets an agent use a plugin no more: ends both connections, lets its executions under way end within
    /// the policy's grace, ends its runtime. What it has kept stays.
    ///
    /// # Errors
    /// `Denied`, `InstanceNotFound`, `AgentNotGranted`, `Store`. What cannot be stopped now is stopped by
    /// whoever recovers.
    pub async fn deactivate_for(
        &self,
        instance: ThingId,
        agent: ThingId,
    ) -> Result<(), ManagerError> {
        self.allow(Operation::DeactivatePluginForAgent)?;
        let (written, _) = self
            .rewrite(instance, |mut found, now| {
                let grant = found.properties.release(agent);
                let grant = grant.ok_or(AdmissionRefusal::AgentNotGranted { agent })?;
                let event = self
                    .event(PluginEventType::PluginConfigured, &found, now)
                    .with("revoked", agent.to_string());
                let mut step = self.beside(found, event, now)?;
                step.changes = ended(step.changes, &grant);
                Ok(step)
            })
            .await?;
        let strays = written.properties.strays_of(agent);
        drop(self.end_strays(&written, &strays).await);
        Ok(())
    }

    /// Sets what an agent uses a plugin with; parameters not named stay as they are, `null` takes one away,
    /// and then what the instance is configured with holds. Its runtime is replaced when it is next used.
    ///
    /// # Errors
    /// `Denied`, `InstanceNotFound`, `AgentNotGranted`, `InvalidSettings`, `SecretsForAgent`,
    /// `AgentSettingsTooLarge`, `ClosedToAgents` (also for what is taken away), `NotGrantable`, `Store`.
    pub async fn configure_for(
        &self,
        instance: ThingId,
        agent: ThingId,
        settings: &BTreeMap<String, Value>,
    ) -> Result<(), ManagerError> {
        self.allow(Operation::ConfigurePluginAgentSettings)?;
        self.rewrite(instance, |mut found, now| {
            if !can_be_needed(&found) {
                let state = found.properties.lifecycle.kind();
                return Err(ManagerError::NotGrantable { state });
            }
            let own = own_settings(&found.properties.parameters, settings, self.schemas())?;
            self.refuse_closed(&found.properties, settings.keys())?;
            let grant = found.properties.agents.get_mut(&agent);
            let grant = grant.ok_or(AdmissionRefusal::AgentNotGranted { agent })?;
            let removed = |name: &String| settings.get(name).is_some_and(Value::is_null);
            grant.settings.retain(|name, _| !removed(name));
            grant.settings.extend(own);
            self.refuse_large(&grant.settings)?;
            grant.settings_revision = grant.settings_revision.saturating_add(1);
            let names: Vec<&str> = settings.keys().map(String::as_str).collect();
            let event = self
                .event(PluginEventType::PluginConfigured, &found, now)
                .with("agent", agent.to_string())
                .with("parameters", names);
            self.beside(found, event, now)
        })
        .await?;
        Ok(())
    }
}

/// The same changes with the connections of a grant ended.
pub(super) fn ended(changes: ChangeSet, grant: &AgentGrant) -> ChangeSet {
    changes.disconnect(grant.uses).disconnect(grant.powers)
}
