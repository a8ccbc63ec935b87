//! Asking a source for the records of a few plugins.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use futures::stream;
use plugin_resolver::PackageName;

use super::PluginRecord;
use crate::{Freshness, PackageVersions, RegistryError, Report, Source};

/// How many documents are fetched at once.
const AT_ONCE: usize = 16;

/// What a source said of a few plugins.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Gathered {
    /// Their records, by name.
    pub records: Vec<PluginRecord>,
    /// What was odd about each document.
    pub reports: BTreeMap<PackageName, Report>,
    /// Those it said nothing usable of, and why; each costs only itself.
    pub skipped: BTreeMap<PackageName, RegistryError>,
    /// How many documents were how fresh: live, cached, embedded.
    pub freshness: BTreeMap<PackageName, Freshness>,
}

/// Asks a source for the documents of `names`, at most 16 at once, and makes their records.
///
/// # Errors
/// The first (by name) `NetworkError` or `RegistryUnavailable` when no name at all got an answer.
pub async fn gather(source: &dyn Source, names: &[PackageName]) -> Result<Gathered, RegistryError> {
    let id = source.id();
    let answers: BTreeMap<PackageName, _> = stream::iter(names.iter().cloned())
        .map(|name| async move {
            let answer = source.package(name.as_str()).await;
            (name, answer)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut gathered = Gathered::default();
    for (name, answer) in answers {
        let parsed = answer
            .map_err(|error| RegistryError::of_source(&id.0, &error))
            .and_then(|document| {
                let parsed = PackageVersions::from_document(&document)?;
                Ok((document.freshness, parsed))
            });
        match parsed {
            Ok((freshness, parsed)) => {
                let record = PluginRecord::from_package(&parsed.value, &id);
                gathered.records.push(record.as_fresh(freshness));
                gathered.reports.insert(name.clone(), parsed.report);
                gathered.freshness.insert(name, freshness);
            }
            Err(error) => {
                gathered.skipped.insert(name, error);
            }
        }
    }
    let unanswered = |error: &&RegistryError| {
        matches!(
            error,
            RegistryError::NetworkError { .. } | RegistryError::RegistryUnavailable { .. }
        )
    };
    if gathered.records.is_empty()
        && gathered.skipped.values().all(|error| unanswered(&error))
        && let Some(error) = gathered.skipped.values().next()
    {
        return Err(error.clone());
    }
    Ok(gathered)
}
