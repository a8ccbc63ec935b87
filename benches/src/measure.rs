//! Time as the machine's other users cannot stretch it, and heap.

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The CPU time that this thread has used.
#[must_use]
pub fn thread_time() -> Duration {
    duration(ClockId::ThreadCPUTime)
}

/// The CPU time that all threads of this process have used.
#[must_use]
pub fn process_time() -> Duration {
    duration(ClockId::ProcessCPUTime)
}

fn duration(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap(),
        u32::try_from(time.tv_nsec).unwrap(),
    )
}

/// CPU time of one run, with the dropping of what it returns.
pub fn time<T>(run: impl FnOnce() -> T) -> Duration {
    let start = thread_time();
    drop(black_box(run()));
    thread_time() - start
}

/// What takes less runs once unmeasured before each time it is measured: whoever ran before left the caches full of other things.
const SHORT: f64 = 0.02;

/// Seconds of CPU time, the median of several rounds for each contestant. The rounds are interleaved, so that whatever else the machine
/// does hits all alike; there are as many as fit the given time, at least 3 and at most 101, or one if that is what is wanted.
pub fn medians(effort: Effort, contestants: &mut [Box<dyn FnMut() + '_>]) -> Vec<f64> {
    let first: Vec<f64> = contestants
        .iter_mut()
        .map(|run| time(&mut *run).as_secs_f64())
        .collect();
    let Effort::Budget(budget) = effort else {
        return first;
    };
    let round: f64 = first.iter().sum();
    let fitting = budget.as_secs_f64() / round.max(1e-9);
    let rounds = (3..=101).rev().find(|rounds| f64::from(*rounds) <= fitting);
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); contestants.len()];
    for _ in 0..rounds.unwrap_or(3) {
        for ((run, times), first) in contestants.iter_mut().zip(&mut times).zip(&first) {
            if *first < SHORT {
                run();
            }
            times.push(time(&mut *run).as_secs_f64());
        }
    }
    times.into_iter().map(median).collect()
}

/// How long is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Each once, to see that it works.
    Once,
    /// About so much CPU time for one line of the table.
    Budget(Duration),
}

/// The one in the middle.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The value that so many hundredths are not above.
#[must_use]
pub fn percentile(mut values: Vec<f64>, hundredths: usize) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let rank = (values.len() * hundredths).div_ceil(100);
    values[rank.max(1) - 1]
}
