//! Usage statistics, from what is counted as executions end.

use std::time::Duration;

use one_ontology::{ChangeSet, Thing, ThingId, ThingProperties, ThingType, Timestamp, vocabulary};
use serde::{Deserialize, Serialize};

use crate::rollup::days;
use crate::{Hours, Instance, ManagerError, Operation, Rollup, Shown, Tenant, hour_of};

vocabulary! {
    /// Over which time.
    closed UsageWindow ("`hour`, `day`, `week` or `month`") {
        /// The last 60 minutes.
        Hour = "hour",
        /// The last 24 hours.
        Day = "day",
        /// The last 7 days.
        Week = "week",
        /// The last 30 days.
        Month = "month",
    }
}

impl UsageWindow {
    const fn duration(self) -> Duration {
        let hours = match self {
            Self::Hour => 1,
            Self::Day => 24,
            Self::Week => 7 * 24,
            Self::Month => 30 * 24,
        };
        Duration::from_secs(hours * 3600)
    }
}

/// How an instance was used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UsageStatistics {
    /// From when on: the beginning of the hour in which the window begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Executions that ended.
    pub executions: u64,
    /// Those that succeeded.
    pub succeeded: u64,
    /// Those that the plugin's own `validate` refused.
    pub refused: u64,
    /// Those that failed in any way.
    pub failed: u64,
    /// From 0 to 1; none without executions.
    pub success_rate: Option<f64>,
    /// The mean time from call to outcome, in microseconds; not for those who may not see figures.
    pub mean_us: Option<u64>,
    /// Half of all took no longer, in microseconds; at most a sixteenth above the exact time, as the
    /// two that follow.
    pub p50_us: Option<u64>,
    /// 95 of 100 took no longer, in microseconds.
    pub p95_us: Option<u64>,
    /// 99 of 100 took no longer, in microseconds.
    pub p99_us: Option<u64>,
}

/// How an instance was used on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct UsageDay {
    /// Of which instance.
    instance: ThingId,
    /// The beginning of the day, in UTC.
    day: Timestamp,
    /// Its hours, as far as they are over.
    hours: Hours,
}

impl ThingProperties for UsageDay {
    fn thing_type() -> ThingType {
        ThingType::Metric
    }
}

impl UsageDay {
    fn id(instance: ThingId, day: Timestamp) -> ThingId {
        ThingId::of_name(&["usage", &instance.to_string(), &day.to_string()])
    }
}

/// The row of a day, as it is to be written.
pub(crate) struct KeptDay {
    row: Thing,
    is_new: IsNew,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IsNew {
    Yes,
    No,
}

impl KeptDay {
    pub(crate) fn write(self, changes: ChangeSet) -> ChangeSet {
        match self.is_new {
            IsNew::Yes => changes.insert(self.row),
            IsNew::No => changes.replace(self.row),
        }
    }
}

impl Tenant {
    /// How an instance was used of late; removed ones, too. The window is rounded out to a whole
    /// hour. Reads at most a row a day, however much there was.
    ///
    /// # Errors
    /// `Denied`, `Store`, `Unreadable`.
    pub async fn usage(
        &self,
        instance: ThingId,
        window: UsageWindow,
    ) -> Result<UsageStatistics, ManagerError> {
        let shown = self.allow(Operation::ViewPluginUsageMetrics)?;
        let now = self.shared().now();
        let since = hour_of(now.minus(window.duration()));
        let mut hours = Hours::default();
        for day in days(since, now) {
            if let Some(kept) = self.usage_day(instance, day).await? {
                hours.merge(&kept.properties.hours);
            }
        }
        if let Some(row) = self.whatever_is_left(instance).await? {
            hours.merge(&row.properties.usage);
        }
        let mut statistics = UsageStatistics::of(&hours.since(since), shown);
        statistics.since = Some(since);
        Ok(statistics)
    }

    async fn usage_day(
        &self,
        instance: ThingId,
        day: Timestamp,
    ) -> Result<Option<Thing<UsageDay>>, ManagerError> {
        let id = UsageDay::id(instance, day);
        let row = self.shared().store.thing(&self.scope, id).await?;
        let typed = row.map(Thing::typed).transpose();
        typed.map_err(|violations| ManagerError::Unreadable {
            instance,
            violations,
        })
    }

    /// Takes from an instance the hours that are over, for the row of their day. Those of an earlier
    /// day wait for the next execution. What cannot be read now stays where it is: usage keeps no
    /// execution from ending.
    pub(crate) async fn keep_usage(
        &self,
        instance: &mut Instance,
        now: Timestamp,
    ) -> Option<KeptDay> {
        let (day, past) = instance.properties.usage.clone().take_past(now)?;
        let found = self.usage_day(instance.id, day).await.ok()?;
        let is_new = if found.is_some() {
            IsNew::No
        } else {
            IsNew::Yes
        };
        let mut row = found.unwrap_or_else(|| self.new_day(instance.id, day, now));
        row.properties.hours.merge(&past);
        let row = row.untyped().ok()?;
        drop(instance.properties.usage.take_past(now));
        Some(KeptDay { row, is_new })
    }

    fn new_day(&self, instance: ThingId, day: Timestamp, now: Timestamp) -> Thing<UsageDay> {
        let id = UsageDay::id(instance, day);
        let plain = Thing::new(&self.scope, id, ThingType::Metric, "usage", now);
        Thing {
            id,
            place: plain.place,
            thing_type: plain.thing_type,
            name: plain.name,
            status: plain.status,
            properties: UsageDay {
                instance,
                day,
                hours: Hours::default(),
            },
            revision: plain.revision,
            created_at: now,
            updated_at: now,
        }
    }
}

impl UsageStatistics {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a rate needs no more than 53 bits"
    )]
    fn of(rollup: &Rollup, shown: Shown) -> Self {
        let executions = rollup.executions();
        let mut statistics = Self {
            executions,
            succeeded: rollup.succeeded,
            refused: rollup.refused,
            failed: rollup.failed,
            ..Self::default()
        };
        if executions > 0 {
            statistics.success_rate = Some(rollup.succeeded as f64 / executions as f64);
        }
        if shown == Shown::Whole {
            let times = &rollup.times;
            statistics.mean_us = rollup.total_us.checked_div(times.count());
            statistics.p50_us = times.quantile(50);
            statistics.p95_us = times.quantile(95);
            statistics.p99_us = times.quantile(99);
        }
        statistics
    }
}
