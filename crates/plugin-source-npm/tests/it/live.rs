//! The registry that this machine's npm is configured for, where it can be reached.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::executor::block_on;
use plugin_registry::{PackagePin, Reused, Silent, StageRequest};
use plugin_source_npm::{DocumentForm, NpmError, NpmOptions, NpmPlaces, NpmSource};
use tempfile::TempDir;

use crate::server::skip;

/// A very small package that has not changed for years.
const PACKAGE: &str = "isarray";
const VERSION: &str = "2.0.5";

#[test]
fn a_real_package_comes_from_the_real_registry() {
    let environment: BTreeMap<_, _> = std::env::vars_os()
        .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
        .collect();
    let what = "with the configured npm registry";
    let config = NpmPlaces::new(environment.clone()).config().unwrap();
    if !config.has_registry() {
        return skip(what, "npm is not on the path");
    }
    let directory = TempDir::new().unwrap();
    let mut options = NpmOptions::new(directory.path(), environment);
    options.limits.attempts = 2;
    options.limits.connect = Duration::from_secs(5);
    let source = NpmSource::new(config, options).unwrap();
    match journey(&source) {
        Ok(()) => {}
        Err(
            error @ (NpmError::Network { .. }
            | NpmError::RateLimited { .. }
            | NpmError::Unauthorized { .. }
            | NpmError::NpmTimedOut { .. }
            | NpmError::NpmUnavailable { .. }),
        ) => skip(what, &error.to_string()),
        Err(error) => panic!("{error}"),
    }
}

fn journey(source: &NpmSource) -> Result<(), NpmError> {
    let document = block_on(source.document(PACKAGE, DocumentForm::Full))?;
    let package = &document.json["versions"][VERSION];
    assert_eq!(package["name"], PACKAGE);
    let tarball = block_on(source.tarball(PACKAGE, VERSION))?;
    let integrity = tarball.integrity.to_string();
    assert_eq!(package["dist"]["integrity"], integrity.as_str());
    let request = StageRequest {
        packages: vec![PackagePin {
            name: PACKAGE.to_owned(),
            version: semver::Version::parse(VERSION).unwrap(),
            integrity: Some(integrity),
        }],
    };
    let estimate = block_on(source.estimate(&request))?;
    assert_eq!(estimate.packages, 1);
    assert!(estimate.unknown == 1 || estimate.download == tarball.bytes.len() as u64);
    let closure = block_on(source.closure(&request, &Silent))?;
    assert_eq!((closure.packages, closure.reused), (1, Reused::Fetched));
    Ok(())
}
