//! What one admitted execution costs in our own code: admission, two change sets with their events and budgets, the
//! call of a native plugin that does nothing. On the memory store and on SQLite, beside the two commits alone; and the
//! decisions alone, without a store.
//!
//! `cargo bench -p benches --bench execution`; with `--quick` (or `--test`) everything runs once, to see that it works.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![expect(clippy::unwrap_used, reason = "a broken bench may panic")]
#![expect(
    clippy::disallowed_methods,
    reason = "a bench measures time by the machine's clock"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::executor::block_on;
use one_ontology::{
    BudgetRule, ChangeSet, EventId, EventType, Group, GroupId, Membership, MemoryStore, NewEvent,
    PersonId, Place, Plan, PluginEventType, Role, Scope, Store, Thing, ThingId, ThingType,
    Timestamp,
};
use plugin_lifecycle::{
    Command, Instance, PluginManager, Policy, Tenant, admit, native_source, transition,
};
use plugin_runtime_api::{
    Component, ComponentKind, Engine, NativeCall, NativeDescription, NativeExecutor, NativePlugin,
    PluginFailure,
};
use plugin_store_sqlite::{Durability, Options, SqliteStore};
use serde_json::{Value, json};

const NAME: &str = "@bench/plugin-nothing";

#[derive(Debug)]
struct Nothing;

#[async_trait::async_trait]
impl NativePlugin for Nothing {
    fn describe(&self) -> NativeDescription {
        let mut description = NativeDescription::new(NAME.parse().unwrap(), "1.0.0");
        let action = Component::new(ComponentKind::Action, "NOTHING".parse().unwrap());
        description.components.push(action);
        description
    }

    async fn invoke(&self, _call: &NativeCall<'_>) -> Result<Value, PluginFailure> {
        Ok(json!({"result": null, "responses": []}))
    }
}

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
}

/// What the decisions cost that an execution takes, without reading or writing anything.
fn decisions(rounds: usize) {
    const BATCH: u32 = 1000;
    let store = Arc::new(MemoryStore::new());
    let tenant = tenant(&store);
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

fn measure<S: Store>(name: &str, store: Arc<S>, rounds: usize) {
    let tenant = tenant(&store);
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

fn tenant<S: Store>(store: &Arc<S>) -> Tenant {
    let plugins: Vec<Arc<dyn NativePlugin>> = vec![Arc::new(Nothing)];
    let (group, person) = (GroupId::of_name(&["bench"]), PersonId::of_name(&["bench"]));
    let place = Place::Group(group);
    let scope = Scope::system("bench".parse().unwrap(), place);
    let now = Timestamp::EPOCH;
    let mut row = Group::new(group, "Bench", now);
    row.plan = Plan::Enterprise;
    let founded = NewEvent::new(
        EventId::of_name(&["founded"]),
        EventType::GroupCreated,
        Some(group.into()),
    );
    let changes = ChangeSet::new(&scope, founded, now)
        .insert(row)
        .insert(Membership::new(person, place, Role::GroupOwner, now));
    block_on(store.commit(changes)).unwrap();
    let mut policy = Policy::default();
    // Wide enough not to refuse, narrow enough not to measure the window itself.
    policy.executions = BudgetRule::window(100, Duration::from_millis(1));
    let manager = PluginManager::new(
        store.clone(),
        store.clone(),
        Arc::new(NativeExecutor::new(plugins.clone())),
    )
    .with_source_for(Engine::Native, Arc::new(native_source(&plugins)))
    .with_policy(policy);
    block_on(manager.tenant(person, group)).unwrap()
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
