//! How long it takes to recover 10,000 instances that a host has left under way, on SQLite:
//! `cargo run --release -p one-plugin --example recovery [HOW MANY]`
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement may panic"
)]

use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{
    ChangeSet, Clock as _, EventId, EventType, Group, GroupId, ManualClock, Membership, NewEvent,
    PersonId, Place, Plan, RandomIds, Role, Scope, Store, SystemClock, ThingId,
};
use plugin_lifecycle::{
    CommandKind, ExecutionLease, Instance, PendingOperation, Phase, PluginManager, State,
    native_source,
};
use plugin_runtime_api::{
    ComponentKind, Effect, Engine, ExecutionId, NativeExecutor, NativePlugin, NotesPlugin,
    RuntimeId,
};
use plugin_store_sqlite::{Durability, Options, SqliteStore};

fn main() {
    let count = std::env::args()
        .nth(1)
        .map_or(10_000, |it| it.parse().unwrap());
    for durability in [Durability::Full, Durability::Normal] {
        measure(count, durability);
    }
}

fn measure(count: usize, durability: Durability) {
    let directory = std::env::temp_dir().join(format!("recovery-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let mut options = Options::default();
    options.durability = durability;
    let store = SqliteStore::open(directory.join("facts.sqlite"), options).unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let native: Vec<Arc<dyn NativePlugin>> = vec![Arc::new(NotesPlugin)];
    let manager = PluginManager::with_environment(
        store.clone(),
        store.clone(),
        Arc::new(NativeExecutor::new(native.clone())),
        clock.clone(),
        Arc::new(RandomIds),
    )
    .with_source_for(Engine::Native, Arc::new(native_source(&native)));
    let group = GroupId::of_name(&["interrupted"]);
    let scope = interrupt(store.as_ref(), &manager, group, count);
    clock.advance(Duration::from_secs(1000));
    let started = SystemClock.now();
    let report = block_on(manager.recover([group]));
    let took = SystemClock.now().since(started);
    assert_eq!((report.taken.len(), report.failed.len()), (count, 0));
    let again = block_on(manager.recover([group]));
    assert_eq!(again.taken.len(), 0);
    let events = block_on(store.head(&scope)).unwrap().unwrap().seq;
    println!(
        "{durability:?}: {count} interrupted instances recovered in {:.2} s ({events} events in all)",
        took.as_secs_f64()
    );
    drop((manager, store));
    std::fs::remove_dir_all(&directory).unwrap();
}

/// A third each in the middle of a start, of an execution, of a stop.
fn interrupt(store: &dyn Store, manager: &PluginManager, group: GroupId, count: usize) -> Scope {
    let now = SystemClock.now();
    let scope = Scope::system("setup".parse().unwrap(), Place::Group(group));
    let said = |target: one_ontology::End, kind: EventType| {
        NewEvent::new(EventId::new(&RandomIds, now), kind, Some(target))
    };
    let mut row = Group::new(group, "Interrupted", now);
    row.plan = Plan::Enterprise;
    let owner = PersonId::of_name(&["owner"]);
    let membership = Membership::new(owner, Place::Group(group), Role::GroupOwner, now);
    let founded = ChangeSet::new(&scope, said(group.into(), EventType::GroupCreated), now)
        .insert(row)
        .insert(membership);
    block_on(store.commit(founded)).unwrap();
    let tenant = block_on(manager.tenant(owner, group)).unwrap();
    let plan = block_on(tenant.plan_install(NotesPlugin::NAME, "^1.0")).unwrap();
    let id = block_on(tenant.install(&plan)).unwrap();
    let model = block_on(tenant.instance(id)).unwrap();
    let numbers: Vec<usize> = (0..count).collect();
    for numbers in numbers.chunks(500) {
        let event = said(group.into(), EventType::EntityCreated);
        let mut changes = ChangeSet::new(&scope, event, now);
        for number in numbers {
            changes = changes.insert(one(&model, *number, now).untyped().unwrap());
        }
        block_on(store.commit(changes)).unwrap();
    }
    scope
}

fn one(model: &Instance, number: usize, now: one_ontology::Timestamp) -> Instance {
    let mut instance = model.clone();
    instance.id = ThingId::of_name(&["interrupted", &number.to_string()]);
    instance.name = format!("{} {number:05}", model.name);
    let properties = &mut instance.properties;
    properties.runtime = RuntimeId::of_name(&["runtime", &number.to_string()]);
    properties.members[0].instance = instance.id;
    let operation = |command, phase| PendingOperation {
        key: format!("interrupted:{number}").parse().unwrap(),
        command,
        attempt: 1,
        began: now,
        lease_until: now.plus(Duration::from_secs(65)),
        fence: properties.fence,
        phase: Some(phase),
    };
    match number % 3 {
        0 => {
            properties.operation = Some(operation(CommandKind::Activate, Phase::Start));
            properties.lifecycle = State::Activating;
        }
        1 => {
            properties.operation = Some(operation(CommandKind::Deactivate, Phase::Drain));
            properties.lifecycle = State::Deactivating {
                then: plugin_lifecycle::After::Installed,
                in_flight: 0,
            };
        }
        _ => {
            let lease = ExecutionLease {
                cause: None,
                timeout_ms: None,
                kind: ComponentKind::Action,
                component: "ADD_NOTE".parse().unwrap(),
                effect: Effect::NonIdempotent,
                key: format!("execution:{number}").parse().unwrap(),
                attempt: 1,
                cancel_asked: None,
                input: None,
                seat: None,
                began: now,
                lease_until: now.plus(Duration::from_secs(95)),
            };
            let execution = ExecutionId::of_name(&["execution", &number.to_string()]);
            properties.executions.insert(execution, lease);
            properties.lifecycle = State::Executing { in_flight: 1 };
        }
    }
    instance.status = one_ontology::ThingStatus::Active;
    instance
}
