//! Changes of version where something else goes wrong, or others are at it too.

use std::task::{Context, Poll};

use futures::executor::block_on;
use futures::task::noop_waker;
use one_ontology::ThingId;
use plugin_lifecycle::{PluginInstance, Policy, StateKind, Tenant};
use plugin_runtime_api::{PluginFailure, Script, StartScript};
use serde_json::json;

use crate::update::{found, publish, publish_minor, updated};
use crate::world::{KNOWLEDGE, World};

fn body() -> serde_json::Value {
    json!({"dependencies": {"@elizaos/core": "^1.7.0"}})
}

fn versions(tenant: &Tenant, instance: ThingId) -> Vec<String> {
    let kept = block_on(tenant.kept_versions(instance)).unwrap();
    kept.into_iter().map(|it| it.version).collect()
}

fn stands(instance: &PluginInstance) -> (&str, StateKind) {
    (instance.version.as_str(), instance.lifecycle.kind())
}

#[test]
fn a_stopped_plugin_whose_earlier_packages_are_gone_stays_as_it_is() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.installed(&acme);
    publish_minor(&world);
    updated(&acme, instance).unwrap();
    let before = found(&acme, instance);
    world
        .source
        .put(KNOWLEDGE, json!({"name": KNOWLEDGE, "versions": {}}));
    let error = block_on(acme.rollback(instance)).unwrap_err();
    assert_eq!(error.tag(), "SourceNotFound");
    assert_eq!(found(&acme, instance), before);
    assert_eq!(versions(&acme, instance), ["1.6.1"]);
    publish_minor(&world);
    block_on(acme.rollback(instance)).unwrap();
    let back = found(&acme, instance);
    assert_eq!(stands(&back), ("1.6.1", StateKind::Installed));
}

#[test]
fn an_update_that_fails_costs_no_earlier_version() {
    let mut policy = Policy::default();
    policy.snapshots = 1;
    let world = World::with_policy(policy);
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    publish(&world, &[("1.7.0", body()), ("1.8.0", body())]);
    let to = |version: &str| {
        let plan = block_on(acme.plan_update(instance, version)).unwrap();
        let all = plugin_lifecycle::Approval::of(&plan);
        block_on(acme.update(&plan, &all))
    };
    to("1.7.0").unwrap();
    assert_eq!(versions(&acme, instance), ["1.6.1"]);
    let broken = StartScript::Fail(PluginFailure::new("Broken", "no such table"));
    world
        .executor
        .script_start(KNOWLEDGE.parse().unwrap(), broken);
    assert_eq!(to("1.8.0").unwrap_err().tag(), "UpdateRolledBack");
    assert_eq!(versions(&acme, instance), ["1.6.1"]);
    to("1.8.0").unwrap();
    assert_eq!(versions(&acme, instance), ["1.7.0"]);
}

#[test]
fn two_who_go_back_at_once_go_back_one_version() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    publish(&world, &[("1.7.0", body()), ("1.8.0", body())]);
    for version in ["1.7.0", "1.8.0"] {
        let plan = block_on(acme.plan_update(instance, version)).unwrap();
        let all = plugin_lifecycle::Approval::of(&plan);
        block_on(acme.update(&plan, &all)).unwrap();
    }
    let hanging = Script::hang_then(Script::Succeed(json!({})));
    world.executor.script("SEARCH_KNOWLEDGE", hanging);
    let waker = noop_waker();
    let mut context = Context::from_waker(&waker);
    let mut execution = Box::pin(acme.execute(instance, "SEARCH_KNOWLEDGE", json!({})));
    assert!(execution.as_mut().poll(&mut context).is_pending());
    let mut both = [acme.rollback(instance), acme.rollback(instance)].map(Box::pin);
    for one in &mut both {
        assert!(one.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(world.executor.release("SEARCH_KNOWLEDGE"), 1);
    assert!(matches!(
        execution.as_mut().poll(&mut context),
        Poll::Ready(Ok(_))
    ));
    let [first, second] = both;
    block_on(first).unwrap();
    assert_eq!(block_on(second).unwrap_err().tag(), "PlanOutdated");
    let back = found(&acme, instance);
    assert_eq!(stands(&back), ("1.7.0", StateKind::Active));
    assert!(back.holds.is_empty());
    assert_eq!(versions(&acme, instance), ["1.6.1"]);
}
