//! Spans and events for `tracing`.

use std::time::Duration;

use plugin_lifecycle::{Activity, ActivityEnd, ActivityKind, ActivitySpan, Observation, Observer};
use tracing::field::Empty;
use tracing::{Level, Span};

/// Opens a `tracing` span around each activity, so that what is done for it (calls of the store, if
/// that is traced, too) is within, and tells each observation as an event.
///
/// Which there are, with which fields, is in the tables of this crate. Levels: `INFO` for activities,
/// `DEBUG` for what is observed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traced;

// The name of a span is part of where it stands in the source, so each activity has its own.
macro_rules! span {
    ($activity:expr, $($kind:ident $name:literal)*) => {
        match $activity.kind {
            $(ActivityKind::$kind => tracing::info_span!(
                target: "plugin_observer",
                $name,
                group = $activity.group.map(tracing::field::display),
                instance = $activity.instance.map(tracing::field::display),
                end = Empty,
                took_us = Empty,
            ),)*
        }
    };
}

fn span(activity: &Activity) -> Span {
    span!(activity,
        Install "plugin.install"
        RetryInstall "plugin.retry_install"
        Configure "plugin.configure"
        Activate "plugin.activate"
        Resume "plugin.resume"
        Execute "plugin.execute"
        Deactivate "plugin.deactivate"
        Suspend "plugin.suspend"
        Update "plugin.update"
        Rollback "plugin.rollback"
        Uninstall "plugin.uninstall"
        Recover "plugin.recover"
        Dispatch "plugin.dispatch"
    )
}

macro_rules! event {
    ($name:literal, $($field:tt)*) => {
        tracing::event!(name: $name, target: "plugin_observer", Level::DEBUG, $($field)*)
    };
}

impl Observer for Traced {
    fn begin(&self, activity: &Activity) -> Box<dyn ActivitySpan> {
        Box::new(Opened(span(activity)))
    }

    fn observe(&self, observation: &Observation) {
        match observation {
            Observation::Moved {
                group,
                instance,
                rule,
                to,
            } => event!(
                "plugin.moved",
                %group, %instance, rule = rule.as_str(), state = to.as_str()
            ),
            Observation::ExecutionBegan {
                group,
                instance,
                kind,
            } => event!("plugin.execution_began", %group, %instance, kind = kind.as_str()),
            Observation::ExecutionRepeated {
                group,
                instance,
                kind,
            } => event!("plugin.execution_repeated", %group, %instance, kind = kind.as_str()),
            Observation::ExecutionEnded {
                group,
                instance,
                kind,
                outcome,
                elapsed,
                memory_bytes,
            } => event!(
                "plugin.execution_ended",
                %group, %instance, kind = kind.as_str(), outcome = outcome.as_str(),
                elapsed_us = elapsed.map(micros), memory_bytes
            ),
            Observation::BreakerMoved {
                group,
                instance,
                to,
            } => event!("plugin.breaker_moved", %group, %instance, state = to.as_str()),
            Observation::Waiting { executions } => event!("plugin.waiting", executions),
            Observation::Recovered {
                taken,
                left,
                failed,
            } => event!("plugin.recovered", taken, left, failed),
            Observation::Dispatched {
                delivered,
                given_up,
                failed,
            } => event!("plugin.dispatched", delivered, given_up, failed),
            // What a later version tells is nothing that this one has a name for.
            _ => {}
        }
    }
}

#[derive(Debug)]
struct Opened(Span);

impl ActivitySpan for Opened {
    fn enter(&mut self) {
        self.0
            .with_subscriber(|(id, subscriber)| subscriber.enter(id));
    }

    fn exit(&mut self) {
        self.0
            .with_subscriber(|(id, subscriber)| subscriber.exit(id));
    }

    fn end(&mut self, end: ActivityEnd, took: Duration) {
        self.0.record("end", end.as_str());
        self.0.record("took_us", micros(took));
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
