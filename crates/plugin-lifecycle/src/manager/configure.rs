//! Settings.

use std::collections::{BTreeMap, BTreeSet};

use one_ontology::{ChangeSet, NewEvent, PluginEventType, ThingId, Timestamp};
use plugin_registry::{CheckedSettings, check_settings};
use plugin_runtime_api::{SecretName, SecretString};
use serde_json::Value;

use crate::manager::update::outdated;
use crate::manager::write::{Step, untyped};
use crate::{Breaker, Command, CommandKind, ManagerError, Operation, StateKind, Tenant};

impl Tenant {
    /// Sets parameters of a plugin; those not named stay as they are, `null` takes one away. Values
    /// are checked against the plugin's own parameters. Secrets go to the vault and nowhere else.
    /// A running plugin is started anew when it is next used.
    ///
    /// That secrets are being given to the vault is written first, by name. Where it fails in the
    /// middle, the instance says which of them may be the old ones or the new ones; setting them
    /// again makes that good.
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
        let secrets: BTreeSet<String> = checked.secret.keys().cloned().collect();
        if let Err(error) = self.keep_secrets(&found, &checked).await {
            // Who recovers says so if this cannot be written now.
            drop(self.doubt_secrets(instance, &secrets).await);
            return Err(error);
        }
        let mut names: Vec<&str> = given
            .keys()
            .chain(removed.keys())
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        let written = self.rewrite(instance, |instance, now| {
            // Another version may mean other things by the same names.
            let again = check_settings(&instance.properties.parameters, &given)
                .map_err(|violations| ManagerError::InvalidSettings { violations })?;
            if !again.secret.keys().eq(checked.secret.keys()) {
                return Err(outdated("its version has changed meanwhile"));
            }
            let running = instance.properties.lifecycle.kind() == StateKind::Active;
            self.step(
                instance,
                Command::Configure,
                now,
                |p| {
                    p.settings.extend(again.plain.clone());
                    p.settings.retain(|name, _| !removed.contains_key(name));
                    p.settings_revision = p.settings_revision.saturating_add(1);
                    // What failed may have failed for its settings.
                    p.breaker = Breaker::default();
                    for name in &secrets {
                        p.secrets_under_way.remove(name);
                        p.secrets_unsure.remove(name);
                    }
                    if running {
                        // The runtime that runs has the old settings: under a higher fence it is
                        // replaced by the next use.
                        p.fence = p.fence.next();
                    }
                },
                |event| event.with("parameters", names.clone()),
            )
        });
        if let Err(error) = written.await {
            drop(self.doubt_secrets(instance, &secrets).await);
            return Err(error);
        }
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
        self.announce_secrets(instance.id, &checked.secret).await?;
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

    /// Writes that secrets are about to be given to the vault, before they are.
    async fn announce_secrets(
        &self,
        instance: ThingId,
        secrets: &BTreeMap<String, String>,
    ) -> Result<(), ManagerError> {
        self.rewrite(instance, |mut instance, now| {
            crate::transition(instance.properties.lifecycle, Command::Configure)?;
            let until = now.plus(self.shared().policy.operation_lease);
            let under_way = &mut instance.properties.secrets_under_way;
            under_way.extend(secrets.keys().map(|name| (name.clone(), until)));
            let names: Vec<&str> = secrets.keys().map(String::as_str).collect();
            let event = self
                .event(PluginEventType::PluginOperationStarted, &instance, now)
                .with("operation", CommandKind::Configure.as_str())
                .with("parameters", names);
            self.beside(instance, event, now)
        })
        .await?;
        Ok(())
    }

    /// Writes of secrets that were being given to the vault that nobody knows whether it took them.
    /// Those that are not under way any more are left alone; gives those of which it was written.
    pub(crate) async fn doubt_secrets(
        &self,
        instance: ThingId,
        names: &BTreeSet<String>,
    ) -> Result<Vec<String>, ManagerError> {
        let found = self.load(instance).await?;
        let under_way = |instance: &crate::Instance| {
            let under_way = &instance.properties.secrets_under_way;
            let names = names.iter().filter(|name| under_way.contains_key(*name));
            names.cloned().collect::<Vec<String>>()
        };
        if under_way(&found).is_empty() {
            return Ok(Vec::new());
        }
        let (_, _) = self
            .rewrite(instance, |mut instance, now| {
                let doubted = under_way(&instance);
                let properties = &mut instance.properties;
                for name in &doubted {
                    properties.secrets_under_way.remove(name);
                }
                properties.secrets_unsure.extend(doubted.clone());
                let event = self
                    .event(PluginEventType::PluginErrorOccurred, &instance, now)
                    .with("error", "SecretsUnsure")
                    .with("parameters", doubted);
                self.beside(instance, event, now)
            })
            .await?;
        Ok(under_way(&found))
    }

    /// A step that changes what is said of an instance and not its state.
    pub(crate) fn beside(
        &self,
        instance: crate::Instance,
        event: NewEvent,
        now: Timestamp,
    ) -> Result<Step, ManagerError> {
        let changes = ChangeSet::new(&self.scope, event, now).replace(untyped(&instance)?);
        Ok(Step { instance, changes })
    }
}
