//! The vault in memory: the reference for those who write one, and a double for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use one_ontology::{GroupId, ThingId, Timestamp};

use crate::{ExecutionId, SecretName, SecretString, Vault, VaultError};

/// That a secret was given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which.
    pub name: SecretName,
    /// For which execution.
    pub execution: ExecutionId,
    /// When.
    pub at: Timestamp,
}

/// A vault that keeps secrets in the memory of this process and nowhere else.
///
/// What ends with the process needs no key, so there is nothing to rotate. `Debug` says how many
/// secrets there are and nothing else.
#[derive(Default)]
pub struct MemoryVault(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    secrets: BTreeMap<SecretName, SecretString>,
    leases: Vec<Lease>,
    destroyed: BTreeSet<(GroupId, ThingId)>,
}

impl MemoryVault {
    /// An empty vault.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every lease so far, the oldest first; they outlive the secrets.
    #[must_use]
    pub fn leases(&self) -> Vec<Lease> {
        self.inner().leases.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Vault for MemoryVault {
    async fn put(&self, name: &SecretName, secret: SecretString) -> Result<(), VaultError> {
        let mut inner = self.inner();
        if inner.destroyed.contains(&(name.group, name.instance)) {
            return Err(VaultError::Destroyed);
        }
        inner.secrets.insert(name.clone(), secret);
        Ok(())
    }

    async fn lease(
        &self,
        name: &SecretName,
        execution: ExecutionId,
        now: Timestamp,
    ) -> Result<SecretString, VaultError> {
        let mut inner = self.inner();
        let secret = inner.secrets.get(name).cloned();
        let secret = secret.ok_or_else(|| VaultError::NotFound {
            parameter: one_ontology::excerpt(&name.parameter, 200),
        })?;
        inner.leases.push(Lease {
            name: name.clone(),
            execution,
            at: now,
        });
        Ok(secret)
    }

    async fn list(&self, group: GroupId, instance: ThingId) -> Result<Vec<String>, VaultError> {
        let inner = self.inner();
        let names = inner.secrets.keys();
        let own = names.filter(|it| it.group == group && it.instance == instance);
        // Sorted: within one instance the names are in the order of their parameters.
        Ok(own.map(|it| it.parameter.clone()).collect())
    }

    async fn rotate(&self, _group: GroupId) -> Result<(), VaultError> {
        Ok(())
    }

    async fn forget(&self, name: &SecretName) -> Result<(), VaultError> {
        self.inner().secrets.remove(name);
        Ok(())
    }

    async fn destroy(&self, group: GroupId, instance: ThingId) -> Result<(), VaultError> {
        let mut inner = self.inner();
        let secrets = &mut inner.secrets;
        secrets.retain(|it, _| it.group != group || it.instance != instance);
        inner.destroyed.insert((group, instance));
        Ok(())
    }
}

impl fmt::Debug for MemoryVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.inner();
        f.debug_struct("MemoryVault")
            .field("secrets", &inner.secrets.len())
            .field("leases", &inner.leases.len())
            .finish()
    }
}
