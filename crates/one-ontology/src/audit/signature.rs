//! Signatures, without the cryptography: an adapter brings that.

use std::fmt::{self, Debug};
use std::str::FromStr;

use crate::InvalidValue;
use crate::audit::{AuditError, Checkpoint, SignedCheckpoint};
use crate::event::{hex, unhex};
use crate::place::serde_as_text;

/// Which key signed: how and which, as `ed25519:` and the public key as hexadecimal digits.
///
/// 1 to 200 printable ASCII characters without white space.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Box<str>);

impl KeyId {
    /// The name of an Ed25519 key by its public part.
    #[must_use]
    pub fn ed25519(public: &[u8; 32]) -> Self {
        Self(format!("ed25519:{}", hex(public)).into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for KeyId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if (1..=200).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidValue::new(
                "KeyId",
                text,
                "1 to 200 printable ASCII characters without white space",
            ))
        }
    }
}

serde_as_text!(KeyId);

/// What a key made of a message: 1 to 1,024 bytes, written as hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Signature(Box<[u8]>);

impl Signature {
    const EXPECTED: &str = "1 to 1,024 bytes as hexadecimal digits";

    /// A signature made elsewhere.
    ///
    /// # Errors
    /// Empty or too long.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidValue> {
        if (1..=1024).contains(&bytes.len()) {
            Ok(Self(bytes.into()))
        } else {
            Err(InvalidValue::new("Signature", &hex(bytes), Self::EXPECTED))
        }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl FromStr for Signature {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let bytes =
            unhex(text).ok_or_else(|| InvalidValue::new("Signature", text, Self::EXPECTED))?;
        Self::from_bytes(&bytes)
    }
}

serde_as_text!(Signature);

/// Signs checkpoints with one key. `plugin-audit-ed25519` has one.
pub trait CheckpointSigner: Debug + Send + Sync {
    /// Which key.
    fn key(&self) -> KeyId;

    /// Signs a message.
    ///
    /// # Errors
    /// `Unsigned`: the key could not be used.
    fn sign(&self, message: &[u8]) -> Result<Signature, AuditError>;
}

/// Knows which keys are to be trusted. `plugin-audit-ed25519` has one.
pub trait CheckpointVerifier: Debug + Send + Sync {
    /// Whether a trusted key has signed this message so.
    ///
    /// # Errors
    /// `UntrustedKey`.
    fn verify(
        &self,
        key: &KeyId,
        message: &[u8],
        signature: &Signature,
    ) -> Result<bool, AuditError>;
}

impl Checkpoint {
    /// Has it signed.
    ///
    /// # Errors
    /// `Unsigned`: the key could not be used.
    pub fn sign(self, signer: &dyn CheckpointSigner) -> Result<SignedCheckpoint, AuditError> {
        let signature = signer.sign(self.message().as_bytes())?;
        Ok(SignedCheckpoint {
            key: signer.key(),
            signature,
            checkpoint: self,
        })
    }
}
