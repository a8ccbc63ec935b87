//! Settings and secrets.

use plugin_runtime_api::{ExecutionId, HostError, SecretName, VaultError};
use serde_json::Value;

use super::desk::Desk;
use super::runtime::{PluginGrant, SecretPolicy};

impl Desk<'_> {
    /// A setting of the instance that asks. A secret that it may not have, or that the vault does
    /// not have, is `null`, like a setting that is not there.
    pub(super) async fn setting(&self, grant: &PluginGrant, key: &str) -> Result<Value, HostError> {
        if !grant.sensitive.contains(key) {
            return Ok(grant.settings.get(key).cloned().unwrap_or_default());
        }
        if !grant
            .grants
            .allow(plugin_runtime_api::Permission::SecretsAccess)
        {
            return Ok(Value::Null);
        }
        match grant.secrets {
            SecretPolicy::Placeholder => self.placeholder(key).await,
            SecretPolicy::Real => self.secret(key).await,
        }
    }

    async fn placeholder(&self, key: &str) -> Result<Value, HostError> {
        let Some(vault) = &self.host.vault else {
            return Ok(Value::Null);
        };
        let instance = self.context.instance;
        let names = vault.list(self.context.group, instance).await;
        let names = names.map_err(|error| self.no_vault(&error))?;
        if names.iter().any(|name| name == key) {
            Ok(Value::from(format!("one-secret:{instance}:{key}")))
        } else {
            Ok(Value::Null)
        }
    }

    async fn secret(&self, key: &str) -> Result<Value, HostError> {
        let Some(vault) = &self.host.vault else {
            return Ok(Value::Null);
        };
        let name = SecretName {
            group: self.context.group,
            instance: self.context.instance,
            parameter: key.to_owned(),
        };
        match vault.lease(&name, self.execution(), self.now()).await {
            Ok(secret) => {
                // Recorded before it is given out: what is not in the trail was not given.
                self.secret_accessed(key).await?;
                Ok(Value::from(secret.expose()))
            }
            Err(VaultError::NotFound { .. }) => Ok(Value::Null),
            Err(error) => Err(self.no_vault(&error)),
        }
    }

    /// The execution, or what stands for it while the runtime starts or is between executions.
    fn execution(&self) -> ExecutionId {
        self.context.execution.unwrap_or_else(|| {
            let runtime = self.context.runtime.to_string();
            let fence = self.context.fence.0.to_string();
            ExecutionId::of_name(&["runtime", &runtime, &fence])
        })
    }

    /// Never what the vault says of itself.
    fn no_vault(&self, _: &VaultError) -> HostError {
        self.unavailable("the vault does not answer")
    }
}
