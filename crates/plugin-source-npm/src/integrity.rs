//! Subresource integrity: what bytes must be to be the ones that were published.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use one_ontology::excerpt;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// Longest integrity text read.
const MAX_TEXT: usize = 4096;

/// A digest good enough to rely on. Ordered by strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512, what npm registries give since 2017.
    Sha512,
}

impl Algorithm {
    /// Its name, as integrity texts write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Sha256, Self::Sha384, Self::Sha512]
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    fn bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }
}

/// What the bytes of a package must be, by the strongest algorithm that its text gives.
// INVARIANT: `digests` is sorted, not empty, and each has the algorithm's length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integrity {
    algorithm: Algorithm,
    digests: Vec<Vec<u8>>,
}

impl Integrity {
    /// Reads `sha512-<base64>`, or several of these with spaces between; of those only the
    /// strongest algorithm counts, and of its digests any one.
    ///
    /// # Errors
    /// The reason in words: there is none, only one too weak (named), or a malformed one.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_TEXT {
            return Err(format!("its integrity is longer than {MAX_TEXT} bytes"));
        }
        let mut found: Option<Self> = None;
        let mut weak = Vec::new();
        for part in text.split_ascii_whitespace() {
            let Some((name, rest)) = part.split_once('-') else {
                return Err(format!(
                    "its integrity `{}` is malformed",
                    excerpt(part, 40)
                ));
            };
            let Some(algorithm) = Algorithm::from_name(name) else {
                weak.push(excerpt(name, 16));
                continue;
            };
            let encoded = rest.split('?').next().unwrap_or_default();
            let digest = STANDARD
                .decode(encoded)
                .ok()
                .filter(|digest| digest.len() == algorithm.bytes())
                .ok_or_else(|| format!("its {name} digest is malformed"))?;
            match &mut found {
                Some(best) if best.algorithm > algorithm => {}
                Some(best) if best.algorithm == algorithm => best.digests.push(digest),
                _ => {
                    found = Some(Self {
                        algorithm,
                        digests: vec![digest],
                    });
                }
            }
        }
        match found {
            Some(mut integrity) => {
                integrity.digests.sort();
                integrity.digests.dedup();
                Ok(integrity)
            }
            None if weak.is_empty() => Err("it has none".to_owned()),
            None => Err(format!(
                "it has only {}, which proves nothing",
                weak.join(", ")
            )),
        }
    }

    /// The algorithm that decides.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether the bytes are the published ones.
    ///
    /// # Errors
    /// The integrity text of the bytes, if they are not.
    pub fn check(&self, bytes: &[u8]) -> Result<(), String> {
        let actual = self.algorithm.digest(bytes);
        if self.digests.contains(&actual) {
            Ok(())
        } else {
            Err(sri(self.algorithm, &actual))
        }
    }

    /// Whether both name the same bytes: the same algorithm with a digest in common.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm
            && self
                .digests
                .iter()
                .any(|digest| other.digests.contains(digest))
    }
}

impl fmt::Display for Integrity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<_> = self
            .digests
            .iter()
            .map(|d| sri(self.algorithm, d))
            .collect();
        f.write_str(&texts.join(" "))
    }
}

fn sri(algorithm: Algorithm, digest: &[u8]) -> String {
    format!("{}-{}", algorithm.name(), STANDARD.encode(digest))
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
