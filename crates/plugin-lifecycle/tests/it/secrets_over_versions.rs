//! Secrets, where the version of a plugin changes.

use std::collections::BTreeMap;

use futures::executor::block_on;
use one_ontology::ThingId;
use plugin_lifecycle::{Approval, ManagerError, StateKind, Tenant, is_secret};
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

#[test]
fn what_is_given_as_a_secret_is_never_written_as_a_plain_value() {
    let guarded = Guarded::new();
    let host = guarded.host(IsolationLevel::Strict);
    let acme = host.tenant("alice", "acme");
    let needs = || json!({"@elizaos/core": "^1.7.0", SQL: "^1.7.0"});
    let versions = [
        ("1.6.1", body(needs(), secret())),
        (
            "1.7.0",
            body(needs(), json!({"type": "string", "sensitive": false})),
        ),
    ];
    let source = &guarded.world.source;
    source.put(KNOWLEDGE, package(KNOWLEDGE, &versions[..1]));
    let instance = installed(&acme);
    block_on(acme.set_secret(instance, KEY, "before")).unwrap();
    assert_eq!(block_on(acme.secret_names(instance)).unwrap(), [KEY]);
    // Between the question and the answer somebody updates it.
    source.put(KNOWLEDGE, package(KNOWLEDGE, &versions));
    update(&acme, instance).unwrap();
    let refused = block_on(acme.set_secret(instance, KEY, CANARY)).unwrap_err();
    assert_eq!(refused.tag(), "NoSuchSecret");
    assert!(!kept(&guarded, &acme).contains(CANARY));
    // Told to be no secret, it is taken.
    configure(&acme, instance, "plain").unwrap();
}

#[test]
fn a_parameter_of_its_own_name_comes_before_a_template() {
    let guarded = Guarded::new();
    let host = guarded.host(IsolationLevel::Strict);
    let acme = host.tenant("alice", "acme");
    let parameters = json!({"FOO_URL": {"type": "string"}, "FOO_<X>": secret()});
    let needs = json!({"@elizaos/core": "^1.7.0", SQL: "^1.7.0"});
    let config = json!({"pluginType": "elizaos:plugin:1.0.0", "pluginParameters": parameters});
    let body = json!({"dependencies": needs, "agentConfig": config});
    let source = &guarded.world.source;
    source.put(KNOWLEDGE, package(KNOWLEDGE, &[("1.6.1", body)]));
    let instance = installed(&acme);
    let row = || block_on(acme.instance(instance)).unwrap().properties;
    assert!(!is_secret(&row().parameters, "FOO_URL"));
    assert!(is_secret(&row().parameters, "FOO_KEY"));
    assert!(!is_secret(&row().parameters, "BAR_KEY"));
    let set = |value: Value| {
        let settings = BTreeMap::from([("FOO_URL".to_owned(), value)]);
        block_on(acme.configure(instance, settings)).unwrap();
    };
    set(json!("http://localhost"));
    assert!(row().settings.contains_key("FOO_URL"));
    let refused = block_on(acme.set_secret(instance, "FOO_URL", CANARY)).unwrap_err();
    assert_eq!(refused.tag(), "NoSuchSecret");
    set(Value::Null);
    assert!(row().settings.is_empty());
    block_on(acme.set_secret(instance, "FOO_KEY", CANARY)).unwrap();
    assert_eq!(block_on(acme.secret_names(instance)).unwrap(), ["FOO_KEY"]);
}
