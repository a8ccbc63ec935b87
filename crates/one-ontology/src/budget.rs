//! Budgets: exact windows, quotas and levels, as pure functions from state to state.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::Datelike as _;
use serde::{Deserialize, Serialize};

use crate::place::serde_as_text;
use crate::{InvalidValue, Timestamp, vocabulary};

/// Names a budget within a place: `plugin_install`, `plugin_execution:<instance>`. 1 to 200
/// printable ASCII characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BudgetKey(Box<str>);

impl BudgetKey {
    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BudgetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BudgetKey {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if (1..=200).contains(&text.len()) && text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidValue::new(
                "BudgetKey",
                text,
                "1 to 200 printable ASCII characters",
            ))
        }
    }
}

serde_as_text!(BudgetKey);

vocabulary! {
    /// When a quota starts anew, in UTC.
    closed QuotaPeriod ("`day` or `month`") {
        /// At midnight.
        Day = "day",
        /// At midnight before the first.
        Month = "month",
    }
}

/// How much of something is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BudgetRule {
    /// At most `limit` in *any* span of `period_ms` milliseconds (half open: one spent at `t` has
    /// left the window at `t + period`). Keeps at most `limit` moments.
    Window {
        /// How many; more than [`BudgetRule::MAX_WINDOW`] counts as that.
        limit: u32,
        /// The span.
        period_ms: u64,
    },
    /// At most `limit` in one calendar period.
    Quota {
        /// How many.
        limit: u64,
        /// Which period.
        period: QuotaPeriod,
    },
    /// At most `limit` at a time, until settled.
    Level {
        /// How many.
        limit: u64,
    },
}

impl BudgetRule {
    /// The most that a window grants.
    pub const MAX_WINDOW: u32 = 100_000;

    /// A window.
    #[must_use]
    pub fn window(limit: u32, period: Duration) -> Self {
        Self::Window {
            limit,
            period_ms: u64::try_from(period.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// How many it allows.
    #[must_use]
    pub const fn limit(&self) -> u64 {
        match self {
            Self::Window { limit, .. } => *limit as u64,
            Self::Quota { limit, .. } | Self::Level { limit } => *limit,
        }
    }
}

impl fmt::Display for BudgetRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Window { limit, period_ms } => {
                write!(f, "{limit} in {}", in_words(*period_ms))
            }
            Self::Quota { limit, period } => write!(f, "{limit} a {period}"),
            Self::Level { limit } => write!(f, "{limit} at a time"),
        }
    }
}

fn in_words(millis: u64) -> String {
    let units = [(3_600_000, "hour"), (60_000, "minute"), (1000, "second")];
    for (unit, name) in units {
        if millis >= unit && millis.is_multiple_of(unit) {
            return match millis / unit {
                1 => format!("one {name}"),
                n => format!("{n} {name}s"),
            };
        }
    }
    format!("{millis} ms")
}

/// What has been spent of a budget: the one row that a store keeps for it. A rule of another kind
/// starts from nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BudgetState {
    /// Of a window: when, in microseconds since the epoch, ascending.
    Window {
        /// One moment for each unit spent and still inside the window.
        spent: Vec<i64>,
    },
    /// Of a quota.
    Quota {
        /// The first day of the period, as `2026-11-20`.
        since: String,
        /// How many.
        used: u64,
    },
    /// Of a level.
    Level {
        /// How many.
        used: u64,
    },
}

/// A budget that does not have what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("budget `{key}` allows {rule}{}", retry(.retry_at.as_ref()))]
pub struct Exhausted {
    /// Which budget.
    pub key: BudgetKey,
    /// What it allows.
    pub rule: BudgetRule,
    /// When the same would be granted; none if no time helps.
    pub retry_at: Option<Timestamp>,
}

fn retry(at: Option<&Timestamp>) -> String {
    at.map_or_else(String::new, |at| format!("; try again at {at}"))
}

