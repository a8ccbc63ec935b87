//! `OneRuntime`: what it is tested with, and every family of calls once there and back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{
    Actor, ChangeSet, Event, EventId, EventQuery, EventType, Group, GroupId, Limit, ManualClock,
    MemoryStore, NewEvent, Place, Scope, SequentialIds, Store, ThingId, Timestamp, audit,
};
use plugin_lifecycle::{OneRuntime, PluginGrant, RuntimeGrants, SecretPolicy};
use plugin_registry::LexicalEmbedder;
use plugin_runtime_api::{
    CallContext, Fence, HostCall, HostError, HostServices, PermissionPreset, Permissions, RuntimeId,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// 2026-11-20T12:00:00Z, as elizaOS says it.
pub(crate) const NOON: i64 = 1_795_176_000_000;

/// A store with two organisations, and a host over it.
pub(crate) struct Host {
    pub(crate) store: MemoryStore,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) runtime: OneRuntime,
}

impl Host {
    pub(crate) fn new() -> Self {
        let store = MemoryStore::new();
        Self::over(store.clone(), Arc::new(store))
    }

    /// A host that reaches `store` through `port`.
    pub(crate) fn over(store: MemoryStore, port: Arc<dyn Store>) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(NOON * 1000)));
        let ids = Arc::new(SequentialIds::new());
        let runtime = OneRuntime::new(port, Arc::clone(&clock) as _, ids)
            .with_embedder(Arc::new(LexicalEmbedder::new()));
        let host = Self {
            store,
            clock,
            runtime,
        };
        for organisation in ["acme", "umbrella"] {
            host.found(organisation);
        }
        host
    }

    fn found(&self, organisation: &str) {
        let (id, now) = (group(organisation), Timestamp::EPOCH);
        let scope = Scope::system("test".parse().unwrap(), Place::Group(id));
        let event = EventId::of_name(&["founded", organisation]);
        let event = NewEvent::new(event, EventType::GroupCreated, Some(id.into()));
        let changes = ChangeSet::new(&scope, event, now).insert(Group::new(id, organisation, now));
        block_on(self.store.commit(changes)).unwrap();
    }

    /// An agent whose plugin may do everything.
    pub(crate) fn agent(&self, organisation: &str, name: &str) -> Agent {
        let grants = Permissions::preset(PermissionPreset::Full);
        self.plugin(organisation, name, &plugin(grants))
    }

    /// An agent with one plugin.
    pub(crate) fn plugin(&self, organisation: &str, name: &str, plugin: &PluginGrant) -> Agent {
        let context = CallContext {
            group: group(organisation),
            agent: ThingId::of_name(&[name]),
            runtime: RuntimeId::of_name(&[organisation, name]),
            fence: Fence(1),
            instance: ThingId::of_name(&[organisation, name, "instance"]),
            execution: None,
        };
        let services = self.runtime.for_runtime(RuntimeGrants {
            group: context.group,
            agent: context.agent,
            runtime: context.runtime,
            plugins: BTreeMap::from([(context.instance, plugin.clone())]),
        });
        Agent { services, context }
    }

    pub(crate) fn tick(&self) {
        self.clock.advance(Duration::from_secs(1));
    }

    /// The trail of an organisation, proved whole.
    pub(crate) fn trail(&self, organisation: &str) -> Vec<Event> {
        let scope = scope(organisation);
        let mut query = EventQuery {
            limit: Limit::new(Limit::MAX),
            ..EventQuery::default()
        };
        let mut events = Vec::new();
        loop {
            let page = block_on(self.store.events(&scope, &query)).unwrap();
            events.extend(page.items);
            query.cursor = page.next;
            if query.cursor.is_none() {
                break;
            }
        }
        let head = block_on(self.store.head(&scope)).unwrap();
        assert_eq!(audit::verify(scope.place(), &events, head), Ok(head));
        events
    }
}

pub(crate) fn group(organisation: &str) -> GroupId {
    GroupId::of_name(&[organisation])
}

pub(crate) fn scope(organisation: &str) -> Scope {
    Scope::system("test".parse().unwrap(), Place::Group(group(organisation)))
}

pub(crate) fn plugin(grants: Permissions) -> PluginGrant {
    PluginGrant {
        grants,
        settings: BTreeMap::from([
            ("MODEL".to_owned(), json!("small")),
            ("TRIES".to_owned(), json!(3)),
        ]),
        sensitive: BTreeSet::from(["API_KEY".to_owned()]),
        secrets: SecretPolicy::Placeholder,
    }
}

