//! Whom a registry's certificate must be signed by, decided as npm on Node decides it.

use std::path::Path;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::{NpmConfig, NpmError};

/// Largest file of certificates read.
const MAX_FILE: u64 = 4 << 20;

/// `ca` and `cafile` replace the usual roots; `extra` (a file) adds to them; `strict-ssl=false`
/// accepts anything.
pub(crate) fn tls(config: &NpmConfig, extra: Option<&Path>) -> Result<TlsConfig, NpmError> {
    let mut own = Vec::new();
    for pem in config.ca() {
        certificates("ca", pem.as_bytes(), &mut own)?;
    }
    if let Some(path) = config.cafile() {
        certificates("cafile", &read(&path)?, &mut own)?;
    }
    let roots = if !own.is_empty() {
        RootCerts::from(own)
    } else if let Some(pem) = extra.and_then(|path| read(path).ok()) {
        // Node goes on without a file that it cannot use, and so do we.
        let mut added = Vec::new();
        let _unusable = certificates("NODE_EXTRA_CA_CERTS", &pem, &mut added);
        let usual = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
        added.extend(usual.map(|der| Certificate::from_der(der)));
        RootCerts::from(added)
    } else {
        RootCerts::WebPki
    };
    Ok(TlsConfig::builder()
        .root_certs(roots)
        .disable_verification(!config.strict_ssl())
        .build())
}

fn read(path: &Path) -> Result<Vec<u8>, NpmError> {
    let unreadable = |source| NpmError::disk("read the certificates of", path, source);
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > MAX_FILE {
        return Err(NpmError::setting("cafile", "the file is larger than 4 MiB"));
    }
    std::fs::read(path).map_err(unreadable)
}

fn certificates(
    key: &'static str,
    pem: &[u8],
    into: &mut Vec<Certificate<'static>>,
) -> Result<(), NpmError> {
    let before = into.len();
    for item in parse_pem(pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => into.push(certificate),
            Ok(_) => {}
            Err(_) => return Err(NpmError::setting(key, "it is not in PEM form")),
        }
    }
    if into.len() == before {
        return Err(NpmError::setting(key, "it holds no certificate"));
    }
    Ok(())
}
