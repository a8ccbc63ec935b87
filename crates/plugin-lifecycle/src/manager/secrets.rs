//! Secrets: who gives them to the vault, what is there, and their end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use one_ontology::{EventId, NewEvent, PluginEventType, ThingId, Timestamp};
use plugin_runtime_api::{SecretName, SecretString, Vault};

use crate::manager::configure::{Plain, Wish, is_secret};
use crate::manager::hold::Holding;
use crate::{
    Command, CommandKind, Giving, GivingId, Instance, ManagerError, Operation, StateKind, Tenant,
};

/// Secrets that this call gives to the vault or takes out of it.
pub(crate) struct Mine {
    pub(crate) id: GivingId,
    names: BTreeSet<String>,
}

impl Tenant {
    /// The names of the secrets that the vault has of an instance, sorted. Never the secrets.
    ///
    /// # Errors
    /// `Denied`, `InstanceNotFound`, `NoVault`, `Vault`.
    pub async fn secret_names(&self, instance: ThingId) -> Result<Vec<String>, ManagerError> {
        self.allow(Operation::ViewPluginSecrets)?;
        let found = self.load(instance).await?;
        Ok(self.vault(&[])?.list(self.group_id(), found.id).await?)
    }

    /// Gives one secret of an instance to the vault. It goes there or nowhere: where an update has meanwhile made its
    /// parameter one that is none, nothing is set.
    ///
    /// # Errors
    /// `NoSuchSecret` where no secret parameter has the name, and as [`Tenant::configure`].
    pub async fn set_secret(
        &self,
        instance: ThingId,
        name: &str,
        secret: &str,
    ) -> Result<(), ManagerError> {
        self.allow(Operation::UpdatePluginSecrets)?;
        let found = self.load(instance).await?;
        let wish = Wish {
            given: BTreeMap::from([(name.to_owned(), secret.into())]),
            plain: Plain::Refused,
            ..Wish::default()
        };
        self.configure_as(found, &wish).await
    }

    /// Destroys one secret of an instance, also one that is no parameter of its version any more. A running
    /// plugin is started anew, without it, when it is next used.
    ///
    /// # Errors
    /// `NoSuchSecret` where nothing is known by the name, and as [`Tenant::configure`].
    pub async fn destroy_secret(&self, instance: ThingId, name: &str) -> Result<(), ManagerError> {
        self.allow(Operation::UpdatePluginSecrets)?;
        let found = self.load(instance).await?;
        let vault = self.vault(&[])?;
        let kept = vault.list(self.group_id(), found.id).await?;
        let known = kept.iter().any(|it| it == name)
            || found.properties.secrets_left().contains(name)
            || is_secret(&found.properties.parameters, name);
        if !known {
            return Err(ManagerError::NoSuchSecret {
                name: one_ontology::excerpt(name, 200),
            });
        }
        let wish = Wish {
            forgotten: BTreeSet::from([name.to_owned()]),
            ..Wish::default()
        };
        self.configure_as(found, &wish).await
    }

    /// Seals all secrets of the organisation under a new key and destroys the keys of before. Plugins
    /// notice nothing. Where it is interrupted everything can be read, and the next rotation ends it.
    ///
    /// # Errors
    /// `Denied`, `NoVault`, `Vault`, `Store`.
    pub async fn rotate_secrets(&self) -> Result<(), ManagerError> {
        self.allow(Operation::UpdatePluginSecrets)?;
        let vault = self.vault(&[])?;
        // Who asked for it; the vault says what it does.
        let now = self.shared().now();
        let id = EventId::new(self.shared().ids.as_ref(), now);
        let event = NewEvent::new(id, PluginEventType::PluginOperationStarted, None)
            .with("operation", "rotate_secrets");
        let changes = one_ontology::ChangeSet::new(&self.scope, event, now);
        self.shared().store.commit(changes).await?;
        Ok(vault.rotate(self.group_id()).await?)
    }

    /// The vault, or that there is none to keep these in.
    fn vault(&self, names: &[String]) -> Result<Arc<dyn Vault>, ManagerError> {
        self.shared()
            .vault
            .clone()
            .ok_or_else(|| ManagerError::NoVault {
                names: names.to_vec(),
            })
    }

    /// Gives secrets to the vault, and takes others out of it. That it is about to is written first; that
    /// it has is the caller's to write.
    pub(crate) async fn give_secrets(
        &self,
        holding: &Holding,
        instance: &Instance,
        secrets: &BTreeMap<String, String>,
        forgotten: &BTreeSet<String>,
    ) -> Result<Mine, ManagerError> {
        self.allow(Operation::UpdatePluginSecrets)?;
        let names: BTreeSet<String> = secrets.keys().chain(forgotten).cloned().collect();
        let vault = self.vault(&names.iter().cloned().collect::<Vec<_>>())?;
        if !secrets.is_empty() {
            let engine = &instance.properties.engine;
            self.shared().reserve_for_secrets(engine, self.group_id())?;
        }
        let id = GivingId::new(self.shared().ids.as_ref(), self.shared().now());
        let mine = Mine { id, names };
        let until = match self.announce_secrets(holding, &mine).await {
            Ok(until) => until,
            Err(error) => {
                // It may have been written all the same, and nothing was given.
                drop(self.withdraw_secrets(instance.id, &mine).await);
                return Err(error);
            }
        };
        let brought = self.bring_secrets(vault.as_ref(), instance.id, secrets, forgotten, until);
        if let Err(error) = brought.await {
            // Who recovers says so if this cannot be written now.
            drop(self.doubt_secrets(instance.id, &mine).await);
            return Err(error);
        }
        Ok(mine)
    }

