//! Times of many executions in little room.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How many buckets there are for each doubling.
const PER_DOUBLING: u64 = 16;

/// How often something took how long, in buckets whose width grows with the time: each time is
/// known to within a sixteenth of itself, whatever it is, and two histograms add up to the one of
/// all their times. At most 976 buckets, of which only those with something in them are kept.
///
/// ```
/// use plugin_lifecycle::Histogram;
///
/// let mut times = Histogram::default();
/// for us in [3, 900, 1_000, 80_000] {
///     times.record(us);
/// }
/// assert_eq!(times.count(), 4);
/// assert_eq!(times.quantile(50), Some(927)); // of 900: at most a sixteenth above
/// assert_eq!(times.quantile(1), Some(3)); // small ones are exact
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histogram(BTreeMap<u16, u64>);

impl Histogram {
    /// Adds a time, in any unit that all have in common.
    pub fn record(&mut self, time: u64) {
        let count = self.0.entry(bucket(time)).or_default();
        *count = count.saturating_add(1);
    }

    /// Adds all times of another one.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, more) in &other.0 {
            let count = self.0.entry(*bucket).or_default();
            *count = count.saturating_add(*more);
        }
    }

    /// How many times there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.values().fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// A time that at least `percent` of 100 did not exceed (the nearest rank): never below the
    /// exact one, and at most a sixteenth above. None without times.
    #[must_use]
    pub fn quantile(&self, percent: u8) -> Option<u64> {
        let count = u128::from(self.count());
        let rank = (count * u128::from(percent)).div_ceil(100).max(1);
        let mut seen = 0_u128;
        for (bucket, n) in &self.0 {
            seen += u128::from(*n);
            if seen >= rank {
                return Some(last_of(*bucket));
            }
        }
        self.0.keys().next_back().map(|bucket| last_of(*bucket))
    }
}

/// Which bucket a time is in: below 16 each has its own, from there on 16 for each doubling.
fn bucket(time: u64) -> u16 {
    let place = if time < PER_DOUBLING {
        time
    } else {
        let doublings = u64::from(time.ilog2()) - 3;
        let within = (time >> (doublings - 1)) - PER_DOUBLING;
        doublings * PER_DOUBLING + within
    };
    u16::try_from(place).unwrap_or(u16::MAX)
}

/// The longest time in a bucket.
fn last_of(bucket: u16) -> u64 {
    let place = u64::from(bucket);
    if place < PER_DOUBLING {
        return place;
    }
    let (doublings, within) = (place / PER_DOUBLING, place % PER_DOUBLING);
    let width = 1_u128 << (doublings - 1).min(64);
    let last = (u128::from(PER_DOUBLING + within) + 1) * width - 1;
    u64::try_from(last).unwrap_or(u64::MAX)
}
