//! The registry that this machine's npm is configured for, where it can be reached.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use plugin_registry::{PackagePin, PackageSymbols, Reused, Silent, StageRequest};
use plugin_source_npm::{DocumentForm, NpmError, NpmOptions, NpmPlaces, NpmSource};
use tempfile::TempDir;

use crate::server::skip;

/// A very small package that has not changed for years.
const PACKAGE: &str = "isarray";
const VERSION: &str = "2.0.5";

#[test]
fn a_real_package_comes_from_the_real_registry() {
    with_the_real_registry("with the configured npm registry", journey);
}

#[test]
fn the_names_of_real_packages_are_read() {
    with_the_real_registry("names of real packages", names);
}

/// Runs `test`, or says that it did not run because the registry cannot be reached.
fn with_the_real_registry(what: &str, test: fn(&Arc<NpmSource>) -> Result<(), NpmError>) {
    let environment: BTreeMap<_, _> = std::env::vars_os()
        .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
        .collect();
    let config = NpmPlaces::new(environment.clone()).config().unwrap();
    if !config.has_registry() {
        return skip(what, "npm is not on the path");
    }
    let directory = TempDir::new().unwrap();
    let mut options = NpmOptions::new(directory.path(), environment);
    options.limits.attempts = 2;
    options.limits.connect = Duration::from_secs(5);
    let source = Arc::new(NpmSource::new(config, options).unwrap());
    match test(&source) {
        Err(
            error @ (NpmError::Network { .. }
            | NpmError::RateLimited { .. }
            | NpmError::Unauthorized { .. }
            | NpmError::NpmTimedOut { .. }
            | NpmError::NpmUnavailable { .. }),
        ) => skip(what, &error.to_string()),
        result => result.unwrap(),
    }
}

/// Failures that no declared range predicts, found by comparing what one package imports with what another exports.
fn names(source: &Arc<NpmSource>) -> Result<(), NpmError> {
    let read = |name: &str, version: &str| {
        let files = block_on(source.files(name, version))?;
        Ok::<_, NpmError>(plugin_symbols::read_symbols(&files).value)
    };
    let meets = |plugin: &PackageSymbols, core: &PackageSymbols| {
        let imports = plugin.imports.iter();
        let of_core: Vec<_> = imports
            .filter(|import| import.package.as_str() == "@elizaos/core")
            .collect();
        assert!(!of_core.is_empty());
        of_core.into_iter().all(|import| core.meets(import))
    };
    let core = read("@elizaos/core", "1.7.2")?;
    let mcp = read("@elizaos/plugin-mcp", "1.8.2")?;
    assert!(!meets(&mcp, &core));
    assert!(meets(&mcp, &read("@elizaos/core", "1.7.3-alpha.4")?));
    let coingecko = read("@elizaos/plugin-coingecko", "1.0.1")?;
    assert!(!meets(&coingecko, &core));
    assert!(meets(&coingecko, &read("@elizaos/core", "1.0.20")?));
    assert!(meets(&read("@elizaos/plugin-knowledge", "1.6.1")?, &core));
    Ok(())
}

fn journey(source: &Arc<NpmSource>) -> Result<(), NpmError> {
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
