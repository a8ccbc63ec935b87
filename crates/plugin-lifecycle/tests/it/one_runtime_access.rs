//! `OneRuntime`: who may ask what, and what nobody sees.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::executor::block_on;
use one_ontology::{
    ChangeSet, Directory as _, EventId, EventType, GroupId, GroupStatus, NewEvent, Store as _,
    ThingId, Timestamp,
};
use plugin_lifecycle::{LogSink, PluginGrant, PluginLog, SecretPolicy, needed_permission};
use plugin_runtime_api::{
    CallContext, ExecutionId, Fence, HostCall, Permission, PermissionPreset, Permissions,
    RuntimeId, SecretName, SecretString, Vault, VaultError,
};
use serde_json::{Value, json};

use crate::one_runtime::{Agent, Host, group, id, plugin, scope};

/// Every call there is, each with arguments that hold.
pub(crate) fn every_call() -> Vec<Value> {
    let filter = json!({"tableName": "facts"});
    vec![
        json!({"call": "setting.get", "key": "MODEL"}),
        json!({"call": "model.use", "modelType": "TEXT_EMBEDDING", "params": "text"}),
        json!({"call": "memory.create", "tableName": "facts", "memory": {"content": {"text": "secret words"}}}),
        json!({"call": "memory.list", "filter": filter}),
        json!({"call": "memory.get", "ids": [id(1)]}),
        json!({"call": "memory.search", "filter": filter, "embedding": [1.0]}),
        json!({"call": "memory.update", "memory": {"id": id(1)}}),
        json!({"call": "memory.delete", "id": id(1)}),
        json!({"call": "memory.count", "filter": filter}),
        json!({"call": "cache.get", "key": "k"}),
        json!({"call": "cache.set", "key": "k", "value": 1}),
        json!({"call": "cache.delete", "key": "k"}),
        json!({"call": "entity.get", "id": id(1)}),
        json!({"call": "entity.create", "entity": {"id": id(1)}}),
        json!({"call": "entity.update", "entity": {"id": id(1)}}),
        json!({"call": "entity.list_for_room", "roomId": id(2)}),
        json!({"call": "room.get", "id": id(2)}),
        json!({"call": "room.ensure", "room": {"id": id(2)}}),
        json!({"call": "room.update", "room": {"id": id(2)}}),
        json!({"call": "room.delete", "id": id(3)}),
        json!({"call": "room.list", "worldId": id(4)}),
        json!({"call": "participant.rooms", "entityIds": [id(1)]}),
        json!({"call": "participant.list", "roomId": id(2)}),
        json!({"call": "participant.add", "entityId": id(1), "roomId": id(2)}),
        json!({"call": "participant.set_state", "entityId": id(1), "roomId": id(2), "state": "MUTED"}),
        json!({"call": "participant.state", "entityId": id(1), "roomId": id(2)}),
        json!({"call": "participant.remove", "entityId": id(1), "roomId": id(2)}),
        json!({"call": "world.get", "id": id(4)}),
        json!({"call": "world.ensure", "world": {"id": id(4)}}),
        json!({"call": "world.update", "world": {"id": id(4)}}),
        json!({"call": "world.list"}),
        json!({"call": "component.get", "entityId": id(1), "kind": "mood"}),
        json!({"call": "component.list", "entityId": id(1)}),
        json!({"call": "component.create", "component": {"id": id(5), "entityId": id(1), "type": "mood"}}),
        json!({"call": "component.update", "component": {"id": id(5), "entityId": id(1), "type": "mood"}}),
        json!({"call": "component.delete", "id": id(5)}),
        json!({"call": "entity.create", "entity": {"id": id(6)}}),
        json!({"call": "relationship.create", "relationship": {"sourceEntityId": id(1), "targetEntityId": id(6)}}),
        json!({"call": "relationship.get", "sourceEntityId": id(1), "targetEntityId": id(6)}),
        json!({"call": "relationship.list", "entityId": id(1)}),
        json!({"call": "relationship.update", "relationship": {"sourceEntityId": id(1), "targetEntityId": id(6)}}),
        json!({"call": "task.create", "task": {"id": id(7), "name": "T"}}),
        json!({"call": "task.get", "id": id(7)}),
        json!({"call": "task.list"}),
        json!({"call": "task.update", "task": {"id": id(7)}}),
        json!({"call": "task.delete", "id": id(7)}),
        json!({"call": "event.emit", "name": "DONE", "payload": {"text": "secret words"}}),
        json!({"call": "message.send", "target": {"source": "discord"}, "content": {"text": "secret words"}}),
        json!({"call": "fetch", "url": "https://example.org", "method": "GET", "headers": []}),
        json!({"call": "log.record", "kind": "k", "body": {}}),
    ]
}

