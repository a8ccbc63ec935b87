//! A package's document: parsed with bounds, checked to be the one that was asked for.

use plugin_registry::Freshness;
use serde_json::Value;

use crate::{Integrity, NpmError};

/// Which of npm's two documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentForm {
    /// Everything: each version's whole package.json, the readme, the times.
    Full,
    /// What resolving needs. Some registries answer with the full form all the same.
    Abbreviated,
}

impl DocumentForm {
    pub(crate) const fn accept(self) -> &'static str {
        match self {
            Self::Full => "application/json",
            Self::Abbreviated => {
                "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8"
            }
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Abbreviated => "abbreviated",
        }
    }
}

/// A package's document as its registry has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The package.
    pub name: String,
    /// The document: an object with this `name` and with `versions`, an object. All else in it is unchecked.
    pub json: Value,
    /// Whether the registry said so just now.
    pub freshness: Freshness,
}

/// Reads a document. Nesting beyond 127 levels is refused, of doubled keys the last counts, and
/// `__proto__` is a key like any other.
pub(crate) fn parse(name: &str, body: &[u8]) -> Result<Value, NpmError> {
    let json: Value = serde_json::from_slice(body)
        .map_err(|error| NpmError::document(name, &format!("it is no JSON: {error}")))?;
    match json.get("name").and_then(Value::as_str) {
        Some(found) if found == name => {}
        Some(found) => {
            let reason = format!("it is about `{}`", one_ontology::excerpt(found, 64));
            return Err(NpmError::document(name, &reason));
        }
        None => return Err(NpmError::document(name, "it has no name")),
    }
    if !json.get("versions").is_some_and(Value::is_object) {
        return Err(NpmError::document(name, "it has no versions"));
    }
    Ok(json)
}

/// Where a version's tarball is and what it must be.
#[derive(Debug)]
pub(crate) struct Dist {
    pub(crate) tarball: String,
    pub(crate) integrity: Integrity,
}

/// What the document says about the bytes of one version.
pub(crate) fn dist(name: &str, version: &str, json: &Value) -> Result<Dist, NpmError> {
    let id = format!("{name}@{version}");
    let entry = json
        .get("versions")
        .and_then(|versions| versions.get(version))
        .ok_or_else(|| NpmError::VersionNotFound {
            package: name.to_owned(),
            version: one_ontology::excerpt(version, 64),
        })?;
    let text = |field: &str| entry.get("dist")?.get(field)?.as_str();
    let tarball = text("tarball")
        .ok_or_else(|| NpmError::document(&id, "it does not say where the tarball is"))?;
    let integrity = match (text("integrity"), text("shasum")) {
        (Some(integrity), _) => Integrity::parse(integrity),
        (None, Some(_)) => Err("it has only sha1, which proves nothing".to_owned()),
        (None, None) => Err("it has none".to_owned()),
    };
    Ok(Dist {
        tarball: tarball.to_owned(),
        integrity: integrity.map_err(|reason| NpmError::Unverifiable {
            package: id,
            reason,
        })?,
    })
}
