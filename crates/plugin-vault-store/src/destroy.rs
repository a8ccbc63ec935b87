//! The end of secrets.

use one_ontology::{ChangeSet, GroupId, PluginEventType, RowId, Thing, ThingId, excerpt};
use plugin_runtime_api::{SecretName, VaultError};

use crate::rows::{EndRow, SecretRow, end_id, made, secret_id};
use crate::vault::{ATTEMPTS, StoreVault, Wrote, contended, untyped};

/// How many secrets are destroyed in one change set.
const BATCH: usize = 1000;

impl StoreVault {
    /// Overwrites one secret and puts its row away; its version stays, so that no sealed text of before
    /// opens in the place of a later one. It takes no key.
    pub(crate) async fn forget_secret(&self, name: &SecretName) -> Result<(), VaultError> {
        let scope = self.scope(name.group)?;
        for _ in 0..ATTEMPTS {
            let row: Option<Thing<SecretRow>> = self.row(&scope, secret_id(name)).await?;
            let Some(mut row) = row else {
                return Ok(());
            };
            let now = self.now();
            let event = self
                .event(PluginEventType::PluginConfigured, Some(name.instance), now)
                .with("secret_forgotten", excerpt(&name.parameter, 200))
                .with("secret_version", row.properties.version);
            let (id, revision) = (RowId::Thing(row.id), row.revision);
            row.properties.sealed.clear();
            let changes = ChangeSet::new(&scope, event, now).replace(untyped(&row)?);
            if self.commit(changes.archive(id, revision.next())).await? == Wrote::Yes {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// First that nothing more is taken, then what there is.
    pub(crate) async fn destroy_secrets(
        &self,
        group: GroupId,
        instance: ThingId,
    ) -> Result<(), VaultError> {
        let scope = self.scope(group)?;
        for _ in 0..ATTEMPTS {
            let now = self.now();
            let event = || self.event(PluginEventType::PluginConfigured, Some(instance), now);
            if !self.is_destroyed(&scope, group, instance).await? {
                let end = EndRow { instance };
                let name = instance.to_string();
                let row = made(&scope, end_id(group, instance), &name, end, now);
                let changes = ChangeSet::new(&scope, event().with("secrets", "ended"), now);
                if self.commit(changes.insert(untyped(&row)?)).await? == Wrote::Again {
                    continue;
                }
            }
            let mut rows: Vec<Thing<SecretRow>> =
                self.rows(&scope, Some(instance.to_string())).await?;
            if rows.is_empty() {
                return Ok(());
            }
            rows.truncate(BATCH);
            let event = event().with("secrets_destroyed", rows.len());
            let mut changes = ChangeSet::new(&scope, event, now);
            for mut row in rows {
                let (id, revision) = (RowId::Thing(row.id), row.revision);
                row.properties.sealed.clear();
                changes = changes.replace(untyped(&row)?).archive(id, revision.next());
            }
            self.commit(changes).await?;
        }
        Err(contended())
    }
}