    async fn bring_secrets(
        &self,
        vault: &dyn Vault,
        instance: ThingId,
        secrets: &BTreeMap<String, String>,
        forgotten: &BTreeSet<String>,
        until: Timestamp,
    ) -> Result<(), ManagerError> {
        let name = |parameter: &String| SecretName {
            group: self.group_id(),
            instance,
            parameter: parameter.clone(),
        };
        for (parameter, secret) in secrets {
            self.still_giving(until)?;
            let secret = SecretString::new(secret.as_str());
            vault.put(&name(parameter), secret).await?;
        }
        for parameter in forgotten {
            self.still_giving(until)?;
            vault.forget(&name(parameter)).await?;
        }
        Ok(())
    }

    /// Whoever was silent for too long has been given up, and others have gone on.
    fn still_giving(&self, until: Timestamp) -> Result<(), ManagerError> {
        if self.shared().now() < until {
            Ok(())
        } else {
            Err(ManagerError::Superseded)
        }
    }

    /// Writes that secrets are about to be given to the vault, before they are; gives until when. Nothing begins
    /// to run with some of them: who asks the vault for a moment only is not asked to wait for longer.
    async fn announce_secrets(
        &self,
        holding: &Holding,
        mine: &Mine,
    ) -> Result<Timestamp, ManagerError> {
        let (lease, grace) = (
            self.shared().policy.operation_lease,
            self.shared().policy.grace,
        );
        let until = |giving: &Giving| giving.until;
        let announced = self
            .rewrite_idle(holding, |mut instance, now| {
                crate::transition(instance.properties.lifecycle, Command::Configure)?;
                let giving = Giving::of(mine.names.iter().cloned(), now.plus(lease));
                let under_way = &mut instance.properties.secrets_under_way;
                under_way.begin(mine.id, giving);
                if instance.properties.lifecycle.kind() == StateKind::Active {
                    let hold = holding.until(now.plus(grace + grace));
                    instance.properties.holds.put(holding.id, hold, now);
                }
                let names: Vec<&str> = mine.names.iter().map(String::as_str).collect();
                let event = self
                    .event(PluginEventType::PluginOperationStarted, &instance, now)
                    .with("operation", CommandKind::Configure.as_str())
                    .with("parameters", names);
                self.beside(instance, event, now)
            })
            .await?;
        let under_way = &announced.properties.secrets_under_way;
        let announced = under_way.get(&mine.id).map(until);
        announced.ok_or(ManagerError::Superseded)
    }

    /// Writes that nothing was given after all.
    async fn withdraw_secrets(&self, instance: ThingId, mine: &Mine) -> Result<(), ManagerError> {
        let found = self.load(instance).await?;
        if found.properties.secrets_under_way.get(&mine.id).is_none() {
            return Ok(());
        }
        self.rewrite(instance, |mut instance, now| {
            instance.properties.secrets_under_way.end(&mine.id);
            let event = self
                .event(PluginEventType::PluginErrorOccurred, &instance, now)
                .with("operation", CommandKind::Configure.as_str())
                .with("error", "NotBegun");
            self.beside(instance, event, now)
        })
        .await?;
        Ok(())
    }

    /// Writes of secrets that this call was giving that nobody knows whether the vault took them. Also where it
    /// was given up meanwhile: somebody may have set them since, and then this one came last.
    pub(crate) async fn doubt_secrets(
        &self,
        instance: ThingId,
        mine: &Mine,
    ) -> Result<(), ManagerError> {
        self.rewrite(instance, |found, now| {
            self.doubt_step(found, &mine.id, &mine.names, now)
        })
        .await?;
        Ok(())
    }

    /// Writes the same of a giver that has gone silent; gives the names. `Superseded` where it has ended, or
    /// another host was faster.
    pub(crate) async fn doubt_silent(
        &self,
        instance: ThingId,
        giving: GivingId,
    ) -> Result<Vec<String>, ManagerError> {
        let silent = |found: &Instance, now| {
            let giving = found.properties.secrets_under_way.get(&giving);
            let silent = giving.filter(|giving| giving.until <= now);
            silent.map(|giving| giving.names.clone())
        };
        let names = silent(&self.load(instance).await?, self.shared().now());
        self.rewrite(instance, |found, now| {
            let names = silent(&found, now).ok_or(ManagerError::Superseded)?;
            self.doubt_step(found, &giving, &names, now)
        })
        .await?;
        Ok(names.unwrap_or_default().into_iter().collect())
    }

    fn doubt_step(
        &self,
        mut instance: Instance,
        giving: &GivingId,
        names: &BTreeSet<String>,
        now: Timestamp,
    ) -> Result<crate::manager::write::Step, ManagerError> {
        instance.properties.doubt(giving, names);
        // The vault may have taken them or destroyed them: what runs may have others.
        instance.properties.owe_restart(now);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let event = self
            .event(PluginEventType::PluginErrorOccurred, &instance, now)
            .with("error", "SecretsUnsure")
            .with("parameters", names);
        self.beside(instance, event, now)
    }
}