/// Which permission each call needs, asked by granting all and none and each alone.
const TABLE: &str = "\
setting.get -
model.use -
memory.create storage.write
memory.list storage.read
memory.get storage.read
memory.search knowledge.query
memory.update storage.write
memory.delete storage.write
memory.count storage.read
cache.get storage.read
cache.set storage.write
cache.delete storage.write
entity.get storage.read
entity.create storage.write
entity.update storage.write
entity.list_for_room storage.read
room.get storage.read
room.ensure storage.write
room.update storage.write
room.delete storage.write
room.list storage.read
participant.rooms storage.read
participant.list storage.read
participant.add storage.write
participant.remove storage.write
participant.state storage.read
participant.set_state storage.write
world.get storage.read
world.ensure storage.write
world.update storage.write
world.list storage.read
component.get storage.read
component.list storage.read
component.create storage.write
component.update storage.write
component.delete storage.write
relationship.create storage.write
relationship.get storage.read
relationship.list storage.read
relationship.update storage.write
task.create storage.write
task.get storage.read
task.list storage.read
task.update storage.write
task.delete storage.write
event.emit events.publish
message.send events.publish
fetch network.external
log.record -
";

#[test]
fn every_call_needs_its_permission_and_no_other() {
    let calls = every_call();
    let mut table = String::new();
    for name in HostCall::NAMES {
        let call = calls.iter().find(|call| call["call"] == *name).unwrap();
        let needed = needed_permission(&serde_json::from_value(call.clone()).unwrap());
        let shown = needed.map_or("-", |permission| permission.as_str());
        table.push_str(&format!("{name} {shown}\n"));
        // Whatever is granted besides, the call is denied without it and not denied with it.
        for granted in [true, false] {
            let grants: Permissions = Permission::ALL
                .iter()
                .copied()
                .filter(|it| (Some(*it) == needed) == granted)
                .collect();
            let host = Host::new();
            let agent = host.plugin("acme", "aria", &plugin(grants));
            let tag = agent.call(call.clone()).map_err(|error| error.tag()).err();
            let denied = tag == Some("HostPermissionDenied");
            assert_eq!(denied, needed.is_some() && !granted, "{call}");
            if denied {
                let expected =
                    format!("HostPermissionDenied: permission `{shown}` is not granted for {name}");
                assert_eq!(agent.refused(call.clone()), expected);
                assert_eq!(host.trail("acme").len(), 1, "a denied call leaves no trace");
            }
        }
    }
    assert_eq!(table, TABLE);
}

#[test]
fn every_call_but_the_network_is_offered() {
    let host = Host::new();
    let agent = host.agent("acme", "aria");
    for call in every_call() {
        let answer = agent.call(call.clone());
        let refused = answer.map_err(|error| error.tag()).err();
        let expected = (call["call"] == "fetch").then_some("HostUnsupported");
        assert_eq!(refused, expected, "{call}");
    }
}

#[test]
fn agents_and_organisations_see_nothing_of_each_other() {
    let host = Host::new();
    let busy = host.agent("acme", "aria");
    let others = [
        host.agent("acme", "bella"),
        host.agent("umbrella", "aria"),
        host.agent("umbrella", "bella"),
    ];
    let untouched: Vec<Vec<Value>> = others.iter().map(glance).collect();
    // The same elizaOS ids, in every family; what is deleted in the end is made again.
    let undone = ["delete", "remove"];
    for call in every_call() {
        let name = call["call"].as_str().unwrap();
        if !undone.iter().any(|it| name.ends_with(it)) {
            let _ = busy.call(call);
        }
    }
    assert_ne!(glance(&busy), untouched[0]);
    for (other, untouched) in others.iter().zip(&untouched) {
        assert_eq!(glance(other), *untouched);
    }
    // And they may keep the same ids themselves.
    for other in &others {
        let made = json!({"call": "entity.create", "entity": {"id": id(1), "names": ["other"]}});
        assert_eq!(other.ask(made), json!(true));
    }
    let own = busy.ask(json!({"call": "entity.get", "id": id(1)}));
    assert_eq!(own, json!({"id": id(1)}));
}

