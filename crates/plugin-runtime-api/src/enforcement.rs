//! What an executor can really enforce.

use std::collections::BTreeMap;

use one_ontology::vocabulary;
use serde::{Deserialize, Serialize};

vocabulary! {
    /// How far an executor keeps plugin code in.
    closed IsolationLevel ("`none`, `degraded` or `strict`") {
        /// For development: one organisation, no real secrets.
        None = "none",
        /// Some barriers are missing, each named by the configuration that allows it.
        Degraded = "degraded",
        /// Every barrier stands.
        Strict = "strict",
        /// The code is the host's own and needs no barrier.
        Trusted = "trusted",
    }
}

vocabulary! {
    /// Something that keeps plugin code in.
    closed Barrier ("a barrier") {
        /// A bound on all memory, not only on the JavaScript heap.
        Memory = "memory",
        /// A bound on time that the code inside cannot delay.
        Time = "time",
        /// A bound on processor use.
        Processor = "processor",
        /// No files but its own.
        Files = "files",
        /// No network but through the host.
        Network = "network",
        /// No other processes.
        Processes = "processes",
        /// Nothing of the host's environment variables.
        Environment = "environment",
    }
}

/// What an executor found that it can enforce for an engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enforcement {
    /// The level these barriers amount to.
    pub level: IsolationLevel,
    /// The barriers that stand, each with its mechanism: `rlimit_data`. What is not here is not
    /// enforced.
    pub barriers: BTreeMap<Barrier, String>,
}

impl Enforcement {
    /// The barriers that do not stand.
    #[must_use]
    pub fn missing(&self) -> Vec<Barrier> {
        Barrier::ALL
            .iter()
            .filter(|barrier| !self.barriers.contains_key(barrier))
            .copied()
            .collect()
    }
}
