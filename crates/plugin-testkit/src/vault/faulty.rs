//! Vaults that are wrong on purpose: each must fail the suite.

use async_trait::async_trait;
use one_ontology::{GroupId, ThingId, Timestamp};
use plugin_runtime_api::{ExecutionId, MemoryVault, SecretName, SecretString, Vault, VaultError};

/// What is wrong with a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a test goes through all of them")]
pub enum Fault {
    /// It keeps the first secret under a name.
    KeepsTheFirst,
    /// It does not tell organisations apart.
    MixesOrganisations,
    /// It does not tell instances apart.
    MixesInstances,
    /// It compares names without their case.
    ForgetsCase,
    /// It cuts space off secrets.
    Trims,
    /// It lists names as they come.
    ListsBackwards,
    /// It forgets secrets when keys change.
    LosesOnRotation,
    /// It forgets nothing that it is told to.
    ForgetsNothing,
    /// It forgets all of an instance.
    ForgetsAll,
    /// It destroys nothing.
    DestroysNothing,
    /// It destroys those of all instances.
    DestroysAll,
    /// It takes secrets for those that are gone.
    TakesLate,
    /// It says what it was given.
    Talks,
}

impl Fault {
    /// Every one.
    pub const ALL: &[Self] = &[
        Self::KeepsTheFirst,
        Self::MixesOrganisations,
        Self::MixesInstances,
        Self::ForgetsCase,
        Self::Trims,
        Self::ListsBackwards,
        Self::LosesOnRotation,
        Self::ForgetsNothing,
        Self::ForgetsAll,
        Self::DestroysNothing,
        Self::DestroysAll,
        Self::TakesLate,
        Self::Talks,
    ];
}

/// A vault with one fault.
#[derive(Debug)]
pub struct FaultyVault {
    inner: MemoryVault,
    late: MemoryVault,
    fault: Fault,
}

impl FaultyVault {
    /// An empty vault with a fault.
    #[must_use]
    pub fn new(fault: Fault) -> Self {
        Self {
            inner: MemoryVault::new(),
            late: MemoryVault::new(),
            fault,
        }
    }

    fn name(&self, name: &SecretName) -> SecretName {
        let mut name = name.clone();
        (name.group, name.instance) = self.place(name.group, name.instance);
        if self.fault == Fault::ForgetsCase {
            name.parameter = name.parameter.to_lowercase();
        }
        name
    }

    fn place(&self, group: GroupId, instance: ThingId) -> (GroupId, ThingId) {
        match self.fault {
            Fault::MixesOrganisations => (GroupId::of_name(&["one"]), instance),
            Fault::MixesInstances => (group, ThingId::of_name(&["one"])),
            _ => (group, instance),
        }
    }
}

#[async_trait]
impl Vault for FaultyVault {
    async fn put(&self, name: &SecretName, secret: SecretString) -> Result<(), VaultError> {
        let name = self.name(name);
        let there = self.inner.list(name.group, name.instance).await?;
        match self.fault {
            Fault::KeepsTheFirst if there.contains(&name.parameter) => Ok(()),
            Fault::Trims => {
                let secret = SecretString::new(secret.expose().trim());
                self.inner.put(&name, secret).await
            }
            Fault::TakesLate => match self.inner.put(&name, secret.clone()).await {
                Err(VaultError::Destroyed) => self.late.put(&name, secret).await,
                put => put,
            },
            Fault::Talks => match self.inner.put(&name, secret.clone()).await {
                Err(VaultError::Destroyed) => Err(VaultError::Unavailable {
                    reason: format!("no place for {}", secret.expose()),
                }),
                put => put,
            },
            _ => self.inner.put(&name, secret).await,
        }
    }

    async fn lease(
        &self,
        name: &SecretName,
        execution: ExecutionId,
        now: Timestamp,
    ) -> Result<SecretString, VaultError> {
        let name = self.name(name);
        match self.late.lease(&name, execution, now).await {
            Ok(late) => Ok(late),
            Err(_) => self.inner.lease(&name, execution, now).await,
        }
    }

    async fn list(&self, group: GroupId, instance: ThingId) -> Result<Vec<String>, VaultError> {
        let (group, instance) = self.place(group, instance);
        let mut names = self.inner.list(group, instance).await?;
        if self.fault == Fault::ListsBackwards {
            names.reverse();
        }
        Ok(names)
    }

    async fn rotate(&self, group: GroupId) -> Result<(), VaultError> {
        if self.fault == Fault::LosesOnRotation {
            let known = ThingId::of_name(&["vault suite", "a"]);
            self.inner.destroy(group, known).await?;
        }
        Ok(())
    }

    async fn forget(&self, name: &SecretName) -> Result<(), VaultError> {
        let name = self.name(name);
        match self.fault {
            Fault::ForgetsNothing => Ok(()),
            Fault::ForgetsAll => {
                for parameter in self.inner.list(name.group, name.instance).await? {
                    let name = SecretName {
                        parameter,
                        ..name.clone()
                    };
                    self.inner.forget(&name).await?;
                }
                Ok(())
            }
            _ => self.inner.forget(&name).await,
        }
    }

    async fn destroy(&self, group: GroupId, instance: ThingId) -> Result<(), VaultError> {
        let (group, instance) = self.place(group, instance);
        match self.fault {
            Fault::DestroysNothing => Ok(()),
            Fault::DestroysAll => {
                for other in ["a", "b"] {
                    let other = ThingId::of_name(&["vault suite", other]);
                    self.inner.destroy(group, other).await?;
                }
                self.inner.destroy(group, instance).await
            }
            _ => self.inner.destroy(group, instance).await,
        }
    }
}
