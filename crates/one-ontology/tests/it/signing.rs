//! Keys for tests: whoever has the secret signs. No cryptography.

use one_ontology::audit::{
    Checkpoint, CheckpointSigner, CheckpointVerifier, KeyId, Signature, SignedCheckpoint,
    TrustedCheckpoint, Verifier,
};
use one_ontology::{AuditError, Digest, Event, Timestamp};

/// A key that is its name.
#[derive(Debug)]
pub(crate) struct Key(pub(crate) &'static str);

impl Key {
    fn mac(&self, message: &[u8]) -> Signature {
        let digest = Digest::of(&[self.0.as_bytes(), b"\0", message].concat());
        Signature::from_bytes(digest.as_bytes()).unwrap()
    }
}

impl CheckpointSigner for Key {
    fn key(&self) -> KeyId {
        format!("test:{}", self.0).parse().unwrap()
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, AuditError> {
        Ok(self.mac(message))
    }
}

impl CheckpointVerifier for Key {
    fn verify(&self, key: &KeyId, message: &[u8], sig: &Signature) -> Result<bool, AuditError> {
        if *key == self.key() {
            Ok(*sig == self.mac(message))
        } else {
            Err(AuditError::UntrustedKey { key: key.clone() })
        }
    }
}

pub(crate) const KEY: Key = Key("auditor");

/// A checkpoint of the whole chain.
pub(crate) fn checkpoint(chain: &[Event], at: Timestamp) -> Checkpoint {
    let mut verifier = Verifier::new(chain[0].place);
    chain.iter().for_each(|event| verifier.push(event).unwrap());
    verifier.checkpoint(at).unwrap()
}

pub(crate) fn signed(chain: &[Event], at: Timestamp) -> SignedCheckpoint {
    checkpoint(chain, at).sign(&KEY).unwrap()
}

pub(crate) fn trusted(chain: &[Event], at: Timestamp) -> TrustedCheckpoint {
    signed(chain, at).trust(&KEY).unwrap()
}
