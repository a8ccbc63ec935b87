//! Change sets a second, and processor time each, beside programs written by hand that write the same rows into the same tables and do
//! nothing else: no validation, no decision, no thread of their own. They read the head, seal the event, and insert a
//! thing and the event, in one transaction for each change.

mod memory;
mod postgres;
mod sqlite;

use std::time::Instant;

use benches::measure::{median, process_time};
use benches::report::{Cell, Row, Section, Target, Unit};
use futures::executor::block_on;
use one_ontology::{
    ChangeSet, EventId, EventType, NewEvent, Place, Scope, Store, Thing, ThingId, ThingQuery,
    ThingType, Timestamp,
};

use crate::Plan;

/// How many times as much as by hand the store may cost.
const AT_MOST: Target = Target::OfPeer(1.3);

/// How many change sets are compared, row by row, before any is timed.
const COMPARED: usize = 20;

pub(crate) fn sections(plan: Plan) -> Vec<Section> {
    let mut sections = vec![memory::section(plan), sqlite::section(plan)];
    sections.extend(plan.server.map(|server| postgres::section(plan, server)));
    sections
}

/// What one run came to.
#[derive(Clone, Copy, Debug)]
struct Figures {
    /// Commits a second.
    rate: f64,
    /// Milliseconds of processor time of this process for each.
    cpu: f64,
    /// The same of the server's processes, where there are any that can be looked at.
    server: Option<f64>,
}

impl Figures {
    /// Of so many commits since then.
    fn since(start: Instant, cpu: f64, commits: usize) -> Self {
        let wall = start.elapsed().as_secs_f64();
        Self {
            rate: count(commits) / wall,
            cpu: (process_time().as_secs_f64() - cpu) * 1e3 / count(commits),
            server: None,
        }
    }
}

/// The runs of one contestant; each figure is the one in the middle.
struct Runs(Vec<Figures>);

impl Runs {
    fn rate(&self) -> Cell {
        Cell::figure(median(self.0.iter().map(|run| run.rate).collect()))
    }

    fn cpu(&self) -> Cell {
        Cell::figure(median(self.0.iter().map(|run| run.cpu).collect()))
    }

    fn server(&self) -> Cell {
        let runs: Option<Vec<f64>> = self.0.iter().map(|run| run.server).collect();
        runs.map_or_else(
            || Cell::None("not seen".to_owned()),
            |runs| Cell::figure(median(runs)),
        )
    }
}

/// Each contestant's runs, in turns.
fn in_turns(turns: usize, contestants: &[&dyn Fn() -> Figures]) -> Vec<Runs> {
    let mut runs: Vec<Runs> = contestants.iter().map(|_| Runs(Vec::new())).collect();
    for _ in 0..turns {
        for (runs, contestant) in runs.iter_mut().zip(contestants) {
            runs.0.push(contestant());
        }
    }
    runs
}

fn row(label: String, unit: Unit, runs: &[Runs], cell: fn(&Runs) -> Cell) -> Row {
    Row {
        label,
        unit,
        target: (runs.len() > 1).then_some(AT_MOST),
        cells: runs.iter().map(cell).collect(),
    }
}

/// Runs `commit(number)` on so many threads, each number once.
fn on_threads(writers: usize, rounds: usize, commit: impl Fn(usize) + Sync) -> Figures {
    let (start, cpu) = (Instant::now(), process_time().as_secs_f64());
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let commit = &commit;
            scope.spawn(move || (writer..rounds).step_by(writers).for_each(commit));
        }
    });
    Figures::since(start, cpu, rounds)
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}

fn in_writers(writers: usize) -> String {
    format!("{writers} writer{}", if writers == 1 { "" } else { "s" })
}

fn scope(place: Place) -> Scope {
    Scope::system("bench".parse().unwrap(), place)
}

/// What is written: about 600 bytes of JSON in both rows.
fn facts(place: Place, number: usize) -> (Thing, NewEvent) {
    let name = format!("A thing with number {number}");
    let id = ThingId::of_name(&[&name]);
    let now = Timestamp::EPOCH;
    let mut thing = Thing::new(&scope(place), id, ThingType::Course, name, now);
    thing.properties = thing
        .properties
        .with(
            "description",
            "What it is, in words of which some are common and some are not",
        )
        .with("level", 3);
    let event = EventId::of_name(&["event", &number.to_string()]);
    let event = NewEvent::new(event, EventType::CourseCreated, Some(id.into()));
    (thing, event)
}

fn change_set(place: Place, number: usize) -> ChangeSet {
    let (thing, event) = facts(place, number);
    ChangeSet::new(&scope(place), event, Timestamp::EPOCH).insert(thing)
}

/// A letter for the kind of end, and its id: how both databases keep what an event is about.
fn target(thing: &Thing) -> Vec<u8> {
    let mut target = vec![b't'];
    target.extend_from_slice(thing.id.as_uuid().as_bytes());
    target
}

/// What was written by hand must read as what the store wrote: the same chain, the same things.
fn assert_same(by_hand: &dyn Store, by_store: &dyn Store) {
    let scope = scope(Place::Global);
    let read = |store: &dyn Store| {
        let things = block_on(store.things(&scope, &ThingQuery::default())).unwrap();
        assert_eq!(things.items.len(), COMPARED, "not all is there");
        (things, block_on(store.head(&scope)).unwrap())
    };
    assert_eq!(read(by_hand), read(by_store), "the rows differ");
}
