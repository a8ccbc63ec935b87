//! What the tests share.

use one_ontology::{
    ChangeSet, EventId, EventQuery, EventType, NewEvent, Place, Scope, Store, Timestamp, audit,
};
use shuttle::future::block_on;
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner};

pub(crate) use crate::store::memory::MemoryStore;

pub(crate) fn scope() -> Scope {
    Scope::system("test".parse().unwrap(), Place::Global)
}

pub(crate) fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// A change set with one event of this name.
pub(crate) fn change(name: &str) -> ChangeSet {
    let id = EventId::of_name(&["test", name]);
    ChangeSet::new(
        &scope(),
        NewEvent::new(id, EventType::EntityUpdated, None),
        now(),
    )
}

/// Tries a program under many schedules, the same ones everywhere.
///
/// Half of them choose the next thread at random; half let one thread run until, at few points, another comes first,
/// which finds what takes a rare order of a few steps.
pub(crate) fn under_many_schedules(program: impl Fn() + Send + Sync + Clone + 'static) {
    let most = std::env::var("ONE_PLUGIN_SCHEDULES").map_or(300, |text| text.parse().unwrap());
    let each: usize = most / 2;
    run(RandomScheduler::new_from_seed(1, each), program.clone());
    run(PctScheduler::new_from_seed(1, 3, each), program);
}

fn run(scheduler: impl Scheduler + 'static, program: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    // Sealing an event takes more than the few pages that a thread gets otherwise.
    config.stack_size = 1 << 20;
    Runner::new(scheduler, config).run(program);
}

/// Every event is there once, numbered from one without a gap, in a chain that holds; how many.
pub(crate) fn verified(store: &MemoryStore) -> u64 {
    let events = block_on(store.events(&scope(), &EventQuery::default()))
        .unwrap()
        .items;
    let head = block_on(store.head(&scope())).unwrap();
    audit::verify(Place::Global, &events, head).unwrap();
    let numbers: Vec<u64> = events.iter().map(|event| event.seq.get()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    numbers.len() as u64
}