/// A plugin's way to its host.
pub(crate) struct Agent {
    pub(crate) services: Arc<dyn HostServices>,
    pub(crate) context: CallContext,
}

impl Agent {
    /// One call, in and out as it crosses the wire.
    pub(crate) fn call(&self, call: Value) -> Result<Value, HostError> {
        self.call_as(&self.context, call)
    }

    pub(crate) fn call_as(&self, context: &CallContext, call: Value) -> Result<Value, HostError> {
        let call: HostCall = serde_json::from_value(call).unwrap();
        let reply = block_on(self.services.call(context, call))?;
        Ok(serde_json::to_value(&reply).unwrap())
    }

    /// One call that is answered.
    pub(crate) fn ask(&self, call: Value) -> Value {
        self.call(call).unwrap()
    }

    /// Why a call is refused: the tag and the reason.
    pub(crate) fn refused(&self, call: Value) -> String {
        let error = self.call(call).unwrap_err();
        format!("{}: {error}", error.tag())
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor::Agent {
            agent: self.context.agent,
            group: self.context.group,
        }
    }
}

/// The elizaOS id with a number.
pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x4000_8000_0000_0000_0000 + number)
}

/// Asks each question in order and compares its answer.
fn check(steps: Vec<(Value, Value)>) {
    let host = Host::new();
    let agent = host.agent("acme", "aria");
    for (call, expected) in steps {
        let answer = agent.call(call.clone());
        let answer = match answer {
            Ok(value) => value,
            Err(error) => json!(format!("{}: {error}", error.tag())),
        };
        assert_eq!(answer, expected, "{call}");
        host.tick();
    }
    for event in host.trail("acme").iter().skip(1) {
        assert_eq!(event.actor, agent.actor());
    }
}

#[test]
fn the_cache_keeps_values() {
    check(vec![
        (json!({"call": "cache.get", "key": "a"}), json!(null)),
        (
            json!({"call": "cache.set", "key": "a", "value": {"x": [1, 2.5, null, "ü"]}}),
            json!(null),
        ),
        (
            json!({"call": "cache.get", "key": "a"}),
            json!({"x": [1, 2.5, null, "ü"]}),
        ),
        (
            json!({"call": "cache.set", "key": "a", "value": false}),
            json!(null),
        ),
        (json!({"call": "cache.get", "key": "a"}), json!(false)),
        (json!({"call": "cache.get", "key": "A"}), json!(null)),
        (json!({"call": "cache.delete", "key": "a"}), json!(true)),
        (json!({"call": "cache.delete", "key": "a"}), json!(false)),
        (json!({"call": "cache.get", "key": "a"}), json!(null)),
        (
            json!({"call": "cache.set", "key": "a", "value": 1}),
            json!(null),
        ),
        (json!({"call": "cache.get", "key": "a"}), json!(1)),
        (
            json!({"call": "cache.get", "key": ""}),
            json!("HostCallInvalid: cache.get: `key` must be 1 to 512 characters without U+0000"),
        ),
    ]);
}

#[test]
fn entities_are_kept() {
    let bob = json!({"id": id(1), "names": ["Bob", "bobby"], "metadata": {"discord": {"id": 7}}, "extra": [1]});
    let changed = json!({"id": id(1), "names": ["Robert"]});
    let agent = ThingId::of_name(&["aria"]);
    check(vec![
        (json!({"call": "entity.get", "id": id(1)}), json!(null)),
        (json!({"call": "entity.create", "entity": bob}), json!(true)),
        (
            json!({"call": "entity.create", "entity": changed}),
            json!(false),
        ),
        (json!({"call": "entity.get", "id": id(1)}), bob),
        (
            json!({"call": "entity.update", "entity": changed}),
            json!(null),
        ),
        (json!({"call": "entity.get", "id": id(1)}), changed),
        (
            json!({"call": "entity.update", "entity": {"id": id(2)}}),
            json!(format!(
                "HostCallInvalid: entity.update: there is no entity {}",
                id(2)
            )),
        ),
        (
            json!({"call": "entity.update", "entity": {"names": []}}),
            json!("HostCallInvalid: entity.update: `id` must be given"),
        ),
        // The agent's own entity is there before anybody has made it.
        (
            json!({"call": "entity.get", "id": agent}),
            json!({"id": agent, "names": ["Agent"], "agentId": agent}),
        ),
        (
            json!({"call": "entity.update", "entity": {"id": agent, "names": ["Aria"]}}),
            json!(null),
        ),
        (
            json!({"call": "entity.get", "id": agent}),
            json!({"id": agent, "names": ["Aria"]}),
        ),
    ]);
}

