//! The figures are those of the table.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use plugin_lifecycle::{
    Activity, ActivityEnd, ActivityKind, Observation, Observer as _, RunOutcome,
};
use plugin_observer::{Metered, Together};
use plugin_runtime_api::ComponentKind;

use crate::facts::{all_activities, all_observations, cells, group, instance, names};

/// What was recorded: by name, type and labels, the values in order.
type Recorded = BTreeMap<(String, &'static str, Vec<(String, String)>), Vec<f64>>;

#[derive(Clone, Debug, Default)]
struct Notes {
    recorded: Arc<Mutex<Recorded>>,
    described: Arc<Mutex<BTreeSet<(String, &'static str)>>>,
}

#[derive(Debug)]
struct Note {
    notes: Notes,
    kind: &'static str,
    key: Key,
}

impl Notes {
    fn note(&self, kind: &'static str, key: &Key) -> Arc<Note> {
        Arc::new(Note {
            notes: self.clone(),
            kind,
            key: key.clone(),
        })
    }

    fn describe(&self, kind: &'static str, name: &KeyName) {
        let mut described = self.described.lock().unwrap();
        described.insert((name.as_str().to_owned(), kind));
    }

    fn values(&self, name: &str, labels: &[(&str, &str)]) -> Vec<f64> {
        let labels: Vec<_> = labels
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let recorded = self.recorded.lock().unwrap();
        let found = recorded
            .iter()
            .find(|((of, _, with), _)| of == name && *with == labels);
        found.map(|(_, values)| values.clone()).unwrap_or_default()
    }
}

impl Note {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a test counts to a few thousand"
    )]
    fn add(&self, value: u64) {
        self.put(value as f64);
    }

    fn put(&self, value: f64) {
        let labels = self.key.labels();
        let labels = labels
            .map(|it| (it.key().to_owned(), it.value().to_owned()))
            .collect();
        let key = (self.key.name().to_owned(), self.kind, labels);
        let mut recorded = self.notes.recorded.lock().unwrap();
        recorded.entry(key).or_default().push(value);
    }
}

impl CounterFn for Note {
    fn increment(&self, value: u64) {
        self.add(value);
    }

    fn absolute(&self, value: u64) {
        self.add(value);
    }
}

impl GaugeFn for Note {
    fn increment(&self, value: f64) {
        self.put(value);
    }

    fn decrement(&self, value: f64) {
        self.put(-value);
    }

    fn set(&self, value: f64) {
        self.put(value);
    }
}

impl HistogramFn for Note {
    fn record(&self, value: f64) {
        self.put(value);
    }
}

impl Recorder for Notes {
    fn describe_counter(&self, key: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe("counter", &key);
    }

    fn describe_gauge(&self, key: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe("gauge", &key);
    }

    fn describe_histogram(&self, key: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe("histogram", &key);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.note("counter", key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.note("gauge", key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.note("histogram", key))
    }
}

fn noted(act: impl FnOnce()) -> Notes {
    let notes = Notes::default();
    metrics::with_local_recorder(&notes, act);
    notes
}

#[test]
fn the_table_of_figures_is_what_is_recorded_and_described() {
    let notes = noted(|| {
        Metered::describe();
        all_activities(&Metered);
        all_observations(&Metered);
    });
    let recorded = notes.recorded.lock().unwrap();
    let found: BTreeSet<(String, &str, BTreeSet<String>)> = recorded
        .keys()
        .map(|(name, kind, labels)| {
            let labels = labels.iter().map(|(key, _)| key.clone());
            (name.clone(), *kind, labels.collect())
        })
        .collect();
    let table = cells("Figures");
    let said: BTreeSet<(String, &str, BTreeSet<String>)> = table
        .iter()
        .map(|row| {
            (
                row[0].trim_matches('`').to_owned(),
                row[1].as_str(),
                names(&row[2]),
            )
        })
        .collect();
    assert_eq!(found, said);
    let described = notes.described.lock().unwrap();
    let names: BTreeSet<(String, &str)> = said
        .into_iter()
        .map(|(name, kind, _)| (name, kind))
        .collect();
    assert_eq!(*described, names);
}

#[test]
fn no_label_grows_with_organisations() {
    let notes = noted(|| {
        all_activities(&Metered);
        all_observations(&Metered);
    });
    let recorded = notes.recorded.lock().unwrap();
    for ((name, _, labels), _) in recorded.iter() {
        for (_, value) in labels {
            assert!(!value.contains(&group().to_string()), "{name}");
            assert!(!value.contains(&instance().to_string()), "{name}");
        }
    }
}

#[test]
fn figures_are_counts_seconds_and_bytes() {
    let notes = noted(|| {
        let observer = Together::new().and(Metered);
        let activity = Activity {
            kind: ActivityKind::Execute,
            group: Some(group()),
            instance: Some(instance()),
        };
        let mut span = observer.begin(&activity);
        span.end(
            ActivityEnd::Failed("RateLimited"),
            Duration::from_millis(250),
        );
        observer.observe(&Observation::ExecutionEnded {
            group: group(),
            instance: instance(),
            kind: ComponentKind::Action,
            outcome: RunOutcome::TimedOut,
            elapsed: Some(Duration::from_millis(30_500)),
            memory_bytes: Some(4096),
        });
        // Of what nobody knows how it ended, nobody knows how long it took either.
        observer.observe(&Observation::ExecutionEnded {
            group: group(),
            instance: instance(),
            kind: ComponentKind::Action,
            outcome: RunOutcome::Unknown,
            elapsed: None,
            memory_bytes: None,
        });
        observer.observe(&Observation::Waiting { executions: 2 });
        observer.observe(&Observation::Dispatched {
            delivered: 7,
            given_up: 0,
            failed: 1,
        });
    });
    let of_execute = [("activity", "execute"), ("end", "RateLimited")];
    assert_eq!(notes.values("plugin_activities_total", &of_execute), [1.0]);
    assert_eq!(
        notes.values("plugin_activity_seconds", &of_execute[..1]),
        [0.25]
    );
    let timed_out = [("kind", "action"), ("outcome", "timed_out")];
    assert_eq!(notes.values("plugin_executions_total", &timed_out), [1.0]);
    assert_eq!(notes.values("plugin_execution_seconds", &timed_out), [30.5]);
    let action = [("kind", "action")];
    assert_eq!(
        notes.values("plugin_execution_memory_bytes", &action),
        [4096.0]
    );
    let unknown = [("kind", "action"), ("outcome", "unknown")];
    assert_eq!(notes.values("plugin_executions_total", &unknown), [1.0]);
    assert_eq!(
        notes.values("plugin_execution_seconds", &unknown),
        Vec::<f64>::new()
    );
    assert_eq!(notes.values("plugin_executions_waiting", &[]), [2.0]);
    assert_eq!(
        notes.values("plugin_deliveries_total", &[("end", "delivered")]),
        [7.0]
    );
}
