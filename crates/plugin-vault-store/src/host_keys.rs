//! The host's keys, and what they wrap.

use one_ontology::{ChangeSet, GroupId, PluginEventType, Scope, Thing};
use plugin_runtime_api::VaultError;

use crate::hex::hex;
use crate::rows::{KeyRow, SecretRow, needed};
use crate::vault::{ATTEMPTS, Opened, StoreVault, Wrote, contended, unopened, untyped};

/// Whether secrets of an organisation are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    Secrets,
    Nothing,
}

impl StoreVault {
    /// Whether the host has what opens the secrets of an organisation, and seals the next; also where there
    /// are none.
    ///
    /// # Errors
    /// `KeyMissing`, `Unavailable`.
    pub async fn check(&self, group: GroupId) -> Result<(), VaultError> {
        let scope = self.scope(group)?;
        let keys = self.rows(&scope, None).await?;
        self.open_needed(&scope, group, keys).await
    }

    /// Whether the host may make a new key for an organisation: it can open what is kept, or nothing is.
    ///
    /// # Errors
    /// `KeyMissing`, `Unavailable`.
    pub async fn check_rotation(&self, group: GroupId) -> Result<(), VaultError> {
        let scope = self.scope(group)?;
        let keys = self.rows(&scope, None).await?;
        self.rotatable(&scope, group, keys).await.map(drop)
    }

    /// As [`StoreVault::check_rotation`], of these keys; gives whether anything is kept. A host that has lost what
    /// opens it would lock all others out with its own; where there is nothing to open, it is in nobody's way.
    pub(crate) async fn rotatable(
        &self,
        scope: &Scope,
        group: GroupId,
        keys: Vec<Thing<KeyRow>>,
    ) -> Result<Kept, VaultError> {
        let secrets: Vec<Thing<SecretRow>> = self.rows(scope, None).await?;
        if secrets.is_empty() {
            return Ok(Kept::Nothing);
        }
        self.open_needed(scope, group, keys).await?;
        Ok(Kept::Secrets)
    }

    /// Whether the host can open the keys that are needed, of these.
    pub(crate) async fn open_needed(
        &self,
        scope: &Scope,
        group: GroupId,
        keys: Vec<Thing<KeyRow>>,
    ) -> Result<(), VaultError> {
        let secrets: Vec<Thing<SecretRow>> = self.rows(scope, None).await?;
        for row in needed(keys, &secrets) {
            self.open_key(group, row).await?;
        }
        Ok(())
    }

    /// Wraps the keys of an organisation with the current key of the host, where they are wrapped with
    /// another; gives how many. A former key that no secret is sealed with is passed over. Afterwards the host can do without its former keys, and nothing
    /// that was sealed has changed.
    ///
    /// # Errors
    /// `KeyMissing`, `Unavailable`.
    pub async fn rewrap(&self, group: GroupId) -> Result<usize, VaultError> {
        let scope = self.scope(group)?;
        let current = self.keys.current();
        for _ in 0..ATTEMPTS {
            let keys: Vec<Thing<KeyRow>> = self.rows(&scope, None).await?;
            let secrets: Vec<Thing<SecretRow>> = self.rows(&scope, None).await?;
            let keys = needed(keys, &secrets).into_iter();
            let old: Vec<_> = keys
                .filter(|row| row.properties.host_key != current.as_str())
                .collect();
            let count = old.len();
            if count == 0 {
                return Ok(0);
            }
            let now = self.now();
            let event = self.event(PluginEventType::PluginConfigured, None, now);
            let event = event.with("vault_keys_wrapped", count);
            let mut changes = ChangeSet::new(&scope, event.with("host_key", current.as_str()), now);
            for row in old {
                let Opened { mut row, key } = self.open_key(group, row).await?;
                let wrapped = self.keys.wrap(group, &key).await.map_err(unopened)?;
                row.properties.host_key = wrapped.key.as_str().to_owned();
                row.properties.wrapped = hex(&wrapped.bytes);
                changes = changes.replace(untyped(&row)?);
            }
            if self.commit(changes).await? == Wrote::Yes {
                return Ok(count);
            }
        }
        Err(contended())
    }
}