#[test]
fn rooms_and_worlds_are_kept() {
    let world = json!({"id": id(1), "name": "Acme", "messageServerId": id(9)});
    let room = json!({"id": id(2), "name": "general", "type": "GROUP", "source": "discord", "worldId": id(1), "channelId": "c"});
    let renamed = json!({"id": id(2), "name": "all", "worldId": id(1)});
    let empty = json!({"id": id(3), "worldId": id(4)});
    check(vec![
        (json!({"call": "world.get", "id": id(1)}), json!(null)),
        (
            json!({"call": "world.ensure", "world": world}),
            json!(id(1)),
        ),
        (
            json!({"call": "world.ensure", "world": {"id": id(1), "name": "no"}}),
            json!(id(1)),
        ),
        (json!({"call": "world.get", "id": id(1)}), world),
        (
            json!({"call": "world.update", "world": {"id": id(1), "name": "Acme 2"}}),
            json!(null),
        ),
        (
            json!({"call": "world.list"}),
            json!([{"id": id(1), "name": "Acme 2"}]),
        ),
        (
            json!({"call": "world.update", "world": {"id": id(5)}}),
            json!(format!(
                "HostCallInvalid: world.update: there is no world {}",
                id(5)
            )),
        ),
        (json!({"call": "room.get", "id": id(2)}), json!(null)),
        (json!({"call": "room.ensure", "room": room}), json!(id(2))),
        (
            json!({"call": "room.ensure", "room": renamed}),
            json!(id(2)),
        ),
        (json!({"call": "room.get", "id": id(2)}), room.clone()),
        (json!({"call": "room.ensure", "room": empty}), json!(id(3))),
        (
            json!({"call": "room.list", "worldId": id(1)}),
            json!([room]),
        ),
        (json!({"call": "room.update", "room": renamed}), json!(null)),
        (
            json!({"call": "room.list", "worldId": id(1)}),
            json!([renamed]),
        ),
        (json!({"call": "room.delete", "id": id(2)}), json!(null)),
        (json!({"call": "room.delete", "id": id(2)}), json!(null)),
        (json!({"call": "room.get", "id": id(2)}), json!(null)),
        (json!({"call": "room.list", "worldId": id(1)}), json!([])),
        (json!({"call": "room.ensure", "room": room}), json!(id(2))),
        (json!({"call": "room.get", "id": id(2)}), room),
    ]);
}

#[test]
fn entities_take_part_in_rooms() {
    let agent = ThingId::of_name(&["aria"]);
    let add =
        |entity: Uuid| json!({"call": "participant.add", "entityId": entity, "roomId": id(9)});
    let state = json!({"call": "participant.state", "roomId": id(9), "entityId": id(1)});
    let set = |state: Value| json!({"call": "participant.set_state", "roomId": id(9), "entityId": id(1), "state": state});
    let list = json!({"call": "participant.list", "roomId": id(9)});
    let mut both = [id(1), *agent.as_uuid()];
    both.sort();
    check(vec![
        (
            add(id(1)),
            json!(format!(
                "HostCallInvalid: participant.add: there is no room {}",
                id(9)
            )),
        ),
        (
            json!({"call": "room.ensure", "room": {"id": id(9)}}),
            json!(id(9)),
        ),
        (
            add(id(1)),
            json!(format!(
                "HostCallInvalid: participant.add: there is no entity {}",
                id(1)
            )),
        ),
        (
            json!({"call": "entity.create", "entity": {"id": id(1), "names": ["Bob"]}}),
            json!(true),
        ),
        (
            set(json!("MUTED")),
            json!(format!(
                "HostCallInvalid: participant.set_state: {} does not take part in {}",
                id(1),
                id(9)
            )),
        ),
        (add(id(1)), json!(true)),
        (add(id(1)), json!(false)),
        (add(*agent.as_uuid()), json!(true)),
        (list.clone(), json!(both)),
        (
            json!({"call": "participant.rooms", "entityIds": [id(1), id(2), agent]}),
            json!([id(9)]),
        ),
        (state.clone(), json!(null)),
        (set(json!("MUTED")), json!(null)),
        (state.clone(), json!("MUTED")),
        (set(json!("FOLLOWED")), json!(null)),
        (state.clone(), json!("FOLLOWED")),
        (
            set(json!("LOUD")),
            json!(
                "HostCallInvalid: participant.set_state: `state` must be FOLLOWED, MUTED or null"
            ),
        ),
        (set(json!(null)), json!(null)),
        (state.clone(), json!(null)),
        (list.clone(), json!(both)),
        (
            json!({"call": "component.create", "component": {"id": id(5), "entityId": id(1), "type": "mood", "data": {"x": 1}}}),
            json!(true),
        ),
        (
            json!({"call": "participant.remove", "roomId": id(9), "entityId": agent}),
            json!(true),
        ),
        (
            json!({"call": "participant.remove", "roomId": id(9), "entityId": agent}),
            json!(false),
        ),
        (
            json!({"call": "entity.list_for_room", "roomId": id(9)}),
            json!([{"id": id(1), "names": ["Bob"]}]),
        ),
        (
            json!({"call": "entity.list_for_room", "roomId": id(9), "includeComponents": true}),
            json!([{"id": id(1), "names": ["Bob"], "components": [
                {"id": id(5), "entityId": id(1), "type": "mood", "data": {"x": 1}}]}]),
        ),
        (json!({"call": "room.delete", "id": id(9)}), json!(null)),
        (list, json!([])),
        (
            json!({"call": "participant.rooms", "entityIds": [id(1)]}),
            json!([]),
        ),
    ]);
}

