//! What plugins are told of: at least once, in order, nothing of others, and no loops.

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use futures::executor::block_on;
use futures::future::join;
use one_ontology::{
    BudgetRule, ChangeSet, Clock as _, ConnectionQuery, EventId, EventType, Limit, NewEvent,
    PluginConnectionType, PluginEventType, Scope, Seq, SequentialIds, Store as _, ThingId,
};
use plugin_lifecycle::{
    Delivered, DispatchReport, EventCause, ManagerError, PluginManager, Policy, StateKind,
    Subscription, Tenant,
};
use plugin_runtime_api::{
    ComponentKind, Ending, ExecutorCall, HostCall, HostReply, PluginFailure, Script, ScriptedCall,
    StartScript,
};
use serde_json::json;

use crate::world::{KNOWLEDGE, SQL, World, component, group};

pub(crate) const HANDLER: &str = "ON_EVENT";
const OTHER: &str = "ON_OTHER";

/// Patient with failures, so that a test sees dead letters and not a suspension.
fn patient() -> Policy {
    let mut policy = Policy::default();
    policy.errors_in_a_row = 1000;
    policy.errors_in_window = 1000;
    policy.breaker.failures = 1000;
    policy.executions = BudgetRule::Level { limit: 1_000_000 };
    policy
}

fn world() -> World {
    world_with(patient())
}

pub(crate) fn world_with(policy: Policy) -> World {
    let world = World::with_policy(policy);
    let handlers = vec![
        component(ComponentKind::Event, HANDLER),
        component(ComponentKind::Event, OTHER),
    ];
    for plugin in [KNOWLEDGE, SQL] {
        world
            .executor
            .plugin(plugin.parse().unwrap(), handlers.clone());
    }
    for handler in [HANDLER, OTHER] {
        world.executor.always(handler, Script::Succeed(json!(null)));
    }
    world
}

fn event_type(name: &str) -> EventType {
    name.parse().unwrap()
}

pub(crate) fn subscribe(
    tenant: &Tenant,
    instance: ThingId,
    types: &[&str],
    handler: &str,
) -> ThingId {
    let types = types.iter().map(|name| event_type(name));
    let row = block_on(tenant.subscribe(instance, types, handler));
    row.unwrap().id
}

/// Lets something happen in an organisation; gives its number.
pub(crate) fn happens(world: &World, org: &str, name: &str, what: u64) -> Seq {
    let place = one_ontology::Place::Group(group(org));
    let scope = Scope::system("test".parse().unwrap(), place);
    let head = block_on(world.store.head(&scope)).unwrap().unwrap();
    let id = EventId::of_name(&[org, &head.seq.to_string()]);
    let event = NewEvent::new(id, event_type(name), None).with("what", what);
    let changes = ChangeSet::new(&scope, event, world.clock.now());
    block_on(world.store.commit(changes)).unwrap().first
}

fn is_send<T: Send>(work: T) -> T {
    work
}

pub(crate) fn dispatch(world: &World) -> DispatchReport {
    let report = block_on(is_send(
        world.manager.dispatch([group("acme"), group("globex")]),
    ));
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    report
}

fn of(report: &DispatchReport, subscription: ThingId) -> &Delivered {
    let found = report.subscriptions.iter();
    let mut found = found.filter(|one| one.subscription == subscription);
    found.next().unwrap()
}

/// What handlers were given by the executor, by handler and key: the numbers of events.
fn told(world: &World, handler: &str) -> Vec<(String, u64)> {
    let calls = world.executor.calls().into_iter();
    let calls = calls.filter_map(|call| match call {
        ExecutorCall::Invoke { call, .. } if call.component.as_str() == handler => Some(call),
        _ => None,
    });
    let told = calls.map(|call| {
        let what = call.input["metadata"]["what"].as_u64().unwrap_or(0);
        (call.key.to_string(), what)
    });
    told.collect()
}

fn numbers(world: &World, handler: &str) -> Vec<u64> {
    told(world, handler)
        .into_iter()
        .map(|(_, what)| what)
        .collect()
}

fn row(tenant: &Tenant, id: ThingId) -> Subscription {
    let rows = block_on(tenant.subscriptions()).unwrap();
    rows.into_iter().find(|row| row.id == id).unwrap()
}

