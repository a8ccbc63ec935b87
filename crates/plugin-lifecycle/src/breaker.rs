//! Executions of a plugin that keeps failing are held back for a while.

use std::time::Duration;

use one_ontology::Timestamp;
use plugin_runtime_api::{Ending, ExecutorError};
use serde::{Deserialize, Serialize};

use crate::{ExecutionLease, ManagerError};

/// When a breaker opens, for how long, and how many executions are tried before it closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// How many failures in a row open it: 5. 0 counts as 1.
    pub failures: u32,
    /// How long nothing is admitted then: 60 s.
    pub pause: Duration,
    /// How many executions are tried after that, and must succeed, until it closes: 3. 0 counts as 1.
    pub probes: u32,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self {
            failures: 5,
            pause: Duration::from_secs(60),
            probes: 3,
        }
    }
}

/// Whether executions of an instance are held back because too many failed in a row. It is kept in
/// the instance's row, so it holds for every host and outlives each.
///
/// ```
/// use one_ontology::Timestamp;
/// use plugin_lifecycle::{Breaker, BreakerPolicy, Sign};
///
/// let policy = BreakerPolicy::default();
/// let now = Timestamp::EPOCH;
/// let mut breaker = Breaker::default();
/// for _ in 0..policy.failures {
///     assert!(breaker.admits(&policy, [], now).is_ok());
///     breaker = breaker.after(&policy, now, Sign::Bad, now);
/// }
/// let held = breaker.admits(&policy, [], now).unwrap_err();
/// assert_eq!(held.retry_at, now.plus(policy.pause));
/// assert!(breaker.admits(&policy, [], held.retry_at).is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Breaker {
    /// Every execution is let through.
    Closed {
        /// How many failed in a row.
        failures: u32,
    },
    /// None is let through before a moment; from then on it is half open: a few are tried.
    Open {
        /// That moment.
        until: Timestamp,
        /// How many of those that were tried since have succeeded.
        passed: u32,
    },
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

/// What the end of an execution says of how its plugin fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It works.
    Good,
    /// It does not.
    Bad,
    /// Nothing: its own `validate` refused, somebody cancelled it, or nobody knows.
    Nothing,
}

impl Sign {
    /// What an ending says.
    #[must_use]
    pub const fn of(ending: &Ending) -> Self {
        match ending {
            Ending::Succeeded { .. } => Self::Good,
            Ending::Failed { .. }
            | Ending::TimedOut { .. }
            | Ending::OutOfMemory { .. }
            | Ending::Crashed { .. } => Self::Bad,
            Ending::Refused { .. } | Ending::Cancelled => Self::Nothing,
        }
    }

    /// What an execution that was not run says: the executor may be at fault, or the plugin may not
    /// start; everything else is not about the plugin.
    #[must_use]
    pub const fn of_error(error: &ManagerError) -> Self {
        match error {
            ManagerError::Executor(
                ExecutorError::Unavailable { .. }
                | ExecutorError::NotRunning { .. }
                | ExecutorError::StartFailed { .. },
            ) => Self::Bad,
            _ => Self::Nothing,
        }
    }
}

/// An execution is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldBack {
    /// When to try again: when the pause ends; where as many as may be are being tried, when the
    /// first of them must have ended.
    pub retry_at: Timestamp,
}

impl Breaker {
    /// Whether it is as new: closed, and nothing failed of late.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        *self == Self::default()
    }

    /// Until when nothing is let through, if it is not closed.
    #[must_use]
    pub const fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Closed { .. } => None,
            Self::Open { until, .. } => Some(*until),
        }
    }

    /// Whether an execution may begin at `now`, when `under_way` have begun and not ended.
    ///
    /// What began after the pause is what is being tried. Nobody counts it apart from the
    /// executions of the row: where the lease of one has run out, its place is free.
    ///
    /// # Errors
    /// When to try again.
    pub fn admits<'a>(
        &self,
        policy: &BreakerPolicy,
        under_way: impl IntoIterator<Item = &'a ExecutionLease>,
        now: Timestamp,
    ) -> Result<(), HeldBack> {
        let (until, passed) = match self {
            Self::Closed { .. } => return Ok(()),
            Self::Open { until, passed } => (*until, *passed),
        };
        if now < until {
            return Err(HeldBack { retry_at: until });
        }
        let under_way = under_way.into_iter();
        let probes = under_way.filter(|it| it.began >= until && it.lease_until > now);
        let (count, first) = probes.fold((0_u32, None), |(count, first), probe| {
            let first = first.map_or(probe.lease_until, |first| probe.lease_until.min(first));
            (count.saturating_add(1), Some(first))
        });
        // At least one: the policy may have become smaller since some have passed.
        let places = policy.probes.saturating_sub(passed).max(1);
        match first {
            Some(retry_at) if count >= places => Err(HeldBack { retry_at }),
            _ => Ok(()),
        }
    }

    /// The same after an execution that began at `began` has ended at `now`.
    ///
    /// One that began before it opened says nothing new: it is from before.
    #[must_use]
    pub fn after(
        self,
        policy: &BreakerPolicy,
        began: Timestamp,
        sign: Sign,
        now: Timestamp,
    ) -> Self {
        let open = Self::Open {
            until: now.plus(policy.pause),
            passed: 0,
        };
        match (self, sign) {
            (_, Sign::Nothing) => self,
            (Self::Closed { .. }, Sign::Good) => Self::default(),
            (Self::Closed { failures }, Sign::Bad) => match failures.saturating_add(1) {
                failures if failures >= policy.failures => open,
                failures => Self::Closed { failures },
            },
            (Self::Open { until, .. }, _) if began < until => self,
            (Self::Open { .. }, Sign::Bad) => open,
            (Self::Open { until, passed }, Sign::Good) => match passed.saturating_add(1) {
                passed if passed >= policy.probes => Self::default(),
                passed => Self::Open { until, passed },
            },
        }
    }
}
