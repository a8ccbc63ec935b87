//! A key for tests.

use one_ontology::audit::{CheckpointSigner, CheckpointVerifier, KeyId, Signature};
use one_ontology::{AuditError, Digest};

/// Signs and trusts checkpoints without any cryptography: whoever knows its name signs. For tests.
///
/// ```
/// use one_ontology::audit::{CheckpointSigner as _, CheckpointVerifier as _};
/// use plugin_testkit::audit::TestKey;
///
/// # fn main() -> Result<(), one_ontology::AuditError> {
/// let key = TestKey::named("auditor");
/// let signature = key.sign(b"a checkpoint")?;
/// assert!(key.verify(&key.key(), b"a checkpoint", &signature)?);
/// assert!(TestKey::named("another").verify(&key.key(), b"a checkpoint", &signature).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TestKey {
    key: KeyId,
}

impl TestKey {
    /// The key of this name.
    ///
    /// # Panics
    /// If the name is not 1 to 190 printable ASCII characters without white space.
    #[must_use]
    #[expect(clippy::panic, reason = "a double for tests")]
    pub fn named(name: &str) -> Self {
        match format!("test:{name}").parse() {
            Ok(key) => Self { key },
            Err(error) => panic!("{error}"),
        }
    }

    fn mark(&self, message: &[u8]) -> Digest {
        Digest::of(&[self.key.as_str().as_bytes(), b"\0", message].concat())
    }
}

impl CheckpointSigner for TestKey {
    fn key(&self) -> KeyId {
        self.key.clone()
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, AuditError> {
        let mark = self.mark(message);
        Signature::from_bytes(mark.as_bytes()).map_err(|error| AuditError::Unsigned {
            reason: error.to_string(),
        })
    }
}

impl CheckpointVerifier for TestKey {
    fn verify(
        &self,
        key: &KeyId,
        message: &[u8],
        signature: &Signature,
    ) -> Result<bool, AuditError> {
        if *key == self.key {
            Ok(signature.as_bytes() == self.mark(message).as_bytes())
        } else {
            Err(AuditError::UntrustedKey { key: key.clone() })
        }
    }
}
