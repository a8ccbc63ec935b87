//! What is under way on an instance, and how it fares.

use one_ontology::{Timestamp, vocabulary};
use plugin_runtime_api::{ComponentKind, ComponentName, ExecutionId, Fence};
use serde::{Deserialize, Serialize};

use crate::{
    Breaker, ChangePart, CommandKind, ExecutionLease, PendingOperation, Phase, PhaseKind,
    PluginInstance, Policy,
};

vocabulary! {
    /// Whether whoever drives something may still live.
    closed Driver ("`alive` or `silent`") {
        /// Its lease runs.
        Alive = "alive",
        /// Its lease has run out: whoever recovers goes on with it, or ends it.
        Silent = "silent",
    }
}

impl Driver {
    pub(super) fn of(lease_until: Timestamp, now: Timestamp) -> Self {
        if lease_until > now {
            Self::Alive
        } else {
            Self::Silent
        }
    }
}

/// The operation under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationStatus {
    /// Which command began it.
    pub command: CommandKind,
    /// What is left to do of it; none in rows that an older version wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<PhaseKind>,
    /// How far a change of version is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<ChangePart>,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// How many there may be.
    pub attempts_at_most: u32,
    /// When it began.
    pub began: Timestamp,
    /// Until when its driver may be silent.
    pub lease_until: Timestamp,
    /// The fence it acts under.
    pub fence: Fence,
    /// Whether its driver may live.
    pub driver: Driver,
}

impl OperationStatus {
    pub(super) fn of(operation: &PendingOperation, policy: &Policy, now: Timestamp) -> Self {
        let phase = operation.phase.as_ref();
        Self {
            command: operation.command,
            phase: phase.map(Phase::kind),
            part: phase.and_then(|phase| match phase {
                Phase::Change(change) => Some(change.part),
                Phase::Fetch(_) | Phase::Start | Phase::Drain | Phase::Remove => None,
            }),
            attempt: operation.attempt,
            attempts_at_most: policy.operation_attempts,
            began: operation.began,
            lease_until: operation.lease_until,
            fence: operation.fence,
            driver: Driver::of(operation.lease_until, now),
        }
    }
}

/// An execution under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionStatus {
    /// Which.
    pub execution: ExecutionId,
    /// What kind of component.
    pub kind: ComponentKind,
    /// Which component.
    pub component: ComponentName,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// When it began.
    pub began: Timestamp,
    /// When it must have ended.
    pub lease_until: Timestamp,
    /// Whether its driver may live.
    pub driver: Driver,
    /// When somebody asked for its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_asked: Option<Timestamp>,
}

impl ExecutionStatus {
    pub(super) fn of(execution: ExecutionId, lease: &ExecutionLease, now: Timestamp) -> Self {
        Self {
            execution,
            kind: lease.kind,
            component: lease.component.clone(),
            attempt: lease.attempt,
            began: lease.began,
            lease_until: lease.lease_until,
            driver: Driver::of(lease.lease_until, now),
            cancel_asked: lease.cancel_asked,
        }
    }
}

vocabulary! {
    /// Whether executions are held back for those that failed.
    closed BreakerState ("`closed`, `open` or `half_open`") {
        /// All are let through.
        Closed = "closed",
        /// None is let through.
        Open = "open",
        /// A few are tried.
        HalfOpen = "half_open",
    }
}

/// How the breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerStatus {
    /// Its state at the moment of the status.
    pub state: BreakerState,
    /// When one that is open lets some through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
}

impl BreakerStatus {
    pub(super) fn of(breaker: &Breaker, now: Timestamp) -> Self {
        let retry_at = breaker.until();
        let state = match retry_at {
            None => BreakerState::Closed,
            Some(until) if until > now => BreakerState::Open,
            Some(_) => BreakerState::HalfOpen,
        };
        Self { state, retry_at }
    }
}

/// Recent errors, and how many there may be before the instance is suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorStatus {
    /// How many in a row.
    pub in_a_row: u32,
    /// How many in a row suspend it.
    pub in_a_row_at_most: u32,
    /// How many within the window.
    pub in_window: u32,
    /// How many within the window suspend it.
    pub in_window_at_most: u32,
    /// How long the window is, in seconds.
    pub window_s: u64,
    /// When the last was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
}

impl ErrorStatus {
    pub(super) fn of(instance: &PluginInstance, policy: &Policy, now: Timestamp) -> Self {
        let start = now.minus(policy.error_window);
        let recent = instance.errors.recent.iter().filter(|at| **at > start);
        Self {
            in_a_row: instance.errors.in_a_row,
            in_a_row_at_most: policy.errors_in_a_row,
            in_window: u32::try_from(recent.count()).unwrap_or(u32::MAX),
            in_window_at_most: policy.errors_in_window,
            window_s: policy.error_window.as_secs(),
            last: instance.errors.recent.last().copied(),
        }
    }
}
