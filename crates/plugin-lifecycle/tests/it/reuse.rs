//! Results that are used again: the cache against a list, and what the manager makes of it; outputs
//! that are hollow.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{Seq, ThingId, Timestamp};
use plugin_lifecycle::{
    CacheKey, CachePolicy, Call, Execution, Freshness, Hollow, ManagerError, Policy, ResultCache,
    Reuse, Tenant,
};
use plugin_runtime_api::{
    ComponentKind, Effect, Ending, ExecutionId, Outcome, PluginFailure, Script, Usage,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{KNOWLEDGE, World, component};

fn at(seconds: u64) -> Timestamp {
    Timestamp::EPOCH.plus(Duration::from_secs(seconds))
}

fn execution(number: u64) -> Execution {
    Execution {
        execution: ExecutionId::of_name(&[&number.to_string()]),
        outcome: Outcome {
            ending: Ending::Succeeded {
                output: json!(number),
            },
            usage: Usage::default(),
        },
        attempts: 1,
        began: Seq::new(number),
        ended: Seq::new(number),
        reused: None,
    }
}

fn keys() -> Vec<CacheKey> {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = block_on(acme.instance(world.installed(&acme))).unwrap();
    let key = |n: usize| CacheKey::of(&instance, &Call::action("A", json!(n)).unwrap(), None);
    (0..6).map(key).collect()
}

proptest! {
    #[test]
    fn the_cache_keeps_what_was_used_last(steps in prop::collection::vec((0_usize..6, any::<bool>(), 0_u64..4), 1..80), entries in 1_usize..5) {
        thread_local!(static KEYS: Vec<CacheKey> = keys());
        let keys = KEYS.with(Clone::clone);
        let policy = CachePolicy { fresh: Duration::from_secs(6), entries, ..CachePolicy::default() };
        let mut cache = ResultCache::default();
        // The last used at the end.
        let mut list: Vec<(usize, u64, u64)> = Vec::new();
        let mut now = 0;
        for (number, (key, puts, passes)) in (0_u64..).zip(steps) {
            now += passes;
            let place = list.iter().position(|(of, _, _)| *of == key);
            let known = place.map(|place| list.remove(place));
            if puts {
                cache.put(keys[key], execution(number), &policy, at(now));
                list.push((key, number, now));
                let surplus = list.len().saturating_sub(entries);
                list.drain(..surplus);
            } else {
                let got = cache.get(&keys[key], &policy, at(now));
                let seen = got.map(|got| {
                    let reused = got.reused.unwrap();
                    (got.began.get(), reused.at, reused.freshness)
                });
                let expected = known.map(|(_, number, kept)| {
                    let fresh = if kept + 6 > now { Freshness::Fresh } else { Freshness::Stale };
                    (number, at(kept), fresh)
                });
                prop_assert_eq!(seen, expected);
                list.extend(known);
            }
            prop_assert_eq!(cache.len(), list.len());
        }
    }
}

/// A world whose `SEARCH_KNOWLEDGE` reads only, and whose `ADD` does not.
fn world() -> (World, Tenant, ThingId) {
    let mut policy = Policy::default();
    policy.breaker.failures = 2;
    let world = World::with_policy(policy);
    let mut search = component(ComponentKind::Action, "SEARCH_KNOWLEDGE");
    search.effect = Effect::ReadOnly;
    let add = component(ComponentKind::Action, "ADD");
    let plugin = KNOWLEDGE.parse().unwrap();
    world.executor.plugin(plugin, vec![search, add]);
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    (world, acme, instance)
}

fn call(
    tenant: &Tenant,
    instance: ThingId,
    input: Value,
    reuse: Reuse,
) -> Result<Execution, ManagerError> {
    let call = Call::action("SEARCH_KNOWLEDGE", input).unwrap();
    block_on(tenant.call(instance, call.reusing(reuse)))
}

#[test]
fn a_result_is_used_again_for_the_same_and_for_nothing_else() {
    let (world, acme, instance) = world();
    let runs = || world.executor.runs("SEARCH_KNOWLEDGE");
    let first = call(&acme, instance, json!({"a": 1, "b": 2}), Reuse::Fresh).unwrap();
    assert_eq!(first.reused, None);
    let again = call(&acme, instance, json!({"b": 2, "a": 1}), Reuse::Fresh).unwrap();
    assert_eq!((again.execution, runs()), (first.execution, 1));
    assert_eq!(again.reused.unwrap().freshness, Freshness::Fresh);
    let never = call(&acme, instance, json!({"a": 1, "b": 2}), Reuse::Never).unwrap();
    assert_eq!((never.reused, runs()), (None, 2), "only who asks for it");
    call(&acme, instance, json!({"a": 1}), Reuse::Fresh).unwrap();
    assert_eq!(runs(), 3, "another input");
    let settings = BTreeMap::from([("CHUNK_SIZE".to_owned(), json!(400))]);
    block_on(acme.configure(instance, settings)).unwrap();
    call(&acme, instance, json!({"a": 1}), Reuse::Fresh).unwrap();
    assert_eq!(runs(), 4, "other settings");
    world.pass(299);
    call(&acme, instance, json!({"a": 1}), Reuse::Fresh).unwrap();
    assert_eq!(runs(), 4);
    world.pass(1);
    call(&acme, instance, json!({"a": 1}), Reuse::Fresh).unwrap();
    assert_eq!(runs(), 5, "five minutes are over");
    // What changes something is run each time.
    for _ in 0..2 {
        let add = Call::action("ADD", Value::Null).unwrap();
        block_on(acme.call(instance, add.reusing(Reuse::Fresh))).unwrap();
    }
    assert_eq!(world.executor.runs("ADD"), 2);
}

#[test]
fn who_may_not_run_it_gets_no_result_and_organisations_share_none() {
    let (world, acme, instance) = world();
    call(&acme, instance, Value::Null, Reuse::Fresh).unwrap();
    let customer = world.tenant("carl", "acme");
    let refused = call(&customer, instance, Value::Null, Reuse::Fresh).unwrap_err();
    assert_eq!(refused.tag(), "OperationDenied");
    let globex = world.tenant("gil", "globex");
    let refused = call(&globex, instance, Value::Null, Reuse::Fresh).unwrap_err();
    assert_eq!(refused.tag(), "InstanceNotFound");
    let theirs = world.active(&globex);
    let ran = call(&globex, theirs, Value::Null, Reuse::Fresh).unwrap();
    assert_eq!(ran.reused, None);
    block_on(acme.deactivate(instance)).unwrap();
    let refused = call(&acme, instance, Value::Null, Reuse::Fresh).unwrap_err();
    assert_eq!(refused.tag(), "PluginNotActive");
}

#[test]
fn a_stale_result_stands_in_where_the_caller_takes_one_and_says_so() {
    let (world, acme, instance) = world();
    let script = |script| world.executor.script("SEARCH_KNOWLEDGE", script);
    let first = call(&acme, instance, Value::Null, Reuse::Fresh).unwrap();
    world.pass(400);
    script(Script::TimeOut);
    let failed = call(&acme, instance, Value::Null, Reuse::Fresh).unwrap();
    assert!(matches!(failed.outcome.ending, Ending::TimedOut { .. }));
    script(Script::Refuse("no".to_owned()));
    let refused = call(&acme, instance, Value::Null, Reuse::StaleOnFailure).unwrap();
    assert!(matches!(refused.outcome.ending, Ending::Refused { .. }));
    script(Script::Fail(PluginFailure::new("E", "m")));
    // The second failure opens the breaker; then nothing runs.
    for instead_of in ["failed", "BreakerOpen"] {
        let stale = call(&acme, instance, Value::Null, Reuse::StaleOnFailure).unwrap();
        assert_eq!(stale.execution, first.execution);
        let reused = stale.reused.unwrap();
        assert_eq!(reused.freshness, Freshness::Stale);
        assert_eq!(reused.instead_of.as_deref(), Some(instead_of));
    }
    let held = call(&acme, instance, Value::Null, Reuse::Fresh).unwrap_err();
    assert_eq!(held.tag(), "BreakerOpen");
    let other = call(&acme, instance, json!(1), Reuse::StaleOnFailure).unwrap_err();
    assert_eq!(other.tag(), "BreakerOpen", "there is nothing to stand in");
}

#[test]
fn an_output_that_is_hollow_is_a_failure_with_a_cause() {
    let model = ComponentKind::Model;
    let hollow =
        |kind, name: &str, output: Value| Hollow::of(kind, &name.parse().unwrap(), &output);
    let table = [
        (
            model,
            "TEXT_EMBEDDING",
            json!([0.0, 0, -0.0]),
            Some(Hollow::ZeroVector),
        ),
        (
            model,
            "TEXT_EMBEDDING",
            json!([]),
            Some(Hollow::EmptyVector),
        ),
        (
            model,
            "TEXT_EMBEDDING",
            json!({"embedding": [0]}),
            Some(Hollow::ZeroVector),
        ),
        (model, "TEXT_EMBEDDING", json!([0.0, 0.1]), None),
        (model, "TEXT_EMBEDDING", json!("?"), None),
        (model, "TEXT_SMALL", json!(" \n"), Some(Hollow::EmptyText)),
        (
            model,
            "TEXT_LARGE",
            json!({"text": ""}),
            Some(Hollow::EmptyText),
        ),
        (model, "TEXT_SMALL", json!("."), None),
        (model, "TEXT_SMALL", json!(null), None),
        (model, "TEXT_TOKENIZER_DECODE", json!(""), None),
        (model, "OBJECT_SMALL", json!(""), None),
        (ComponentKind::Action, "TEXT_SMALL", json!(""), None),
    ];
    for (kind, name, output, expected) in table {
        assert_eq!(
            hollow(kind, name, output.clone()),
            expected,
            "{name} {output}"
        );
    }
    let world = World::new();
    let embedding = component(model, "TEXT_EMBEDDING");
    let plugin = KNOWLEDGE.parse().unwrap();
    world.executor.plugin(plugin, vec![embedding]);
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    world
        .executor
        .script("TEXT_EMBEDDING", Script::Succeed(json!([0.0, 0.0])));
    let call = Call::of(model, "TEXT_EMBEDDING", json!({"text": "x"})).unwrap();
    let execution = block_on(acme.call(instance, call)).unwrap();
    let Ending::Failed { error } = execution.outcome.ending else {
        panic!("{:?}", execution.outcome.ending);
    };
    assert_eq!(error.name, "ZeroVector");
    let errors = block_on(acme.instance(instance)).unwrap().properties.errors;
    assert_eq!(errors.in_a_row, 1);
}
