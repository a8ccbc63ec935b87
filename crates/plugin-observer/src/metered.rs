//! Figures for the `metrics` facade.

use std::time::Duration;

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use plugin_lifecycle::{Activity, ActivityEnd, ActivityKind, ActivitySpan, Observation, Observer};

/// Counts and measures through the `metrics` facade, for whichever recorder the host has installed.
///
/// Which figures there are, with which labels, is in the table of this crate. No label is an id or a
/// word of a person or plugin: each has as many values as the code names, so series do not grow
/// with organisations.
#[derive(Clone, Copy, Debug, Default)]
pub struct Metered;

impl Metered {
    /// Tells the recorder what the figures mean and in which units they are.
    pub fn describe() {
        describe_counter!("plugin_activities_total", "commands by how they ended");
        describe_histogram!(
            "plugin_activity_seconds",
            Unit::Seconds,
            "what commands took"
        );
        describe_counter!("plugin_transitions_total", "steps of instances");
        describe_counter!("plugin_executions_begun_total", "executions admitted");
        describe_counter!("plugin_executions_repeated_total", "executions tried again");
        describe_counter!("plugin_executions_total", "executions by how they ended");
        describe_histogram!(
            "plugin_execution_seconds",
            Unit::Seconds,
            "what executions took with all attempts"
        );
        describe_histogram!(
            "plugin_execution_memory_bytes",
            Unit::Bytes,
            "the most memory that runtimes held during executions"
        );
        describe_counter!("plugin_breaker_moves_total", "breakers opened and closed");
        describe_gauge!(
            "plugin_executions_waiting",
            "executions that wait for a place in this process"
        );
        describe_counter!("plugin_recovered_total", "what recoveries came upon");
        describe_counter!("plugin_deliveries_total", "events told to plugins");
    }
}

impl Observer for Metered {
    fn begin(&self, activity: &Activity) -> Box<dyn ActivitySpan> {
        Box::new(Begun(activity.kind))
    }

    fn observe(&self, observation: &Observation) {
        match observation {
            Observation::Moved { rule, to, .. } => {
                let (rule, state) = (rule.as_str(), to.as_str());
                counter!("plugin_transitions_total", "rule" => rule, "state" => state).increment(1);
            }
            Observation::ExecutionBegan { kind, .. } => {
                counter!("plugin_executions_begun_total", "kind" => kind.as_str()).increment(1);
            }
            Observation::ExecutionRepeated { kind, .. } => {
                counter!("plugin_executions_repeated_total", "kind" => kind.as_str()).increment(1);
            }
            Observation::ExecutionEnded {
                kind,
                outcome,
                elapsed,
                memory_bytes,
                ..
            } => {
                let (kind, outcome) = (kind.as_str(), outcome.as_str());
                counter!("plugin_executions_total", "kind" => kind, "outcome" => outcome)
                    .increment(1);
                if let Some(elapsed) = elapsed {
                    histogram!("plugin_execution_seconds", "kind" => kind, "outcome" => outcome)
                        .record(elapsed.as_secs_f64());
                }
                if let Some(bytes) = memory_bytes {
                    histogram!("plugin_execution_memory_bytes", "kind" => kind)
                        .record(approximate(*bytes));
                }
            }
            Observation::BreakerMoved { to, .. } => {
                counter!("plugin_breaker_moves_total", "state" => to.as_str()).increment(1);
            }
            Observation::Waiting { executions } => {
                gauge!("plugin_executions_waiting").set(approximate(*executions as u64));
            }
            Observation::Recovered {
                taken,
                left,
                failed,
            } => {
                for (what, count) in [("taken", taken), ("left", left), ("failed", failed)] {
                    counter!("plugin_recovered_total", "what" => what).increment(*count as u64);
                }
            }
            Observation::Dispatched {
                delivered,
                given_up,
                failed,
            } => {
                let ends = [
                    ("delivered", delivered),
                    ("given_up", given_up),
                    ("failed", failed),
                ];
                for (end, count) in ends {
                    counter!("plugin_deliveries_total", "end" => end).increment(*count as u64);
                }
            }
            // What a later version tells is nothing that this one has a figure for.
            _ => {}
        }
    }
}

#[derive(Debug)]
struct Begun(ActivityKind);

impl ActivitySpan for Begun {
    fn enter(&mut self) {}

    fn exit(&mut self) {}

    fn end(&mut self, end: ActivityEnd, took: Duration) {
        let (activity, end) = (self.0.as_str(), end.as_str());
        counter!("plugin_activities_total", "activity" => activity, "end" => end).increment(1);
        histogram!("plugin_activity_seconds", "activity" => activity).record(took.as_secs_f64());
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "figures are read by people and need no more than 53 bits"
)]
const fn approximate(number: u64) -> f64 {
    number as f64
}
