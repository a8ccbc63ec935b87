//! npm's lock file: what npm is about to install, or has installed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::closure::request::ClosureRequest;
use crate::{Integrity, NpmError};

/// One place in the tree.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) version: String,
    integrity: Option<String>,
    pub(crate) optional: bool,
    bundled: bool,
}

/// The places of a lock file by their path.
#[derive(Debug)]
pub(crate) struct Lock {
    places: BTreeMap<String, Place>,
}

impl Lock {
    /// Reads a lock file and refuses what does not come from a registry with a digest.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, NpmError> {
        let bad = |reason: &str| NpmError::document("package-lock.json", reason);
        let json: Value = serde_json::from_slice(text).map_err(|e| bad(&e.to_string()))?;
        let packages = json
            .get("packages")
            .and_then(Value::as_object)
            .ok_or_else(|| bad("it has no packages"))?;
        let mut places = BTreeMap::new();
        for (path, entry) in packages.iter().filter(|(path, _)| !path.is_empty()) {
            let entry = entry
                .as_object()
                .ok_or_else(|| bad("an entry is no object"))?;
            places.insert(path.clone(), place(path, entry)?);
        }
        Ok(Self { places })
    }

    /// That what was asked for is there once, at its version and with its digest, and that all
    /// else can be verified. Gives the libraries whose digest is only SHA-1.
    pub(crate) fn verify(&self, request: &ClosureRequest) -> Result<BTreeSet<String>, NpmError> {
        for (name, pin) in &request.pins {
            let path = format!("node_modules/{name}");
            let found = self.places.get(&path);
            let differs = |found: String| NpmError::ClosureDiffers {
                package: name.clone(),
                planned: pin.version.clone(),
                found,
            };
            let place = found.ok_or_else(|| differs("nothing".to_owned()))?;
            if &place.name != name || place.version != pin.version {
                return Err(differs(format!("`{}@{}`", place.name, place.version)));
            }
            let id = format!("{name}@{}", pin.version);
            let integrity = place.integrity(&id)?;
            if !integrity.agrees_with(&pin.integrity) {
                return Err(NpmError::IntegrityMismatch {
                    package: id,
                    expected: pin.integrity.to_string(),
                    actual: integrity.to_string(),
                });
            }
            let mut others = self.places.iter().filter(|(at, _)| **at != path);
            if let Some((at, other)) = others.find(|(_, other)| &other.name == name) {
                return Err(differs(format!(
                    "a second copy `{}` at `{at}`",
                    other.version
                )));
            }
        }
        let mut weak = BTreeSet::new();
        for place in self.places.values().filter(|place| !place.bundled) {
            let id = format!("{}@{}", place.name, place.version);
            if place.is_weak() {
                weak.insert(id);
            } else {
                place.integrity(&id)?;
            }
        }
        Ok(weak)
    }

    /// The packages, without those that come inside another's tarball.
    pub(crate) fn packages(&self) -> impl Iterator<Item = &Place> {
        self.places.values().filter(|place| !place.bundled)
    }

    /// How many places there are.
    pub(crate) fn len(&self) -> u64 {
        self.places.len() as u64
    }
}

impl Place {
    fn integrity(&self, id: &str) -> Result<Integrity, NpmError> {
        let text = self.integrity.as_deref().unwrap_or_default();
        Integrity::parse(text).map_err(|reason| NpmError::Unverifiable {
            package: id.to_owned(),
            reason,
        })
    }

    /// Libraries from before 2017 have only SHA-1. npm checks it; it is reported, not relied on.
    fn is_weak(&self) -> bool {
        let text = self.integrity.as_deref().unwrap_or_default();
        let mut parts = text.split_ascii_whitespace();
        !text.is_empty() && parts.all(|part| part.starts_with("sha1-"))
    }
}

fn place(path: &str, entry: &Map<String, Value>) -> Result<Place, NpmError> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let flag = |key: &str| entry.get(key).and_then(Value::as_bool).unwrap_or_default();
    let last = path.rsplit("node_modules/").next().unwrap_or(path);
    let name = text("name").unwrap_or(last).to_owned();
    let foreign = |reason: &str| NpmError::Unverifiable {
        package: one_ontology::excerpt(&name, 214),
        reason: reason.to_owned(),
    };
    if flag("link") || !path.starts_with("node_modules/") {
        return Err(foreign("it is a link to a directory"));
    }
    let integrity = text("integrity").map(str::to_owned);
    match text("resolved") {
        _ if flag("inBundle") => {}
        // npm leaves the address out where it is the registry's.
        Some(from) if from.starts_with("git") => return Err(foreign("it comes from git")),
        Some(from) if from.starts_with("file:") => return Err(foreign("it comes from a file")),
        // npm from 11 on refuses these itself; older ones fetch them and note a digest of their own.
        Some(_) => return Err(foreign("it comes from an address outside the registry")),
        None => {}
    }
    Ok(Place {
        version: text("version").unwrap_or_default().to_owned(),
        name,
        integrity,
        optional: flag("optional"),
        bundled: flag("inBundle"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Lock;

    #[test]
    fn only_registries_are_places_to_come_from() {
        let check = |path: &str, entry: Value, refusal: Option<&str>| {
            let lock = json!({"packages": {"": {}, path: entry}});
            let said = Lock::parse(lock.to_string().as_bytes()).err();
            let said = said.map(|error| error.to_string()).unwrap_or_default();
            let fits = match refusal {
                Some(words) => said.contains(words),
                None => said.is_empty(),
            };
            assert!(fits, "{entry}: {said:?}");
        };
        let at = "node_modules/a";
        let from = |address: &str| json!({"resolved": address, "integrity": "sha512-AA=="});
        check(at, json!({"integrity": "sha512-AA=="}), None);
        check(at, json!({"inBundle": true}), None);
        check(at, from("git+ssh://git@h/r.git#c"), Some("from git"));
        check(at, from("file:../a"), Some("from a file"));
        // A digest of what was fetched just now proves nothing.
        check(at, from("https://h/a.tgz"), Some("outside the registry"));
        check(at, from("http://h/a.tgz"), Some("outside the registry"));
        check(at, json!({"link": true}), Some("a link"));
        check("../a", json!({}), Some("a link"));
    }
}
