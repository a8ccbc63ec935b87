//! Keys in files.

use std::fs;
use std::path::{Path, PathBuf};

use one_ontology::audit::{CheckpointSigner as _, CheckpointVerifier, KeyId, Signature};
use one_ontology::{AuditError, Digest};
use plugin_audit_ed25519::{Ed25519Signer, TrustedKeys, key_of_pem};
use serde_json::json;
use zeroize::Zeroizing;

use super::unusable;
use super::written::refuse;
use crate::cli::NewKeyArgs;
use crate::failure::Failure;
use crate::key_file::{Readers, read, readers, write_private};
use crate::output::Output;

/// Makes a key. No file that is there is ever lost for it.
pub(super) fn make(args: &NewKeyArgs, output: &Output) -> Result<(), Failure> {
    let file = &args.file;
    let public = public_of(file);
    for file in [file, &public] {
        refuse(file).map_err(|failure| failure.instead([]))?;
    }
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|error| unusable(file, &error))?;
    let signer = Ed25519Signer::from_seed(&seed);
    let name = signer.key();
    let written = signer.with_pem(|pem| write_private(file, pem))?;
    written.map_err(|error| unusable(file, &error))?;
    fs::write(&public, format!("{name}\n")).map_err(|error| unusable(&public, &error))?;
    let value = json!({"key": name, "private": file, "public": public});
    output.say(&value, || {
        format!(
            "`{}` is the private key, which only you may read: keep it, and a copy of it, where no host is\n\
             `{}` is its name: {name}",
            file.display(),
            public.display()
        )
    });
    Ok(())
}

fn public_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}

/// The private key in a file.
pub(super) fn signer(file: &Path, output: &Output) -> Result<Ed25519Signer, Failure> {
    let text = read(file)?;
    // A seed is as long as a digest, and written the same way.
    let signer = match text.trim().parse::<Digest>() {
        Ok(seed) => Ok(Ed25519Signer::from_seed(&Zeroizing::new(*seed.as_bytes()))),
        Err(_) => Ed25519Signer::from_pem(&text).map_err(|_| {
            let expected = "a private Ed25519 key: PKCS #8 PEM, or 64 hexadecimal digits";
            no_key(file, expected)
        }),
    }?;
    warn_if_readable(file, output);
    Ok(signer)
}

fn warn_if_readable(file: &Path, output: &Output) {
    if readers(file) == Readers::Others {
        let file = file.display();
        output.aside(&format!(
            "others may read the private key: `chmod 600 {file}`"
        ));
    }
}

/// The key that somebody names, or that is in the file they name.
pub(super) fn named(text: &str) -> Result<TrustedKeys, Failure> {
    if text.starts_with("ed25519:") {
        let trusted = text
            .parse::<KeyId>()
            .and_then(|key| TrustedKeys::new([key]));
        return Ok(trusted?);
    }
    let file = Path::new(text);
    let held = read(file)?;
    let key = match held.trim().parse::<KeyId>() {
        Ok(key) => Ok(key),
        Err(_) => key_of_pem(&held),
    };
    key.and_then(|key| TrustedKeys::new([key])).map_err(|_| {
        let expected = "a public Ed25519 key: its name (`ed25519:..`) or PEM";
        no_key(file, expected)
    })
}

fn no_key(file: &Path, expected: &str) -> Failure {
    let message = format!("`{}` does not hold {expected}", file.display());
    Failure::new("KeyFileUnusable", message)
}

/// Believes whichever key has signed: who that is must be asked otherwise.
#[derive(Debug)]
pub(super) struct AnyKey;

impl CheckpointVerifier for AnyKey {
    fn verify(
        &self,
        key: &KeyId,
        message: &[u8],
        signature: &Signature,
    ) -> Result<bool, AuditError> {
        let trusted = TrustedKeys::new([key.clone()]);
        let untrusted = |_| AuditError::UntrustedKey { key: key.clone() };
        trusted.map_err(untrusted)?.verify(key, message, signature)
    }
}