#[test]
fn components_are_kept() {
    let one =
        json!({"id": id(1), "entityId": id(7), "type": "mood", "worldId": id(8), "data": {"v": 1}});
    let two = json!({"id": id(2), "entityId": id(7), "type": "mood", "sourceEntityId": id(9), "data": "x"});
    let other = json!({"id": id(3), "entityId": id(7), "type": "age", "data": 4});
    let get = |kind: &str| json!({"call": "component.get", "entityId": id(7), "kind": kind});
    check(vec![
        (get("mood"), json!(null)),
        (
            json!({"call": "component.create", "component": one}),
            json!(true),
        ),
        (
            json!({"call": "component.create", "component": one}),
            json!(false),
        ),
        (
            json!({"call": "component.create", "component": two}),
            json!(true),
        ),
        (
            json!({"call": "component.create", "component": other}),
            json!(true),
        ),
        (get("mood"), one.clone()),
        (
            json!({"call": "component.get", "entityId": id(7), "kind": "mood", "sourceEntityId": id(9)}),
            two.clone(),
        ),
        (
            json!({"call": "component.get", "entityId": id(7), "kind": "mood", "worldId": id(6)}),
            json!(null),
        ),
        (
            json!({"call": "component.list", "entityId": id(7)}),
            json!([one, two, other]),
        ),
        (
            json!({"call": "component.list", "entityId": id(6)}),
            json!([]),
        ),
        (
            json!({"call": "component.update", "component": {"id": id(3), "entityId": id(7), "type": "age", "data": 5}}),
            json!(null),
        ),
        (
            get("age"),
            json!({"id": id(3), "entityId": id(7), "type": "age", "data": 5}),
        ),
        (
            json!({"call": "component.update", "component": {"id": id(4), "entityId": id(7), "type": "age"}}),
            json!(format!(
                "HostCallInvalid: component.update: there is no component {}",
                id(4)
            )),
        ),
        (
            json!({"call": "component.create", "component": {"type": "age"}}),
            json!("HostCallInvalid: component.create: `entityId` must be given"),
        ),
        (
            json!({"call": "component.delete", "id": id(3)}),
            json!(null),
        ),
        (
            json!({"call": "component.delete", "id": id(3)}),
            json!(null),
        ),
        (get("age"), json!(null)),
    ]);
}

