//! What it takes to hold the ranges of a case against the versions they are about.
//!
//! A search ends with its budget; what comes before it grows with the product of ranges and versions, so that is bounded too.

use std::collections::{BTreeMap, BTreeSet};

use super::resolve::{Case, published};
use crate::Spec;

/// The most comparisons of versions that a case may take: about a second.
pub(super) const MOST: usize = 1 << 27;

/// How many comparisons of versions a case takes at most. Each text about one package is looked at once.
pub(super) fn of(case: &Case<'_>) -> usize {
    let versions: BTreeMap<&str, usize> = case
        .packages
        .iter()
        .map(|(name, releases)| (name, releases.iter().count()))
        .collect();
    let releases = case
        .packages
        .iter()
        .flat_map(|(_, releases)| releases.iter());
    let needs: BTreeSet<(&str, &str)> = releases
        .flat_map(|(_, needs)| needs.iter())
        .chain(case.root.iter())
        .map(|(name, text)| (name, text.as_str()))
        .collect();
    let toil = needs.into_iter().map(|(name, text)| {
        let (target, comparators) = match published(text) {
            Ok(Spec::Alias { name, spec }) => (versions.get(name.as_str()), weight(&spec)),
            Ok(spec) => (versions.get(name), weight(&spec)),
            Err(_) => (None, 0),
        };
        target.map_or(0, |count| count.saturating_mul(comparators))
    });
    toil.fold(0, usize::saturating_add)
}

fn weight(spec: &Spec) -> usize {
    match spec {
        Spec::Range(range) => range.comparator_count().max(1),
        _ => 0,
    }
}
