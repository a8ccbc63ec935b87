//! Many at once, edited plans, and what the weaker roles are shown.

use std::collections::BTreeMap;
use std::sync::{Arc, Barrier};

use futures::executor::block_on;
use plugin_lifecycle::{Call, PlanPart, Policy, State};
use plugin_runtime_api::{ComponentKind, Ending, Script};
use serde_json::json;

use crate::world::{KNOWLEDGE, World};

#[test]
fn eight_threads_execute_within_the_bulkhead_and_leave_nothing_behind() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let done = std::thread::scope(|threads| {
        let workers: Vec<_> = (0..8)
            .map(|_| {
                let tenant = world.tenant("alice", "acme");
                threads.spawn(move || {
                    let mut done = 0_u64;
                    for _ in 0..50 {
                        match block_on(tenant.execute(instance, "SEARCH_KNOWLEDGE", json!({}))) {
                            Ok(_) => done += 1,
                            Err(error) => assert!(
                                ["BulkheadFull", "RateLimited"].contains(&error.tag()),
                                "{error}"
                            ),
                        }
                        let seen = block_on(tenant.instance(instance)).unwrap().properties;
                        assert!(seen.executions.len() <= 5, "{}", seen.executions.len());
                        assert_eq!(
                            seen.lifecycle.in_flight() as usize,
                            seen.executions.len(),
                            "the state and the leases disagree"
                        );
                    }
                    done
                })
            })
            .collect();
        workers.into_iter().map(|w| w.join().unwrap()).sum::<u64>()
    });
    let rest = block_on(acme.instance(instance)).unwrap().properties;
    assert_eq!(rest.lifecycle, State::Active);
    assert!(rest.executions.is_empty());
    assert!(done > 0);
    let trail = block_on(acme.audit(instance)).unwrap();
    let count = |name: &str| {
        let of_type = trail
            .events
            .iter()
            .filter(|e| e.event_type.to_string() == name);
        of_type.count() as u64
    };
    assert_eq!(count("plugin_action_initiated"), done);
    assert_eq!(count("plugin_action_executed"), done);
}

#[test]
fn an_edited_plan_is_refused() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let globex = world.tenant("gil", "globex");
    let foreign = world.installed(&globex);
    let plan = block_on(acme.plan_install(KNOWLEDGE, "^1.6")).unwrap();
    let check = |edit: &dyn Fn(&mut plugin_lifecycle::InstallPlan), words: &str| {
        let mut edited = plan.clone();
        edit(&mut edited);
        let error = block_on(acme.install(&edited)).unwrap_err();
        assert_eq!(error.tag(), "PlanOutdated", "{error}");
        assert!(error.to_string().contains(words), "{error}");
    };
    check(&|p| p.steps.push(p.steps[1].clone()), "twice");
    check(
        &|p| p.steps[2].part = PlanPart::Dependency,
        "does not hold the plugin asked for",
    );
    check(
        &|p| p.package = "@elizaos/core".parse().unwrap(),
        "does not hold the plugin asked for",
    );
    check(&|p| drop(p.steps.remove(1)), "does not hold");
    check(
        &|p| p.steps[1].part = PlanPart::Present { instance: foreign },
        "not there",
    );
    assert_eq!(block_on(acme.list_installed()).unwrap(), []);
    block_on(acme.install(&plan)).unwrap();
}

#[test]
fn a_single_instance_is_redacted_like_the_list() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.installed(&acme);
    let settings = BTreeMap::from([("CHUNK_SIZE".to_owned(), json!(400))]);
    block_on(acme.configure(instance, settings)).unwrap();
    let check = |who: &str, shown: serde_json::Value| {
        let seen = block_on(world.tenant(who, "acme").instance(instance)).unwrap();
        assert_eq!(seen.properties.settings.get("CHUNK_SIZE"), Some(&shown));
    };
    check("alice", json!(400));
    check("uma", json!("[redacted]"));
}

#[test]
fn the_last_of_many_stops_what_was_suspended_for_its_errors() {
    let mut policy = Policy::default();
    policy.errors_in_a_row = 1;
    let world = World::with_policy(policy);
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let both = Arc::new(Barrier::new(2));
    world.executor.always(
        "SEARCH_KNOWLEDGE",
        Script::run(move |_| {
            let both = Arc::clone(&both);
            async move {
                both.wait();
                Ending::TimedOut { after_ms: 1 }
            }
        }),
    );
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                let call = acme.execute(instance, "SEARCH_KNOWLEDGE", json!({}));
                block_on(call).unwrap();
            });
        }
    });
    let rest = block_on(acme.instance(instance)).unwrap().properties;
    assert_eq!(rest.lifecycle, State::Suspended);
    assert!(rest.executions.is_empty());
    block_on(acme.activate(instance)).unwrap();
}

#[test]
fn an_end_after_a_crash_is_told_and_not_counted() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let (begun, go_on) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (in_call, until) = (Arc::clone(&begun), Arc::clone(&go_on));
    world.executor.always(
        "KNOWLEDGE",
        Script::run(move |_| {
            let (in_call, until) = (Arc::clone(&in_call), Arc::clone(&until));
            async move {
                in_call.wait();
                until.wait();
                Ending::Refused {
                    reason: "too late".to_owned(),
                }
            }
        }),
    );
    world
        .executor
        .always("SEARCH_KNOWLEDGE", Script::Crash("gone".to_owned()));
    std::thread::scope(|threads| {
        let slow = threads.spawn(|| {
            let call = Call::of(ComponentKind::Provider, "KNOWLEDGE", json!({})).unwrap();
            drop(block_on(acme.call(instance, call)));
        });
        begun.wait();
        block_on(acme.execute(instance, "SEARCH_KNOWLEDGE", json!({}))).unwrap();
        let crashed = block_on(acme.instance(instance)).unwrap().properties;
        go_on.wait();
        slow.join().unwrap();
        assert_eq!(crashed.lifecycle, State::Error);
        assert!(crashed.executions.is_empty());
    });
    let trail = block_on(acme.audit(instance)).unwrap();
    let late = |e: &&one_ontology::Event| e.metadata.get("late") == Some(&json!(true));
    assert_eq!(trail.events.iter().filter(late).count(), 1);
    block_on(acme.activate(instance)).unwrap();
    let rest = block_on(acme.instance(instance)).unwrap().properties;
    assert_eq!(rest.lifecycle, State::Active);
}
