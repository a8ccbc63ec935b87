//! Documents and tarballs from a registry or from what was kept of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use plugin_registry::Freshness;
use plugin_resolver::PackageName;

use crate::cache::{Cache, Key};
use crate::document::{self, Document, DocumentForm};
use crate::http::{Client, Method, Reply, Request};
use crate::url::Url;
use crate::{HttpLimits, Integrity, NpmConfig, NpmError};

/// Whether the network may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// The registry is asked, and what it does not repeat is taken from what was kept.
    #[default]
    Online,
    /// Nothing leaves this machine: what was kept is used, all else is an error.
    Offline,
}

/// The bytes of one version, verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Tarball {
    /// The package.
    pub name: String,
    /// The version.
    pub version: String,
    /// What they were verified against.
    pub integrity: Integrity,
    /// A gzipped tar archive.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Tarball {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tarball")
            .field("name", &self.name)
            .field("version", &self.version)
            .field("integrity", &self.integrity)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

/// Blocking access to the configured registries.
#[derive(Debug)]
pub(crate) struct Registry {
    config: Arc<NpmConfig>,
    client: Client,
    cache: Cache,
    limits: HttpLimits,
    network: Network,
    fresh_for: Duration,
}

impl Registry {
    pub(crate) fn new(
        config: Arc<NpmConfig>,
        limits: HttpLimits,
        cache: PathBuf,
        network: Network,
        fresh_for: Duration,
        extra_roots: Option<&Path>,
    ) -> Result<Self, NpmError> {
        Ok(Self {
            client: Client::new(Arc::clone(&config), limits, extra_roots)?,
            config,
            cache: Cache::new(cache, limits.document_bytes),
            limits,
            network,
            fresh_for,
        })
    }

    /// The document of a package: what was kept if it is fresh enough or all there is, otherwise
    /// what the registry says.
    pub(crate) fn document(&self, name: &str, form: DocumentForm) -> Result<Document, NpmError> {
        let name = checked(name)?;
        let name = name.as_str();
        let url = self.config.registry_url(name)?.package(name);
        let address = url.to_string();
        let authorization = self.config.credential(&url).map(|(_, c)| c.header());
        let key = Key {
            address: &address,
            form: form.name(),
            authorization,
        };
        // What cannot be read is as if it were not there, whatever its digest says.
        let kept = self.cache.get(&key);
        let kept = kept.and_then(|kept| Some((document::parse(name, &kept.body).ok()?, kept)));
        let answer = |json, freshness| Document {
            name: name.to_owned(),
            json,
            freshness,
        };
        let kept = match (kept, self.network) {
            (Some((json, _)), Network::Offline) => return Ok(answer(json, Freshness::Cached)),
            (None, Network::Offline) => {
                return Err(NpmError::Offline {
                    what: name.to_owned(),
                });
            }
            (Some((json, kept)), Network::Online) if kept.is_younger_than(self.fresh_for) => {
                return Ok(answer(json, Freshness::Cached));
            }
            (kept, Network::Online) => kept,
        };
        let request = Request {
            what: name,
            method: Method::Get,
            url,
            accept: form.accept(),
            etag: kept.as_ref().and_then(|(_, kept)| kept.etag.as_deref()),
            limit: self.limits.document_bytes,
        };
        match (self.client.send(&request), kept) {
            (Ok(Reply::Fresh { body, etag, .. }), _) => {
                let json = document::parse(name, &body)?;
                self.cache.put(&key, etag, &body)?;
                Ok(answer(json, Freshness::Live))
            }
            (Ok(Reply::NotModified), Some((json, kept))) => {
                self.cache.put(&key, kept.etag, &kept.body)?;
                Ok(answer(json, Freshness::Live))
            }
            (Ok(Reply::NotModified), None) => Err(NpmError::UnexpectedStatus {
                what: name.to_owned(),
                status: 304,
            }),
            (Err(NpmError::Network { .. } | NpmError::RateLimited { .. }), Some((json, _))) => {
                Ok(answer(json, Freshness::Cached))
            }
            (Err(error), _) => Err(error),
        }
    }

    /// The verified bytes of one version. They are not kept: npm's own cache does that.
    pub(crate) fn tarball(&self, name: &str, version: &str) -> Result<Tarball, NpmError> {
        let document = self.document(name, DocumentForm::Full)?;
        let dist = document::dist(name, version, &document.json)?;
        let id = format!("{name}@{version}");
        if self.network == Network::Offline {
            return Err(NpmError::Offline { what: id });
        }
        let url = Url::parse(&dist.tarball).map_err(|reason| NpmError::document(&id, reason))?;
        let request = Request {
            what: &id,
            method: Method::Get,
            url,
            accept: "application/octet-stream, */*; q=0.1",
            etag: None,
            limit: self.limits.tarball_bytes,
        };
        match self.client.send(&request)? {
            Reply::Fresh { body, .. } => match dist.integrity.check(&body) {
                Ok(()) => Ok(Tarball {
                    name: name.to_owned(),
                    version: version.to_owned(),
                    integrity: dist.integrity,
                    bytes: body,
                }),
                Err(actual) => Err(NpmError::IntegrityMismatch {
                    package: id,
                    expected: dist.integrity.to_string(),
                    actual,
                }),
            },
            Reply::NotModified => Err(NpmError::UnexpectedStatus {
                what: id,
                status: 304,
            }),
        }
    }

    /// How many bytes the tarball of a version has, where the registry says so without sending
    /// it. Its address is the one that npm registries agree on.
    pub(crate) fn tarball_size(&self, name: &str, version: &str) -> Option<u64> {
        if self.network == Network::Offline {
            return None;
        }
        checked(name).ok()?;
        let base = name.rsplit('/').next()?;
        let folder = self.config.registry_url(name).ok()?;
        let url = Url::parse(&format!("{folder}{name}/-/{base}-{version}.tgz")).ok()?;
        let request = Request {
            what: name,
            method: Method::Head,
            url,
            accept: "*/*",
            etag: None,
            limit: 0,
        };
        match self.client.send(&request) {
            Ok(Reply::Fresh { size, .. }) => size,
            Ok(Reply::NotModified) | Err(_) => None,
        }
    }
}

pub(crate) fn checked(name: &str) -> Result<PackageName, NpmError> {
    PackageName::new(name).map_err(|error| NpmError::request(&error.to_string()))
}
