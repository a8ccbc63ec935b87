//! Sealing: AES-256-GCM-SIV, which a nonce used twice does not break.

use aes_gcm_siv::aead::{Aead as _, Payload};
use aes_gcm_siv::{Aes256GcmSiv, KeyInit as _, Nonce};
use zeroize::Zeroizing;

use crate::key::DataKey;

/// How many bytes of randomness stand before what is sealed.
const NONCE: usize = 12;

/// Bytes of the machine's randomness.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// Seals `text`; it opens with the same key and the same `bound` only.
pub(crate) fn seal(key: &DataKey, bound: &[u8], text: &[u8]) -> Result<Vec<u8>, String> {
    let nonce = random::<NONCE>()?;
    let payload = Payload {
        msg: text,
        aad: bound,
    };
    let sealed = cipher(key).encrypt(Nonce::from_slice(&nonce), payload);
    let sealed = sealed.map_err(|_| "what is to be sealed is too long".to_owned())?;
    Ok([nonce.as_slice(), sealed.as_slice()].concat())
}

/// Opens what was sealed; none if it was not, with this key and bound to this.
pub(crate) fn open(key: &DataKey, bound: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE)?;
    let payload = Payload {
        msg: sealed,
        aad: bound,
    };
    let opened = cipher(key).decrypt(Nonce::from_slice(nonce), payload);
    opened.ok().map(Zeroizing::new)
}

fn cipher(key: &DataKey) -> Aes256GcmSiv {
    Aes256GcmSiv::new(key.expose().into())
}

/// What something sealed is bound to: each part with its length, so that no two lists are the same bytes.
pub(crate) fn bound(parts: &[&str]) -> Vec<u8> {
    let mut bytes = b"one-plugin vault 1".to_vec();
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}