/// Everything an agent can read, by the ids that `every_call` uses.
pub(crate) fn glance(agent: &Agent) -> Vec<Value> {
    let reads = every_call().into_iter().filter(|call| {
        let call: HostCall = serde_json::from_value(call.clone()).unwrap();
        matches!(
            needed_permission(&call),
            Some(Permission::StorageRead | Permission::KnowledgeQuery)
        )
    });
    reads.map(|call| agent.ask(call)).collect()
}

#[test]
fn a_caller_that_is_another_is_refused() {
    let host = Host::new();
    let agent = host.agent("acme", "aria");
    let own = &agent.context;
    let others: [(&str, CallContext); 4] = [
        (
            "group",
            CallContext {
                group: group("umbrella"),
                ..own.clone()
            },
        ),
        (
            "agent",
            CallContext {
                agent: ThingId::of_name(&["bella"]),
                ..own.clone()
            },
        ),
        (
            "runtime",
            CallContext {
                runtime: RuntimeId::of_name(&["x"]),
                ..own.clone()
            },
        ),
        (
            "instance",
            CallContext {
                instance: ThingId::of_name(&["x"]),
                ..own.clone()
            },
        ),
    ];
    for (what, context) in others {
        for call in every_call() {
            let name = call["call"].as_str().unwrap().to_owned();
            let error = agent.call_as(&context, call).unwrap_err();
            assert_eq!(error.tag(), "HostCallInvalid", "{what}");
            assert_eq!(
                error.to_string(),
                format!("{name}: the caller does not belong to this runtime")
            );
        }
    }
    assert_eq!(host.trail("acme").len() + host.trail("umbrella").len(), 2);
}

#[test]
fn nothing_is_done_in_an_archived_organisation() {
    let host = Host::new();
    let agent = host.agent("acme", "aria");
    let mut organisation = block_on(host.store.group(group("acme"))).unwrap().unwrap();
    organisation.status = GroupStatus::Archived;
    let event = NewEvent::new(EventId::of_name(&["away"]), EventType::GroupUpdated, None);
    let changes = ChangeSet::new(&scope("acme"), event, Timestamp::EPOCH).replace(organisation);
    block_on(host.store.commit(changes)).unwrap();
    assert_eq!(
        agent.refused(json!({"call": "cache.get", "key": "k"})),
        "HostUnavailable: cache.get is unavailable: the organisation cannot be entered"
    );
}

/// A vault with one secret, that remembers who leased it.
#[derive(Debug, Default)]
struct OneSecret(Mutex<Vec<(SecretName, ExecutionId)>>);

#[async_trait]
impl Vault for OneSecret {
    async fn put(&self, _: &SecretName, _: SecretString) -> Result<(), VaultError> {
        Ok(())
    }

    async fn lease(
        &self,
        name: &SecretName,
        execution: ExecutionId,
        _: Timestamp,
    ) -> Result<SecretString, VaultError> {
        if name.parameter == "BROKEN" {
            return Err(VaultError::Unavailable {
                reason: "key 7 of 10.0.0.1 is gone".to_owned(),
            });
        }
        if name.group != group("acme") || name.parameter != "API_KEY" {
            return Err(VaultError::NotFound {
                parameter: name.parameter.clone(),
            });
        }
        self.0.lock().unwrap().push((name.clone(), execution));
        Ok(SecretString::new("sk-very-secret"))
    }

    async fn list(&self, of: GroupId, _: ThingId) -> Result<Vec<String>, VaultError> {
        let own = of == group("acme");
        Ok(own.then(|| "API_KEY".to_owned()).into_iter().collect())
    }

    async fn rotate(&self, _: GroupId) -> Result<(), VaultError> {
        Ok(())
    }

    async fn forget(&self, _: &SecretName) -> Result<(), VaultError> {
        Ok(())
    }

    async fn destroy(&self, _: GroupId, _: ThingId) -> Result<(), VaultError> {
        Ok(())
    }
}

fn with_secrets(secrets: SecretPolicy, preset: PermissionPreset) -> PluginGrant {
    let mut plugin = plugin(Permissions::preset(preset));
    plugin.secrets = secrets;
    plugin
        .sensitive
        .extend(["OTHER_KEY".to_owned(), "BROKEN".to_owned()]);
    // A secret among the settings is a mistake that must not show.
    plugin
        .settings
        .insert("API_KEY".to_owned(), json!("sk-leaked"));
    plugin
}

