//! What crosses a wire, held in golden files: they change only on purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Write as _};

use plugin_runtime_api::{
    Artifact, Barrier, Component, ComponentKind, DescribedPlugin, Effect, Ending, Enforcement,
    Engine, Fence, HostCall, HostFamily, HostReply, Invocation, IsolationLevel, Limits, LogLine,
    LogStream, Outcome, Permission, PermissionPreset, Permissions, PluginFailure, RuntimeInfo,
    RuntimeSpec, RuntimeStatus, Usage,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::rig::{call, instance, spec};

/// The JSON of a value, which reads back as the same value.
fn golden<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> String {
    let text = serde_json::to_string_pretty(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value);
    text
}

fn goldens<T: Serialize + DeserializeOwned + PartialEq + Debug>(values: &[T]) -> String {
    let lines = values.iter().map(|value| {
        golden(value);
        serde_json::to_string(value).unwrap()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn runtime_spec() {
    let mut spec = RuntimeSpec {
        engine: Engine::Node,
        artifact: Artifact::Packages {
            digest: "ab".repeat(32).parse().unwrap(),
            location: "/var/plugins/abab".to_owned(),
        },
        limits: Limits::default(),
        fence: Fence(3),
        ..spec("@elizaos/plugin-knowledge", "1.6.1")
    };
    for plugin in &mut spec.plugins {
        plugin.grants = Permissions::preset(PermissionPreset::Connected);
        plugin.settings = BTreeMap::from([("CTX_KNOWLEDGE_ENABLED".to_owned(), json!(false))]);
    }
    insta::assert_snapshot!(golden(&spec));
}

#[test]
fn invocation() {
    let invocation = Invocation {
        effect: Effect::ReadOnly,
        ..call(
            "@elizaos/plugin-knowledge",
            "SEARCH_KNOWLEDGE",
            "request-1",
            json!({ "text": "what about refunds?" }),
        )
    };
    insta::assert_snapshot!(golden(&invocation));
}

#[test]
fn outcome() {
    let error = PluginFailure {
        stack: Some("at handler".to_owned()),
        ..PluginFailure::new("TypeError", "x is undefined")
    };
    let reason = || "signal 9".to_owned();
    let endings = [
        Ending::Succeeded {
            output: json!({ "result": null, "responses": [] }),
        },
        Ending::Refused { reason: reason() },
        Ending::Failed { error },
        Ending::TimedOut { after_ms: 30_000 },
        Ending::OutOfMemory {
            limit_bytes: 512 << 20,
        },
        Ending::Crashed { reason: reason() },
        Ending::Cancelled,
    ];
    let usage = Usage {
        wall_us: 1,
        memory_bytes: 2,
        host_calls: 3,
        bytes_in: 4,
        bytes_out: 5,
    };
    let outcomes = endings.map(|ending| Outcome { ending, usage });
    for outcome in &outcomes {
        let json = serde_json::to_value(outcome).unwrap();
        assert_eq!(json["ending"], outcome.ending.name());
    }
    insta::assert_snapshot!(goldens(&outcomes));
}

#[test]
fn runtime_info() {
    let action = Component {
        description: "Finds passages".to_owned(),
        similes: vec!["LOOK_UP".to_owned()],
        parameters: Some(json!({ "type": "object" })),
        effect: Effect::ReadOnly,
        requires: [Permission::KnowledgeQuery].into_iter().collect(),
        ..Component::new(ComponentKind::Action, "SEARCH_KNOWLEDGE".parse().unwrap())
    };
    let info = RuntimeInfo {
        runtime: spec("p", "1").runtime,
        fence: Fence(3),
        plugins: vec![DescribedPlugin {
            instance: instance(),
            name: "@elizaos/plugin-knowledge".parse().unwrap(),
            version: "1.6.1".to_owned(),
            components: vec![
                action,
                Component::new(ComponentKind::Route, "POST /documents".parse().unwrap()),
            ],
            warnings: vec!["has no description".to_owned()],
        }],
        start_ms: 183,
        engine: "node v20.20.2, worker 1".to_owned(),
    };
    insta::assert_snapshot!(golden(&info));
}

#[test]
fn what_else_crosses() {
    let enforcement = Enforcement {
        level: IsolationLevel::Degraded,
        barriers: BTreeMap::from([
            (Barrier::Environment, "cleared, explicit list".to_owned()),
            (Barrier::Memory, "rlimit_data".to_owned()),
        ]),
    };
    let fence = Fence(3);
    let statuses = [
        RuntimeStatus::Running {
            fence,
            in_flight: 2,
        },
        RuntimeStatus::Crashed {
            fence,
            reason: "signal 9".to_owned(),
        },
        RuntimeStatus::Stopped,
    ];
    let line = LogLine {
        stream: LogStream::Stderr,
        text: "oops".to_owned(),
    };
    let text = [golden(&enforcement), goldens(&statuses), goldens(&[line])];
    insta::assert_snapshot!(text.join("\n"));
}

/// One call of each kind, with every field.
fn calls() -> Vec<Value> {
    let id = "00000000-0000-8000-8000-000000000001";
    let other = "00000000-0000-8000-8000-000000000002";
    let filter = json!({
        "tableName": "knowledge", "roomId": id, "roomIds": [id, other], "worldId": id,
        "entityId": id, "agentId": id, "unique": true, "start": 1, "end": 2, "count": 3, "offset": 4,
    });
    let memory = json!({
        "id": id, "entityId": id, "agentId": id, "roomId": id, "worldId": id,
        "content": { "text": "hello" }, "metadata": { "type": "document" },
        "embedding": [0.5, -0.25], "createdAt": 1, "unique": true, "similarity": 0.75,
    });
    let entity = json!({ "id": id, "names": ["Ada"], "agentId": id, "metadata": {}, "extra": 1 });
    let room = json!({
        "id": id, "name": "lobby", "worldId": id, "agentId": id, "source": "discord",
        "type": "GROUP", "metadata": {}, "channelId": "7",
    });
    let world = json!({ "id": id, "name": "acme", "agentId": id, "metadata": {}, "serverId": "7" });
    let component = json!({
        "id": id, "entityId": id, "agentId": id, "roomId": id, "worldId": id,
        "sourceEntityId": other, "type": "profile", "data": { "age": 36 },
    });
    let relationship = json!({
        "id": id, "sourceEntityId": id, "targetEntityId": other, "agentId": id, "tags": ["friend"],
        "metadata": {},
    });
    let task = json!({
        "id": id, "name": "REMIND", "description": "later", "roomId": id, "worldId": id,
        "entityId": id, "tags": ["queue"], "metadata": { "updateInterval": 1 },
    });
    vec![
        json!({ "call": "setting.get", "key": "OPENAI_API_KEY" }),
        json!({ "call": "model.use", "modelType": "TEXT_EMBEDDING", "params": { "text": "hi" } }),
        json!({ "call": "memory.create", "tableName": "facts", "memory": memory, "unique": true }),
        json!({ "call": "memory.list", "filter": filter }),
        json!({ "call": "memory.get", "ids": [id, other], "tableName": "facts" }),
        json!({ "call": "memory.search", "filter": filter, "embedding": [0.5], "matchThreshold": 0.5 }),
        json!({ "call": "memory.update", "memory": memory }),
        json!({ "call": "memory.delete", "id": id }),
        json!({ "call": "memory.count", "filter": filter }),
        json!({ "call": "cache.get", "key": "k" }),
        json!({ "call": "cache.set", "key": "k", "value": [1, null] }),
        json!({ "call": "cache.delete", "key": "k" }),
        json!({ "call": "entity.get", "id": id }),
        json!({ "call": "entity.create", "entity": entity }),
        json!({ "call": "entity.update", "entity": entity }),
        json!({ "call": "entity.list_for_room", "roomId": id, "includeComponents": true }),
        json!({ "call": "room.get", "id": id }),
        json!({ "call": "room.ensure", "room": room }),
        json!({ "call": "room.update", "room": room }),
        json!({ "call": "room.delete", "id": id }),
        json!({ "call": "room.list", "worldId": id }),
        json!({ "call": "participant.rooms", "entityIds": [id, other] }),
        json!({ "call": "participant.list", "roomId": id }),
        json!({ "call": "participant.add", "entityId": id, "roomId": other }),
        json!({ "call": "participant.remove", "entityId": id, "roomId": other }),
        json!({ "call": "participant.state", "roomId": id, "entityId": other }),
        json!({ "call": "participant.set_state", "roomId": id, "entityId": other, "state": "MUTED" }),
        json!({ "call": "world.get", "id": id }),
        json!({ "call": "world.ensure", "world": world }),
        json!({ "call": "world.update", "world": world }),
        json!({ "call": "world.list" }),
        json!({ "call": "component.get", "entityId": id, "kind": "profile", "worldId": id, "sourceEntityId": other }),
        json!({ "call": "component.list", "entityId": id, "worldId": id, "sourceEntityId": other }),
        json!({ "call": "component.create", "component": component }),
        json!({ "call": "component.update", "component": component }),
        json!({ "call": "component.delete", "id": id }),
        json!({ "call": "relationship.create", "relationship": relationship }),
        json!({ "call": "relationship.get", "sourceEntityId": id, "targetEntityId": other }),
        json!({ "call": "relationship.list", "entityId": id, "tags": ["friend"] }),
        json!({ "call": "relationship.update", "relationship": relationship }),
        json!({ "call": "task.create", "task": task }),
        json!({ "call": "task.get", "id": id }),
        json!({ "call": "task.list", "name": "REMIND", "roomId": id, "tags": ["queue"] }),
        json!({ "call": "task.update", "task": task }),
        json!({ "call": "task.delete", "id": id }),
        json!({ "call": "event.emit", "name": "MESSAGE_SENT", "payload": { "text": "hi" } }),
        json!({ "call": "message.send", "target": { "source": "discord" }, "content": { "text": "hi" } }),
        json!({ "call": "fetch", "url": "https://example.org/", "method": "POST", "headers": [["accept", "*/*"]], "body": "{}" }),
        json!({ "call": "log.record", "kind": "action", "body": {}, "roomId": id, "entityId": other }),
    ]
}

#[test]
fn every_host_call_crosses_with_every_field() {
    let mut text = String::new();
    let mut names = Vec::new();
    for sent in calls() {
        let call: HostCall = serde_json::from_value(sent.clone()).unwrap();
        let back = serde_json::to_value(&call).unwrap();
        assert_eq!(back, sent, "nothing is lost and nothing is made up");
        assert_eq!(back["call"], call.name());
        names.push(call.name());
        writeln!(text, "{}", serde_json::to_string(&call).unwrap()).unwrap();
    }
    assert_eq!(names, HostCall::NAMES, "one example of each, in order");
    insta::assert_snapshot!(text);
}

#[test]
fn every_host_call_belongs_to_a_family() {
    let mut families: BTreeMap<HostFamily, Vec<&str>> = BTreeMap::new();
    for sent in calls() {
        let call: HostCall = serde_json::from_value(sent).unwrap();
        families.entry(call.family()).or_default().push(call.name());
    }
    let unique: BTreeSet<_> = HostCall::NAMES.iter().collect();
    assert_eq!(unique.len(), HostCall::NAMES.len());
    let mut table = String::new();
    for family in HostFamily::ALL {
        writeln!(table, "{family}: {}", families[family].join(", ")).unwrap();
    }
    insta::assert_snapshot!(table);
}

#[test]
fn an_unknown_call_and_a_wrong_field_are_refused() {
    let check = |sent: Value, expected: &str| {
        let error = serde_json::from_value::<HostCall>(sent)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(
        json!({ "call": "memory.burn" }),
        "unknown variant `memory.burn`",
    );
    check(json!({ "call": "memory.get", "ids": ["x"] }), "UUID");
    check(
        json!({ "call": "cache.set", "key": "k" }),
        "missing field `value`",
    );
    check(json!({ "key": "k" }), "call");
}

#[test]
fn a_reply_is_the_bare_value() {
    let id = uuid::Uuid::nil();
    let check = |reply: HostReply, expected: Value| {
        assert_eq!(serde_json::to_value(reply).unwrap(), expected);
    };
    check(HostReply::Done, Value::Null);
    check(HostReply::Flag(true), json!(true));
    check(HostReply::Count(3), json!(3));
    check(HostReply::Id(id), json!(id));
    check(HostReply::Ids(vec![id]), json!([id]));
    check(HostReply::Text(None), Value::Null);
    check(HostReply::Text(Some("x".to_owned())), json!("x"));
    check(HostReply::Value(json!({ "a": [1] })), json!({ "a": [1] }));
    check(HostReply::Memories(Vec::new()), json!([]));
    check(HostReply::Room(None), Value::Null);
}