fn failing() -> Script {
    Script::Fail(PluginFailure::new("Error", "does not work"))
}

/// Another host on the same store and executor.
fn another_host(world: &World) -> PluginManager {
    PluginManager::with_environment(
        world.store.clone(),
        world.store.clone(),
        world.executor.clone(),
        world.clock.clone(),
        Arc::new(SequentialIds::starting_at(1_000_000)),
    )
    .with_policy(patient())
}

/// Lets a host begin something, and die.
fn dies<T>(work: impl Future<Output = T>) {
    let mut work = std::pin::pin!(work);
    let mut context = Context::from_waker(Waker::noop());
    assert!(work.as_mut().poll(&mut context).is_pending());
}

#[test]
fn each_event_asked_for_is_delivered_once_and_in_order() {
    let world = world();
    let alice = world.tenant("alice", "acme");
    let instance = world.active(&alice);
    happens(&world, "acme", "course_created", 1);
    let subscription = subscribe(
        &alice,
        instance,
        &["course_created", "lesson_completed"],
        HANDLER,
    );
    for (name, what) in [
        ("course_created", 2),
        ("course_enrolled", 3),
        ("lesson_completed", 4),
        ("course_created", 5),
    ] {
        happens(&world, "acme", name, what);
    }
    let report = dispatch(&world);
    assert_eq!(of(&report, subscription).delivered, 3);
    assert_eq!(numbers(&world, HANDLER), [2, 4, 5]);
    assert!(dispatch(&world).subscriptions.is_empty());
    // What is kept is enough: a host that has just been started delivers nothing twice.
    let report = block_on(another_host(&world).dispatch([group("acme")]));
    assert!(report.subscriptions.is_empty(), "{report:?}");
    assert_eq!(row(&alice, subscription).properties.delivered, 3);
}

#[test]
fn a_batch_is_bounded_and_the_rest_is_for_the_next() {
    let mut policy = patient();
    policy.delivery_batch = 3;
    let world = world_with(policy);
    let alice = world.tenant("alice", "acme");
    let instance = world.active(&alice);
    let subscription = subscribe(&alice, instance, &["course_created"], HANDLER);
    for what in 0..8 {
        happens(&world, "acme", "course_created", what);
    }
    let counts: Vec<usize> = (0..3)
        .map(|_| of(&dispatch(&world), subscription).delivered)
        .collect();
    assert_eq!(counts, [3, 3, 2]);
    assert_eq!(numbers(&world, HANDLER), (0..8).collect::<Vec<_>>());
}

#[test]
fn nothing_of_another_organisation_is_delivered() {
    let world = world();
    let (alice, gil) = (world.tenant("alice", "acme"), world.tenant("gil", "globex"));
    let (here, there) = (world.active(&alice), world.active(&gil));
    let mine = subscribe(&alice, here, &["course_created"], HANDLER);
    subscribe(&gil, there, &["course_created"], OTHER);
    happens(&world, "acme", "course_created", 1);
    happens(&world, "globex", "course_created", 2);
    dispatch(&world);
    assert_eq!(numbers(&world, HANDLER), [1]);
    assert_eq!(numbers(&world, OTHER), [2]);
    let theirs = block_on(gil.unsubscribe(mine)).unwrap_err();
    assert_eq!(theirs.tag(), "SubscriptionNotFound");
    assert_eq!(block_on(gil.subscriptions()).unwrap().len(), 1);
    assert_eq!(
        block_on(gil.subscribe(here, [event_type("course_created")], HANDLER))
            .unwrap_err()
            .tag(),
        "InstanceNotFound"
    );
}

