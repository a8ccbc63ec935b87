//! Which settings agents may have of their own.

use std::collections::{BTreeMap, BTreeSet};

use one_ontology::{PluginEventType, ThingId, excerpt};
use plugin_registry::{Parameter, ParameterViolation, SchemaChecker, Sensitivity, check_settings};
use serde_json::Value;

use crate::{ManagerError, Operation, PluginInstance, Tenant};

impl Tenant {
    /// Says which parameters of a plugin, by their names, whoever lets an agent use it may set for that agent;
    /// all others are closed from then on, and only whoever configures the plugin may set them. An agent's
    /// setting takes the place of the instance's while the secrets stay the instance's: an address that is
    /// open lets those who may activate say where secrets are sent. What agents have already they keep.
    ///
    /// # Errors
    /// `Denied`, `InstanceNotFound`, `InvalidSettings` for what is no parameter, `SecretsForAgent`, `Store`.
    pub async fn open_to_agents(
        &self,
        instance: ThingId,
        parameters: &BTreeSet<String>,
    ) -> Result<(), ManagerError> {
        self.allow(Operation::UpdatePluginConfig)?;
        self.rewrite(instance, |mut found, now| {
            refuse_unopenable(&found.properties.parameters, parameters)?;
            found.properties.open_to_agents.clone_from(parameters);
            let names: Vec<&str> = parameters.iter().map(String::as_str).collect();
            let event = self
                .event(PluginEventType::PluginConfigured, &found, now)
                .with("parameters", Vec::<&str>::new())
                .with("open_to_agents", names);
            self.beside(found, event, now)
        })
        .await?;
        Ok(())
    }

    /// Refuses settings for an agent whose parameters are closed, where the asker may not configure the
    /// plugin.
    pub(super) fn refuse_closed<'a>(
        &self,
        instance: &PluginInstance,
        settings: impl Iterator<Item = &'a String>,
    ) -> Result<(), ManagerError> {
        let names = instance.closed_to_agents(settings);
        if names.is_empty() || self.allow(Operation::UpdatePluginConfig).is_ok() {
            return Ok(());
        }
        Err(ManagerError::ClosedToAgents { names })
    }

    /// Refuses more settings than an agent may have of its own.
    pub(super) fn refuse_large(
        &self,
        settings: &BTreeMap<String, Value>,
    ) -> Result<(), ManagerError> {
        let most_bytes = self.shared().policy.agent_settings_bytes;
        let of_one =
            |(name, value): (&String, &Value)| name.len().saturating_add(value.to_string().len());
        let bytes = settings.iter().map(of_one).fold(0, usize::saturating_add);
        if bytes > most_bytes {
            return Err(ManagerError::AgentSettingsTooLarge { most_bytes });
        }
        Ok(())
    }
}

/// Refuses what is no parameter, or a secret.
fn refuse_unopenable(
    parameters: &[Parameter],
    names: &BTreeSet<String>,
) -> Result<(), ManagerError> {
    let find = |name: &String| parameters.iter().find(|it| it.name == *name);
    let unknown = names.iter().filter(|name| find(name).is_none());
    let violations: Vec<ParameterViolation> = unknown.map(|name| unknown_parameter(name)).collect();
    if !violations.is_empty() {
        return Err(ManagerError::InvalidSettings { violations });
    }
    let is_secret =
        |name: &&String| find(name).is_some_and(|it| it.sensitivity == Sensitivity::Secret);
    let secret: Vec<String> = names.iter().filter(is_secret).cloned().collect();
    if secret.is_empty() {
        Ok(())
    } else {
        Err(ManagerError::SecretsForAgent { names: secret })
    }
}

fn unknown_parameter(name: &str) -> ParameterViolation {
    ParameterViolation::Unknown {
        name: excerpt(name, 200),
        near: None,
    }
}

/// Settings as an agent may have them: what the parameters take, and no secret.
pub(super) fn own_settings(
    parameters: &[Parameter],
    given: &BTreeMap<String, Value>,
    schemas: Option<&dyn SchemaChecker>,
) -> Result<BTreeMap<String, Value>, ManagerError> {
    let checked = check_settings(parameters, given, schemas)
        .map_err(|violations| ManagerError::InvalidSettings { violations })?;
    if checked.secret.is_empty() {
        Ok(checked.plain)
    } else {
        let names = checked.secret.into_keys().collect();
        Err(ManagerError::SecretsForAgent { names })
    }
}
