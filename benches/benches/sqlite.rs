//! Change sets a second, and processor time each: the SQLite store beside a program written by hand that writes the
//! same rows into the same tables and does nothing else (no validation, no decision, no thread of its own). It reads
//! the head, seals the event, and inserts a thing and the event, in one transaction for each change.
//!
//! `cargo bench -p benches --bench sqlite`, or one line of it: `-- full 8`; with `--quick` (or `--test`) everything runs once, to see that it works.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![expect(clippy::unwrap_used, reason = "a broken bench may panic")]
#![expect(
    clippy::disallowed_methods,
    reason = "a bench measures time by the machine's clock"
)]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures::executor::block_on;
use one_ontology::{
    Actor, ChangeSet, Event, EventId, EventType, NewEvent, Place, Scope, Store as _, Thing,
    ThingId, ThingType, Timestamp,
};
use plugin_store_sqlite::{Durability, Options, SqliteStore};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use rustix::time::{ClockId, clock_gettime};

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick" || argument == "--test");
    let chosen: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    println!("durability  writers  by hand/s  us CPU  store/s  us CPU  commits, x  CPU, x");
    for durability in [Durability::Full, Durability::Normal] {
        for writers in [1, 8, 64] {
            let names = [name(durability).to_lowercase(), writers.to_string()];
            if !chosen.iter().all(|word| names.contains(word)) {
                continue;
            }
            let rounds = match (quick, durability) {
                (true, _) => 64,
                (false, Durability::Full) => 1024,
                (false, Durability::Normal) => 8192,
            };
            compare(durability, writers, rounds);
        }
    }
    println!(
        "medians of 5 runs in turn; x: by hand divided by store (commits), store divided by hand (CPU)"
    );
}

fn compare(durability: Durability, writers: usize, rounds: usize) {
    let mut hand = Vec::new();
    let mut store = Vec::new();
    for _ in 0..5 {
        let directory = tempfile::tempdir().unwrap();
        hand.push(by_hand(
            &directory.path().join("hand.db"),
            durability,
            writers,
            rounds,
        ));
        store.push(by_store(
            &directory.path().join("store.db"),
            durability,
            writers,
            rounds,
        ));
    }
    let (hand, store) = (median(&hand), median(&store));
    println!(
        "{:<10} {writers:>8} {:>10.0} {:>7.1} {:>8.0} {:>7.1} {:>11.2} {:>7.2}",
        name(durability),
        hand.rate,
        hand.cpu,
        store.rate,
        store.cpu,
        hand.rate / store.rate,
        store.cpu / hand.cpu,
    );
}

#[derive(Clone, Copy, Debug)]
struct Figures {
    /// Commits a second.
    rate: f64,
    /// Microseconds of processor time for each.
    cpu: f64,
}

fn median(runs: &[Figures]) -> Figures {
    let middle = |figure: fn(&Figures) -> f64| {
        let mut figures: Vec<f64> = runs.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or_default()
    };
    Figures {
        rate: middle(|run| run.rate),
        cpu: middle(|run| run.cpu),
    }
}

/// Runs `commit(number)` on so many threads, each number once.
fn run(writers: usize, rounds: usize, commit: impl Fn(usize) + Sync) -> Figures {
    let (start, cpu) = (Instant::now(), processor());
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let commit = &commit;
            scope.spawn(move || (writer..rounds).step_by(writers).for_each(commit));
        }
    });
    #[expect(clippy::cast_precision_loss, reason = "rounds are few")]
    let rounds = rounds as f64;
    Figures {
        rate: rounds / start.elapsed().as_secs_f64(),
        cpu: (processor() - cpu) * 1e6 / rounds,
    }
}

fn processor() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds of one run")]
    let seconds = time.tv_sec as f64 + time.tv_nsec as f64 / 1e9;
    seconds
}

fn name(durability: Durability) -> &'static str {
    match durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
    }
}

fn scope() -> Scope {
    Scope::system("bench".parse().unwrap(), Place::Global)
}

/// What is written: about 600 bytes of JSON in both rows.
fn facts(number: usize) -> (Thing, NewEvent) {
    let name = format!("A thing with number {number}");
    let id = ThingId::of_name(&[&name]);
    let mut thing = Thing::new(&scope(), id, ThingType::Course, name, Timestamp::EPOCH);
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

fn by_store(path: &Path, durability: Durability, writers: usize, rounds: usize) -> Figures {
    let options = Options::default().durability(durability);
    let store = SqliteStore::open(path, options).unwrap();
    run(writers, rounds, |number| {
        let (thing, event) = facts(number);
        let changes = ChangeSet::new(&scope(), event, Timestamp::EPOCH).insert(thing);
        block_on(store.commit(changes)).unwrap();
    })
}

fn by_hand(path: &Path, durability: Durability, writers: usize, rounds: usize) -> Figures {
    // The store makes the tables; the rest is rusqlite.
    drop(SqliteStore::open(path, Options::default()).unwrap());
    let connection = Connection::open(path).unwrap();
    connection.set_prepared_statement_cache_capacity(16);
    let level = match durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
    };
    connection
        .pragma_update(None, "synchronous", level)
        .unwrap();
    let connection = Arc::new(Mutex::new(connection));
    run(writers, rounds, |number| {
        let (thing, event) = facts(number);
        insert(&mut connection.lock().unwrap(), &thing, event);
    })
}

fn insert(connection: &mut Connection, thing: &Thing, event: NewEvent) {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    let place: &[u8] = &[];
    let last: Option<String> = transaction
        .prepare_cached("SELECT doc FROM events WHERE place = ? ORDER BY seq DESC LIMIT 1")
        .unwrap()
        .query_row([place], |row| row.get(0))
        .optional()
        .unwrap();
    let head = last.map(|doc| serde_json::from_str::<Event>(&doc).unwrap().head());
    let actor: Actor = "system:bench".parse().unwrap();
    let event = Event::seal(
        Place::Global,
        head.as_ref(),
        &actor,
        Timestamp::EPOCH,
        event,
    );
    let id = thing.id.as_uuid().as_bytes();
    let seq = i64::try_from(event.seq.get()).unwrap();
    transaction
        .prepare_cached(
            "INSERT INTO things
                (place, id, type, name, status, npm_package, registry_url, doc, changed)
             VALUES (?, ?, ?, ?, ?, NULL, NULL, ?, ?)",
        )
        .unwrap()
        .execute(params![
            place,
            id,
            thing.thing_type.as_str(),
            thing.name,
            thing.status.as_str(),
            serde_json::to_string(thing).unwrap(),
            seq
        ])
        .unwrap();
    let mut target = vec![b't'];
    target.extend_from_slice(id);
    transaction
        .prepare_cached("INSERT INTO events (place, seq, type, target, doc) VALUES (?, ?, ?, ?, ?)")
        .unwrap()
        .execute(params![
            place,
            seq,
            event.event_type.as_str(),
            target,
            serde_json::to_string(&event).unwrap()
        ])
        .unwrap();
    transaction.commit().unwrap();
}