#[test]
fn a_subscriber_that_always_fails_holds_up_nobody_and_ends_in_dead_letters() {
    let world = world();
    let alice = world.tenant("alice", "acme");
    let instance = world.active(&alice);
    world.executor.always(HANDLER, failing());
    let bad = subscribe(&alice, instance, &["course_created"], HANDLER);
    let good = subscribe(&alice, instance, &["course_created"], OTHER);
    let first = happens(&world, "acme", "course_created", 1);
    happens(&world, "acme", "course_created", 2);
    let report = dispatch(&world);
    assert_eq!(of(&report, good).delivered, 2);
    let waits = of(&report, bad).waits.clone().unwrap();
    assert_eq!(
        (waits.why.as_str(), waits.reason.as_str()),
        ("Retry", "failed: Error")
    );
    assert_eq!(
        waits.until,
        Some(world.clock.now().plus(Duration::from_secs(1)))
    );
    // Nothing before its time.
    dispatch(&world);
    assert_eq!(numbers(&world, HANDLER), [1]);
    for delay in [1, 2, 4, 8] {
        world.pass(delay - 1);
        dispatch(&world);
        world.pass(1);
        dispatch(&world);
    }
    assert_eq!(numbers(&world, HANDLER), [1, 1, 1, 1, 1, 2]);
    let keys: std::collections::BTreeSet<String> = told(&world, HANDLER)
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    assert_eq!(keys.len(), 6, "each try is another request: {keys:?}");
    let letters = block_on(alice.dead_letters(Some(bad))).unwrap();
    let letter = &letters[0].properties;
    assert_eq!((letters.len(), letter.seq, letter.tries), (1, first, 5));
    assert_eq!(letter.reason, "failed: Error");
    assert!(block_on(alice.dead_letters(Some(good))).unwrap().is_empty());
    let said = block_on(alice.audit(instance)).unwrap().events;
    assert!(
        said.iter()
            .any(|event| event.metadata.text("error") == Some("DeliveryGivenUp"))
    );
}

#[test]
fn a_dead_letter_is_delivered_again_and_put_away() {
    let mut policy = patient();
    policy.delivery_attempts = 1;
    let world = world_with(policy);
    let alice = world.tenant("alice", "acme");
    let instance = world.active(&alice);
    let subscription = subscribe(&alice, instance, &["course_created"], HANDLER);
    world.executor.always(HANDLER, failing());
    happens(&world, "acme", "course_created", 7);
    assert_eq!(of(&dispatch(&world), subscription).given_up, 1);
    let letter = block_on(alice.dead_letters(None)).unwrap()[0].id;
    let again = block_on(alice.redeliver(letter)).unwrap();
    assert!(matches!(again.outcome.ending, Ending::Failed { .. }));
    let left = block_on(alice.dead_letters(None)).unwrap();
    assert_eq!(left[0].properties.redeliveries, 1);
    world.executor.always(HANDLER, Script::Succeed(json!(null)));
    block_on(alice.redeliver(letter)).unwrap();
    assert!(block_on(alice.dead_letters(None)).unwrap().is_empty());
    assert_eq!(numbers(&world, HANDLER), [7, 7, 7]);
    let gone = block_on(alice.redeliver(letter)).unwrap_err();
    assert_eq!(gone.tag(), "DeadLetterNotFound");
    let carl = world.tenant("carl", "acme");
    assert_eq!(
        block_on(carl.dead_letters(None)).unwrap_err().tag(),
        "OperationDenied"
    );
}

#[test]
fn what_the_executor_lost_is_asked_for_under_the_same_key_and_does_not_count() {
    let world = world();
    let alice = world.tenant("alice", "acme");
    let instance = world.active(&alice);
    subscribe(&alice, instance, &["course_created"], HANDLER);
    happens(&world, "acme", "course_created", 1);
    for _ in 0..9 {
        world
            .executor
            .script(HANDLER, Script::Unavailable("down".to_owned()));
    }
    for _ in 0..10 {
        dispatch(&world);
        world.pass(300);
    }
    let told = told(&world, HANDLER);
    assert_eq!(told.len(), 10);
    assert!(told.iter().all(|(key, _)| *key == told[0].0), "{told:?}");
    assert!(block_on(alice.dead_letters(None)).unwrap().is_empty());
    assert_eq!(world.executor.runs(HANDLER), 1);
}

