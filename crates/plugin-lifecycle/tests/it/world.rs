//! A small platform in memory: two organisations, a source, an executor that does what a test
//! says.

use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{
    ChangeSet, EventId, EventType, Group, GroupId, ManualClock, Membership, MemoryStore, NewEvent,
    PersonId, Place, Plan, Role, Scope, SequentialIds, Store, ThingId, Timestamp,
};
use plugin_lifecycle::{ManagerError, PluginManager, Policy, Tenant};
use plugin_registry::MemorySource;
use plugin_runtime_api::{Component, ComponentKind, Engine, Script, ScriptedExecutor};
use serde_json::{Value, json};

pub(crate) const KNOWLEDGE: &str = "@elizaos/plugin-knowledge";
pub(crate) const SQL: &str = "@elizaos/plugin-sql";

pub(crate) struct World {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) executor: Arc<ScriptedExecutor>,
    pub(crate) source: MemorySource,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) manager: PluginManager,
}

pub(crate) fn group(name: &str) -> GroupId {
    GroupId::of_name(&["test", name])
}

pub(crate) fn person(name: &str) -> PersonId {
    PersonId::of_name(&["test", name])
}

pub(crate) fn component(kind: ComponentKind, name: &str) -> Component {
    Component::new(kind, name.parse().unwrap())
}

pub(crate) fn package(name: &str, versions: &[(&str, Value)]) -> Value {
    let latest = versions.last().unwrap().0;
    let versions: serde_json::Map<String, Value> = versions
        .iter()
        .map(|(version, body)| {
            let mut body = body.clone();
            body["name"] = name.into();
            body["version"] = (*version).into();
            let integrity = format!("sha512-{}==", "A".repeat(86));
            body["dist"] = json!({"integrity": integrity, "unpackedSize": 1000});
            ((*version).to_owned(), body)
        })
        .collect();
    json!({"name": name, "dist-tags": {"latest": latest}, "versions": versions})
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_policy(Policy::default())
    }

    pub(crate) fn with_policy(policy: Policy) -> Self {
        let store = Arc::new(MemoryStore::new());
        let clock = Arc::new(ManualClock::new(
            "2026-11-20T12:00:00Z".parse::<Timestamp>().unwrap(),
        ));
        let ids = Arc::new(SequentialIds::new());
        let executor = Arc::new(ScriptedExecutor::new([Engine::Node]));
        executor.plugin(
            KNOWLEDGE.parse().unwrap(),
            vec![
                component(ComponentKind::Action, "SEARCH_KNOWLEDGE"),
                component(ComponentKind::Provider, "KNOWLEDGE"),
            ],
        );
        executor.always(
            "SEARCH_KNOWLEDGE",
            Script::Succeed(json!({"result": "found"})),
        );
        let parameters = json!({"pluginType": "elizaos:plugin:1.0.0", "pluginParameters": {
            "CHUNK_SIZE": {"type": "number", "description": "how long a chunk is"},
            "OPENAI_API_KEY": {"type": "string", "sensitive": true},
        }});
        let source = MemorySource::new("npm")
            .with(
                "@elizaos/core",
                package("@elizaos/core", &[("1.7.2", json!({}))]),
            )
            .with(
                KNOWLEDGE,
                package(
                    KNOWLEDGE,
                    &[(
                        "1.6.1",
                        json!({
                            "dependencies": {"@elizaos/core": "^1.7.0", SQL: "^1.7.0"},
                            "agentConfig": parameters,
                        }),
                    )],
                ),
            )
            .with(
                SQL,
                package(
                    SQL,
                    &[("1.7.2", json!({"dependencies": {"@elizaos/core": "1.7.2"}}))],
                ),
            );
        let manager = PluginManager::with_environment(
            store.clone(),
            store.clone(),
            executor.clone(),
            clock.clone(),
            ids,
        )
        .with_source(Arc::new(source.clone()))
        .with_policy(policy);
        let world = Self {
            store,
            executor,
            source,
            clock,
            manager,
        };
        world.found(
            "acme",
            Plan::Pro,
            &[
                ("alice", Role::GroupOwner),
                ("uma", Role::GroupUser),
                ("carl", Role::Customer),
            ],
        );
        world.found("globex", Plan::Starter, &[("gil", Role::GroupOwner)]);
        world
    }

    fn found(&self, name: &str, plan: Plan, people: &[(&str, Role)]) {
        let now = Timestamp::EPOCH;
        let id = group(name);
        let scope = Scope::system("setup".parse().unwrap(), Place::Group(id));
        let event = NewEvent::new(
            EventId::of_name(&["setup", name]),
            EventType::GroupCreated,
            Some(id.into()),
        );
        let mut row = Group::new(id, name, now);
        row.plan = plan;
        let mut changes = ChangeSet::new(&scope, event, now).insert(row);
        for (who, role) in people {
            let membership = Membership::new(person(who), Place::Group(id), *role, now);
            changes = changes.insert(membership);
        }
        block_on(self.store.commit(changes)).unwrap();
    }

    pub(crate) fn tenant(&self, who: &str, org: &str) -> Tenant {
        self.try_tenant(who, org).unwrap()
    }

    pub(crate) fn try_tenant(&self, who: &str, org: &str) -> Result<Tenant, ManagerError> {
        block_on(self.manager.tenant(person(who), group(org)))
    }

    pub(crate) fn installed(&self, tenant: &Tenant) -> ThingId {
        let plan = block_on(tenant.plan_install(KNOWLEDGE, "^1.6")).unwrap();
        block_on(tenant.install(&plan)).unwrap()
    }

    pub(crate) fn active(&self, tenant: &Tenant) -> ThingId {
        let instance = self.installed(tenant);
        block_on(tenant.activate(instance)).unwrap();
        instance
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}
