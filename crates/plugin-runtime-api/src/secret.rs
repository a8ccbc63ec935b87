//! Secrets and where they are kept.

use std::fmt;

use async_trait::async_trait;
use one_ontology::{GroupId, ThingId, Timestamp};

use crate::ExecutionId;

/// Text that must not be printed, logged or stored: no `Serialize`, no `Display`, and `Debug`
/// says `[redacted]`.
///
/// ```compile_fail,E0277
/// let secret = plugin_runtime_api::SecretString::new("hunter2");
/// serde_json::to_string(&secret)?;
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// ```compile_fail,E0277
/// println!("{}", plugin_runtime_api::SecretString::new("hunter2"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SecretString(Box<str>);

impl SecretString {
    /// Takes a secret.
    #[must_use]
    pub fn new(secret: impl Into<Box<str>>) -> Self {
        Self(secret.into())
    }

    /// The secret itself, for the one place that uses it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Erased when it is dropped, as far as safe code can: what the text was copied to is not.
impl Drop for SecretString {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.0).into_boxed_bytes();
        bytes.fill(0);
        std::hint::black_box(&bytes);
    }
}

impl fmt::Debug for SecretString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Which secret: a parameter of an instance of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretName {
    /// The organisation.
    pub group: GroupId,
    /// The instance.
    pub instance: ThingId,
    /// The parameter: `OPENAI_API_KEY`.
    pub parameter: String,
}

/// Why a vault does not do what it is asked. Never says anything of the secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// Put it first.
    #[error("there is no secret `{parameter}`")]
    NotFound {
        /// The parameter.
        parameter: String,
    },
    /// The instance has been removed.
    #[error("the secrets of this instance were destroyed, and it is given none any more")]
    Destroyed,
    /// Nobody has given the key that the secrets are sealed with.
    #[error("the vault cannot be opened: {reason}")]
    KeyMissing {
        /// Which, in words.
        reason: String,
    },
    /// Try again.
    #[error("the vault is unavailable: {reason}")]
    Unavailable {
        /// In words.
        reason: String,
    },
}

impl VaultError {
    /// Each tag, with what to do about it.
    pub const TAGS: &'static [(&'static str, &'static str)] = &[
        ("SecretNotFound", "put the secret into the vault first"),
        ("SecretsDestroyed", "install the plugin anew"),
        (
            "VaultKeyMissing",
            "give the host the key that the secrets are sealed with",
        ),
        ("VaultUnavailable", "retry; if it stays, look at the vault"),
    ];

    /// The stable machine name.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "SecretNotFound",
            Self::Destroyed => "SecretsDestroyed",
            Self::KeyMissing { .. } => "VaultKeyMissing",
            Self::Unavailable { .. } => "VaultUnavailable",
        }
    }
}

/// Keeps the secrets of organisations.
#[async_trait]
pub trait Vault: fmt::Debug + Send + Sync + 'static {
    /// Keeps a secret; one of the same name is replaced.
    ///
    /// # Errors
    /// `Destroyed` once those of its instance were destroyed, however late it comes; `KeyMissing`,
    /// `Unavailable`.
    async fn put(&self, name: &SecretName, secret: SecretString) -> Result<(), VaultError>;

    /// Gives a secret out for one execution. Every lease is recorded by the vault.
    ///
    /// # Errors
    /// `NotFound`, `KeyMissing`, `Unavailable`.
    async fn lease(
        &self,
        name: &SecretName,
        execution: ExecutionId,
        now: Timestamp,
    ) -> Result<SecretString, VaultError>;

    /// The parameters of an instance that have a secret, sorted; never the secrets.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn list(&self, group: GroupId, instance: ThingId) -> Result<Vec<String>, VaultError>;

    /// Encrypts everything of an organisation under a new key.
    ///
    /// # Errors
    /// `KeyMissing`, `Unavailable`.
    async fn rotate(&self, group: GroupId) -> Result<(), VaultError>;

    /// Destroys one secret, so that no copy can be read again. Another may be put under its name.
    /// Forgetting what is not there is `Ok`.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn forget(&self, name: &SecretName) -> Result<(), VaultError>;

    /// Destroys every secret of an instance, so that no copy can be read again, and takes none for it
    /// any more: an instance that is removed never comes back. Destroying again is `Ok`.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn destroy(&self, group: GroupId, instance: ThingId) -> Result<(), VaultError>;
}