#[test]
fn what_is_not_admitted_waits_and_nothing_of_it_is_lost() {
    let mut policy = patient();
    policy.executions = BudgetRule::window(2, Duration::from_secs(60));
    let world = world_with(policy);
    let alice = world.tenant("alice", "acme");
    let instance = world.active(&alice);
    let subscription = subscribe(&alice, instance, &["course_created"], HANDLER);
    for what in 0..5 {
        happens(&world, "acme", "course_created", what);
    }
    for (delivered, why) in [
        (2, Some("RateLimited")),
        (0, Some("RateLimited")),
        (2, Some("RateLimited")),
        (0, Some("RateLimited")),
        (1, None),
    ] {
        let report = dispatch(&world);
        let done = of(&report, subscription);
        let waits = done.waits.as_ref().map(|waits| waits.why.as_str());
        assert_eq!((done.delivered, waits), (delivered, why));
        world.pass(31);
    }
    assert_eq!(numbers(&world, HANDLER), [0, 1, 2, 3, 4]);
    block_on(alice.deactivate(instance)).unwrap();
    happens(&world, "acme", "course_created", 5);
    let report = dispatch(&world);
    assert_eq!(
        of(&report, subscription).waits.as_ref().unwrap().why,
        "PluginNotActive"
    );
    block_on(alice.activate(instance)).unwrap();
    dispatch(&world);
    assert_eq!(numbers(&world, HANDLER).last(), Some(&5));
}

#[test]
fn a_full_bulkhead_waits() {
    let world = world();
    let gil = world.tenant("gil", "globex");
    let instance = world.active(&gil);
    let subscription = subscribe(&gil, instance, &["course_created"], HANDLER);
    happens(&world, "globex", "course_created", 1);
    world
        .executor
        .script(OTHER, Script::hang_then(Script::Succeed(json!(null))));
    let busy = plugin_lifecycle::Call::of(ComponentKind::Event, OTHER, json!({})).unwrap();
    block_on(async {
        let busy = gil.call(instance, busy);
        let meanwhile = async {
            let report = world.manager.dispatch([group("globex")]).await;
            assert_eq!(
                of(&report, subscription).waits.as_ref().unwrap().why,
                "BulkheadFull"
            );
            world.executor.release(OTHER);
        };
        join(busy, meanwhile).await.0.unwrap();
    });
    assert_eq!(of(&dispatch(&world), subscription).delivered, 1);
}

#[test]
fn events_are_replayed_under_other_keys() {
    let world = world();
    let alice = world.tenant("alice", "acme");
    let instance = world.active(&alice);
    let subscription = subscribe(&alice, instance, &["course_created"], HANDLER);
    let from = happens(&world, "acme", "course_created", 1);
    happens(&world, "acme", "course_created", 2);
    dispatch(&world);
    block_on(alice.replay(subscription, from)).unwrap();
    dispatch(&world);
    assert_eq!(numbers(&world, HANDLER), [1, 2, 1, 2]);
    assert_eq!(world.executor.runs(HANDLER), 4);
}

#[test]
fn several_hosts_at_once_run_each_event_once() {
    let world = world();
    let alice = world.tenant("alice", "acme");
    let instance = world.active(&alice);
    subscribe(&alice, instance, &["course_created"], HANDLER);
    for what in 0..4 {
        happens(&world, "acme", "course_created", what);
    }
    world
        .executor
        .script(HANDLER, Script::hang_then(Script::Succeed(json!(null))));
    let other = another_host(&world);
    block_on(async {
        let one = world.manager.dispatch([group("acme")]);
        let two = async {
            let report = other.dispatch([group("acme")]).await;
            let waits = report.subscriptions[0].waits.clone().unwrap();
            assert_eq!(waits.why, "UnderWay");
            world.executor.release(HANDLER);
        };
        join(one, two).await;
    });
    assert_eq!(numbers(&world, HANDLER), [0, 1, 2, 3]);
    assert_eq!(world.executor.runs(HANDLER), 4);
}

