//! What one admitted execution costs in our own code: admission, two change sets with their events and budgets, the
//! call of a native plugin that does nothing. On the memory store and on SQLite, beside the two commits alone; and the
//! decisions alone, without a store; and what it costs to tell 1,000 subscribers of one event.
//!
//! `cargo bench -p benches --bench execution`; with `--quick` (or `--test`) everything runs once, to see that it works.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![expect(clippy::unwrap_used, reason = "a broken bench may panic")]
#![expect(
    clippy::disallowed_methods,
    reason = "a bench measures time by the machine's clock"
)]

mod fan_out;
mod world;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::executor::block_on;
use one_ontology::{
    ChangeSet, Directory, EventId, EventType, MemoryStore, NewEvent, Plan, PluginEventType, Scope,
    Store, Thing, ThingId, ThingType, Timestamp,
};
use plugin_lifecycle::{Command, Instance, Policy, Tenant, admit, transition};
use plugin_runtime_api::ComponentKind;
use plugin_store_sqlite::{Durability, Options, SqliteStore};
use serde_json::Value;

use fan_out::fan_out;
use world::tenant;

const NAME: &str = "@bench/plugin-nothing";

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick" || argument == "--test");
    let rounds = if quick { 1 } else { 500 };
    decisions(rounds);
    println!("store            execution  of it processor  the two commits alone  rest");
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name);
    let sqlite = |name: &str, durability| {
        let options = Options::default().durability(durability);
        Arc::new(SqliteStore::open(file(name), options).unwrap())
    };
    measure("memory", Arc::new(MemoryStore::new()), rounds);
    measure(
        "sqlite, NORMAL",
        sqlite("normal", Durability::Normal),
        rounds,
    );
    measure(
        "sqlite, FULL",
        sqlite("full", Durability::Full),
        rounds.min(100),
    );
    println!("medians of {rounds} (FULL: at most 100); FULL waits for the disk twice");
    println!("the processor's time is the mean of all threads; aim: 100 us on sqlite, NORMAL");
    println!();
    println!("one event told  subscribers       in all    a delivery  alone  of that");
    let subscribers = if quick { 3 } else { 1000 };
    fan_out("memory", Arc::new(MemoryStore::new()), subscribers);
    fan_out(
        "sqlite, NORMAL",
        sqlite("told", Durability::Normal),
        subscribers,
    );
    println!("alone: an execution of the same component that nobody is told of");
}

/// What the decisions cost that an execution takes, without reading or writing anything.
fn decisions(rounds: usize) {
    const BATCH: u32 = 1000;
    let store = Arc::new(MemoryStore::new());
    let (_, tenant) = tenant(&store, &[NAME.to_owned()]);
    let row = active(&tenant);
    let (state, policy, now) = (
        row.properties.lifecycle,
        Policy::default(),
        Timestamp::EPOCH,
    );
    let moved = median(rounds, || {
        for _ in 0..BATCH {
            black_box(transition(
                black_box(state),
                black_box(Command::BeginExecution),
            ))
            .unwrap();
        }
    });
    let (kind, name) = (ComponentKind::Action, "NOTHING".parse().unwrap());
    let admitted = median(rounds, || {
        for _ in 0..BATCH {
            let row = black_box(&row);
            let admitted = admit(
                tenant.scope(),
                row,
                Plan::Enterprise,
                &policy,
                now,
                kind,
                &name,
            );
            black_box(admitted).unwrap();
        }
    });
    println!("decision         time      aim");
    println!("transition  {:>9.3} us     1 us", micros(moved / BATCH));
    println!("admission   {:>9.3} us    10 us", micros(admitted / BATCH));
    println!();
}

fn active(tenant: &Tenant) -> Instance {
    let plan = block_on(tenant.plan_install(NAME, "*")).unwrap();
    let instance = block_on(tenant.install(&plan)).unwrap();
    block_on(tenant.activate(instance)).unwrap();
    block_on(tenant.instance(instance)).unwrap()
}

/// What the processor has worked for this process.
fn processor() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(spent).unwrap()
}

fn measure<S: Store + Directory>(name: &str, store: Arc<S>, rounds: usize) {
    let (_, tenant) = tenant(&store, &[NAME.to_owned()]);
    let instance = active(&tenant).id;
    let before = processor();
    let execution = median(rounds, || {
        block_on(tenant.execute(instance, "NOTHING", Value::Null)).unwrap();
    });
    let worked = (processor() - before) / u32::try_from(rounds).unwrap();
    let scope = Scope::system("bench".parse().unwrap(), tenant.scope().place());
    let mut count = 0;
    let mut thing = Thing::new(
        &scope,
        ThingId::of_name(&["bench"]),
        ThingType::Report,
        "bench",
        Timestamp::EPOCH,
    );
    thing.properties = thing.properties.with("text", "x".repeat(2000));
    let mut commit = |thing: Thing, first: bool| {
        count += 1;
        let event = NewEvent::new(
            EventId::of_name(&[&count.to_string()]),
            EventType::Plugin(PluginEventType::PluginActionInitiated),
            Some(thing.id.into()),
        );
        let changes = ChangeSet::new(&scope, event, Timestamp::EPOCH);
        let changes = if first {
            changes.insert(thing)
        } else {
            changes.replace(thing)
        };
        block_on(store.commit(changes)).unwrap();
    };
    commit(thing.clone(), true);
    let commits = median(rounds, || {
        for _ in 0..2 {
            commit(thing.clone(), false);
            thing.revision = thing.revision.next();
        }
    });
    println!(
        "{name:<16} {:>9.1} us {:>12.1} us {:>19.1} us {:>5.1} x",
        micros(execution),
        micros(worked),
        micros(commits),
        micros(execution) / micros(commits)
    );
}

fn median(rounds: usize, mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times.get(rounds / 2).copied().unwrap_or_default()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
