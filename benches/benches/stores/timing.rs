//! Time as one who waits sees it.

use std::time::Instant;

use benches::measure::percentile;

/// How long something took, in milliseconds, and what came of it.
pub(crate) fn timed<T>(run: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = run();
    (start.elapsed().as_secs_f64() * 1e3, result)
}

/// How long it took each time, in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    /// Runs once for each of these.
    pub(crate) fn of<I, T>(
        these: impl IntoIterator<Item = I>,
        mut run: impl FnMut(I) -> T,
    ) -> Self {
        let times = these.into_iter().map(|one| timed(|| run(one)).0);
        Self(times.collect())
    }

    pub(crate) fn push(&mut self, milliseconds: f64) {
        self.0.push(milliseconds);
    }

    /// What so many hundredths of them did not take longer than.
    pub(crate) fn percentile(&self, hundredths: usize) -> f64 {
        percentile(self.0.clone(), hundredths)
    }
}
