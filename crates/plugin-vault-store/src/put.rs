//! Keeping a secret.

use one_ontology::{
    ChangeSet, PluginEventType, RowId, Scope, Thing, ThingProperties as _, ThingQuery, ThingStatus,
    excerpt,
};
use plugin_runtime_api::{SecretName, SecretString, VaultError};

use crate::hex::hex;
use crate::rows::{EndRow, SecretRow, made, secret_id};
use crate::seal::seal;
use crate::vault::{ATTEMPTS, Opened, StoreVault, Wrote, contended, typed, unavailable, untyped};

/// The longest secret, in bytes.
const MAX_SECRET: usize = 64 * 1024;

impl StoreVault {
    pub(crate) async fn put_secret(
        &self,
        name: &SecretName,
        secret: &SecretString,
    ) -> Result<(), VaultError> {
        if secret.expose().len() > MAX_SECRET {
            return Err(unavailable(format!(
                "a secret has at most {MAX_SECRET} bytes"
            )));
        }
        let scope = self.scope(name.group)?;
        for _ in 0..ATTEMPTS {
            if self.is_destroyed(&scope, name.group, name.instance).await? {
                return Err(VaultError::Destroyed);
            }
            let key = self.active(&scope, name.group).await?;
            let before = self.secret_row(&scope, name).await?;
            let changes = self.putting(&scope, name, secret, &key, before)?;
            if self.commit(changes).await? == Wrote::Yes {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// The row of a secret, also where it was forgotten.
    async fn secret_row(
        &self,
        scope: &Scope,
        name: &SecretName,
    ) -> Result<Option<Thing<SecretRow>>, VaultError> {
        let thing = self.store.thing(scope, secret_id(name)).await;
        thing.map_err(unavailable)?.map(typed).transpose()
    }

    /// What putting a secret writes: under the key as it was read, and for an instance that has not ended.
    fn putting(
        &self,
        scope: &Scope,
        name: &SecretName,
        secret: &SecretString,
        key: &Opened,
        before: Option<Thing<SecretRow>>,
    ) -> Result<ChangeSet, VaultError> {
        let now = self.now();
        let version = before.as_ref().map_or(0, |row| row.properties.version) + 1;
        let mut properties = SecretRow {
            instance: name.instance,
            parameter: name.parameter.clone(),
            version,
            key: key.row.properties.generation,
            sealed: String::new(),
        };
        let bound = properties.bound(name.group);
        let sealed = seal(&key.key, &bound, secret.expose().as_bytes());
        properties.sealed = hex(&sealed.map_err(unavailable)?);
        let event = self
            .event(PluginEventType::PluginConfigured, Some(name.instance), now)
            .with("secret", excerpt(&name.parameter, 200))
            .with("secret_version", version);
        let ended = ThingQuery {
            name: Some(name.instance.to_string()),
            ..ThingQuery::of_type(EndRow::thing_type())
        };
        let changes = ChangeSet::new(scope, event, now)
            .insist(RowId::Thing(key.row.id), key.row.revision)
            .insist_absent(ended);
        Ok(match before {
            Some(mut row) => {
                row.properties = properties;
                // It may have been forgotten.
                row.status = ThingStatus::Active;
                changes.replace(untyped(&row)?)
            }
            None => {
                let of = name.instance.to_string();
                let row = made(scope, secret_id(name), &of, properties, now);
                changes.insert(untyped(&row)?)
            }
        })
    }
}