#[test]
fn relationships_are_kept() {
    let bond = json!({"id": id(5), "sourceEntityId": id(1), "targetEntityId": id(2), "tags": ["friend", "work"], "metadata": {"since": 2020}});
    let less = json!({"id": id(5), "sourceEntityId": id(1), "targetEntityId": id(2), "tags": []});
    let get = |from: Uuid, to: Uuid| json!({"call": "relationship.get", "sourceEntityId": from, "targetEntityId": to});
    check(vec![
        (
            json!({"call": "relationship.create", "relationship": bond}),
            json!(format!(
                "HostCallInvalid: relationship.create: there is no entity {}",
                id(1)
            )),
        ),
        (
            json!({"call": "entity.create", "entity": {"id": id(1)}}),
            json!(true),
        ),
        (
            json!({"call": "entity.create", "entity": {"id": id(2)}}),
            json!(true),
        ),
        (get(id(1), id(2)), json!(null)),
        (
            json!({"call": "relationship.create", "relationship": bond}),
            json!(true),
        ),
        (
            json!({"call": "relationship.create", "relationship": less}),
            json!(false),
        ),
        (get(id(1), id(2)), bond.clone()),
        (get(id(2), id(1)), json!(null)),
        (
            json!({"call": "relationship.list", "entityId": id(2)}),
            json!([bond]),
        ),
        (
            json!({"call": "relationship.list", "entityId": id(1), "tags": ["friend"]}),
            json!([bond]),
        ),
        (
            json!({"call": "relationship.list", "entityId": id(1), "tags": ["friend", "foe"]}),
            json!([]),
        ),
        (
            json!({"call": "relationship.update", "relationship": less}),
            json!(null),
        ),
        (get(id(1), id(2)), less),
        (
            json!({"call": "relationship.update", "relationship": {"sourceEntityId": id(2), "targetEntityId": id(1)}}),
            json!(format!(
                "HostCallInvalid: relationship.update: there is no such relationship from {} to {}",
                id(2),
                id(1)
            )),
        ),
        (
            json!({"call": "relationship.create", "relationship": {"sourceEntityId": id(1), "targetEntityId": id(1)}}),
            json!(
                "HostCallInvalid: relationship.create: `targetEntityId` must be another than `sourceEntityId`"
            ),
        ),
    ]);
}

#[test]
fn tasks_are_kept() {
    let one = json!({"id": id(1), "name": "REMIND", "description": "later", "roomId": id(8), "tags": ["queue", "once"], "metadata": {"n": 1}, "when": 7});
    let two = json!({"id": id(2), "name": "SWEEP", "tags": ["queue"]});
    let changed = json!({"id": id(1), "name": "REMIND", "description": "now", "roomId": id(8), "tags": ["queue", "once"], "metadata": {"n": 2}, "when": 8});
    check(vec![
        (json!({"call": "task.get", "id": id(1)}), json!(null)),
        (json!({"call": "task.create", "task": one}), json!(id(1))),
        (json!({"call": "task.create", "task": two}), json!(id(2))),
        (
            json!({"call": "task.create", "task": two}),
            json!(format!(
                "HostCallInvalid: task.create: there already is a task {}",
                id(2)
            )),
        ),
        (json!({"call": "task.get", "id": id(1)}), one.clone()),
        (json!({"call": "task.list"}), json!([one, two])),
        (json!({"call": "task.list", "tags": ["once"]}), json!([one])),
        (json!({"call": "task.list", "name": "SWEEP"}), json!([two])),
        (
            json!({"call": "task.list", "roomId": id(8), "tags": ["queue"]}),
            json!([one]),
        ),
        (
            json!({"call": "task.update", "task": {"id": id(1), "description": "now", "metadata": {"n": 2}, "when": 8}}),
            json!(null),
        ),
        (json!({"call": "task.get", "id": id(1)}), changed),
        (
            json!({"call": "task.update", "task": {"id": id(3)}}),
            json!(format!(
                "HostCallInvalid: task.update: there is no task {}",
                id(3)
            )),
        ),
        (json!({"call": "task.delete", "id": id(1)}), json!(null)),
        (json!({"call": "task.get", "id": id(1)}), json!(null)),
        (json!({"call": "task.list"}), json!([two])),
    ]);
}

#[test]
fn settings_logs_and_the_network() {
    check(vec![
        (
            json!({"call": "setting.get", "key": "MODEL"}),
            json!("small"),
        ),
        (json!({"call": "setting.get", "key": "TRIES"}), json!(3)),
        (json!({"call": "setting.get", "key": "PATH"}), json!(null)),
        (
            json!({"call": "setting.get", "key": "API_KEY"}),
            json!(null),
        ),
        (
            json!({"call": "log.record", "kind": "action", "body": {"a": 1}}),
            json!(null),
        ),
        (
            json!({"call": "fetch", "url": "https://example.org", "method": "GET", "headers": []}),
            json!("HostUnsupported: not supported by this host: fetch"),
        ),
    ]);
}
