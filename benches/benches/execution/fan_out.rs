//! One event, told to many subscribers.

use std::sync::Arc;
use std::time::Instant;

use futures::executor::block_on;
use one_ontology::{ChangeSet, Directory, EventId, EventType, NewEvent, Scope, Store, Timestamp};
use serde_json::Value;

use crate::world::{COMPONENT, tenant};
use crate::{median, micros};

pub(crate) fn fan_out<S: Store + Directory>(name: &str, store: Arc<S>, subscribers: usize) {
    let names: Vec<String> = (0..subscribers)
        .map(|at| format!("@bench/plugin-nothing-{at}"))
        .collect();
    let (manager, tenant) = tenant(&store, &names);
    let happens = EventType::EntityCreated;
    let mut instances = Vec::new();
    for plugin in &names {
        let plan = block_on(tenant.plan_install(plugin, "*")).unwrap();
        let instance = block_on(tenant.install(&plan)).unwrap();
        block_on(tenant.activate(instance)).unwrap();
        block_on(tenant.subscribe(instance, [happens.clone()], COMPONENT)).unwrap();
        instances.push(instance);
    }
    let mut turn = instances.iter().cycle();
    let alone = median(subscribers.min(200), || {
        let instance = turn.next().unwrap();
        block_on(tenant.execute(*instance, COMPONENT, Value::Null)).unwrap();
    });
    let group = tenant.group().id;
    // What has happened so far is behind them.
    block_on(manager.dispatch([group]));
    let scope = Scope::system("bench".parse().unwrap(), tenant.scope().place());
    let event = NewEvent::new(EventId::of_name(&["told"]), happens, Some(group.into()));
    block_on(store.commit(ChangeSet::new(&scope, event, Timestamp::EPOCH))).unwrap();
    let start = Instant::now();
    let report = block_on(manager.dispatch([group]));
    let took = start.elapsed();
    assert_eq!(report.failed, []);
    let delivered: usize = report.subscriptions.iter().map(|it| it.delivered).sum();
    assert_eq!(delivered, subscribers, "{report:?}");
    let each = took / u32::try_from(subscribers).unwrap();
    println!(
        "{name:<16} {subscribers:>10} {:>9.1} ms {:>10.1} us {:>6.1} us {:>5.1} x",
        took.as_secs_f64() * 1e3,
        micros(each),
        micros(alone),
        micros(each) / micros(alone)
    );
}
