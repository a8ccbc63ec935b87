//! What several tests need.

use plugin_registry::{
    Finding, Freshness, Manifest, PackageDocument, PackageVersions, Parsed, PluginRecord, SourceId,
};
use plugin_resolver::PackageName;
use serde_json::{Value, json};

pub(crate) fn name(text: &str) -> PackageName {
    text.parse().unwrap()
}

/// A package.json read, with `fields` over a minimal one.
pub(crate) fn manifest(fields: Value) -> Parsed<Manifest> {
    Manifest::from_npm(&package_json(fields), None).unwrap()
}

pub(crate) fn package_json(fields: Value) -> Value {
    let mut all = json!({"name": "@acme/plugin-x", "version": "1.2.3"});
    merge(&mut all, fields);
    all
}

fn merge(into: &mut Value, fields: Value) {
    for (name, value) in fields.as_object().unwrap() {
        into.as_object_mut()
            .unwrap()
            .insert(name.clone(), value.clone());
    }
}

/// A finding as `tag field`.
pub(crate) fn brief(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| format!("{} {}", finding.tag, finding.field))
        .collect()
}

/// npm's document of a package with these versions, each with these further fields.
pub(crate) fn document(name: &str, versions: &[(&str, Value)]) -> Value {
    let mut listed = serde_json::Map::new();
    for (version, fields) in versions {
        let mut release = json!({
            "name": name,
            "version": version,
            "dist": {"integrity": format!("sha512-{name}{version}"), "unpackedSize": 1000},
        });
        merge(&mut release, fields.clone());
        listed.insert((*version).to_owned(), release);
    }
    json!({"name": name, "versions": listed})
}

pub(crate) fn package(name: &str, document: Value) -> PackageDocument {
    PackageDocument {
        name: name.to_owned(),
        document,
        freshness: Freshness::Live,
    }
}

pub(crate) fn versions(name: &str, document: Value) -> Parsed<PackageVersions> {
    PackageVersions::from_document(&package(name, document)).unwrap()
}

/// A record as source `npm` says it.
pub(crate) fn record(name: &str, listed: &[(&str, Value)]) -> PluginRecord {
    let parsed = versions(name, document(name, listed));
    PluginRecord::from_package(&parsed.value, &SourceId("npm".to_owned()))
}
