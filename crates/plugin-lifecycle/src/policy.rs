//! The defaults a host may change.

use std::time::Duration;

use one_ontology::{BudgetRule, Plan, QuotaPeriod};
use plugin_runtime_api::{Limits, PermissionPreset, Permissions};

use crate::{BreakerPolicy, CachePolicy, QueuePolicy, RetryPolicy};

/// Every number that the platform decides by. All are the host's to change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// Installations: 10 an hour and organisation.
    pub installs: BudgetRule,
    /// Plugins of an organisation at a time: 50.
    pub plugins: BudgetRule,
    /// Agents of an organisation at a time, besides the one that each has: 10.
    pub agents: BudgetRule,
    /// The largest character of an agent, as JSON, in bytes: 64 KiB.
    pub character_bytes: usize,
    /// How many bytes the settings of one agent for one plugin may have together, names and values as JSON: 16 KiB.
    pub agent_settings_bytes: usize,
    /// Executions: 100 a minute and instance.
    pub executions: BudgetRule,
    /// Registry syncs: 1 in 5 minutes.
    pub syncs: BudgetRule,
    /// Bounds on runtimes and executions.
    pub limits: Limits,
    /// What a new instance may do unless its installer says otherwise.
    pub grants: Permissions,
    /// How long a runtime may take to end its executions when it is stopped: 5 s.
    pub grace: Duration,
    /// How long an operation may go without a word before another host may take it over: 10 min.
    pub operation_lease: Duration,
    /// How long a change of settings or version may hold executions back and wait for those under way: 10 min,
    /// which is more than any of them may take.
    pub longest_hold: Duration,
    /// How often an operation is begun again when its drivers go silent, before it counts as failed: 3.
    pub operation_attempts: u32,
    /// How many earlier versions of an instance are kept to go back to: 3, and at least the last.
    pub snapshots: u32,
    /// How old a release has to be before it is offered, unless an organisation says otherwise: no age.
    pub release_cooldown: Duration,
    /// How many instances a recovery works on at a time: 32.
    pub recoveries_at_a_time: u32,
    /// Subscriptions of an organisation at a time: 1000.
    pub subscriptions: BudgetRule,
    /// How many events a dispatch delivers to one subscription: 100.
    pub delivery_batch: u32,
    /// How many subscriptions a dispatch serves at a time, within what the organisation may execute at
    /// a time: 32.
    pub deliveries_at_a_time: u32,
    /// How often an event is tried before it becomes a dead letter: 5.
    pub delivery_attempts: u32,
    /// How long to wait before the second try, doubled by each: 1 s.
    pub delivery_backoff: Duration,
    /// How long to wait at most: 5 min.
    pub delivery_backoff_at_most: Duration,
    /// How many deliveries may lead to an event that is still delivered: 8.
    pub delivery_depth: u32,
    /// How many errors in a row suspend an instance: 10.
    pub errors_in_a_row: u32,
    /// How many errors within [`Policy::error_window`] suspend an instance: 10.
    pub errors_in_window: u32,
    /// Within what: one hour.
    pub error_window: Duration,
    /// When executions of an instance that keeps failing are held back: after 5 failures in a row,
    /// for 60 s, then 3 are tried.
    pub breaker: BreakerPolicy,
    /// How often an execution is tried again, where repeating it does no harm and the trouble may
    /// pass by itself: 3 times, after 1, 2 and 4 s.
    pub retries: RetryPolicy,
    /// Which results of executions that change nothing may be used again: those of the last 5 min,
    /// 1,000 of an organisation, up to 64 KiB each.
    pub cache: CachePolicy,
    /// How many executions of an organisation may wait for a place: 10,000; one that is passed over
    /// 8 times in a row has its turn.
    pub queue: QueuePolicy,
    /// How long they wait: 30 s.
    pub longest_wait: Duration,
    /// The longest that an execution may ask for: 5 min, and never above
    /// [`Limits::LONGEST_MS`].
    pub longest: Duration,
    /// How often a command reads and decides again when others write in between: 64.
    pub attempts: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            installs: BudgetRule::window(10, Duration::from_secs(3600)),
            plugins: BudgetRule::Level { limit: 50 },
            agents: BudgetRule::Level { limit: 10 },
            character_bytes: 64 << 10,
            agent_settings_bytes: 16 << 10,
            executions: BudgetRule::window(100, Duration::from_secs(60)),
            syncs: BudgetRule::window(1, Duration::from_secs(300)),
            limits: Limits::default(),
            grants: Permissions::preset(PermissionPreset::Connected),
            grace: Duration::from_secs(5),
            operation_lease: Duration::from_secs(600),
            longest_hold: Duration::from_secs(600),
            operation_attempts: 3,
            snapshots: 3,
            release_cooldown: Duration::ZERO,
            recoveries_at_a_time: 32,
            subscriptions: BudgetRule::Level { limit: 1000 },
            delivery_batch: 100,
            deliveries_at_a_time: 32,
            delivery_attempts: 5,
            delivery_backoff: Duration::from_secs(1),
            delivery_backoff_at_most: Duration::from_secs(300),
            delivery_depth: 8,
            errors_in_a_row: 10,
            errors_in_window: 10,
            error_window: Duration::from_secs(3600),
            breaker: BreakerPolicy::default(),
            retries: RetryPolicy::default(),
            cache: CachePolicy::default(),
            queue: QueuePolicy::default(),
            longest_wait: Duration::from_secs(30),
            longest: Duration::from_millis(Limits::LONGEST_MS),
            attempts: 64,
        }
    }
}

impl Policy {
    /// Executions a day on a plan: starter 100, pro 10,000, enterprise no bound.
    #[must_use]
    pub const fn daily(&self, plan: Plan) -> Option<BudgetRule> {
        let limit = match plan {
            Plan::Starter => 100,
            Plan::Pro => 10_000,
            Plan::Enterprise => return None,
        };
        Some(BudgetRule::Quota {
            limit,
            period: QuotaPeriod::Day,
        })
    }

    /// The bounds of a runtime: no execution in it may take longer than the longest that may be
    /// asked for.
    #[must_use]
    pub fn runtime_limits(&self) -> Limits {
        let longest = u64::try_from(self.longest.as_millis()).unwrap_or(Limits::LONGEST_MS);
        let timeout_ms = longest.max(self.limits.timeout_ms).min(Limits::LONGEST_MS);
        Limits {
            timeout_ms,
            ..self.limits
        }
    }

    /// Executions at a time on a plan: starter 1, pro 5, enterprise 10.
    #[must_use]
    pub const fn at_a_time(&self, plan: Plan) -> BudgetRule {
        let limit = match plan {
            Plan::Starter => 1,
            Plan::Pro => 5,
            Plan::Enterprise => 10,
        };
        BudgetRule::Level { limit }
    }
}
