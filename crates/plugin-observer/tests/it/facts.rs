//! Everything that can be told, once.

use std::collections::BTreeSet;
use std::time::Duration;

use one_ontology::{GroupId, ThingId};
use plugin_lifecycle::{
    Activity, ActivityEnd, ActivityKind, BreakerState, Observation, Observer, Rule, RunOutcome,
    StateKind,
};
use plugin_runtime_api::ComponentKind;

const README: &str = include_str!("../../README.md");

/// The rows of the table under a heading, as trimmed cells, without head and rule.
pub(crate) fn cells(heading: &str) -> Vec<Vec<String>> {
    let (_, rest) = README.split_once(&format!("\n## {heading}\n")).unwrap();
    let table = rest
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2);
    let cells = |line: &str| {
        let line = line.trim().trim_start_matches('|').trim_end_matches('|');
        line.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    table.map(cells).collect()
}

/// The names in a cell: `` `a`, `b` ``.
pub(crate) fn names(cell: &str) -> BTreeSet<String> {
    let names = cell.split(',').map(|name| name.trim().trim_matches('`'));
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

pub(crate) fn group() -> GroupId {
    GroupId::of_name(&["acme"])
}

pub(crate) fn instance() -> ThingId {
    ThingId::of_name(&["plugin"])
}

/// Tells of each activity, with each end.
pub(crate) fn all_activities(observer: &dyn Observer) {
    let ends = [
        ActivityEnd::Done,
        ActivityEnd::Failed("RateLimited"),
        ActivityEnd::Dropped,
    ];
    for kind in ActivityKind::ALL {
        for end in ends {
            let of_several = matches!(kind, ActivityKind::Recover | ActivityKind::Dispatch);
            let one = !of_several && *kind != ActivityKind::Install;
            let activity = Activity {
                kind: *kind,
                group: (!of_several).then(group),
                instance: one.then(instance),
            };
            let mut span = observer.begin(&activity);
            span.enter();
            span.exit();
            span.end(end, Duration::from_millis(1500));
        }
    }
}

/// Tells of everything that there is, with every value that a label may have.
pub(crate) fn all_observations(observer: &dyn Observer) -> usize {
    let (group, instance) = (group(), instance());
    let mut all = Vec::new();
    for rule in Rule::ALL {
        for to in StateKind::ALL {
            all.push(Observation::Moved {
                group,
                instance,
                rule: *rule,
                to: *to,
            });
        }
    }
    for kind in ComponentKind::ALL {
        let kind = *kind;
        all.push(Observation::ExecutionBegan {
            group,
            instance,
            kind,
        });
        all.push(Observation::ExecutionRepeated {
            group,
            instance,
            kind,
        });
        for outcome in RunOutcome::ALL {
            all.push(Observation::ExecutionEnded {
                group,
                instance,
                kind,
                outcome: *outcome,
                elapsed: Some(Duration::from_millis(20)),
                memory_bytes: Some(1024),
            });
        }
    }
    for to in BreakerState::ALL {
        all.push(Observation::BreakerMoved {
            group,
            instance,
            to: *to,
        });
    }
    all.push(Observation::Waiting { executions: 3 });
    all.push(Observation::Recovered {
        taken: 1,
        left: 2,
        failed: 3,
    });
    all.push(Observation::Dispatched {
        delivered: 4,
        given_up: 5,
        failed: 6,
    });
    for observation in &all {
        observer.observe(observation);
    }
    all.len()
}
