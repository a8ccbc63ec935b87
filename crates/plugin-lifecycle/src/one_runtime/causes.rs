//! Which executions are deliveries.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use plugin_runtime_api::ExecutionId;

use crate::EventCause;

/// How many executions are remembered.
const KEPT: usize = 4096;

/// What was read of executions: it does not change while they run, and many of them ask often.
#[derive(Debug, Default)]
pub(super) struct Causes(Mutex<BTreeMap<ExecutionId, Option<EventCause>>>);

impl Causes {
    /// What is known of an execution.
    pub(super) fn of(&self, execution: ExecutionId) -> Option<Option<EventCause>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&execution).copied()
    }

    /// Keeps it; the oldest is forgotten, ids being ordered by time.
    pub(super) fn keep(&self, execution: ExecutionId, cause: Option<EventCause>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.pop_first();
        }
        kept.insert(execution, cause);
    }
}
