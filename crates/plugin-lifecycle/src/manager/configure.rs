//! Settings.

use std::collections::BTreeMap;

use one_ontology::ThingId;
use plugin_registry::{CheckedSettings, check_settings};
use plugin_runtime_api::{SecretName, SecretString};
use serde_json::Value;

use crate::{Command, ManagerError, Operation, StateKind, Tenant};

impl Tenant {
    /// Sets parameters of a plugin; those not named stay as they are, `null` takes one away. Values
    /// are checked against the plugin's own parameters. Secrets go to the vault and nowhere else.
    /// A running plugin is started anew when it is next used.
    ///
    /// # Errors
    /// `Denied`, `CommandRefused`, `InstanceNotFound`, `InvalidSettings`, `NoVault`,
    /// `IsolationTooWeak` when the executor holds another organisation's secrets.
    pub async fn configure(
        &self,
        instance: ThingId,
        settings: BTreeMap<String, Value>,
    ) -> Result<(), ManagerError> {
        self.allow(Operation::UpdatePluginConfig)?;
        let (removed, given): (BTreeMap<_, _>, BTreeMap<_, _>) =
            settings.into_iter().partition(|(_, value)| value.is_null());
        let found = self.load(instance).await?;
        let checked = check_settings(&found.properties.parameters, &given)
            .map_err(|violations| ManagerError::InvalidSettings { violations })?;
        crate::transition(found.properties.lifecycle, Command::Configure)?;
        self.keep_secrets(&found, &checked).await?;
        let mut names: Vec<&str> = given
            .keys()
            .chain(removed.keys())
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        self.update(instance, |instance, now| {
            let running = instance.properties.lifecycle.kind() == StateKind::Active;
            self.step(
                instance,
                Command::Configure,
                now,
                |p| {
                    p.settings.extend(checked.plain.clone());
                    p.settings.retain(|name, _| !removed.contains_key(name));
                    p.settings_revision = p.settings_revision.saturating_add(1);
                    if running {
                        // The runtime that runs has the old settings: under a higher fence it is
                        // replaced by the next use.
                        p.fence = p.fence.next();
                    }
                },
                |event| event.with("parameters", names.clone()),
            )
        })
        .await?;
        Ok(())
    }

    async fn keep_secrets(
        &self,
        instance: &crate::Instance,
        checked: &CheckedSettings,
    ) -> Result<(), ManagerError> {
        if checked.secret.is_empty() {
            return Ok(());
        }
        self.allow(Operation::UpdatePluginSecrets)?;
        let Some(vault) = &self.shared().vault else {
            return Err(ManagerError::NoVault {
                names: checked.secret.keys().cloned().collect(),
            });
        };
        let engine = &instance.properties.engine;
        self.shared().reserve_for_secrets(engine, self.group_id())?;
        for (parameter, secret) in &checked.secret {
            let name = SecretName {
                group: self.group_id(),
                instance: instance.id,
                parameter: parameter.clone(),
            };
            vault.put(&name, SecretString::new(secret.as_str())).await?;
        }
        Ok(())
    }
}
