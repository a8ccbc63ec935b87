//! What is recorded of an execution.

use std::time::Duration;

use one_ontology::{
    Actor, End, Event, EventType, PluginEventType, Seq, ThingId, Timestamp, vocabulary,
};
use plugin_runtime_api::{ComponentKind, ComponentName, ExecutionId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ExecutionLease, RecordedInput};

vocabulary! {
    /// How a recorded execution ended.
    closed RunOutcome ("how an execution ended") {
        /// It returned.
        Succeeded = "succeeded",
        /// The plugin's own `validate` said no.
        Refused = "refused",
        /// The plugin failed.
        Failed = "failed",
        /// It took longer than it may.
        TimedOut = "timed_out",
        /// It used more memory than it may.
        OutOfMemory = "out_of_memory",
        /// Its runtime ended in the middle of it.
        Crashed = "crashed",
        /// Somebody cancelled it.
        Cancelled = "cancelled",
        /// It was not run: the executor could not do its job.
        NotRun = "not_run",
        /// Nobody knows.
        Unknown = "unknown",
    }
}

/// An execution that has ended, as the trail tells of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Which.
    pub execution: ExecutionId,
    /// Of which instance.
    pub instance: ThingId,
    /// The version of the plugin.
    pub version: String,
    /// What kind of component.
    pub kind: ComponentKind,
    /// Its exact name.
    pub component: ComponentName,
    /// The agent that it ran for; none for the one that every organisation has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<ThingId>,
    /// How it ended.
    pub outcome: RunOutcome,
    /// Why, in words, as far as they may be recorded; empty if there is nothing to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it began; none where nobody knows any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<Timestamp>,
    /// When its end was written.
    pub ended: Timestamp,
    /// Who wrote its end: who called it, or who recovered it.
    pub by: Actor,
    /// From its beginning to its end with all attempts, in microseconds, by the host's clock.
    pub elapsed_us: u64,
    /// What the last attempt took, in microseconds, by the executor's clock.
    pub wall_us: u64,
    /// The most memory its runtime held meanwhile, in bytes; 0 where it is not measured.
    pub memory_bytes: u64,
    /// Its calls to the host.
    pub host_calls: u64,
    /// How long an attempt might take, in milliseconds, if whoever called said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// What is kept of its input; none where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<RecordedInput>,
    /// The number of the event that says so.
    pub seq: Seq,
}

impl Run {
    /// The types of events that say how an execution ended.
    pub(crate) const ENDS: [EventType; 2] = [
        EventType::Plugin(PluginEventType::PluginActionExecuted),
        EventType::Plugin(PluginEventType::PluginActionFailed),
    ];

    /// What an event says of an execution that has ended; none if it says something else.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        if !Self::ENDS.contains(&event.event_type) {
            return None;
        }
        let Some(End::Thing(instance)) = event.target else {
            return None;
        };
        let text = |name: &str| event.metadata.text(name);
        let number = |name: &str| event.metadata.get(name).and_then(Value::as_u64);
        let elapsed_us = number("elapsed_us");
        let input = event.metadata.get("input").cloned();
        Some(Self {
            execution: text("execution")?.parse().ok()?,
            instance,
            version: text("version")?.to_owned(),
            kind: text("kind")?.parse().ok()?,
            component: text("component")?.parse().ok()?,
            agent: text("agent").and_then(|agent| agent.parse().ok()),
            outcome: text("outcome")?.parse().ok()?,
            why: text("why").unwrap_or_default().to_owned(),
            attempts: number("attempts").map_or(1, |n| u32::try_from(n).unwrap_or(u32::MAX)),
            began: elapsed_us.map(|us| event.at.minus(Duration::from_micros(us))),
            ended: event.at,
            by: event.actor.clone(),
            elapsed_us: elapsed_us.unwrap_or(0),
            wall_us: number("wall_us").unwrap_or(0),
            memory_bytes: number("memory_bytes").unwrap_or(0),
            host_calls: number("host_calls").unwrap_or(0),
            timeout_ms: number("timeout_ms"),
            input: input.and_then(|input| serde_json::from_value(input).ok()),
            seq: event.seq,
        })
    }
}

/// Which recorded executions. What is none does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// That ended so.
    pub outcome: Option<RunOutcome>,
    /// Of the component of this name.
    pub component: Option<ComponentName>,
    /// That ended at this moment or later.
    pub since: Option<Timestamp>,
}

impl RunFilter {
    /// Whether a run is among those meant.
    #[must_use]
    pub fn matches(&self, run: &Run) -> bool {
        self.outcome.is_none_or(|outcome| outcome == run.outcome)
            && self
                .component
                .as_ref()
                .is_none_or(|name| *name == run.component)
            && self.since.is_none_or(|since| run.ended >= since)
    }
}

/// Some recorded executions, in the order in which they ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Runs {
    /// The executions.
    pub runs: Vec<Run>,
    /// Behind which number the next ones are; none if there were no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Seq>,
}

/// How an execution stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "progress", rename_all = "snake_case")]
pub enum Progress {
    /// It is under way.
    Running(ExecutionLease),
    /// It should have ended, and whoever drives it has said nothing: whoever recovers ends it.
    Silent(ExecutionLease),
    /// It has ended.
    Ended(Box<Run>),
}

/// A sign of life of an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "sign", rename_all = "snake_case")]
pub enum SignOfLife {
    /// An attempt begins.
    Attempt {
        /// Which, from 1.
        attempt: u32,
        /// When.
        at: Timestamp,
    },
    /// Somebody asked for its end.
    CancelAsked {
        /// Who.
        by: Actor,
        /// When.
        at: Timestamp,
    },
    /// It has ended.
    Ended(Box<Run>),
}

impl SignOfLife {
    /// What an event says of this execution; none if it says nothing of it.
    #[must_use]
    pub fn of(event: &Event, execution: ExecutionId) -> Option<Self> {
        let of: ExecutionId = event.metadata.text("execution")?.parse().ok()?;
        if of != execution {
            return None;
        }
        match &event.event_type {
            EventType::Plugin(PluginEventType::PluginActionInitiated) => {
                let attempt = event.metadata.get("attempt").and_then(Value::as_u64);
                Some(Self::Attempt {
                    attempt: attempt.map_or(1, |n| u32::try_from(n).unwrap_or(u32::MAX)),
                    at: event.at,
                })
            }
            EventType::Plugin(PluginEventType::PluginOperationStarted) => Some(Self::CancelAsked {
                by: event.actor.clone(),
                at: event.at,
            }),
            _ => Run::of(event).map(|run| Self::Ended(Box::new(run))),
        }
    }
}
