//! The end of secrets.

use one_ontology::{ChangeSet, GroupId, PluginEventType, RowId, Thing, ThingId};
use plugin_runtime_api::VaultError;

use crate::rows::{EndRow, SecretRow, end_id, made};
use crate::vault::{ATTEMPTS, StoreVault, Wrote, contended, untyped};

/// How many secrets are destroyed in one change set.
const BATCH: usize = 1000;

impl StoreVault {
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
