//! The vault.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use one_ontology::{
    ChangeSet, Clock, EventId, GroupId, IdSource, Limit, NewEvent, Place, PluginEventType, RowId,
    Scope, Store, StoreError, TaskName, Thing, ThingId, ThingProperties, ThingQuery, ThingStatus,
    Timestamp, excerpt,
};
use plugin_runtime_api::{ExecutionId, SecretName, SecretString, Vault, VaultError};

use crate::hex::{hex, unhex};
use crate::key::{DataKey, KeyError, KeyProvider, WrappedKey};
use crate::rows::{EndRow, KeyRow, KeyState, SecretRow, end_id, key_id, made, secret_id};
use crate::seal::{open, random};

/// How often something is decided again when others write in between.
pub(crate) const ATTEMPTS: u32 = 64;

/// Keeps the secrets of organisations in a [`Store`], sealed with a key of each organisation, which
/// is wrapped with one of the host's. Any number of hosts may share it.
pub struct StoreVault {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: Arc<dyn KeyProvider>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

/// A data key, opened, and its row.
pub(crate) struct Opened {
    pub(crate) row: Thing<KeyRow>,
    pub(crate) key: DataKey,
}

impl StoreVault {
    /// The name under which it acts, in trails and scopes.
    pub const TASK: &'static str = "vault";

    /// A vault over a store and whoever holds the host's keys.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        keys: Arc<dyn KeyProvider>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        Self {
            store,
            keys,
            clock,
            ids,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn scope(&self, group: GroupId) -> Result<Scope, VaultError> {
        let task: TaskName = Self::TASK.parse().map_err(unavailable)?;
        Ok(Scope::system(task, Place::Group(group)))
    }

    /// An event about an instance, or about the organisation's keys.
    pub(crate) fn event(
        &self,
        event_type: PluginEventType,
        about: Option<ThingId>,
        now: Timestamp,
    ) -> NewEvent {
        let id = EventId::new(self.ids.as_ref(), now);
        NewEvent::new(id, event_type, about.map(Into::into)).with("by", Self::TASK)
    }

    /// One row of the vault, none if it is not there or was put away.
    pub(crate) async fn row<P: ThingProperties>(
        &self,
        scope: &Scope,
        id: ThingId,
    ) -> Result<Option<Thing<P>>, VaultError> {
        let thing = self.store.thing(scope, id).await.map_err(unavailable)?;
        let thing = thing.filter(|thing| thing.status != ThingStatus::Archived);
        thing.map(typed).transpose()
    }

    /// Rows of the vault, all or those named so.
    pub(crate) async fn rows<P: ThingProperties>(
        &self,
        scope: &Scope,
        name: Option<String>,
    ) -> Result<Vec<Thing<P>>, VaultError> {
        let mut query = ThingQuery {
            name,
            limit: Limit::new(Limit::MAX),
            ..ThingQuery::of_type(P::thing_type())
        };
        let mut rows = Vec::new();
        loop {
            let page = self.store.things(scope, &query).await;
            let page = page.map_err(unavailable)?;
            for thing in page.items {
                rows.push(typed(thing)?);
            }
            match page.next {
                Some(cursor) => query.cursor = Some(cursor),
                None => return Ok(rows),
            }
        }
    }

