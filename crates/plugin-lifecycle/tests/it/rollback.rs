//! Going back, when what the old version needs is not what it was.

use futures::executor::block_on;
use one_ontology::{ConnectionQuery, PluginConnectionType, Store as _, ThingId};
use plugin_lifecycle::Tenant;
use serde_json::json;

use crate::update::{body, found, needs, parameters, search, updated};
use crate::world::{KNOWLEDGE, SQL, World, package};

/// An instance whose old version needs `SQL` and whose new one does not, updated.
fn independent(world: &World, acme: &Tenant) -> (ThingId, ThingId) {
    let alone = body(json!({"@elizaos/core": "^1.7.0"}), parameters());
    let all = [("1.6.1", body(needs(), parameters())), ("1.7.0", alone)];
    world.source.put(KNOWLEDGE, package(KNOWLEDGE, &all));
    let plan = block_on(acme.plan_install(KNOWLEDGE, "1.6.1")).unwrap();
    let instance = block_on(acme.install(&plan)).unwrap();
    let sql = block_on(acme.installed(SQL)).unwrap().unwrap().instance;
    updated(acme, instance).unwrap();
    block_on(acme.uninstall(sql)).unwrap();
    (instance, sql)
}

fn needed(world: &World, acme: &Tenant, instance: ThingId) -> Vec<one_ontology::End> {
    let query = ConnectionQuery {
        from: Some(instance.into()),
        types: vec![PluginConnectionType::PluginDependsOn.into()],
        ..ConnectionQuery::default()
    };
    let page = block_on(world.store.connections(acme.scope(), &query)).unwrap();
    page.items.into_iter().map(|it| it.to).collect()
}

#[test]
fn what_is_needed_may_have_been_installed_anew() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let (instance, removed) = independent(&world, &acme);
    let refused = block_on(acme.rollback(instance)).unwrap_err();
    assert_eq!(refused.tag(), "PlanOutdated", "{refused}");
    assert_eq!(found(&acme, instance).version, "1.7.0");

    let plan = block_on(acme.plan_install(SQL, "^1.7")).unwrap();
    let sql = block_on(acme.install(&plan)).unwrap();
    assert_ne!(sql, removed);
    block_on(acme.rollback(instance)).unwrap();
    assert_eq!(found(&acme, instance).version, "1.6.1");
    assert_eq!(needed(&world, &acme, instance), [sql.into()]);
    block_on(acme.activate(instance)).unwrap();
    assert!(search(&acme, instance).is_ok());
    let held = block_on(acme.uninstall(sql)).unwrap_err();
    assert_eq!(held.tag(), "HasDependents", "{held}");
}
