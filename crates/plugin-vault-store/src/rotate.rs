//! New keys.

use one_ontology::{
    ChangeSet, GroupId, PluginEventType, RowId, Scope, Thing, ThingProperties as _, ThingQuery,
};
use plugin_runtime_api::VaultError;

use crate::hex::{hex, unhex};
use crate::host_keys::Kept;
use crate::rows::{KeyRow, KeyState, SecretRow};
use crate::seal::{open, seal};
use crate::vault::{ATTEMPTS, Opened, StoreVault, Wrote, altered, contended, unavailable, untyped};

/// How many secrets are sealed anew in one change set.
const BATCH: usize = 100;

impl StoreVault {
    /// Seals everything of an organisation under a new key and destroys the keys of before. Where it
    /// is interrupted, everything can be read, and the next rotation ends what is left of it.
    pub(crate) async fn rotate_keys(&self, group: GroupId) -> Result<(), VaultError> {
        let scope = self.scope(group)?;
        let Some(new) = self.begin_rotation(&scope, group).await? else {
            return Ok(());
        };
        for _ in 0..ATTEMPTS {
            if self.seal_anew(&scope, group, &new).await? == Wrote::Yes
                && self.end_rotation(&scope, &new).await? == Wrote::Yes
            {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// Makes a key that seals from now on; the others only open, and the host has shown that it can open them, or
    /// that nothing is sealed with them. None where nothing was ever sealed.
    async fn begin_rotation(
        &self,
        scope: &Scope,
        group: GroupId,
    ) -> Result<Option<Opened>, VaultError> {
        for _ in 0..ATTEMPTS {
            let rows: Vec<Thing<KeyRow>> = self.rows(scope, None).await?;
            let generations = rows.iter().map(|row| row.properties.generation);
            let Some(last) = generations.max() else {
                return Ok(None);
            };
            // What is wrapped anew behind this reading makes the commit stale.
            let kept = self.rotatable(scope, group, rows.clone()).await?;
            let new = self.new_key(scope, group, last + 1).await?;
            let now = self.now();
            let event = self.event(PluginEventType::PluginConfigured, None, now);
            let event = event.with("vault_key", last + 1);
            let mut changes = ChangeSet::new(scope, event, now).insert(untyped(&new.row)?);
            if kept == Kept::Nothing {
                changes = changes.insist_absent(ThingQuery::of_type(SecretRow::thing_type()));
            }
            for mut row in rows {
                // Written in any case: whoever seals with it must see that it is one of before.
                row.properties.state = KeyState::Leaving;
                changes = changes.replace(untyped(&row)?);
            }
            if self.commit(changes).await? == Wrote::Yes {
                return Ok(Some(new));
            }
        }
        Err(contended())
    }

    async fn seal_anew(
        &self,
        scope: &Scope,
        group: GroupId,
        new: &Opened,
    ) -> Result<Wrote, VaultError> {
        let generation = new.row.properties.generation;
        let rows: Vec<Thing<SecretRow>> = self.rows(scope, None).await?;
        let left = rows.into_iter();
        let left: Vec<_> = left.filter(|row| row.properties.key < generation).collect();
        let mut former: Option<Opened> = None;
        for some in left.chunks(BATCH) {
            let now = self.now();
            let event = self.event(PluginEventType::PluginConfigured, None, now);
            let event = event.with("vault_key", generation);
            let mut changes = ChangeSet::new(scope, event.with("sealed_anew", some.len()), now)
                .insist(RowId::Thing(new.row.id), new.row.revision);
            for row in some {
                let mut row = row.clone();
                let key = row.properties.key;
                if former.as_ref().map(|it| it.row.properties.generation) != Some(key) {
                    former = Some(self.key(scope, group, key).await?);
                }
                let Some(former) = &former else {
                    return Err(altered());
                };
                let sealed = unhex(&row.properties.sealed).ok_or_else(altered)?;
                let text = open(&former.key, &row.properties.bound(group), &sealed);
                let text = text.ok_or_else(altered)?;
                row.properties.key = generation;
                let sealed = seal(&new.key, &row.properties.bound(group), &text);
                row.properties.sealed = hex(&sealed.map_err(unavailable)?);
                changes = changes.replace(untyped(&row)?);
            }
            if self.commit(changes).await? == Wrote::Again {
                return Ok(Wrote::Again);
            }
        }
        Ok(Wrote::Yes)
    }

    /// Destroys the keys of before, once nothing is sealed with them.
    async fn end_rotation(&self, scope: &Scope, new: &Opened) -> Result<Wrote, VaultError> {
        let generation = new.row.properties.generation;
        let secrets: Vec<Thing<SecretRow>> = self.rows(scope, None).await?;
        if secrets.iter().any(|row| row.properties.key < generation) {
            return Ok(Wrote::Again);
        }
        let keys: Vec<Thing<KeyRow>> = self.rows(scope, None).await?;
        let former = keys.into_iter();
        let former: Vec<_> = former
            .filter(|row| row.properties.generation < generation)
            .collect();
        let now = self.now();
        let event = self.event(PluginEventType::PluginConfigured, None, now);
        let event = event.with("vault_keys_destroyed", former.len());
        let mut changes = ChangeSet::new(scope, event, now);
        for mut row in former {
            let (id, revision) = (RowId::Thing(row.id), row.revision);
            row.properties.wrapped.clear();
            changes = changes.replace(untyped(&row)?).archive(id, revision.next());
        }
        self.commit(changes).await
    }
}
