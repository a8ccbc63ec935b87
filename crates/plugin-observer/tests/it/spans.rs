//! The spans and events are those of the tables.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use plugin_lifecycle::{Activity, ActivityEnd, ActivityKind, Observer as _};
use plugin_observer::{Together, Traced};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::facts::{all_activities, all_observations, cells, group, instance, names};

/// What was told: of each span or event its name, and of each of its fields the value.
#[derive(Debug, Default)]
struct Notes {
    next: AtomicU64,
    spans: Mutex<BTreeMap<u64, Told>>,
    events: Mutex<Vec<Told>>,
    /// Which spans were entered and left, in order.
    steps: Mutex<Vec<(u64, &'static str)>>,
}

#[derive(Clone, Debug, Default)]
struct Told {
    name: &'static str,
    fields: BTreeMap<String, String>,
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.fields
            .insert(field.name().to_owned(), format!("{value:?}"));
    }
}

/// A subscriber that can be looked at afterwards.
#[derive(Clone, Debug)]
struct Shared(std::sync::Arc<Notes>);

impl Subscriber for Shared {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "plugin_observer"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed) + 1;
        let mut told = Told {
            name: span.metadata().name(),
            ..Told::default()
        };
        span.record(&mut told);
        self.0.spans.lock().unwrap().insert(id, told);
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut spans = self.0.spans.lock().unwrap();
        values.record(spans.get_mut(&span.into_u64()).unwrap());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut told = Told {
            name: event.metadata().name(),
            ..Told::default()
        };
        event.record(&mut told);
        self.0.events.lock().unwrap().push(told);
    }

    fn enter(&self, span: &Id) {
        self.0
            .steps
            .lock()
            .unwrap()
            .push((span.into_u64(), "enter"));
    }

    fn exit(&self, span: &Id) {
        self.0.steps.lock().unwrap().push((span.into_u64(), "exit"));
    }
}

fn noted(act: impl FnOnce()) -> std::sync::Arc<Notes> {
    let notes = Shared(std::sync::Arc::default());
    tracing::subscriber::with_default(notes.clone(), act);
    notes.0
}

/// Names with their fields, of a table.
fn said(heading: &str) -> BTreeSet<(String, BTreeSet<String>)> {
    let rows = cells(heading);
    let rows = rows
        .iter()
        .map(|row| (row[0].trim_matches('`').to_owned(), names(&row[1])));
    rows.collect()
}

fn found<'a>(told: impl Iterator<Item = &'a Told>) -> BTreeSet<(String, BTreeSet<String>)> {
    told.map(|it| (it.name.to_owned(), it.fields.keys().cloned().collect()))
        .collect()
}

#[test]
fn the_tables_of_spans_and_events_are_what_is_told() {
    let mut observed = 0;
    let notes = noted(|| {
        all_activities(&Traced);
        observed = all_observations(&Traced);
    });
    assert_eq!(found(notes.spans.lock().unwrap().values()), said("Spans"));
    let events = notes.events.lock().unwrap();
    assert_eq!(events.len(), observed);
    assert_eq!(found(events.iter()), said("Events"));
}

#[test]
fn a_span_says_how_its_activity_ended_and_is_left_where_it_was_entered() {
    let notes = noted(|| {
        let activity = Activity {
            kind: ActivityKind::Update,
            group: Some(group()),
            instance: Some(instance()),
        };
        let mut span = Together::new().and(Traced).and(Traced).begin(&activity);
        span.enter();
        span.exit();
        span.end(
            ActivityEnd::Failed("UpdateRolledBack"),
            Duration::from_micros(1200),
        );
    });
    let spans = notes.spans.lock().unwrap();
    let first = &spans[&1];
    assert_eq!(first.name, "plugin.update");
    assert_eq!(first.fields["end"], "\"UpdateRolledBack\"");
    assert_eq!(first.fields["took_us"], "1200");
    assert_eq!(first.fields["group"], group().to_string());
    assert_eq!(first.fields["instance"], instance().to_string());
    let steps = notes.steps.lock().unwrap();
    assert_eq!(
        *steps,
        [(1, "enter"), (2, "enter"), (2, "exit"), (1, "exit")]
    );
}
