//! Many at once, edited plans, and what the weaker roles are shown.

use std::collections::BTreeMap;

use futures::executor::block_on;
use plugin_lifecycle::{PlanPart, State};
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
    check(&|p| p.steps[2].part = PlanPart::Dependency, "exactly one");
    check(&|p| p.steps[1].part = PlanPart::Root, "exactly one");
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
