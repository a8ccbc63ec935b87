//! How an instance was used, hour by hour, counted as executions end.

use std::collections::BTreeMap;

use one_ontology::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Histogram, RunOutcome};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// The executions of some time, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollup {
    /// Those that succeeded.
    pub succeeded: u64,
    /// Those that the plugin's own `validate` refused.
    pub refused: u64,
    /// Those that ended in any other way.
    pub failed: u64,
    /// What all of them took together, from call to outcome, in microseconds.
    pub total_us: u64,
    /// What each of them took, as far as that is known.
    pub times: Histogram,
}

impl Rollup {
    /// How many executions.
    #[must_use]
    pub const fn executions(&self) -> u64 {
        self.succeeded
            .saturating_add(self.refused)
            .saturating_add(self.failed)
    }

    /// Counts one, with what it took, where somebody knows.
    pub fn count(&mut self, outcome: RunOutcome, elapsed_us: Option<u64>) {
        let of = match outcome {
            RunOutcome::Succeeded => &mut self.succeeded,
            RunOutcome::Refused => &mut self.refused,
            RunOutcome::Failed
            | RunOutcome::TimedOut
            | RunOutcome::OutOfMemory
            | RunOutcome::Crashed
            | RunOutcome::Cancelled
            | RunOutcome::NotRun
            | RunOutcome::Unknown => &mut self.failed,
        };
        *of = of.saturating_add(1);
        if let Some(elapsed_us) = elapsed_us {
            self.total_us = self.total_us.saturating_add(elapsed_us);
            self.times.record(elapsed_us);
        }
    }

    /// Adds all of another one.
    pub fn merge(&mut self, other: &Self) {
        self.succeeded = self.succeeded.saturating_add(other.succeeded);
        self.refused = self.refused.saturating_add(other.refused);
        self.failed = self.failed.saturating_add(other.failed);
        self.total_us = self.total_us.saturating_add(other.total_us);
        self.times.merge(&other.times);
    }
}

/// Rollups by the hour at whose beginning each starts, in UTC.
///
/// The row of an instance has those that are not yet kept elsewhere: the present hour's, and what
/// came before until somebody moves it to the row of its day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hours(BTreeMap<Timestamp, Rollup>);

impl Hours {
    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Counts an execution that ended at `now`.
    pub fn count(&mut self, now: Timestamp, outcome: RunOutcome, elapsed_us: Option<u64>) {
        let hour = self.0.entry(hour_of(now)).or_default();
        hour.count(outcome, elapsed_us);
    }

    /// Counts executions of which nobody knows how they ended.
    pub(crate) fn count_lost(&mut self, now: Timestamp, how_many: usize) {
        for _ in 0..how_many {
            self.count(now, RunOutcome::Unknown, None);
        }
    }

    /// Adds all of another one.
    pub fn merge(&mut self, other: &Self) {
        for (hour, rollup) in &other.0 {
            self.0.entry(*hour).or_default().merge(rollup);
        }
    }

    /// Takes away the hours of the first day that is over, or of which an hour is, at `now`: none if
    /// there is only the present hour.
    #[must_use]
    pub fn take_past(&mut self, now: Timestamp) -> Option<(Timestamp, Self)> {
        let present = hour_of(now);
        let first = *self.0.keys().next()?;
        if first >= present {
            return None;
        }
        let day = day_of(first);
        let end = Timestamp::from_micros(day.as_micros().saturating_add(DAY)).min(present);
        let rest = self.0.split_off(&end);
        let past = std::mem::replace(&mut self.0, rest);
        Some((day, Self(past)))
    }

    /// All hours from the one that `since` is in, as one.
    #[must_use]
    pub fn since(&self, since: Timestamp) -> Rollup {
        let mut sum = Rollup::default();
        for rollup in self.0.range(hour_of(since)..).map(|(_, rollup)| rollup) {
            sum.merge(rollup);
        }
        sum
    }
}

/// The beginning of the hour that a moment is in.
#[must_use]
pub fn hour_of(moment: Timestamp) -> Timestamp {
    Timestamp::from_micros(moment.as_micros().div_euclid(HOUR) * HOUR)
}

/// The beginning of the day, in UTC, that a moment is in.
#[must_use]
pub fn day_of(moment: Timestamp) -> Timestamp {
    Timestamp::from_micros(moment.as_micros().div_euclid(DAY) * DAY)
}

/// The beginnings of the days from the one that `since` is in to the one that `until` is in.
pub(crate) fn days(since: Timestamp, until: Timestamp) -> impl Iterator<Item = Timestamp> {
    let (first, last) = (day_of(since).as_micros(), day_of(until).as_micros());
    let count = (last - first) / DAY;
    (0..=count).map(move |n| Timestamp::from_micros(first + n * DAY))
}
