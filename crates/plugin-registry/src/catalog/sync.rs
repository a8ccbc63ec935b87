//! Bringing the catalog up to date.

use std::collections::BTreeMap;

use one_ontology::{Embedding, IdSource, Receipt, Scope, Store, StoreError, Timestamp, Violations};
use plugin_resolver::PackageName;

use super::PluginRecord;
use super::plan::{SyncCounts, plan_sync};
use super::rows::CatalogRows;
use crate::Embedder;

/// How often it is decided anew when somebody else writes at the same time.
const ATTEMPTS: u32 = 5;

/// How many texts are embedded at once.
const TEXTS_AT_ONCE: usize = 64;

/// What a sync did.
#[derive(Debug)]
#[non_exhaustive]
pub struct SyncOutcome {
    /// How many plugins were made, changed and left alone.
    pub counts: SyncCounts,
    /// Plugins that cannot be stored, and why.
    pub rejected: BTreeMap<PackageName, Violations>,
    /// How many passages got a vector.
    pub embedded: usize,
    /// How many passages should have a vector and go without until a later sync, because the
    /// embedder gave none.
    pub not_embedded: usize,
    /// The receipts; empty when there was nothing to write.
    pub receipts: Vec<Receipt>,
}

/// Reads the catalog of `scope`, decides what to write and writes it.
///
/// # Behavior
/// The same records a second time write nothing. When somebody else writes at the same time it
/// is decided anew, at most 5 times. Each change set is whole; after an error the ones before it
/// stay, and the next sync does the rest.
///
/// # Errors
/// The store's.
pub async fn sync(
    store: &dyn Store,
    scope: &Scope,
    incoming: &[PluginRecord],
    embedder: Option<&dyn Embedder>,
    ids: &dyn IdSource,
    now: Timestamp,
) -> Result<SyncOutcome, StoreError> {
    let mut receipts = Vec::new();
    let mut counts: Option<SyncCounts> = None;
    let (mut embedded, mut not_embedded) = (0, 0);
    let mut attempt = 1;
    loop {
        let existing = CatalogRows::load(store, scope).await?;
        let model = embedder.map(Embedder::model);
        let plan = plan_sync(scope, &existing, incoming, model, now);
        // Of the first attempt: what later ones find done was done by this sync or by another.
        let counts = *counts.get_or_insert_with(|| plan.counts());
        let rejected = plan.rejected().clone();
        let vectors = embed(embedder, &plan.texts()).await;
        let with_vector = vectors.iter().flatten().count();
        let without = vectors.len() - with_vector;
        let sets = plan.change_sets(scope, vectors, ids, now);
        let mut failed = None;
        for set in sets {
            match store.commit(set).await {
                Ok(receipt) => receipts.push(receipt),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        match failed {
            None => {
                embedded += with_vector;
                not_embedded += without;
                return Ok(SyncOutcome {
                    counts,
                    rejected,
                    embedded,
                    not_embedded,
                    receipts,
                });
            }
            Some(
                StoreError::Stale { .. }
                | StoreError::AlreadyExists { .. }
                | StoreError::NotFound { .. },
            ) if attempt < ATTEMPTS => attempt += 1,
            Some(error) => return Err(error),
        }
    }
}

/// A vector for each text, where the embedder gives one that holds.
async fn embed(embedder: Option<&dyn Embedder>, texts: &[String]) -> Vec<Option<Embedding>> {
    let Some(embedder) = embedder else {
        return Vec::new();
    };
    let mut vectors = Vec::with_capacity(texts.len());
    for part in texts.chunks(TEXTS_AT_ONCE) {
        let answer = embedder.embed(part).await.unwrap_or_default();
        let mut answer = answer.into_iter();
        vectors.extend(part.iter().map(|_| {
            let values = answer.next()?;
            let sound = values.len() == embedder.dimension() && values.iter().any(|v| *v != 0.0);
            sound
                .then(|| Embedding::new(embedder.model(), values).ok())
                .flatten()
        }));
    }
    vectors
}
