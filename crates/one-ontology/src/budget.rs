//! Budgets: exact windows, quotas and levels, as pure functions from state to state.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{Datelike as _, TimeZone as _, Utc};
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
        /// How many; at most 100,000.
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

/// What has been spent of a budget: the one row that a store keeps for it.
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
                let limit = limit.min(MAX_WINDOW) as usize;
                let period = Duration::from_millis(period_ms);
                let mut spent = inside(state, period, now);
                let now = spent
                    .last()
                    .map_or(now.as_micros(), |last| now.as_micros().max(*last));
                let wanted = self.amount as usize;
                let over = (spent.len() + wanted).saturating_sub(limit);
                if over > 0 {
                    // Room for all of it appears when the `over`-th oldest leaves.
                    let leaves = spent.get(over - 1).filter(|_| wanted <= limit);
                    return Err(refuse(
                        leaves.map(|at| Timestamp::from_micros(*at).plus(period)),
                    ));
                }
                spent.extend(std::iter::repeat_n(now, wanted));
                Ok(BudgetState::Window { spent })
            }
            BudgetRule::Quota { limit, period } => {
                let (since, used) = current(state, period, now);
                let used = used.saturating_add(amount);
                if used > limit {
                    let again = (amount <= limit)
                        .then(|| period.next_start(&since))
                        .flatten();
                    return Err(refuse(again));
                }
                Ok(BudgetState::Quota { since, used })
            }
            BudgetRule::Level { limit } => {
                let used = level(state).saturating_add(amount);
                if used > limit {
                    return Err(refuse(None));
                }
                Ok(BudgetState::Level { used })
            }
        }
    }
}

const MAX_WINDOW: u32 = 100_000;

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
                let mut spent = inside(state, Duration::from_millis(period_ms), now);
                for _ in 0..back {
                    // The unit was spent at `at`, or later if the clock went back meanwhile.
                    let at = self.at.as_micros();
                    let found = spent.partition_point(|moment| *moment < at);
                    if found < spent.len() {
                        spent.remove(found);
                    }
                }
                let latest = spent
                    .last()
                    .copied()
                    .unwrap_or(i64::MIN)
                    .max(now.as_micros());
                let room = (MAX_WINDOW as usize).saturating_sub(spent.len());
                spent.extend(std::iter::repeat_n(
                    latest,
                    room.min(self.actual.saturating_sub(self.reserved) as usize),
                ));
                BudgetState::Window { spent }
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
                inside(Some(self), Duration::from_millis(*period_ms), now).len() as u64
            }
            BudgetRule::Quota { period, .. } => current(Some(self), *period, now).1,
            BudgetRule::Level { .. } => level(Some(self)),
        }
    }
}

/// The moments still inside the window at `now` or, if the clock went back, at the latest of them.
fn inside(state: Option<&BudgetState>, period: Duration, now: Timestamp) -> Vec<i64> {
    let Some(BudgetState::Window { spent }) = state else {
        return Vec::new();
    };
    let now = spent
        .last()
        .map_or(now, |last| now.max(Timestamp::from_micros(*last)));
    let gone = now.minus(period).as_micros();
    spent.iter().copied().filter(|at| *at > gone).collect()
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
        Some(Utc.from_utc_datetime(&midnight).into())
    }
}
