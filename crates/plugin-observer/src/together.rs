//! Several observers in one.

use std::sync::Arc;
use std::time::Duration;

use plugin_lifecycle::{Activity, ActivityEnd, ActivitySpan, Observation, Observer};

/// Tells several observers, in the order in which they were given.
#[derive(Clone, Debug, Default)]
pub struct Together(Vec<Arc<dyn Observer>>);

impl Together {
    /// Nobody yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// These, and one more.
    #[must_use]
    pub fn and(mut self, observer: impl Observer) -> Self {
        self.0.push(Arc::new(observer));
        self
    }
}

impl Observer for Together {
    fn begin(&self, activity: &Activity) -> Box<dyn ActivitySpan> {
        let spans = self.0.iter().map(|observer| observer.begin(activity));
        Box::new(Spans(spans.collect()))
    }

    fn observe(&self, observation: &Observation) {
        for observer in &self.0 {
            observer.observe(observation);
        }
    }
}

#[derive(Debug)]
struct Spans(Vec<Box<dyn ActivitySpan>>);

impl ActivitySpan for Spans {
    fn enter(&mut self) {
        self.0.iter_mut().for_each(|span| span.enter());
    }

    fn exit(&mut self) {
        // The last to be entered is the first to be left.
        self.0.iter_mut().rev().for_each(|span| span.exit());
    }

    fn end(&mut self, end: ActivityEnd, took: Duration) {
        self.0.iter_mut().rev().for_each(|span| span.end(end, took));
    }
}
