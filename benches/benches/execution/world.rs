//! An organisation with plugins that do nothing.

use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{
    BudgetRule, ChangeSet, Directory, EventId, EventType, Group, GroupId, Membership, NewEvent,
    PersonId, Place, Plan, Role, Scope, Store, Timestamp,
};
use plugin_lifecycle::{PluginManager, Policy, Tenant, native_source};
use plugin_runtime_api::{
    Component, ComponentKind, Engine, NativeCall, NativeDescription, NativeExecutor, NativePlugin,
    PluginFailure,
};
use serde_json::{Value, json};

/// What a plugin has: something to call, and something that is told of events.
pub(crate) const COMPONENT: &str = "NOTHING";

#[derive(Debug)]
struct Nothing(String);

#[async_trait::async_trait]
impl NativePlugin for Nothing {
    fn describe(&self) -> NativeDescription {
        let mut description = NativeDescription::new(self.0.parse().unwrap(), "1.0.0");
        for kind in [ComponentKind::Action, ComponentKind::Event] {
            let component = Component::new(kind, COMPONENT.parse().unwrap());
            description.components.push(component);
        }
        description
    }

    async fn invoke(&self, _call: &NativeCall<'_>) -> Result<Value, PluginFailure> {
        Ok(json!({"result": null, "responses": []}))
    }
}

/// Its owner, on a host that has these plugins.
pub(crate) fn tenant<S: Store + Directory>(
    store: &Arc<S>,
    names: &[String],
) -> (PluginManager, Tenant) {
    let plugins = names
        .iter()
        .map(|name| Arc::new(Nothing(name.clone())) as _);
    let plugins: Vec<Arc<dyn NativePlugin>> = plugins.collect();
    let (group, person) = (GroupId::of_name(&["bench"]), PersonId::of_name(&["bench"]));
    let place = Place::Group(group);
    let scope = Scope::system("bench".parse().unwrap(), place);
    let now = Timestamp::EPOCH;
    let mut row = Group::new(group, "Bench", now);
    row.plan = Plan::Enterprise;
    let founded = NewEvent::new(
        EventId::of_name(&["founded"]),
        EventType::GroupCreated,
        Some(group.into()),
    );
    let changes = ChangeSet::new(&scope, founded, now)
        .insert(row)
        .insert(Membership::new(person, place, Role::GroupOwner, now));
    block_on(store.commit(changes)).unwrap();
    let mut policy = Policy::default();
    // Wide enough not to refuse, narrow enough not to measure the window itself.
    policy.executions = BudgetRule::window(100, Duration::from_millis(1));
    policy.installs = BudgetRule::Level { limit: 10_000 };
    policy.plugins = BudgetRule::Level { limit: 10_000 };
    let manager = PluginManager::new(
        store.clone(),
        store.clone(),
        Arc::new(NativeExecutor::new(plugins.clone())),
    )
    .with_source_for(Engine::Native, Arc::new(native_source(&plugins)))
    .with_policy(policy);
    let tenant = block_on(manager.tenant(person, group)).unwrap();
    (manager, tenant)
}