#[test]
fn what_a_host_left_under_way_is_gone_on_with_by_another() {
    let world = world();
    let alice = world.tenant("alice", "acme");
    let instance = world.active(&alice);
    let subscription = subscribe(&alice, instance, &["course_created"], HANDLER);
    happens(&world, "acme", "course_created", 1);
    happens(&world, "acme", "course_created", 2);
    world
        .executor
        .script(HANDLER, Script::hang_then(Script::Succeed(json!(null))));
    dies(world.manager.dispatch([group("acme")]));
    let other = another_host(&world);
    let early = block_on(other.dispatch([group("acme")]));
    assert_eq!(
        of(&early, subscription).waits.as_ref().unwrap().why,
        "UnderWay"
    );
    world.pass(1000);
    // The executor says that it was cancelled: that was a try, and another one follows.
    block_on(other.dispatch([group("acme")]));
    world.pass(10);
    block_on(other.dispatch([group("acme")]));
    assert_eq!(numbers(&world, HANDLER).last(), Some(&2));
    let left = row(&alice, subscription).properties;
    assert_eq!((left.delivered, left.pending), (2, None));
    let rests = block_on(alice.instance(instance)).unwrap().properties;
    assert_eq!(
        (rests.lifecycle.kind(), rests.executions.len()),
        (StateKind::Active, 0)
    );
}

#[test]
fn an_event_over_which_hosts_die_is_given_up() {
    let mut policy = patient();
    policy.delivery_attempts = 2;
    let world = world_with(policy);
    let alice = world.tenant("alice", "acme");
    let instance = world.active(&alice);
    let subscription = subscribe(&alice, instance, &["course_created"], HANDLER);
    happens(&world, "acme", "course_created", 1);
    let runtime = block_on(alice.instance(instance))
        .unwrap()
        .properties
        .runtime;
    assert!(world.executor.crash(&runtime, "for a test"));
    for _ in 0..2 {
        world
            .executor
            .script_start(KNOWLEDGE.parse().unwrap(), StartScript::Hang);
        dies(world.manager.dispatch([group("acme")]));
        world.pass(1000);
    }
    assert_eq!(of(&dispatch(&world), subscription).given_up, 1);
    let letters = block_on(alice.dead_letters(Some(subscription))).unwrap();
    assert_eq!(letters[0].properties.reason, "its host went silent");
    assert_eq!(world.executor.runs(HANDLER), 0);
    assert_eq!(row(&alice, subscription).properties.pending, None);
}

#[test]
fn a_handler_is_not_told_of_what_it_caused_itself() {
    let world = world();
    let alice = world.tenant("alice", "acme");
    let instance = world.active(&alice);
    let executed = PluginEventType::PluginActionExecuted.as_str();
    let subscription = subscribe(&alice, instance, &[executed], HANDLER);
    world.executor.always(OTHER, Script::Succeed(json!(null)));
    let call = plugin_lifecycle::Call::of(ComponentKind::Event, OTHER, json!({})).unwrap();
    block_on(alice.call(instance, call)).unwrap();
    dispatch(&world);
    assert_eq!(world.executor.runs(HANDLER), 1);
    let report = dispatch(&world);
    assert_eq!(of(&report, subscription).own, 1);
    assert_eq!(world.executor.runs(HANDLER), 1);
}

#[test]
fn what_a_handler_writes_says_which_delivery_it_came_from() {
    let world = world();
    let alice = world.tenant("alice", "acme");
    let instance = world.active(&alice);
    let subscription = subscribe(&alice, instance, &["course_created"], HANDLER);
    let emits = Script::run(|call: ScriptedCall| async move {
        let emit = HostCall::EmitEvent {
            name: "SEEN".to_owned(),
            payload: json!({"answer": 42}),
        };
        let done = call.host().call(emit).await;
        assert!(matches!(done, Ok(HostReply::Done)), "{done:?}");
        Ending::Succeeded {
            output: json!(null),
        }
    });
    world.executor.always(HANDLER, emits);
    subscribe(&alice, instance, &["eliza_event_emitted"], OTHER);
    let seq = happens(&world, "acme", "course_created", 1);
    dispatch(&world);
    dispatch(&world);
    let events = block_on(alice.audit_all()).unwrap().events;
    let emitted = events
        .iter()
        .find(|it| it.event_type.as_str() == "eliza_event_emitted");
    let cause = EventCause::of(emitted.unwrap()).unwrap();
    let wanted = EventCause {
        subscription,
        seq,
        depth: 1,
    };
    assert_eq!(cause, wanted);
    let calls = world.executor.calls();
    let payload = calls.iter().rev().find_map(|call| match call {
        ExecutorCall::Invoke { call, .. } if call.component.as_str() == OTHER => {
            Some(call.input["payload"].clone())
        }
        _ => None,
    });
    assert_eq!(payload, Some(json!({"answer": 42})));
    let deepest = events
        .iter()
        .filter_map(EventCause::of)
        .map(|it| it.depth)
        .max();
    assert_eq!(deepest, Some(2));
}