    /// Writes, or says that it must be decided again.
    pub(crate) async fn commit(&self, changes: ChangeSet) -> Result<Wrote, VaultError> {
        match self.store.commit(changes).await {
            Ok(_) => Ok(Wrote::Yes),
            Err(
                StoreError::Stale { .. }
                | StoreError::Busy { .. }
                | StoreError::AlreadyExists { .. },
            ) => Ok(Wrote::Again),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Opens the data key of a row.
    pub(crate) async fn open_key(
        &self,
        group: GroupId,
        row: Thing<KeyRow>,
    ) -> Result<Opened, VaultError> {
        let wrapped = WrappedKey {
            key: crate::HostKeyId::new(row.properties.host_key.clone()),
            bytes: unhex(&row.properties.wrapped).ok_or_else(altered)?,
        };
        let key = self.keys.unwrap(group, &wrapped).await;
        let key = key.map_err(unopened)?;
        Ok(Opened { row, key })
    }

    /// The key of a generation.
    pub(crate) async fn key(
        &self,
        scope: &Scope,
        group: GroupId,
        generation: u64,
    ) -> Result<Opened, VaultError> {
        let row = self.row(scope, key_id(group, generation)).await?;
        self.open_key(group, row.ok_or_else(altered)?).await
    }

    /// A new data key, wrapped, as a row.
    pub(crate) async fn new_key(
        &self,
        scope: &Scope,
        group: GroupId,
        generation: u64,
    ) -> Result<Opened, VaultError> {
        let key = DataKey::new(random::<32>().map_err(unavailable)?);
        let wrapped = self.keys.wrap(group, &key).await.map_err(unopened)?;
        let row = KeyRow {
            generation,
            state: KeyState::Active,
            host_key: wrapped.key.as_str().to_owned(),
            wrapped: hex(&wrapped.bytes),
        };
        let row = made(
            scope,
            key_id(group, generation),
            "vault key",
            row,
            self.now(),
        );
        Ok(Opened { row, key })
    }

    /// The key that seals now; made with the first secret.
    pub(crate) async fn active(&self, scope: &Scope, group: GroupId) -> Result<Opened, VaultError> {
        for _ in 0..ATTEMPTS {
            let rows: Vec<Thing<KeyRow>> = self.rows(scope, None).await?;
            let active = rows.into_iter();
            let active = active.filter(|row| row.properties.state == KeyState::Active);
            if let Some(row) = active.max_by_key(|row| row.properties.generation) {
                return self.open_key(group, row).await;
            }
            let first = self.new_key(scope, group, 1).await?;
            let now = self.now();
            let event = self.event(PluginEventType::PluginConfigured, None, now);
            let event = event.with("vault_key", 1);
            let changes = ChangeSet::new(scope, event, now).insert(untyped(&first.row)?);
            if self.commit(changes).await? == Wrote::Yes {
                return Ok(first);
            }
        }
        Err(contended())
    }

    pub(crate) async fn is_destroyed(
        &self,
        scope: &Scope,
        group: GroupId,
        instance: ThingId,
    ) -> Result<bool, VaultError> {
        let end: Option<Thing<EndRow>> = self.row(scope, end_id(group, instance)).await?;
        Ok(end.is_some())
    }
}

#[async_trait]
impl Vault for StoreVault {
    async fn put(&self, name: &SecretName, secret: SecretString) -> Result<(), VaultError> {
        self.put_secret(name, &secret).await
    }

    async fn lease(
        &self,
        name: &SecretName,
        execution: ExecutionId,
        now: Timestamp,
    ) -> Result<SecretString, VaultError> {
        let scope = self.scope(name.group)?;
        let missing = || VaultError::NotFound {
            parameter: excerpt(&name.parameter, 200),
        };
        for _ in 0..ATTEMPTS {
            let row: Option<Thing<SecretRow>> = self.row(&scope, secret_id(name)).await?;
            let row = row.ok_or_else(missing)?;
            if self.is_destroyed(&scope, name.group, name.instance).await? {
                return Err(missing());
            }
            let sealed = unhex(&row.properties.sealed).ok_or_else(altered)?;
            let generation = row.properties.key;
            let key = self.key(&scope, name.group, generation).await;
            let event = self
                .event(
                    PluginEventType::PluginSecretAccessed,
                    Some(name.instance),
                    now,
                )
                .with("parameter", excerpt(&name.parameter, 200))
                .with("secret_version", row.properties.version)
                .with("execution", execution.to_string());
            // Recorded before it is given out, and only as the row was read: what was sealed anew
            // meanwhile is read again.
            let changes = ChangeSet::new(&scope, event, now);
            let changes = changes.insist(RowId::Thing(row.id), row.revision);
            let key = match key {
                Ok(key) => key,
                // Its key may have left because it was sealed anew.
                Err(error) => match self.row::<SecretRow>(&scope, row.id).await? {
                    Some(again) if again.revision != row.revision => continue,
                    _ => return Err(error),
                },
            };
            let text = open(&key.key, &row.properties.bound(name.group), &sealed);
            let text = text.ok_or_else(altered)?;
            let text = std::str::from_utf8(&text).map_err(|_| altered())?;
            let secret = SecretString::new(text);
            if self.commit(changes).await? == Wrote::Yes {
                return Ok(secret);
            }
        }
        Err(contended())
    }

    async fn list(&self, group: GroupId, instance: ThingId) -> Result<Vec<String>, VaultError> {
        let scope = self.scope(group)?;
        let rows: Vec<Thing<SecretRow>> = self.rows(&scope, Some(instance.to_string())).await?;
        if !rows.is_empty() && self.is_destroyed(&scope, group, instance).await? {
            return Ok(Vec::new());
        }
        let names = rows.into_iter().map(|row| row.properties.parameter);
        let mut names: Vec<String> = names.collect();
        names.sort_unstable();
        Ok(names)
    }

    async fn rotate(&self, group: GroupId) -> Result<(), VaultError> {
        self.rotate_keys(group).await
    }

    async fn forget(&self, name: &SecretName) -> Result<(), VaultError> {
        self.forget_secret(name).await
    }

    async fn destroy(&self, group: GroupId, instance: ThingId) -> Result<(), VaultError> {
        self.destroy_secrets(group, instance).await
    }
}

/// Whether something was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrote {
    /// It was.
    Yes,
    /// Others were faster: read and decide again.
    Again,
}

pub(crate) fn typed<P: ThingProperties>(thing: Thing) -> Result<Thing<P>, VaultError> {
    thing.typed().map_err(|_| altered())
}

/// A row of the vault as stores keep it.
pub(crate) fn untyped<P: ThingProperties + Clone>(row: &Thing<P>) -> Result<Thing, VaultError> {
    row.clone().untyped().map_err(unavailable)
}

pub(crate) fn unavailable(reason: impl fmt::Display) -> VaultError {
    VaultError::Unavailable {
        reason: excerpt(&reason.to_string(), 300),
    }
}

/// Why a data key is not to be had.
pub(crate) fn unopened(error: KeyError) -> VaultError {
    match error {
        KeyError::UnknownKey { .. } | KeyError::NoneGiven => VaultError::KeyMissing {
            reason: excerpt(&error.to_string(), 300),
        },
        KeyError::Altered { .. } | KeyError::Invalid { .. } | KeyError::Unavailable { .. } => {
            unavailable(error)
        }
    }
}

/// Never says what: it may be anything.
pub(crate) fn altered() -> VaultError {
    unavailable("what is kept is not what was sealed")
}

pub(crate) fn contended() -> VaultError {
    unavailable("others keep writing")
}

impl fmt::Debug for StoreVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreVault")
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}