#[test]
fn secrets_are_given_to_whom_they_are_granted() {
    use PermissionPreset::{Connected, Full};
    use SecretPolicy::{Placeholder, Real};
    for (organisation, policy, preset, key, expected) in [
        ("acme", Placeholder, Full, "API_KEY", Some("placeholder")),
        ("acme", Placeholder, Full, "OTHER_KEY", None),
        ("acme", Placeholder, Connected, "API_KEY", None),
        ("umbrella", Placeholder, Full, "API_KEY", None),
        ("acme", Real, Full, "API_KEY", Some("sk-very-secret")),
        ("acme", Real, Full, "OTHER_KEY", None),
        ("acme", Real, Connected, "API_KEY", None),
        ("umbrella", Real, Full, "API_KEY", None),
    ] {
        let mut host = Host::new();
        let vault = Arc::new(OneSecret::default());
        host.runtime = host.runtime.clone().with_vault(Arc::clone(&vault) as _);
        let agent = host.plugin(organisation, "aria", &with_secrets(policy, preset));
        let instance = agent.context.instance;
        let expected = match expected {
            Some("placeholder") => json!(format!("one-secret:{instance}:API_KEY")),
            other => json!(other),
        };
        let answer = agent.ask(json!({"call": "setting.get", "key": key}));
        assert_eq!(
            answer, expected,
            "{organisation} {policy:?} {preset:?} {key}"
        );
        // A secret that was given out is in the trail by its name, and only then.
        let trail = host.trail(organisation);
        let given = policy == Real && !expected.is_null();
        assert_eq!(trail.len(), 1 + usize::from(given));
        assert_eq!(vault.0.lock().unwrap().len(), usize::from(given));
        if let Some(event) = trail.get(1) {
            assert_eq!(event.event_type.as_str(), "plugin_secret_accessed");
            assert_eq!(event.target, Some(instance.into()));
            assert_eq!(event.metadata.text("parameter"), Some("API_KEY"));
            assert!(!serde_json::to_string(event).unwrap().contains("sk-"));
        }
    }
}

#[test]
fn a_lease_is_for_the_execution_that_asks() {
    let mut host = Host::new();
    let vault = Arc::new(OneSecret::default());
    host.runtime = host.runtime.clone().with_vault(Arc::clone(&vault) as _);
    let agent = host.plugin(
        "acme",
        "aria",
        &with_secrets(SecretPolicy::Real, PermissionPreset::Full),
    );
    let ask = |execution: Option<ExecutionId>, fence: u64| {
        let fence = Fence(fence);
        let context = CallContext {
            execution,
            fence,
            ..agent.context.clone()
        };
        agent
            .call_as(&context, json!({"call": "setting.get", "key": "API_KEY"}))
            .unwrap();
    };
    let running = ExecutionId::of_name(&["one"]);
    ask(Some(running), 1);
    ask(None, 1);
    ask(None, 1);
    ask(None, 2);
    let leases: Vec<ExecutionId> = vault.0.lock().unwrap().iter().map(|(_, it)| *it).collect();
    assert_eq!(leases[0], running);
    assert_eq!(leases[1], leases[2], "starting is one of its own");
    assert_ne!(leases[2], leases[3], "and another under another fence");
    let broken = agent.refused(json!({"call": "setting.get", "key": "BROKEN"}));
    assert_eq!(
        broken,
        "HostUnavailable: setting.get is unavailable: the vault does not answer"
    );
}

#[derive(Debug, Default)]
struct Sink(Mutex<Vec<PluginLog>>);

impl LogSink for Sink {
    fn record(&self, _: &CallContext, entry: &PluginLog) {
        self.0.lock().unwrap().push(entry.clone());
    }
}

#[test]
fn a_log_goes_to_the_sink_and_not_into_the_trail() {
    let mut host = Host::new();
    let sink = Arc::new(Sink::default());
    host.runtime = host.runtime.clone().with_log(Arc::clone(&sink) as _);
    let agent = host.agent("acme", "aria");
    agent.ask(json!({"call": "log.record", "kind": "action", "body": {"a": 1}, "roomId": id(2)}));
    let long = json!({"call": "log.record", "kind": "action", "body": "x".repeat(1 << 20)});
    assert!(
        agent
            .refused(long)
            .starts_with("HostCallInvalid: log.record: `body` must have")
    );
    let entry = PluginLog {
        kind: "action".to_owned(),
        body: json!({"a": 1}),
        room_id: Some(id(2)),
        entity_id: None,
    };
    assert_eq!(*sink.0.lock().unwrap(), [entry]);
    assert_eq!(host.trail("acme").len(), 1);
}
