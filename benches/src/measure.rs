//! Time as the machine's other users cannot stretch it, and heap.

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The CPU time that this thread has used.
#[must_use]
pub fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
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

/// Seconds of CPU time, the median of several rounds for each contestant. The rounds are interleaved, so that whatever else the machine
/// does hits all alike; there are as many as fit the given time, at least 3 and at most 101, or one if that is what is wanted.
pub fn medians(effort: Effort, contestants: &mut [Box<dyn FnMut() + '_>]) -> Vec<f64> {
    let mut times: Vec<Vec<f64>> = contestants
        .iter_mut()
        .map(|run| vec![time(&mut *run).as_secs_f64()])
        .collect();
    let Effort::Budget(budget) = effort else {
        return times.into_iter().map(|times| times[0]).collect();
    };
    let round: f64 = times.iter().map(|times| times[0]).sum();
    let fitting = (budget.as_secs_f64() / round.max(1e-9)).min(101.0);
    // A first round is cold: it counts only where there are no others.
    let mut rounds = 3.0_f64;
    for times in &mut times {
        times.clear();
    }
    rounds = rounds.max(fitting.floor());
    while rounds >= 1.0 {
        rounds -= 1.0;
        for (times, run) in times.iter_mut().zip(contestants.iter_mut()) {
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
