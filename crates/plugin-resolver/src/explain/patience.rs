//! What would help against a cooldown: to exempt packages, or to wait.

use chrono::{DateTime, Utc};

use super::advise::Adviser;
use super::alternative::Change;
use crate::solve::instance::Instance;
use crate::solve::solver::Outcome;

/// How many packages are exempted at once, and how many one by one.
const TOGETHER: usize = 16;
const ALONE: usize = 4;

const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// Changes worth trying, if everything could be met without the cooldown.
pub(super) fn candidates(adviser: &mut Adviser<'_>) -> Vec<Vec<Change>> {
    let Some(cooldown) = adviser.request.cooldown.clone() else {
        return Vec::new();
    };
    let mut without = adviser.request.clone();
    without.cooldown = None;
    let instance = Instance::new(adviser.universe, &without).interruptible(adviser.interrupt);
    if instance.roots.iter().any(|root| root.need.is_err()) {
        return Vec::new();
    }
    let Outcome::Solved(selected) = adviser.solve(&instance, &adviser.all()) else {
        return Vec::new();
    };
    let cooled = adviser.instance();
    let mut exempt: Vec<Change> = Vec::new();
    let mut times: Vec<DateTime<Utc>> = Vec::new();
    for (package, version) in selected {
        let young = cooled.too_young(package);
        let Some(data) = adviser
            .universe
            .package(package)
            .filter(|_| young.contains(version))
        else {
            continue;
        };
        exempt.push(Change::Exempt {
            package: data.name.clone(),
        });
        let releases = young
            .below(data.limit())
            .filter_map(|version| data.release(version));
        times.extend(releases.filter_map(|release| release.published()));
    }
    let mut candidates: Vec<Vec<Change>> = Vec::new();
    if exempt.len() <= TOGETHER {
        candidates.extend(exempt.iter().take(ALONE).map(|change| vec![change.clone()]));
        candidates.push(exempt);
    }
    times.sort_unstable();
    times.dedup();
    let wait = |until: &DateTime<Utc>| {
        let seconds = until.signed_duration_since(cooldown.until).num_seconds();
        let days = u64::try_from(seconds.max(0))
            .unwrap_or_default()
            .div_ceil(SECONDS_A_DAY.unsigned_abs());
        vec![Change::Wait {
            days,
            until: *until,
        }]
    };
    // The more is old enough, the more there is to choose from.
    let first = times.partition_point(|time| adviser.works(&wait(time)).is_none());
    candidates.extend(times.get(first).map(wait));
    candidates
}
