//! Keys of the host in its own memory.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use one_ontology::GroupId;
use sha2::{Digest as _, Sha256};

use crate::hex::{hex, unhex};
use crate::key::{DataKey, HostKeyId, KeyError, KeyProvider, WrappedKey};
use crate::seal::{bound, open, random, seal};

/// Keys that the host read from a file or its environment: one that wraps, and those of before,
/// which still open.
pub struct LocalKeys {
    current: HostKeyId,
    keys: BTreeMap<HostKeyId, DataKey>,
}

impl LocalKeys {
    /// A key that wraps and opens.
    #[must_use]
    pub fn new(key: DataKey) -> Self {
        let id = id_of(&key);
        Self {
            current: id.clone(),
            keys: BTreeMap::from([(id, key)]),
        }
    }

    /// A key from 64 hexadecimal digits, white space around them aside.
    ///
    /// # Errors
    /// `Invalid`, without the text.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        Ok(Self::new(key_of(text)?))
    }

    /// Opens with this key of before, too.
    ///
    /// # Errors
    /// `Invalid`, without the text.
    pub fn with_former(mut self, text: &str) -> Result<Self, KeyError> {
        let key = key_of(text)?;
        self.keys.insert(id_of(&key), key);
        Ok(self)
    }

    /// A new key, as text for a file that only its owner may read.
    ///
    /// # Errors
    /// `Unavailable`: the machine has no randomness.
    pub fn generate() -> Result<zeroize::Zeroizing<String>, KeyError> {
        let bytes = random::<32>().map_err(|reason| KeyError::Unavailable { reason })?;
        Ok(zeroize::Zeroizing::new(hex(DataKey::new(bytes).expose())))
    }
}

fn key_of(text: &str) -> Result<DataKey, KeyError> {
    let bytes = unhex(text.trim()).map(zeroize::Zeroizing::new);
    let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
    bytes.map(DataKey::new).ok_or_else(|| KeyError::Invalid {
        reason: "it must be 64 hexadecimal digits".to_owned(),
    })
}

/// Names a key without saying anything of it.
fn id_of(key: &DataKey) -> HostKeyId {
    let mut hash = Sha256::new();
    hash.update(b"one-plugin vault key name");
    hash.update(key.expose());
    let digits = hex(&hash.finalize());
    HostKeyId::new(format!("local:{}", digits.get(..16).unwrap_or_default()))
}

fn bound_to(group: GroupId, key: &HostKeyId) -> Vec<u8> {
    bound(&["key", &group.to_string(), key.as_str()])
}

#[async_trait]
impl KeyProvider for LocalKeys {
    fn current(&self) -> HostKeyId {
        self.current.clone()
    }

    async fn wrap(&self, group: GroupId, key: &DataKey) -> Result<WrappedKey, KeyError> {
        let current = self.keys.get(&self.current);
        let current = current.ok_or_else(|| unknown(&self.current))?;
        let bytes = seal(current, &bound_to(group, &self.current), key.expose());
        Ok(WrappedKey {
            key: self.current.clone(),
            bytes: bytes.map_err(|reason| KeyError::Unavailable { reason })?,
        })
    }

    async fn unwrap(&self, group: GroupId, wrapped: &WrappedKey) -> Result<DataKey, KeyError> {
        let key = self.keys.get(&wrapped.key);
        let key = key.ok_or_else(|| unknown(&wrapped.key))?;
        let opened = open(key, &bound_to(group, &wrapped.key), &wrapped.bytes);
        let bytes = opened.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
        bytes.map(DataKey::new).ok_or_else(|| KeyError::Altered {
            key: wrapped.key.as_str().to_owned(),
        })
    }
}

fn unknown(key: &HostKeyId) -> KeyError {
    KeyError::UnknownKey {
        key: key.as_str().to_owned(),
    }
}

/// Names only.
impl fmt::Debug for LocalKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKeys")
            .field("current", &self.current)
            .field("keys", &self.keys.keys())
            .finish()
    }
}
