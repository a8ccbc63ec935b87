//! What has happened, as it was written.

use std::collections::BTreeSet;
use std::time::Duration;

use one_ontology::{End, EventType, GroupId, NewEvent, Place, PluginEventType, ThingId};
use plugin_runtime_api::ComponentKind;
use serde_json::Value;

use crate::{BreakerState, Rule, Run, RunOutcome, StateKind};

/// Something that has happened. What is about instances is told once it is in the store, and of
/// each change set once, so figures of all hosts add up to what the trail says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Observation {
    /// An instance has moved by a row of the table.
    Moved {
        /// In which organisation.
        group: GroupId,
        /// Which instance.
        instance: ThingId,
        /// The row.
        rule: Rule,
        /// Where it is now.
        to: StateKind,
    },
    /// An execution was admitted.
    ExecutionBegan {
        /// In which organisation.
        group: GroupId,
        /// Of which instance.
        instance: ThingId,
        /// Of which kind of component.
        kind: ComponentKind,
    },
    /// An execution is tried again.
    ExecutionRepeated {
        /// In which organisation.
        group: GroupId,
        /// Of which instance.
        instance: ThingId,
        /// Of which kind of component.
        kind: ComponentKind,
    },
    /// An execution has ended.
    ExecutionEnded {
        /// In which organisation.
        group: GroupId,
        /// Of which instance.
        instance: ThingId,
        /// Of which kind of component.
        kind: ComponentKind,
        /// How.
        outcome: RunOutcome,
        /// From its beginning to its end with all attempts, by the host's clock; none where nobody
        /// knows how it ended.
        elapsed: Option<Duration>,
        /// The most memory its runtime held meanwhile, in bytes; none where it is not measured.
        memory_bytes: Option<u64>,
    },
    /// An execution has opened a breaker, or closed it.
    BreakerMoved {
        /// In which organisation.
        group: GroupId,
        /// Of which instance.
        instance: ThingId,
        /// What it is now: open or closed.
        to: BreakerState,
    },
    /// So many executions wait for a place now, in this process, of all organisations.
    Waiting {
        /// How many.
        executions: usize,
    },
    /// A recovery has ended.
    Recovered {
        /// How much it took and finished.
        taken: usize,
        /// How much it left to whoever may be at work on it.
        left: usize,
        /// How much it could not recover.
        failed: usize,
    },
    /// A dispatch has ended.
    Dispatched {
        /// How many events it delivered.
        delivered: usize,
        /// How many became dead letters.
        given_up: usize,
        /// How many subscriptions it could not serve.
        failed: usize,
    },
}

/// What the events of a change set tell of instances.
pub(crate) fn written(place: Place, events: &[NewEvent]) -> Vec<Observation> {
    let Place::Group(group) = place else {
        return Vec::new();
    };
    let mut moved = BTreeSet::new();
    let mut told = Vec::new();
    for event in events {
        let Some(End::Thing(instance)) = event.target else {
            continue;
        };
        // A row with several events is still one step.
        if let Some((rule, to)) = step_of(event)
            && moved.insert((instance, rule))
        {
            told.push(Observation::Moved {
                group,
                instance,
                rule,
                to,
            });
        }
        told.extend(execution_of(group, instance, event));
        told.extend(breaker_of(event).map(|to| Observation::BreakerMoved {
            group,
            instance,
            to,
        }));
    }
    told
}

fn step_of(event: &NewEvent) -> Option<(Rule, StateKind)> {
    let rule = event.metadata.text("rule")?;
    let rule = Rule::ALL.iter().find(|it| it.as_str() == rule)?;
    Some((*rule, event.metadata.text("state")?.parse().ok()?))
}

fn execution_of(group: GroupId, instance: ThingId, event: &NewEvent) -> Option<Observation> {
    let kind: ComponentKind = event.metadata.text("kind")?.parse().ok()?;
    let number = |name: &str| event.metadata.get(name).and_then(Value::as_u64);
    if event.event_type == EventType::Plugin(PluginEventType::PluginActionInitiated) {
        return Some(match number("attempt") {
            None => Observation::ExecutionBegan {
                group,
                instance,
                kind,
            },
            Some(_) => Observation::ExecutionRepeated {
                group,
                instance,
                kind,
            },
        });
    }
    // What was closed before, and is only told of late, was counted then.
    if !Run::ENDS.contains(&event.event_type) || event.metadata.get("late").is_some() {
        return None;
    }
    Some(Observation::ExecutionEnded {
        group,
        instance,
        kind,
        outcome: event.metadata.text("outcome")?.parse().ok()?,
        elapsed: number("elapsed_us").map(Duration::from_micros),
        memory_bytes: number("memory_bytes").filter(|bytes| *bytes > 0),
    })
}

fn breaker_of(event: &NewEvent) -> Option<BreakerState> {
    // Each event of the step says so; the end of the execution is one of them.
    if !Run::ENDS.contains(&event.event_type) {
        return None;
    }
    if event.metadata.get("held_back_until").is_some() {
        return Some(BreakerState::Open);
    }
    event.metadata.get("breaker").map(|_| BreakerState::Closed)
}
