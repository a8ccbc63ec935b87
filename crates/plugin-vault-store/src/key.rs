//! Keys, and the port to whoever holds the host's.

use std::fmt;

use async_trait::async_trait;
use one_ontology::GroupId;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The key that seals an organisation's secrets. Erased when it is dropped, never printed, never
/// stored but wrapped.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    /// Takes 32 bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The key itself, for whoever wraps it.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Names a key of the host: what a key service calls it. Never the key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HostKeyId(String);

impl HostKeyId {
    /// A name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A data key as it may be kept: only whoever holds the host's key reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// Which key of the host it is wrapped with.
    pub key: HostKeyId,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Why a key cannot be wrapped or unwrapped. Never says anything of a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The host does not have the key any more, or never had.
    #[error("the host has no key `{key}`")]
    UnknownKey {
        /// Its name.
        key: String,
    },
    /// The host has no key at all.
    #[error("the host was given no key")]
    NoneGiven,
    /// What was wrapped is not what was asked for, or was changed.
    #[error("a wrapped key does not open with key `{key}` for this organisation")]
    Altered {
        /// The name of the host's key.
        key: String,
    },
    /// What was given is no key.
    #[error("what was given is no key: {reason}")]
    Invalid {
        /// In words.
        reason: String,
    },
    /// Try again.
    #[error("whoever holds the host's keys does not answer: {reason}")]
    Unavailable {
        /// In words.
        reason: String,
    },
}

/// Holds the host's keys, which wrap those of organisations: a file, a key service, a module.
#[async_trait]
pub trait KeyProvider: fmt::Debug + Send + Sync + 'static {
    /// The key that wraps from now on.
    fn current(&self) -> HostKeyId;

    /// Wraps a key of an organisation with the current key of the host.
    ///
    /// # Behavior
    /// Bound to the organisation: for another one it does not open.
    ///
    /// # Errors
    /// `NoneGiven`, `Unavailable`.
    async fn wrap(&self, group: GroupId, key: &DataKey) -> Result<WrappedKey, KeyError>;

    /// Opens what was wrapped, with whichever key of the host it was.
    ///
    /// # Errors
    /// `NoneGiven`, `UnknownKey`, `Altered`, `Unavailable`.
    async fn unwrap(&self, group: GroupId, wrapped: &WrappedKey) -> Result<DataKey, KeyError>;
}