/// To spend from a budget.
///
/// ```
/// use std::time::Duration;
///
/// use one_ontology::{BudgetRule, Spend, Timestamp};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let rule = BudgetRule::window(1, Duration::from_secs(60));
/// let spend = Spend::one("plugin_install".parse()?, rule);
/// let state = spend.apply(None, Timestamp::EPOCH)?;
/// let refused = spend.apply(Some(&state), Timestamp::EPOCH).unwrap_err();
/// let again = Timestamp::EPOCH.plus(Duration::from_secs(60));
/// assert_eq!(refused.retry_at, Some(again));
/// assert!(spend.apply(Some(&state), again).is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spend {
    /// Which budget.
    pub key: BudgetKey,
    /// What it allows.
    pub rule: BudgetRule,
    /// How many.
    pub amount: u32,
}

impl Spend {
    /// One.
    #[must_use]
    pub const fn one(key: BudgetKey, rule: BudgetRule) -> Self {
        Self {
            key,
            rule,
            amount: 1,
        }
    }

    /// Spends at `now`. A clock that went back spends at the latest moment seen.
    ///
    /// # Errors
    /// [`Exhausted`], and nothing is spent.
    pub fn apply(
        &self,
        state: Option<&BudgetState>,
        now: Timestamp,
    ) -> Result<BudgetState, Exhausted> {
        let refuse = |retry_at| Exhausted {
            key: self.key.clone(),
            rule: self.rule,
            retry_at,
        };
        let amount = u64::from(self.amount);
        match self.rule {
            BudgetRule::Window { limit, period_ms } => {
                let limit = limit.min(BudgetRule::MAX_WINDOW) as usize;
                let mut window = Inside::new(state, period_ms, now);
                let wanted = self.amount as usize;
                let over = window.used().saturating_add(wanted).saturating_sub(limit);
                if over > 0 {
                    // Room for all of it appears when the `over`-th oldest leaves.
                    let leaves = window.oldest(over).filter(|_| wanted <= limit);
                    return Err(refuse(leaves.and_then(|at| {
                        Timestamp::checked_from_micros(at.saturating_add(in_micros(period_ms)))
                    })));
                }
                window.push(wanted);
                Ok(window.into_state())
            }
            BudgetRule::Quota { limit, period } => {
                let (since, used) = current(state, period, now);
                match used.checked_add(amount).filter(|used| *used <= limit) {
                    Some(used) => Ok(BudgetState::Quota { since, used }),
                    None if amount <= limit => Err(refuse(period.next_start(&since))),
                    None => Err(refuse(None)),
                }
            }
            BudgetRule::Level { limit } => {
                match level(state)
                    .checked_add(amount)
                    .filter(|used| *used <= limit)
                {
                    Some(used) => Ok(BudgetState::Level { used }),
                    None => Err(refuse(None)),
                }
            }
        }
    }
}

/// To make good what was reserved at `at`: `actual` of `reserved` was used. With `actual` 0 it is
/// a refund, and that is how a level is left again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settle {
    /// Which budget.
    pub key: BudgetKey,
    /// What it allows.
    pub rule: BudgetRule,
    /// How many were spent.
    pub reserved: u32,
    /// How many were used; may be more, even beyond the limit, because it has happened.
    pub actual: u32,
    /// When they were spent.
    pub at: Timestamp,
}

impl Settle {
    /// Gives back what was spent.
    #[must_use]
    pub fn refund(spend: &Spend, at: Timestamp) -> Self {
        Self {
            key: spend.key.clone(),
            rule: spend.rule,
            reserved: spend.amount,
            actual: 0,
            at,
        }
    }

    /// Settles at `now`. What has left the window or belongs to an earlier period is left alone.
    #[must_use]
    pub fn apply(&self, state: Option<&BudgetState>, now: Timestamp) -> BudgetState {
        let (back, more) = (
            u64::from(self.reserved.saturating_sub(self.actual)),
            u64::from(self.actual.saturating_sub(self.reserved)),
        );
        match self.rule {
            BudgetRule::Window { period_ms, .. } => {
                let mut window = Inside::new(state, period_ms, now);
                window.take_back(self.at.as_micros(), in_memory(back));
                let room = (BudgetRule::MAX_WINDOW as usize).saturating_sub(window.used());
                window.push(room.min(in_memory(more)));
                window.into_state()
            }
            BudgetRule::Quota { period, .. } => {
                let (since, used) = current(state, period, now);
                let used = if period.start(self.at) == since {
                    used.saturating_sub(back)
                } else {
                    used
                };
                BudgetState::Quota {
                    since,
                    used: used.saturating_add(more),
                }
            }
            BudgetRule::Level { .. } => BudgetState::Level {
                used: level(state).saturating_sub(back).saturating_add(more),
            },
        }
    }
}