#[test]
fn two_that_answer_each_other_come_to_an_end() {
    let world = world();
    let alice = world.tenant("alice", "acme");
    let instance = world.active(&alice);
    let executed = PluginEventType::PluginActionExecuted.as_str();
    let one = subscribe(&alice, instance, &[executed, "course_created"], HANDLER);
    let two = subscribe(&alice, instance, &[executed], OTHER);
    happens(&world, "acme", "course_created", 1);
    let mut too_deep = 0;
    for round in 0..40 {
        let report = dispatch(&world);
        too_deep += report
            .subscriptions
            .iter()
            .map(|it| it.too_deep)
            .sum::<usize>();
        if report.subscriptions.iter().all(|it| it.delivered == 0) && round > 12 {
            break;
        }
    }
    // Eight deliveries in a chain, of which each was told to the other.
    let runs = world.executor.runs(HANDLER) + world.executor.runs(OTHER);
    assert_eq!((runs, too_deep), (8, 1), "{one} {two}");
}

#[test]
fn who_is_removed_is_told_nothing_any_more() {
    let world = world();
    let alice = world.tenant("alice", "acme");
    let instance = world.active(&alice);
    subscribe(&alice, instance, &["course_created"], HANDLER);
    let kept = subscribe(&alice, instance, &["course_created"], OTHER);
    block_on(alice.unsubscribe(kept)).unwrap();
    happens(&world, "acme", "course_created", 1);
    block_on(alice.uninstall(instance)).unwrap();
    assert!(block_on(alice.subscriptions()).unwrap().is_empty());
    let query = ConnectionQuery::from(instance, PluginConnectionType::SubscribesTo);
    let left = block_on(world.store.connections(alice.scope(), &query)).unwrap();
    assert!(left.items.is_empty());
    dispatch(&world);
    assert_eq!(world.executor.runs(HANDLER) + world.executor.runs(OTHER), 0);
    let level = "subscriptions".parse().unwrap();
    let level = block_on(world.store.budget(alice.scope(), &level))
        .unwrap()
        .unwrap();
    assert_eq!(level, one_ontology::BudgetState::Level { used: 0 });
}

#[test]
fn what_cannot_be_subscribed_to_is_refused() {
    let mut policy = patient();
    policy.subscriptions = BudgetRule::Level { limit: 1 };
    let world = world_with(policy);
    let alice = world.tenant("alice", "acme");
    let instance = world.active(&alice);
    let course = || [event_type("course_created")];
    let tag = |result: Result<Subscription, ManagerError>| result.unwrap_err().tag();
    let refused = block_on(alice.subscribe(instance, [], HANDLER));
    assert_eq!(tag(refused), "InvalidSubscription");
    let refused = block_on(alice.subscribe(instance, course(), "NOBODY"));
    assert_eq!(tag(refused), "InvalidSubscription");
    let uma = world.tenant("uma", "acme");
    let refused = block_on(uma.subscribe(instance, course(), HANDLER));
    assert_eq!(tag(refused), "OperationDenied");
    let first = subscribe(&alice, instance, &["course_created"], HANDLER);
    assert_eq!(
        subscribe(&alice, instance, &["course_created"], HANDLER),
        first
    );
    let refused = block_on(alice.subscribe(instance, course(), OTHER));
    assert_eq!(tag(refused), "BulkheadFull");
    let events = one_ontology::EventQuery {
        limit: Limit::new(1000),
        ..one_ontology::EventQuery::about(instance)
    };
    let events = block_on(world.store.events(alice.scope(), &events))
        .unwrap()
        .items;
    let subscribed = events
        .iter()
        .filter(|it| it.metadata.text("subscribed").is_some());
    assert_eq!(subscribed.count(), 1);
}
