//! An exact list of packages, in one canonical form.

use std::collections::BTreeMap;

use plugin_registry::StageRequest;
use serde_json::{Map, Value, json};

use crate::closure::OptionalPackages;
use crate::integrity::sha256_hex;
use crate::registry::checked;
use crate::{Integrity, NpmError};

/// Most packages of one request; a runtime has a few.
const MAX_PACKAGES: usize = 1000;

/// One package, exactly.
#[derive(Clone, Debug)]
pub(crate) struct Pin {
    pub(crate) version: String,
    pub(crate) integrity: Integrity,
}

/// What a closure is of. The same list in any order is the same closure.
// INVARIANT: not empty; names are npm's, versions exact.
#[derive(Clone, Debug)]
pub(crate) struct ClosureRequest {
    pub(crate) pins: BTreeMap<String, Pin>,
    pub(crate) optional: OptionalPackages,
}

impl ClosureRequest {
    pub(crate) fn new(stage: &StageRequest, optional: OptionalPackages) -> Result<Self, NpmError> {
        if stage.packages.is_empty() || stage.packages.len() > MAX_PACKAGES {
            let reason = format!("it names {} packages", stage.packages.len());
            return Err(NpmError::request(&reason));
        }
        let mut pins = BTreeMap::new();
        for pin in &stage.packages {
            let name = checked(&pin.name)?;
            let id = format!("{name}@{}", pin.version);
            let text = pin.integrity.as_deref().unwrap_or_default();
            let integrity = Integrity::parse(text).map_err(|reason| NpmError::Unverifiable {
                package: id,
                reason,
            })?;
            let version = pin.version.to_string();
            let earlier = pins.insert(name.to_string(), Pin { version, integrity });
            if earlier.is_some() {
                return Err(NpmError::request(&format!("it names `{name}` twice")));
            }
        }
        Ok(Self { pins, optional })
    }

    /// The lower-case hexadecimal SHA-256 of the canonical list.
    pub(crate) fn digest(&self) -> String {
        let mut text = format!("npm closure 1\noptional {}\n", self.optional.name());
        for (name, pin) in &self.pins {
            text.push_str(&format!("{name}@{} {}\n", pin.version, pin.integrity));
        }
        sha256_hex(text.as_bytes())
    }

    /// The package.json that makes npm install exactly this: each package at its version,
    /// wherever in the tree it is asked for.
    pub(crate) fn package_json(&self) -> String {
        let versions: Map<String, Value> = self
            .pins
            .iter()
            .map(|(name, pin)| (name.clone(), Value::from(pin.version.as_str())))
            .collect();
        let package = json!({
            "name": "closure",
            "version": "0.0.0",
            "private": true,
            "dependencies": versions,
            "overrides": versions,
        });
        format!("{package:#}\n")
    }
}
