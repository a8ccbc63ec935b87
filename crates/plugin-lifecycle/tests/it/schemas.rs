//! Settings that have a schema, as the manager has them checked.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::executor::block_on;
use one_ontology::ThingType;
use plugin_lifecycle::{ManagerError, Tenant};
use plugin_registry::{BrokenRule, ParameterSchema, SchemaChecker, SchemaFault};
use serde_json::{Value, json};

use crate::world::{KNOWLEDGE, World, group, package, person};

/// Takes what is not above the `maximum` of a schema.
#[derive(Debug)]
struct Maximum;

impl SchemaChecker for Maximum {
    fn check(&self, schema: &ParameterSchema, value: &Value) -> Result<(), SchemaFault> {
        let most = schema.as_value().get("maximum").and_then(Value::as_u64);
        if value.as_u64() <= most {
            return Ok(());
        }
        Err(SchemaFault::Broken(vec![BrokenRule {
            at: String::new(),
            rule: "maximum".to_owned(),
            asks: most.map(|most| most.to_string()),
        }]))
    }
}

fn size(value: u64) -> BTreeMap<String, Value> {
    BTreeMap::from([("SIZE".to_owned(), json!(value))])
}

fn words(found: Result<(), ManagerError>) -> String {
    found.map_or_else(|error| error.to_string(), |()| "done".to_owned())
}

#[test]
fn what_has_a_schema_is_set_only_where_it_is_checked_for_the_plugin_and_for_agents() {
    let world = World::new();
    let schema = json!({"properties": {"SIZE": {"type": "integer", "maximum": 9}}});
    let body = json!({
        "dependencies": {"@elizaos/core": "^1.7.0"},
        "agentConfig": {"configSchema": schema},
    });
    world
        .source
        .put(KNOWLEDGE, package(KNOWLEDGE, &[("1.6.1", body)]));
    let checking = world.manager.clone().with_schemas(Arc::new(Maximum));
    let checking = block_on(checking.tenant(person("alice"), group("acme"))).unwrap();
    let blind = world.tenant("alice", "acme");
    let instance = world.active(&blind);
    let ada = json!({"name": "Ada"});
    let ada = block_on(blind.create_agent(ThingType::ServiceAgent, &ada)).unwrap();
    let none = BTreeMap::new();
    block_on(blind.activate_for(instance, ada.id, &none)).unwrap();
    let configure = |tenant: &Tenant, value| {
        [
            words(block_on(tenant.configure(instance, size(value)))),
            words(block_on(tenant.configure_for(
                instance,
                ada.id,
                &size(value),
            ))),
        ]
    };
    let both = |text: &str| [text.to_owned(), text.to_owned()];
    let unchecked = "the settings do not hold: `SIZE` has a schema, and this host checks none";
    assert_eq!(configure(&blind, 9), both(unchecked));
    let broken = "the settings do not hold: `SIZE` breaks `maximum: 9` of its schema";
    assert_eq!(configure(&checking, 10), both(broken));
    assert_eq!(configure(&checking, 9), both("done"));
    let row = block_on(blind.instance(instance)).unwrap().properties;
    assert_eq!((row.settings, row.settings_revision), (size(9), 1));
    assert_eq!(row.agents.get(&ada.id).unwrap().settings, size(9));
}
