//! Facts of real packages that are part of the program.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    Freshness, PackageDocument, ProgressSink, Source, SourceError, SourceId, StageRequest, Staged,
};

/// The facts; the format is described in `data/README.md`.
const SNAPSHOT: &str = include_str!("../../data/snapshot.json");

/// The names of the demonstration catalog.
const NAMES: &str = include_str!("../../data/names.txt");

/// The newest format that is known.
const FORMAT: u64 = 1;

static READ: LazyLock<Result<Snapshot, String>> = LazyLock::new(|| {
    let snapshot: Snapshot = serde_json::from_str(SNAPSHOT).map_err(|error| error.to_string())?;
    if snapshot.format == FORMAT {
        Ok(snapshot)
    } else {
        Err(format!("it has format {}", snapshot.format))
    }
});

/// Real catalog facts for when no registry can be reached: searching and planning work, fetching
/// does not, since no package's bytes are part of the program.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmbeddedSource;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Snapshot {
    format: u64,
    as_of: String,
    packages: BTreeMap<String, Package>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Package {
    description: Option<String>,
    license: Option<String>,
    repository: Option<String>,
    #[serde(default)]
    keywords: Vec<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    configured: Option<Configured>,
    versions: BTreeMap<String, Version>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Configured {
    version: String,
    agent_config: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Version {
    #[serde(default)]
    needs: Map<String, Value>,
    #[serde(default)]
    peers: Map<String, Value>,
    #[serde(default)]
    peers_meta: Map<String, Value>,
    #[serde(default)]
    optional: Map<String, Value>,
    #[serde(default)]
    engines: Map<String, Value>,
    integrity: Option<String>,
    size: Option<u64>,
    deprecated: Option<String>,
}

impl EmbeddedSource {
    /// What its records are marked with.
    pub const ID: &'static str = "embedded";

    /// The source.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }

    /// The day the facts are of: `2026-11-20`.
    #[must_use]
    pub fn as_of(&self) -> &'static str {
        READ.as_ref().map_or("", |snapshot| snapshot.as_of.as_str())
    }

    /// Every package it has, sorted; `@elizaos/core` is among them.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        READ.iter()
            .flat_map(|snapshot| snapshot.packages.keys().map(String::as_str))
    }
}

/// The names of the plugins of the demonstration catalog, sorted: where a live sync begins.
pub fn catalog_names() -> impl Iterator<Item = &'static str> {
    NAMES
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[async_trait]
impl Source for EmbeddedSource {
    fn id(&self) -> SourceId {
        SourceId(Self::ID.to_owned())
    }

    async fn package(&self, name: &str) -> Result<PackageDocument, SourceError> {
        let snapshot = READ
            .as_ref()
            .map_err(|reason| SourceError::malformed("the embedded catalog", reason))?;
        let package = snapshot
            .packages
            .get(name)
            .ok_or_else(|| SourceError::NotFound {
                what: one_ontology::excerpt(name, 214),
            })?;
        Ok(PackageDocument {
            name: name.to_owned(),
            document: document(name, package),
            freshness: Freshness::Embedded,
        })
    }

    async fn stage(
        &self,
        request: &StageRequest,
        _progress: &dyn ProgressSink,
    ) -> Result<Staged, SourceError> {
        let first = request.packages.first();
        Err(SourceError::Unavailable {
            what: first.map_or_else(String::new, |pin| format!("{}@{}", pin.name, pin.version)),
            reason: "only facts of packages are part of this program, not the packages; a registry has to be reachable"
                .to_owned(),
        })
    }
}

/// npm's package document with what is known.
fn document(name: &str, package: &Package) -> Value {
    let mut versions = Map::new();
    for (number, version) in &package.versions {
        let mut release = Map::new();
        release.insert("name".to_owned(), name.into());
        release.insert("version".to_owned(), number.as_str().into());
        let texts = [
            ("description", &package.description),
            ("license", &package.license),
            ("repository", &package.repository),
            ("deprecated", &version.deprecated),
        ];
        for (field, text) in texts {
            if let Some(text) = text {
                release.insert(field.to_owned(), text.as_str().into());
            }
        }
        if !package.keywords.is_empty() {
            release.insert("keywords".to_owned(), json!(package.keywords));
        }
        let objects = [
            ("dependencies", &version.needs),
            ("peerDependencies", &version.peers),
            ("peerDependenciesMeta", &version.peers_meta),
            ("optionalDependencies", &version.optional),
            ("engines", &version.engines),
        ];
        for (field, object) in objects {
            if !object.is_empty() {
                release.insert(field.to_owned(), Value::Object(object.clone()));
            }
        }
        if let Some(configured) = &package.configured
            && configured.version == *number
        {
            release.insert("agentConfig".to_owned(), configured.agent_config.clone());
        }
        let mut dist = Map::new();
        if let Some(integrity) = &version.integrity {
            dist.insert("integrity".to_owned(), integrity.as_str().into());
        }
        if let Some(size) = version.size {
            dist.insert("unpackedSize".to_owned(), size.into());
        }
        release.insert("dist".to_owned(), Value::Object(dist));
        versions.insert(number.clone(), Value::Object(release));
    }
    json!({"name": name, "dist-tags": package.tags, "versions": versions})
}
