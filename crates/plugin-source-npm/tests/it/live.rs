//! The registry that this machine's npm is configured for, where it can be reached.

use std::time::Duration;

use futures::executor::block_on;
use plugin_registry::{PackagePin, Reused, Silent, StageRequest};
use plugin_source_npm::{DocumentForm, NpmOptions, NpmPlaces, NpmSource};
use tempfile::TempDir;

/// A very small package that has not changed for years.
const PACKAGE: &str = "isarray";
const VERSION: &str = "2.0.5";

#[test]
fn a_real_package_comes_from_the_real_registry() {
    let environment = std::env::vars_os()
        .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
        .collect::<std::collections::BTreeMap<_, _>>();
    let skip = |why: &str| eprintln!("SKIPPED: the configured npm registry: {why}");
    let config = match NpmPlaces::new(environment.clone()).config() {
        Ok(config) if config.has_registry() => config,
        Ok(_) => return skip("npm cannot be asked for its registry"),
        Err(error) => return skip(&error.to_string()),
    };
    let directory = TempDir::new().unwrap();
    let mut options = NpmOptions::new(directory.path(), environment);
    options.limits.attempts = 2;
    options.limits.connect = Duration::from_secs(5);
    let source = NpmSource::new(config, options).unwrap();
    let document = match block_on(source.document(PACKAGE, DocumentForm::Full)) {
        Ok(document) => document,
        Err(error) => return skip(&error.to_string()),
    };
    let package = &document.json["versions"][VERSION];
    assert_eq!(package["name"], PACKAGE);
    let tarball = block_on(source.tarball(PACKAGE, VERSION)).unwrap();
    assert_eq!(
        tarball.integrity.to_string(),
        package["dist"]["integrity"].as_str().unwrap()
    );
    let request = StageRequest {
        packages: vec![PackagePin {
            name: PACKAGE.to_owned(),
            version: semver::Version::parse(VERSION).unwrap(),
            integrity: Some(tarball.integrity.to_string()),
        }],
    };
    let estimate = block_on(source.estimate(&request)).unwrap();
    assert_eq!(estimate.packages, 1);
    assert!(estimate.unknown == 1 || estimate.download == tarball.bytes.len() as u64);
    let closure = block_on(source.closure(&request, &Silent)).unwrap();
    assert_eq!((closure.packages, closure.reused), (1, Reused::Fetched));
}
