//! Secrets, where the version of a plugin changes.

use futures::executor::block_on;
use one_ontology::ThingId;
use plugin_lifecycle::{Approval, ManagerError, StateKind, Tenant};
use plugin_runtime_api::{Ending, IsolationLevel, PluginFailure, StartScript};
use serde_json::{Value, json};

use crate::secrets::{CANARY, Guarded, KEY, configure, installed, kept, telling};
use crate::world::{KNOWLEDGE, SQL, package};

fn body(needs: Value, parameter: Value) -> Value {
    json!({"dependencies": needs, "agentConfig": {
        "pluginType": "elizaos:plugin:1.0.0", "pluginParameters": {KEY: parameter},
    }})
}

fn secret() -> Value {
    json!({"type": "string", "sensitive": true})
}

fn update(tenant: &Tenant, instance: ThingId) -> Result<(), ManagerError> {
    let plan = block_on(tenant.plan_update(instance, "latest")).unwrap();
    block_on(tenant.update(&plan, &Approval::of(&plan)))
}

#[test]
fn what_a_new_runtime_says_is_not_recorded_where_a_new_member_has_a_secret() {
    let guarded = Guarded::new();
    let host = guarded.host(IsolationLevel::Strict);
    let acme = host.tenant("alice", "acme");
    let core = || json!({"@elizaos/core": "^1.7.0"});
    let source = &guarded.world.source;
    source.put(SQL, package(SQL, &[("1.7.2", body(core(), secret()))]));
    let old = ("1.6.1", body(core(), json!({"type": "string"})));
    source.put(KNOWLEDGE, package(KNOWLEDGE, std::slice::from_ref(&old)));
    let plan = block_on(acme.plan_install(SQL, "^1.7")).unwrap();
    let sql = block_on(acme.install(&plan)).unwrap();
    configure(&acme, sql, CANARY).unwrap();
    let instance = installed(&acme);
    block_on(acme.activate(instance)).unwrap();
    let needs = json!({"@elizaos/core": "^1.7.0", SQL: "^1.7.0"});
    let new = ("1.7.0", body(needs, json!({"type": "string"})));
    source.put(KNOWLEDGE, package(KNOWLEDGE, &[old, new]));
    let broken = PluginFailure::new("Broken", &format!("the key {CANARY} is refused"));
    host.executor
        .script_start(SQL.parse().unwrap(), StartScript::Fail(broken));
    let error = update(&acme, instance).unwrap_err();
    assert_eq!(error.tag(), "UpdateRolledBack");
    assert!(error.to_string().contains(CANARY), "who asked is told");
    assert!(!kept(&guarded, &acme).contains(CANARY));
    let row = block_on(acme.instance(instance)).unwrap().properties;
    assert_eq!(row.lifecycle.kind(), StateKind::Active);
}

#[test]
fn what_was_a_secret_before_does_not_stand_for_a_plain_value() {
    let guarded = Guarded::new();
    let host = guarded.host(IsolationLevel::Strict);
    let acme = host.tenant("alice", "acme");
    let instance = installed(&acme);
    configure(&acme, instance, CANARY).unwrap();
    let needs = || json!({"@elizaos/core": "^1.7.0", SQL: "^1.7.0"});
    let versions = [
        ("1.6.1", body(needs(), secret())),
        ("1.7.0", body(needs(), json!({"type": "string"}))),
    ];
    let source = &guarded.world.source;
    source.put(KNOWLEDGE, package(KNOWLEDGE, &versions));
    update(&acme, instance).unwrap();
    configure(&acme, instance, "plain").unwrap();
    block_on(acme.activate(instance)).unwrap();
    let read = telling(|read| Ending::Succeeded {
        output: json!({"read": read}),
    });
    host.executor.script("SEARCH_KNOWLEDGE", read);
    let outcome = block_on(acme.execute(instance, "SEARCH_KNOWLEDGE", json!({}))).unwrap();
    let plain = json!({"read": "plain"});
    assert_eq!(outcome.ending, Ending::Succeeded { output: plain });
}
