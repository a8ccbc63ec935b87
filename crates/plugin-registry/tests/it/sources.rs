//! Sources without a network.

use futures::executor::block_on;
use plugin_registry::{
    EmbeddedSource, Freshness, MemorySource, PackagePin, Progress, ProgressSink, Reused, Silent,
    Source, StageRequest, catalog_names,
};
use plugin_resolver::PackageName;
use semver::Version;
use serde_json::json;

use crate::support::{document, versions};

#[test]
fn every_embedded_document_is_read_without_an_error() {
    let source = EmbeddedSource::new();
    assert_eq!(source.as_of(), "2026-11-20");
    let names: Vec<&str> = source.names().collect();
    assert!(names.len() >= 40 && names.contains(&"@elizaos/core"));
    let mut releases = 0;
    for name in names {
        let document = block_on(source.package(name)).unwrap();
        assert_eq!(document.freshness, Freshness::Embedded);
        let parsed = versions(name, document.document);
        assert!(parsed.report.is_clean(), "{name}: {}", parsed.report);
        assert!(
            parsed.value.broken.is_empty() && !parsed.value.releases.is_empty(),
            "{name}"
        );
        releases += parsed.value.releases.len();
        let pinned = parsed
            .value
            .releases
            .values()
            .all(|r| r.manifest.integrity.is_some());
        assert!(pinned, "{name}");
    }
    assert!(releases >= 200, "{releases}");
}

#[test]
fn the_embedded_facts_are_the_known_ones() {
    let source = EmbeddedSource::new();
    let read = |name: &str| versions(name, block_on(source.package(name)).unwrap().document).value;
    let knowledge = read("@elizaos/plugin-knowledge");
    let latest = knowledge.latest().unwrap();
    assert_eq!(latest.manifest.version, Version::new(1, 6, 1));
    assert_eq!(
        latest.manifest.core.as_ref().unwrap().spec.to_string(),
        "^1.7.0"
    );
    assert!(
        latest
            .manifest
            .parameters
            .iter()
            .any(|p| p.name == "OPENAI_API_KEY")
    );
    assert!(latest.report.is_clean() || !latest.report.warnings.is_empty());
    let edge_tts = read("@elizaos/plugin-edge-tts");
    assert!(!edge_tts.latest().unwrap().manifest.installable.is_yes());
    assert_eq!(read("@elizaos/core").releases.len(), 54);
    assert_eq!(
        block_on(source.package("nope")).unwrap_err().tag(),
        "SourceNotFound"
    );
}

#[test]
fn the_embedded_source_stages_nothing_and_says_why() {
    let request = StageRequest {
        packages: vec![pin("@elizaos/core", "1.7.2", None)],
    };
    let error = block_on(EmbeddedSource::new().stage(&request, &Silent)).unwrap_err();
    assert_eq!(error.tag(), "SourceUnavailable");
    assert!(error.to_string().contains("@elizaos/core@1.7.2"), "{error}");
}

#[test]
fn the_names_of_the_catalog_are_names_sorted_and_once() {
    let names: Vec<&str> = catalog_names().collect();
    assert!((40..=60).contains(&names.len()), "{}", names.len());
    assert!(names.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(names.iter().all(|name| name.parse::<PackageName>().is_ok()));
    assert!(
        names.contains(&"@elizaos/plugin-knowledge")
            && names.contains(&"@elizaos/plugin-bootstrap")
    );
    assert!(!names.contains(&"@elizaos/core"));
}

fn pin(name: &str, version: &str, integrity: Option<&str>) -> PackagePin {
    PackagePin {
        name: name.to_owned(),
        version: version.parse().unwrap(),
        integrity: integrity.map(str::to_owned),
    }
}

#[derive(Debug, Default)]
struct Heard(std::sync::Mutex<Vec<Progress>>);

impl ProgressSink for Heard {
    fn report(&self, progress: Progress) {
        self.0.lock().unwrap().push(progress);
    }
}

#[test]
fn the_memory_source_stages_what_is_asked_for_once() {
    let source = MemorySource::new("memory")
        .with("a", document("a", &[("1.0.0", json!({}))]))
        .with("b", document("b", &[("2.0.0", json!({}))]));
    let packages = vec![
        pin("a", "1.0.0", Some("sha512-a1.0.0")),
        pin("b", "2.0.0", Some("sha512-b2.0.0")),
    ];
    let heard = Heard::default();
    let request = StageRequest {
        packages: packages.clone(),
    };
    let first = block_on(source.stage(&request, &heard)).unwrap();
    assert_eq!(
        (first.reused, first.packages, first.bytes),
        (Reused::Fetched, 2, 2000)
    );
    assert_eq!(heard.0.lock().unwrap().len(), 1);
    let turned = StageRequest {
        packages: packages.into_iter().rev().collect(),
    };
    let again = block_on(source.clone().stage(&turned, &Silent)).unwrap();
    assert_eq!(
        (again.reused, again.digest),
        (Reused::Reused, first.digest.clone())
    );
    assert_eq!(first.digest.len(), 64);

    let refused = |pin: PackagePin| {
        block_on(source.stage(
            &StageRequest {
                packages: vec![pin],
            },
            &Silent,
        ))
        .unwrap_err()
        .tag()
    };
    assert_eq!(refused(pin("a", "1.0.1", None)), "SourceNotFound");
    assert_eq!(refused(pin("c", "1.0.0", None)), "SourceNotFound");
    assert_eq!(
        refused(pin("a", "1.0.0", Some("sha512-other"))),
        "IntegrityMismatch"
    );
    assert_eq!(refused(pin("a", "1.0.0", None)), "IntegrityMismatch");
}
