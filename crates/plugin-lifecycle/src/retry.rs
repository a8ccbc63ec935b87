//! What is tried again when it failed, and after how long.

use std::time::Duration;

use one_ontology::vocabulary;
use plugin_runtime_api::{Effect, Ending, ExecutionId, ExecutorError};

use crate::{ManagerError, RunOutcome};

/// How often something is tried again, and how long it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often a failed attempt is followed by another: 3, so 4 attempts in all.
    pub retries: u32,
    /// How long the first of them waits: 1 s. Each further one waits twice as long.
    pub first: Duration,
    /// No wait is longer: 10 s.
    pub longest: Duration,
    /// How long all attempts with their waits may take: 5 min. No attempt begins that might end later,
    /// but the first.
    pub within: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            retries: 3,
            first: Duration::from_secs(1),
            longest: Duration::from_secs(10),
            within: Duration::from_secs(300),
        }
    }
}

vocabulary! {
    /// A trouble that may pass by itself.
    closed Trouble ("`timed_out`, `crashed` or `unavailable`") {
        /// It took longer than it may.
        TimedOut = "timed_out",
        /// Its runtime ended in the middle of it.
        Crashed = "crashed",
        /// The executor could not do its job.
        Unavailable = "unavailable",
    }
}

impl Trouble {
    /// The trouble that an ending is. None for what a plugin did, which it would do again, and for
    /// what somebody wanted.
    #[must_use]
    pub const fn of(ending: &Ending) -> Option<Self> {
        match ending {
            Ending::TimedOut { .. } => Some(Self::TimedOut),
            Ending::Crashed { .. } => Some(Self::Crashed),
            Ending::Succeeded { .. }
            | Ending::Refused { .. }
            | Ending::Failed { .. }
            | Ending::OutOfMemory { .. }
            | Ending::Cancelled => None,
        }
    }

    /// How an execution ended that had it.
    pub(crate) const fn outcome(self) -> RunOutcome {
        match self {
            Self::TimedOut => RunOutcome::TimedOut,
            Self::Crashed => RunOutcome::Crashed,
            Self::Unavailable => RunOutcome::NotRun,
        }
    }

    /// The trouble that kept an execution from being run.
    #[must_use]
    pub const fn of_error(error: &ManagerError) -> Option<Self> {
        match error {
            ManagerError::Executor(ExecutorError::Unavailable { .. }) => Some(Self::Unavailable),
            _ => None,
        }
    }
}

impl RetryPolicy {
    /// How long to wait before the attempt after `attempt` (which counts from 1) of an execution;
    /// none if there is no further one. Never for what counts each time it runs.
    ///
    /// The wait is a quarter longer or shorter at most, decided by the execution and the attempt,
    /// so that many that failed together do not come back together; and it is the same on each
    /// host.
    ///
    /// ```
    /// use plugin_lifecycle::RetryPolicy;
    /// use plugin_runtime_api::{Effect, ExecutionId};
    /// # use uuid::Uuid;
    ///
    /// let policy = RetryPolicy::default();
    /// let execution = ExecutionId::from_uuid(Uuid::from_u128(7));
    /// let wait = policy.wait(Effect::ReadOnly, execution, 1).unwrap();
    /// assert!((750..=1250).contains(&wait.as_millis()));
    /// assert_eq!(policy.wait(Effect::ReadOnly, execution, 4), None);
    /// assert_eq!(policy.wait(Effect::NonIdempotent, execution, 1), None);
    /// ```
    #[must_use]
    pub fn wait(&self, effect: Effect, execution: ExecutionId, attempt: u32) -> Option<Duration> {
        match effect {
            Effect::NonIdempotent => return None,
            Effect::ReadOnly | Effect::Idempotent => {}
        }
        if attempt == 0 || attempt > self.retries {
            return None;
        }
        let doublings = attempt.saturating_sub(1).min(31);
        let plain = self
            .first
            .saturating_mul(1 << doublings)
            .min(self.longest)
            .as_micros();
        // From 3/4 to 5/4 of it, in 1024 steps.
        let jitter = u128::from(scrambled(execution, attempt) % 1025);
        let wait = plain.saturating_mul(3072 + 2 * jitter) / 4096;
        let wait = u64::try_from(wait).unwrap_or(u64::MAX);
        Some(Duration::from_micros(wait).min(self.longest))
    }
}

impl RetryPolicy {
    /// Whether there is time for another attempt: `passed` since the first began, after a `wait`, for
    /// at most `longest` with the start of its runtime.
    #[must_use]
    pub fn is_time(&self, passed: Duration, wait: Duration, longest: Duration) -> bool {
        passed.saturating_add(wait).saturating_add(longest) <= self.within
    }
}

/// The bits of an execution and an attempt, well mixed (the finalizer of SplitMix64).
fn scrambled(execution: ExecutionId, attempt: u32) -> u64 {
    let (high, low) = execution.as_uuid().as_u64_pair();
    let mut bits =
        high ^ low.rotate_left(32) ^ u64::from(attempt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