impl BudgetState {
    /// How much of `rule` is used at `now`.
    #[must_use]
    pub fn used(&self, rule: &BudgetRule, now: Timestamp) -> u64 {
        match rule {
            BudgetRule::Window { period_ms, .. } => {
                Inside::new(Some(self), *period_ms, now).used() as u64
            }
            BudgetRule::Quota { period, .. } => current(Some(self), *period, now).1,
            BudgetRule::Level { .. } => level(Some(self)),
        }
    }
}

/// A window as it is at one moment; all in microseconds.
struct Inside {
    /// What was spent, ascending. What has left is kept until something is added: were it dropped
    /// before, a clock that goes back could not be noticed.
    spent: Vec<i64>,
    /// How many of them have left.
    left: usize,
    /// The moment or, if the clock went back, the latest that was spent at.
    now: i64,
    /// What was spent then or before has left.
    gone: i64,
}

impl Inside {
    fn new(state: Option<&BudgetState>, period_ms: u64, now: Timestamp) -> Self {
        let spent = match state {
            Some(BudgetState::Window { spent }) => spent.clone(),
            _ => Vec::new(),
        };
        let now = spent
            .last()
            .map_or(now.as_micros(), |last| now.as_micros().max(*last));
        let gone = now.saturating_sub(in_micros(period_ms));
        Self {
            left: spent.partition_point(|at| *at <= gone),
            spent,
            now,
            gone,
        }
    }

    const fn used(&self) -> usize {
        self.spent.len().saturating_sub(self.left)
    }

    /// The `nth` oldest of what is inside, from 1.
    fn oldest(&self, nth: usize) -> Option<i64> {
        self.spent.get((self.left + nth).checked_sub(1)?).copied()
    }

    fn push(&mut self, count: usize) {
        if count > 0 {
            self.spent.drain(..self.left);
            self.left = 0;
            self.spent.extend(std::iter::repeat_n(self.now, count));
        }
    }

    /// Takes back what was spent at `at`, or later if the clock had gone back, unless it has left.
    fn take_back(&mut self, at: i64, count: usize) {
        if at > self.gone {
            let from = self
                .spent
                .partition_point(|moment| *moment < at)
                .max(self.left);
            let to = self.spent.len().min(from.saturating_add(count));
            self.spent.drain(from..to);
        }
    }

    fn into_state(self) -> BudgetState {
        BudgetState::Window { spent: self.spent }
    }
}

fn in_micros(millis: u64) -> i64 {
    i64::try_from(millis.saturating_mul(1000)).unwrap_or(i64::MAX)
}

fn in_memory(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// The period of a quota that counts at `now`, and what was used of it. A clock that went back
/// stays in the latest period seen.
fn current(state: Option<&BudgetState>, period: QuotaPeriod, now: Timestamp) -> (String, u64) {
    let start = period.start(now);
    match state {
        Some(BudgetState::Quota { since, used }) if *since >= start => (since.clone(), *used),
        _ => (start, 0),
    }
}

const fn level(state: Option<&BudgetState>) -> u64 {
    match state {
        Some(BudgetState::Level { used }) => *used,
        _ => 0,
    }
}

impl QuotaPeriod {
    fn start(self, now: Timestamp) -> String {
        let day = now.as_datetime().date_naive();
        match self {
            Self::Day => day.format("%Y-%m-%d").to_string(),
            Self::Month => day.format("%Y-%m-01").to_string(),
        }
    }

    fn next_start(self, since: &str) -> Option<Timestamp> {
        let day = chrono::NaiveDate::parse_from_str(since, "%Y-%m-%d").ok()?;
        let next = match self {
            Self::Day => day.succ_opt()?,
            Self::Month if day.month() == 12 => {
                chrono::NaiveDate::from_ymd_opt(day.year() + 1, 1, 1)?
            }
            Self::Month => chrono::NaiveDate::from_ymd_opt(day.year(), day.month() + 1, 1)?,
        };
        let midnight = next.and_hms_opt(0, 0, 0)?;
        Timestamp::checked_from_micros(midnight.and_utc().timestamp_micros())
    }
}
