//! The vault of a session: what is kept in the store, sealed, and what the environment lends to this run.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use futures::executor::block_on;
use one_ontology::{
    ChangeSet, EventId, GroupId, NewEvent, Place, PluginEventType, RandomIds, Scope, Store,
    SystemClock, ThingId, Timestamp, excerpt,
};
use plugin_runtime_api::{
    ExecutionId, MemoryVault, PluginName, SecretName, SecretString, Vault, VaultError,
};
use plugin_vault_store::{KeyProvider, LocalKeys, NoKeys, StoreVault};

use crate::failure::Failure;
use crate::key_file::{Readers, read, readers};

/// Secrets of the environment, in the memory of this run, before those in the store. Without a key
/// what is in the store can be named and destroyed, and nothing else.
pub(crate) struct SessionVault {
    lent: MemoryVault,
    kept: StoreVault,
    store: Arc<dyn Store>,
    key: Key,
}

/// Whether a key was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Given,
    Missing,
}

impl SessionVault {
    /// The vault over a store, with the key in a file.
    pub(crate) fn open(key: Option<&Path>, store: Arc<dyn Store>) -> Result<Self, Failure> {
        let (keys, key): (Arc<dyn KeyProvider>, Key) = match key {
            Some(file) => (Arc::new(keys(file, &[])?), Key::Given),
            None => (Arc::new(NoKeys), Key::Missing),
        };
        Ok(Self {
            lent: MemoryVault::new(),
            kept: over(store.clone(), keys),
            store,
            key,
        })
    }

    /// Lends a secret to this run.
    pub(crate) fn lend(&self, name: &SecretName, secret: SecretString) -> Result<(), Failure> {
        Ok(block_on(self.lent.put(name, secret))?)
    }

    /// The names of what is kept of an instance and not lent.
    pub(crate) fn only_kept(
        &self,
        group: GroupId,
        instance: ThingId,
    ) -> Result<Vec<String>, Failure> {
        let mut kept = block_on(self.kept.list(group, instance))?;
        let lent = block_on(self.lent.list(group, instance))?;
        kept.retain(|name| !lent.contains(name));
        Ok(kept)
    }

    /// Refuses to go on where secrets that a plugin is to have cannot be opened.
    pub(crate) fn refuse_unopened(
        &self,
        group: GroupId,
        package: &PluginName,
        kept: &[String],
    ) -> Result<(), Failure> {
        self.refuse_closed(group).map_err(|failure| {
            let names = kept.join(", ");
            failure.with([format!("`{package}` has {names} in the vault")])
        })
    }

    /// Refuses to go on where the vault of an organisation cannot be opened.
    pub(crate) fn refuse_closed(&self, group: GroupId) -> Result<(), Failure> {
        self.refuse_keyless()?;
        Ok(block_on(self.kept.check(group))?)
    }

    /// Refuses to go on where the vault of an organisation can be given no new key: there is none, or what is kept
    /// cannot be opened.
    pub(crate) fn refuse_unrotatable(&self, group: GroupId) -> Result<(), Failure> {
        self.refuse_keyless()?;
        Ok(block_on(self.kept.check_rotation(group))?)
    }

    fn refuse_keyless(&self) -> Result<(), Failure> {
        if self.key == Key::Given {
            return Ok(());
        }
        let message = "the vault cannot be opened: no key was given";
        let failure = Failure::new("VaultKeyMissing", message);
        Err(failure.with(["name the file of the key by --vault-key".to_owned()]))
    }

    /// Writes that a secret of the environment was given out, as the vault does of its own.
    async fn record(
        &self,
        name: &SecretName,
        execution: ExecutionId,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let unavailable = |error: &dyn fmt::Display| VaultError::Unavailable {
            reason: excerpt(&error.to_string(), 300),
        };
        let task = StoreVault::TASK.parse();
        let task = task.map_err(|error: one_ontology::InvalidValue| unavailable(&error))?;
        let scope = Scope::system(task, Place::Group(name.group));
        let id = EventId::new(&RandomIds, now);
        let event = PluginEventType::PluginSecretAccessed;
        let event = NewEvent::new(id, event, Some(name.instance.into()))
            .with("parameter", excerpt(&name.parameter, 200))
            .with("lent_by", "environment")
            .with("execution", execution.to_string());
        let changes = ChangeSet::new(&scope, event, now);
        let written = self.store.commit(changes).await;
        written.map(drop).map_err(|error| unavailable(&error))
    }
}

/// The vault over a store with these keys of a host.
fn over(store: Arc<dyn Store>, keys: Arc<dyn KeyProvider>) -> StoreVault {
    StoreVault::new(store, keys, Arc::new(SystemClock), Arc::new(RandomIds))
}

/// A vault that still opens what is sealed with keys of before.
pub(crate) fn with_former(
    key: &Path,
    former: &[PathBuf],
    store: Arc<dyn Store>,
) -> Result<StoreVault, Failure> {
    Ok(over(store, Arc::new(keys(key, former)?)))
}

/// The keys in files, which nobody else may read.
fn keys(file: &Path, former: &[PathBuf]) -> Result<LocalKeys, Failure> {
    let no_key = |file: &Path| {
        let message = format!("`{}` does not hold a key of a vault", file.display());
        let help = "`one-plugin secrets new-key` makes one".to_owned();
        Failure::new("KeyFileUnusable", message).with([help])
    };
    let text = |file: &Path| {
        let text = read(file)?;
        if readers(file) == Readers::Others {
            let message = format!("others may read `{}`, so it is not used", file.display());
            return Err(Failure::new("KeyFileExposed", message));
        }
        Ok(text)
    };
    let mut keys = LocalKeys::from_text(&text(file)?).map_err(|_| no_key(file))?;
    for file in former {
        let opened = keys.with_former(&text(file)?);
        keys = opened.map_err(|_| no_key(file))?;
    }
    Ok(keys)
}

#[async_trait]
impl Vault for SessionVault {
    async fn put(&self, name: &SecretName, secret: SecretString) -> Result<(), VaultError> {
        self.kept.put(name, secret).await
    }

    async fn lease(
        &self,
        name: &SecretName,
        execution: ExecutionId,
        now: Timestamp,
    ) -> Result<SecretString, VaultError> {
        match self.lent.lease(name, execution, now).await {
            Ok(secret) => {
                self.record(name, execution, now).await?;
                Ok(secret)
            }
            Err(_) => self.kept.lease(name, execution, now).await,
        }
    }

    async fn list(&self, group: GroupId, instance: ThingId) -> Result<Vec<String>, VaultError> {
        let mut names = self.kept.list(group, instance).await?;
        names.extend(self.lent.list(group, instance).await?);
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    async fn rotate(&self, group: GroupId) -> Result<(), VaultError> {
        self.kept.rotate(group).await
    }

    async fn forget(&self, name: &SecretName) -> Result<(), VaultError> {
        self.lent.forget(name).await?;
        self.kept.forget(name).await
    }

    async fn destroy(&self, group: GroupId, instance: ThingId) -> Result<(), VaultError> {
        self.lent.destroy(group, instance).await?;
        self.kept.destroy(group, instance).await
    }
}

impl fmt::Debug for SessionVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionVault")
            .field("lent", &self.lent)
            .field("kept", &self.kept)
            .finish_non_exhaustive()
    }
}
