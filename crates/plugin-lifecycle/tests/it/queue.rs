//! Who waits for a place: the queue against a list, and the order in which executions begin.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::executor::block_on;
use futures::future::{join, join_all};
use plugin_lifecycle::{Call, Policy, Priority, Queue, QueueFull, QueuePolicy};
use plugin_runtime_api::{Ending, ManualTimer, Script};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::abandoned::abandon;
use crate::world::{World, group, person};

/// Who waits, in the order of coming, with how often in a row somebody more urgent was taken since
/// somebody as urgent was.
#[derive(Default)]
struct List {
    waiting: Vec<(Priority, u32)>,
    passed: [u32; 3],
}

impl List {
    fn next(&mut self, patience: u32) -> Option<u32> {
        let of = |priority: Priority| Priority::ALL.iter().position(|it| *it == priority).unwrap();
        let is_due = |it: &&(Priority, u32)| self.passed[of(it.0)] >= patience;
        let due = self.waiting.iter().filter(is_due).map(|it| it.0).min();
        let taken = due.or_else(|| self.waiting.iter().map(|it| it.0).max())?;
        let place = self.waiting.iter().position(|it| it.0 == taken).unwrap();
        let (_, who) = self.waiting.remove(place);
        for lower in Priority::ALL.iter().filter(|it| **it < taken) {
            if self.waiting.iter().any(|it| it.0 == *lower) {
                self.passed[of(*lower)] += 1;
            }
        }
        self.passed[of(taken)] = 0;
        Some(who)
    }
}

proptest! {
    #[test]
    fn the_next_is_the_list_s(steps in prop::collection::vec(0_usize..7, 1..150), patience in 1_u32..5, waiting in 1_usize..12) {
        let policy = QueuePolicy { waiting, patience };
        let (mut queue, mut list) = (Queue::default(), List::default());
        for (who, step) in (0_u32..).zip(steps) {
            if let Some(priority) = Priority::ALL.get(step) {
                let joined = queue.join(&policy, *priority, who);
                if list.waiting.len() < waiting {
                    prop_assert_eq!(joined, Ok(()));
                    list.waiting.push((*priority, who));
                } else {
                    prop_assert_eq!(joined, Err(QueueFull { limit: waiting }));
                }
            } else if step == 3 && !list.waiting.is_empty() {
                let (_, gone) = list.waiting.remove(who as usize % list.waiting.len());
                queue.leave(&gone);
            } else {
                let first = queue.first(&policy).copied();
                let next = queue.next(&policy);
                prop_assert_eq!(first, next);
                prop_assert_eq!(next, list.next(patience));
            }
            prop_assert_eq!(queue.len(), list.waiting.len());
        }
    }

    #[test]
    fn nobody_waits_for_ever(patience in 1_u32..20, before in 0_u32..5) {
        let policy = QueuePolicy { waiting: 100, patience };
        let mut queue = Queue::default();
        for who in 0..before {
            queue.join(&policy, Priority::Low, who).unwrap();
        }
        queue.join(&policy, Priority::Low, 99).unwrap();
        let mut turns = 0;
        loop {
            // Somebody more urgent always comes.
            queue.join(&policy, Priority::High, 50).unwrap();
            queue.join(&policy, Priority::Normal, 60).unwrap();
            turns += 1;
            match queue.next(&policy) {
                Some(99) => break,
                Some(60) => {}
                taken => prop_assert!(taken.is_some()),
            }
            // The line stays as long as it is.
            while queue.len() > 90 {
                queue.leave(&60);
            }
            prop_assert!(turns <= (before + 1) * (patience + 2), "{turns}");
        }
    }
}

#[test]
fn ten_thousand_wait_and_no_more() {
    let policy = QueuePolicy::default();
    let mut queue = Queue::default();
    for who in 0..10_000 {
        queue.join(&policy, Priority::Low, who).unwrap();
    }
    let full = queue.join(&policy, Priority::High, 10_000);
    assert_eq!(full, Err(QueueFull { limit: 10_000 }));
    for who in 0..10_000 {
        assert_eq!(queue.next(&policy), Some(who));
    }
    assert!(queue.is_empty());
}

fn call(name: &str, priority: Priority) -> Call {
    let call = Call::action("SEARCH_KNOWLEDGE", json!(name)).unwrap();
    call.waiting(priority)
}

#[test]
fn the_most_urgent_that_waits_begins_first() {
    let world = World::new();
    let timer = Arc::new(ManualTimer::new(world.clock.clone()));
    let manager = world.manager.clone().with_timer(timer.clone());
    // One at a time.
    let globex = block_on(manager.tenant(person("gil"), group("globex"))).unwrap();
    let instance = world.active(&globex);
    let hanging = Script::hang_then(Script::Succeed(Value::Null));
    world.executor.script("SEARCH_KNOWLEDGE", hanging);
    let mut first = Box::pin(globex.call(instance, call("first", Priority::Low)));
    abandon(&mut first);
    let order = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&order);
    world.executor.always(
        "SEARCH_KNOWLEDGE",
        Script::run(move |call| {
            let name = call.invocation().input.as_str().unwrap().to_owned();
            into.lock().unwrap().push(name);
            async {
                Ending::Succeeded {
                    output: Value::Null,
                }
            }
        }),
    );
    let asked = [
        ("low", Priority::Low),
        ("high", Priority::High),
        ("normal", Priority::Normal),
        ("higher", Priority::High),
    ];
    let mut waiting = Vec::new();
    for (name, priority) in asked {
        let mut asking = Box::pin(globex.call(instance, call(name, priority)));
        abandon(&mut asking);
        waiting.push(asking);
    }
    // Who gives up is passed over, and who does not wait is refused.
    let mut gone = Box::pin(globex.call(instance, call("gone", Priority::High)));
    abandon(&mut gone);
    drop(gone);
    let at_once = Call::action("SEARCH_KNOWLEDGE", Value::Null).unwrap();
    let refused = block_on(globex.call(instance, at_once)).unwrap_err();
    assert_eq!(refused.tag(), "BulkheadFull");
    world.executor.release("SEARCH_KNOWLEDGE");
    let (first, waited) = block_on(join(first, join_all(waiting)));
    first.unwrap();
    for one in waited {
        one.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), ["high", "higher", "normal", "low"]);
}

#[test]
fn nobody_waits_longer_than_may_be_nor_where_too_many_do() {
    let mut policy = Policy::default();
    policy.queue.waiting = 1;
    let world = World::with_policy(policy);
    let timer = Arc::new(ManualTimer::new(world.clock.clone()));
    let manager = world.manager.clone().with_timer(timer.clone());
    let globex = block_on(manager.tenant(person("gil"), group("globex"))).unwrap();
    let instance = world.active(&globex);
    let hanging = Script::hang_then(Script::Succeed(Value::Null));
    world.executor.script("SEARCH_KNOWLEDGE", hanging);
    let mut first = Box::pin(globex.call(instance, call("first", Priority::Low)));
    abandon(&mut first);
    let mut waiting = Box::pin(globex.call(instance, call("waiting", Priority::Low)));
    abandon(&mut waiting);
    let many = block_on(globex.call(instance, call("many", Priority::High))).unwrap_err();
    assert_eq!(many.tag(), "QueueFull");
    for _ in 0..29 {
        timer.advance(Duration::from_secs(1));
        abandon(&mut waiting);
    }
    timer.advance(Duration::from_secs(1));
    assert_eq!(block_on(waiting).unwrap_err().tag(), "WaitedTooLong");
}
