//! Where the time went.

use std::time::{Duration, Instant};

use crate::session::Session;

/// Measures the journey: all of it, and what was spent outside our own code.
#[derive(Debug)]
pub(crate) struct Figures {
    start: Instant,
    /// Waiting that only the journey itself sees: documents asked for at once.
    documents: Duration,
}

impl Figures {
    #[expect(clippy::disallowed_methods, reason = "the demo says how long it took")]
    pub(crate) fn start() -> Self {
        Self {
            start: Instant::now(),
            documents: Duration::ZERO,
        }
    }

    /// Does something that is all waiting for others.
    #[expect(clippy::disallowed_methods, reason = "the demo says how long it took")]
    pub(crate) fn outside<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.documents += start.elapsed();
        result
    }

    pub(crate) fn words(&self, session: &Session) -> String {
        let all = self.start.elapsed();
        let npm_and_node = session.waited.total();
        let own = all
            .saturating_sub(npm_and_node)
            .saturating_sub(self.documents);
        format!(
            "{:.1} s in all: {:.1} s asking the registry, {:.1} s npm and plugin code, {:.0} ms our own code \
             (every row, event and budget written through to the disk)",
            all.as_secs_f64(),
            self.documents.as_secs_f64(),
            npm_and_node.as_secs_f64(),
            own.as_secs_f64() * 1e3
        )
    }
}
