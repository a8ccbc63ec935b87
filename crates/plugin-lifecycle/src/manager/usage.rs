//! Usage statistics, from the trail.

use std::time::Duration;

use one_ontology::{EventQuery, EventType, Limit, PluginEventType, ThingId, vocabulary};
use serde::{Deserialize, Serialize};

use crate::{ManagerError, Operation, Shown, Tenant};

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
    /// Half of all took no longer, in microseconds.
    pub p50_us: Option<u64>,
    /// 95 of 100 took no longer, in microseconds.
    pub p95_us: Option<u64>,
    /// 99 of 100 took no longer, in microseconds.
    pub p99_us: Option<u64>,
}

impl Tenant {
    /// How an instance was used of late.
    ///
    /// # Errors
    /// `Denied`, `Store`.
    pub async fn usage(
        &self,
        instance: ThingId,
        window: UsageWindow,
    ) -> Result<UsageStatistics, ManagerError> {
        let shown = self.allow(Operation::ViewPluginUsageMetrics)?;
        let since = self.shared().now().minus(window.duration());
        let mut query = EventQuery {
            types: vec![
                EventType::Plugin(PluginEventType::PluginActionExecuted),
                EventType::Plugin(PluginEventType::PluginActionFailed),
            ],
            limit: Limit::new(Limit::MAX),
            ..EventQuery::about(instance)
        };
        let mut statistics = UsageStatistics::default();
        let mut times = Vec::new();
        loop {
            let page = self.shared().store.events(&self.scope, &query).await?;
            for event in page.items.iter().filter(|event| event.at >= since) {
                statistics.executions += 1;
                match event.metadata.text("outcome") {
                    Some("succeeded") => statistics.succeeded += 1,
                    Some("refused") => statistics.refused += 1,
                    _ => statistics.failed += 1,
                }
                times.extend(
                    event
                        .metadata
                        .get("elapsed_us")
                        .and_then(serde_json::Value::as_u64),
                );
            }
            match page.next {
                Some(cursor) => query.cursor = Some(cursor),
                None => break,
            }
        }
        statistics.summarise(times, shown);
        Ok(statistics)
    }
}

impl UsageStatistics {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a rate needs no more than 53 bits"
    )]
    fn summarise(&mut self, mut times: Vec<u64>, shown: Shown) {
        if self.executions > 0 {
            self.success_rate = Some(self.succeeded as f64 / self.executions as f64);
        }
        if shown == Shown::Redacted || times.is_empty() {
            return;
        }
        times.sort_unstable();
        let sum: u128 = times.iter().map(|time| u128::from(*time)).sum();
        self.mean_us = u64::try_from(sum / times.len() as u128).ok();
        // The nearest rank: the smallest time that at least p of 100 did not exceed.
        let rank = |p: usize| {
            times
                .get((times.len() * p).div_ceil(100).max(1) - 1)
                .copied()
        };
        (self.p50_us, self.p95_us, self.p99_us) = (rank(50), rank(95), rank(99));
    }
}
