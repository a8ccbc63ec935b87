//! Results that may be used again.

use std::collections::BTreeMap;
use std::time::Duration;

use one_ontology::{Digest, Timestamp, canonical_json, vocabulary};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{AgentSeat, Call, Execution, Instance};

/// Which results are kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CachePolicy {
    /// How long a result is fresh: 5 min.
    pub fresh: Duration,
    /// How many results of an organisation are kept: 1,000, those that were used last.
    pub entries: usize,
    /// The largest output that is kept, as JSON: 64 KiB.
    pub entry_bytes: usize,
}

impl Default for CachePolicy {
    fn default() -> Self {
        Self {
            fresh: Duration::from_secs(300),
            entries: 1_000,
            entry_bytes: 64 << 10,
        }
    }
}

vocabulary! {
    /// Whether a caller takes the result of an earlier execution with the same input.
    closed Reuse ("`never`, `fresh` or `stale_on_failure`") {
        /// It is always run.
        Never = "never",
        /// One that is fresh is taken.
        Fresh = "fresh",
        /// One that is fresh is taken; an older one where it fails, or is held back by its breaker.
        StaleOnFailure = "stale_on_failure",
    }
}

vocabulary! {
    /// How old a result is.
    closed Freshness ("`fresh` or `stale`") {
        /// No older than results may be.
        Fresh = "fresh",
        /// Older.
        Stale = "stale",
    }
}

/// Says of an execution that it is an earlier one, whose result is used again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reused {
    /// When it ended.
    pub at: Timestamp,
    /// How old it is.
    pub freshness: Freshness,
    /// Why there is no newer one: how the present execution ended, or the tag of the error that
    /// kept it from running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
}

/// What a result belongs to: instance, version, settings, agent with its character and settings, component
/// and the whole input. After an update or a configuration it is another one, so that nothing old is found
/// by it, and nothing of another agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CacheKey(Digest);

impl CacheKey {
    /// The key of a call of an instance as it is, where it runs for an agent.
    #[must_use]
    pub fn of(instance: &Instance, call: &Call, seat: Option<&AgentSeat>) -> Self {
        let properties = &instance.properties;
        let parts = json!([
            instance.id,
            properties.version,
            properties.settings_revision,
            // Another one for each grant, character and settings.
            seat,
            call.kind,
            call.component,
            call.input,
        ]);
        Self(Digest::of(canonical_json(&parts).as_bytes()))
    }
}

/// The results of one organisation. Pure: time is an argument.
#[derive(Clone, Debug, Default)]
pub struct ResultCache {
    entries: BTreeMap<CacheKey, Entry>,
    /// The keys by when they were last used.
    used: BTreeMap<u64, CacheKey>,
    next: u64,
}

#[derive(Clone, Debug)]
struct Entry {
    execution: Execution,
    at: Timestamp,
    used: u64,
}

impl ResultCache {
    /// The result that is kept under a key, and how old it is.
    pub fn get(
        &mut self,
        key: &CacheKey,
        policy: &CachePolicy,
        now: Timestamp,
    ) -> Option<Execution> {
        let turn = self.turn();
        let entry = self.entries.get_mut(key)?;
        self.used.remove(&entry.used);
        entry.used = turn;
        self.used.insert(turn, *key);
        let freshness = if entry.at.plus(policy.fresh) > now {
            Freshness::Fresh
        } else {
            Freshness::Stale
        };
        let mut execution = entry.execution.clone();
        execution.reused = Some(Reused {
            at: entry.at,
            freshness,
            instead_of: None,
        });
        Some(execution)
    }

    /// Keeps a result in place of what is there, and lets go of those that were not used for the
    /// longest.
    pub fn put(
        &mut self,
        key: CacheKey,
        execution: Execution,
        policy: &CachePolicy,
        now: Timestamp,
    ) {
        let used = self.turn();
        let entry = Entry {
            execution,
            at: now,
            used,
        };
        if let Some(before) = self.entries.insert(key, entry) {
            self.used.remove(&before.used);
        }
        self.used.insert(used, key);
        while self.entries.len() > policy.entries {
            match self.used.pop_first() {
                Some((_, oldest)) => drop(self.entries.remove(&oldest)),
                None => break,
            }
        }
    }

    /// How many results are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn turn(&mut self) -> u64 {
        self.next = self.next.saturating_add(1);
        self.next
    }
}
