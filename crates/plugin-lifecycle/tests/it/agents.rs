//! Agents and what they may use, as facts: what is refused, who may, what follows from a grant.

use std::collections::{BTreeMap, BTreeSet};

use futures::executor::block_on;
use one_ontology::{
    BudgetState, ConnectionQuery, End, Limit, PluginConnectionType, PluginThingType, Revision,
    Store as _, ThingId, ThingQuery, ThingType,
};
use plugin_lifecycle::{Agent, Call, Instance, ManagerError, PluginInstance, Tenant};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{World, group};

pub(crate) fn named(name: &str) -> Value {
    json!({"name": name})
}

pub(crate) fn agent(tenant: &Tenant, name: &str) -> Agent {
    block_on(tenant.create_agent(ThingType::ServiceAgent, &named(name))).unwrap()
}

pub(crate) fn settings(value: Value) -> BTreeMap<String, Value> {
    serde_json::from_value(value).unwrap()
}

pub(crate) fn grant(tenant: &Tenant, instance: ThingId, agent: ThingId, value: Value) {
    block_on(tenant.activate_for(instance, agent, &settings(value))).unwrap();
}

pub(crate) fn run_for(
    tenant: &Tenant,
    instance: ThingId,
    agent: ThingId,
) -> Result<Value, ManagerError> {
    let call = Call::action("SEARCH_KNOWLEDGE", Value::Null).unwrap();
    let done = block_on(tenant.call(instance, call.for_agent(agent)))?;
    Ok(serde_json::to_value(done.outcome.ending).unwrap())
}

pub(crate) fn row(tenant: &Tenant, instance: ThingId) -> PluginInstance {
    block_on(tenant.instance(instance)).unwrap().properties
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn tag<T: std::fmt::Debug>(result: Result<T, ManagerError>) -> &'static str {
    result.unwrap_err().tag()
}

#[test]
fn an_agent_is_made_changed_and_put_away() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let ada = agent(&acme, "Ada");
    assert_eq!((ada.name.as_str(), ada.character_revision), ("Ada", 0));
    let bob = json!({"name": "Bob", "bio": ["likes tea"], "settings": {"voice": "low"}});
    let bob = block_on(acme.create_agent(ThingType::AiClone, &bob)).unwrap();
    let names: Vec<String> = block_on(acme.agents())
        .unwrap()
        .into_iter()
        .map(|it| it.name)
        .collect();
    assert_eq!(names, ["Ada", "Bob"]);
    let eve = block_on(acme.update_agent(ada.id, ada.revision, &named("Eve"))).unwrap();
    assert_eq!((eve.name.as_str(), eve.character_revision), ("Eve", 1));
    assert_eq!(block_on(acme.agent(ada.id)).unwrap(), eve);
    // Whoever read it before has not read this.
    let late = block_on(acme.update_agent(ada.id, ada.revision, &named("Zoe")));
    assert_eq!(tag(late), "Stale");
    assert_eq!(
        tag(block_on(acme.retire_agent(ada.id, ada.revision))),
        "Stale"
    );
    block_on(acme.retire_agent(ada.id, eve.revision)).unwrap();
    assert_eq!(tag(block_on(acme.agent(ada.id))), "AgentNotFound");
    assert_eq!(block_on(acme.agents()).unwrap(), [bob]);
    let trail = block_on(acme.audit_all()).unwrap();
    let about = trail.events.iter();
    let about = about.filter(|event| event.target == Some(End::Thing(ada.id)));
    let types: Vec<&str> = about.map(|event| event.event_type.as_str()).collect();
    assert_eq!(
        types,
        ["agent_created", "entity_updated", "entity_archived"]
    );
}

#[test]
fn an_organisation_has_ten_agents_at_a_time() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let agents: Vec<Agent> = (0..10).map(|n| agent(&acme, &format!("A{n}"))).collect();
    let more = || block_on(acme.create_agent(ThingType::ServiceAgent, &named("one more")));
    assert_eq!(tag(more()), "BulkheadFull");
    agent(&world.tenant("gil", "globex"), "elsewhere");
    block_on(acme.retire_agent(agents[0].id, agents[0].revision)).unwrap();
    more().unwrap();
    let key = "agents".parse().unwrap();
    let used = block_on(world.store.budget(acme.scope(), &key)).unwrap();
    assert_eq!(used, Some(BudgetState::Level { used: 10 }));
}

#[test]
fn what_is_no_agent_is_refused() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let mut deep = json!("deep");
    for _ in 0..200 {
        deep = json!([deep]);
    }
    for character in [
        json!("Ada"),
        json!(["Ada"]),
        json!({}),
        json!({"name": 7}),
        json!({"name": "  "}),
        json!({"name": "a\nb"}),
        json!({"name": "a".repeat(513)}),
        json!({"name": "Ada", "bio": "b".repeat(65_536)}),
        json!({"name": "Ada", "bio": deep}),
        json!({"name": "Ada", "bio": "nul \u{0}"}),
    ] {
        let made = block_on(acme.create_agent(ThingType::ServiceAgent, &character));
        assert_eq!(tag(made), "InvalidAgent");
    }
    for thing_type in [
        ThingType::Course,
        // What plugins keep of agents is of this type.
        ThingType::ExternalAgent,
        PluginThingType::PluginInstance.into(),
        "my_agent".parse().unwrap(),
    ] {
        let made = block_on(acme.create_agent(thing_type, &named("Ada")));
        assert_eq!(tag(made), "InvalidAgent");
    }
    assert_eq!(block_on(acme.agents()).unwrap(), []);
}

#[test]
fn a_character_holds_no_secrets() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let key = "sk-canary-5e1f0a77";
    let cases = [
        (json!({"secrets": {"A": key}}), "secrets"),
        (json!({"secrets": {"A": "plain"}}), "secrets"),
        (
            json!({"settings": {"secrets": {"A": "x"}}}),
            "settings.secrets",
        ),
        (json!({"settings": {"apiKey": "hush"}}), "settings.apiKey"),
        (
            json!({"settings": {"voice": {"ACCESS_TOKEN": "hush"}}}),
            "settings.voice.ACCESS_TOKEN",
        ),
        (json!({"bio": ["a", format!("use {key} please")]}), "bio"),
        (
            json!({"system": "postgres://me:hush@db.example/x"}),
            "system",
        ),
        (json!({"a": {"b": [{"c": key}]}}), "a.b.c"),
        (
            json!({"settings": {"accounts": [{"password": "hush"}]}}),
            "settings.accounts.password",
        ),
        (
            json!({"clientConfig": {"x": {"apiKey": "hush"}}}),
            "clientConfig.x.apiKey",
        ),
        (
            json!({"plugins": [[{"auth": {"a": "hush"}}]]}),
            "plugins.auth",
        ),
        (json!({"BOT_TOKEN": "hush"}), "BOT_TOKEN"),
        (json!({"a": {key: 1}}), "a"),
        (json!({key: {"b": key}}), "….b"),
    ];
    for (character, place) in cases {
        let mut character = character;
        character["name"] = "Ada".into();
        let made = block_on(acme.create_agent(ThingType::ServiceAgent, &character));
        let error = made.unwrap_err();
        assert_eq!(error.tag(), "SecretsInCharacter", "{character}");
        let words = error.to_string();
        assert!(
            words.ends_with(&format!("at {place}")) || words.contains(place),
            "{words}"
        );
        assert!(
            !words.contains("hush") && !words.contains("canary"),
            "{words}"
        );
    }
    let fine = json!({
        "name": "Ada",
        "bio": ["Knows the secret of good tea.", "Bearer of good news; password resets are her business."],
        "messageExamples": [[
            {"user": "x", "content": {"text": "How do I reset my password?", "action": "RESET"}},
            {"user": "y", "content": {"password": "is what it is called"}},
        ]],
        "templates": {"passwordResetTemplate": "Tell them how."},
        "style": {"auth": ["Be brief."]},
        "secrets": {},
        "settings": {
            "secrets": {}, "seed": 42, "max_tokens": 300, "ragKnowledge": true, "apiKey": "",
            "avatar": "https://example.com/pictures/6f1c2b3a4d5e6f7a8b9c0d1e.png",
        },
    });
    let ada = block_on(acme.create_agent(ThingType::ServiceAgent, &fine)).unwrap();
    let with = json!({"name": "Ada", "settings": {"secrets": {"A": "x"}}});
    let changed = block_on(acme.update_agent(ada.id, ada.revision, &with));
    assert_eq!(tag(changed), "SecretsInCharacter");
    assert_eq!(block_on(acme.agent(ada.id)).unwrap(), ada);
}

#[test]
fn settings_of_an_agent_are_checked_and_never_secret() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.installed(&acme);
    let ada = agent(&acme, "Ada").id;
    let to = |value: Value| block_on(acme.activate_for(instance, ada, &settings(value)));
    assert_eq!(tag(to(json!({"NOPE": 1}))), "InvalidSettings");
    assert_eq!(tag(to(json!({"CHUNK_SIZE": "wide"}))), "InvalidSettings");
    let secret = to(json!({"OPENAI_API_KEY": "sk-canary-5e1f0a77"})).unwrap_err();
    assert_eq!(secret.tag(), "SecretsForAgent");
    assert!(!secret.to_string().contains("canary"));
    assert_eq!(row(&acme, instance).agents, BTreeMap::new());
    let given = to(json!({"CHUNK_SIZE": 3})).unwrap();
    assert_eq!(given.settings, settings(json!({"CHUNK_SIZE": 3})));
    // Asking for the same again is no second grant; asking for more is not silently ignored.
    assert_eq!(to(json!({"CHUNK_SIZE": 3})).unwrap(), given);
    assert_eq!(tag(to(json!({"CHUNK_SIZE": 4}))), "AlreadyGranted");
    let configure = |value: Value| block_on(acme.configure_for(instance, ada, &settings(value)));
    configure(json!({"CHUNK_SIZE": 4})).unwrap();
    let of_row = || row(&acme, instance).agents[&ada].clone();
    assert_eq!(of_row().settings, settings(json!({"CHUNK_SIZE": 4})));
    assert_eq!(
        tag(configure(json!({"OPENAI_API_KEY": "x"}))),
        "SecretsForAgent"
    );
    configure(json!({"CHUNK_SIZE": null})).unwrap();
    assert_eq!(
        (of_row().settings, of_row().settings_revision),
        (BTreeMap::new(), 2)
    );
    // What the instance is configured with is not the agent's.
    assert_eq!(row(&acme, instance).settings, BTreeMap::new());
}

#[test]
fn only_an_owner_says_where_the_secrets_of_an_organisation_go() {
    let world = World::new();
    let (acme, uma) = (world.tenant("alice", "acme"), world.tenant("uma", "acme"));
    let instance = world.installed(&acme);
    let ada = agent(&acme, "Ada").id;
    let given = |size: u32| settings(json!({"CHUNK_SIZE": size}));
    let of_row = || row(&acme, instance).agents.get(&ada).cloned();
    let refused = block_on(uma.activate_for(instance, ada, &given(3))).unwrap_err();
    assert_eq!(refused.tag(), "ClosedToAgents");
    assert!(refused.to_string().contains("CHUNK_SIZE"), "{refused}");
    assert_eq!(of_row(), None);
    // Without settings whoever may activate may.
    grant(&uma, instance, ada, json!({}));
    let configure = |tenant: &Tenant, value: Value| {
        block_on(tenant.configure_for(instance, ada, &settings(value)))
    };
    assert_eq!(
        tag(configure(&uma, json!({"CHUNK_SIZE": 3}))),
        "ClosedToAgents"
    );
    configure(&acme, json!({"CHUNK_SIZE": 4})).unwrap();
    // Nor may they take away what an owner has set, nor learn it by asking for the same.
    assert_eq!(
        tag(configure(&uma, json!({"CHUNK_SIZE": null}))),
        "ClosedToAgents"
    );
    let same = block_on(uma.activate_for(instance, ada, &given(4)));
    assert_eq!(tag(same), "ClosedToAgents");
    assert_eq!(of_row().unwrap().settings, given(4));
    let open = |names: &BTreeSet<String>| block_on(acme.open_to_agents(instance, names));
    assert_eq!(tag(open(&names(&["NOPE"]))), "InvalidSettings");
    assert_eq!(tag(open(&names(&["OPENAI_API_KEY"]))), "SecretsForAgent");
    open(&names(&["CHUNK_SIZE"])).unwrap();
    let event = block_on(acme.audit(instance))
        .unwrap()
        .events
        .pop()
        .unwrap();
    assert_eq!(event.event_type.as_str(), "plugin_configured");
    assert_eq!(
        event.metadata.get("open_to_agents"),
        Some(&json!(["CHUNK_SIZE"]))
    );
    configure(&uma, json!({"CHUNK_SIZE": 5})).unwrap();
    assert_eq!(of_row().unwrap().settings, given(5));
    // Closed again, it stays as it is.
    open(&BTreeSet::new()).unwrap();
    assert_eq!(
        tag(configure(&uma, json!({"CHUNK_SIZE": 6}))),
        "ClosedToAgents"
    );
    assert_eq!(of_row().unwrap().settings, given(5));
    let globex = world.tenant("gil", "globex");
    let elsewhere = block_on(globex.open_to_agents(instance, &names(&["CHUNK_SIZE"])));
    assert_eq!(tag(elsewhere), "InstanceNotFound");
}

#[test]
fn who_may_what() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let ada = agent(&acme, "Ada");
    let uma = world.tenant("uma", "acme");
    let made = block_on(uma.create_agent(ThingType::ServiceAgent, &named("x")));
    assert_eq!(tag(made), "OperationDenied");
    let changed = block_on(uma.update_agent(ada.id, ada.revision, &named("x")));
    assert_eq!(tag(changed), "OperationDenied");
    let retired = block_on(uma.retire_agent(ada.id, ada.revision));
    assert_eq!(tag(retired), "OperationDenied");
    let open = |tenant: &Tenant| block_on(tenant.open_to_agents(instance, &names(&["CHUNK_SIZE"])));
    assert_eq!(tag(open(&uma)), "OperationDenied");
    open(&acme).unwrap();
    grant(&uma, instance, ada.id, json!({"CHUNK_SIZE": 3}));
    run_for(&uma, instance, ada.id).unwrap();
    let shown = |tenant: &Tenant| {
        let of_instance = row(tenant, instance).agents[&ada.id].settings.clone();
        let uses = block_on(tenant.agents_using(instance)).unwrap();
        assert_eq!(uses.len(), 1);
        assert_eq!(
            (uses[0].name.as_str(), &uses[0].settings),
            ("Ada", &of_instance)
        );
        assert_eq!(block_on(tenant.used_by_agent(ada.id)).unwrap(), uses);
        of_instance
    };
    assert_eq!(shown(&acme), settings(json!({"CHUNK_SIZE": 3})));
    assert_eq!(shown(&uma), settings(json!({"CHUNK_SIZE": "[redacted]"})));
    let carl = world.tenant("carl", "acme");
    let none = BTreeMap::new();
    assert_eq!(tag(block_on(carl.agents())), "OperationDenied");
    assert_eq!(tag(block_on(carl.agent(ada.id))), "OperationDenied");
    assert_eq!(
        tag(block_on(carl.agents_using(instance))),
        "OperationDenied"
    );
    assert_eq!(tag(block_on(carl.used_by_agent(ada.id))), "OperationDenied");
    assert_eq!(
        tag(block_on(carl.activate_for(instance, ada.id, &none))),
        "OperationDenied"
    );
    assert_eq!(
        tag(block_on(carl.configure_for(instance, ada.id, &none))),
        "OperationDenied"
    );
    assert_eq!(
        tag(block_on(carl.deactivate_for(instance, ada.id))),
        "OperationDenied"
    );
    assert_eq!(tag(run_for(&carl, instance, ada.id)), "OperationDenied");
    block_on(uma.deactivate_for(instance, ada.id)).unwrap();
    assert_eq!(block_on(acme.agents_using(instance)).unwrap(), []);
}

#[test]
fn another_organisation_is_not_told_apart_from_nothing() {
    let world = World::new();
    let (acme, globex) = (world.tenant("alice", "acme"), world.tenant("gil", "globex"));
    let (here, there) = (world.active(&acme), world.active(&globex));
    let (ada, zoe) = (agent(&acme, "Ada"), agent(&globex, "Zoe"));
    grant(&acme, here, ada.id, json!({}));
    grant(&globex, there, zoe.id, json!({}));
    let none = BTreeMap::new();
    // Neither what is there tells more than what never was.
    let nobody = ThingId::of_name(&["nobody"]);
    let all = |agent: ThingId, instance: ThingId| {
        let words = |result: Result<(), ManagerError>| {
            let words = result.unwrap_err().to_string();
            words
                .replace(&agent.to_string(), "A")
                .replace(&instance.to_string(), "I")
        };
        vec![
            words(block_on(acme.agent(agent)).map(drop)),
            words(block_on(acme.update_agent(agent, zoe.revision, &named("x"))).map(drop)),
            words(block_on(acme.retire_agent(agent, zoe.revision))),
            words(block_on(acme.used_by_agent(agent)).map(drop)),
            words(block_on(acme.activate_for(here, agent, &none)).map(drop)),
            words(block_on(acme.deactivate_for(here, agent))),
            words(block_on(acme.configure_for(here, agent, &none))),
            words(run_for(&acme, here, agent).map(drop)),
            words(block_on(acme.activate_for(instance, ada.id, &none)).map(drop)),
            words(block_on(acme.agents_using(instance)).map(drop)),
            words(run_for(&acme, instance, ada.id).map(drop)),
        ]
    };
    let nothing = ThingId::of_name(&["nothing"]);
    assert_eq!(all(zoe.id, there), all(nobody, nothing));
    // One that is here and may not use it is refused like one that is not.
    let own = agent(&acme, "Own");
    let refused = |agent| run_for(&acme, here, agent).unwrap_err().to_string();
    let unnamed = |agent: ThingId| refused(agent).replace(&agent.to_string(), "A");
    assert_eq!(unnamed(own.id), unnamed(nobody));
    assert_eq!(block_on(acme.agents_using(here)).unwrap().len(), 1);
    run_for(&globex, there, zoe.id).unwrap();
}

#[test]
fn what_is_on_its_way_out_is_given_to_nobody() {
    let world = World::new();
    let acme = crate::recover::left_installing(&world);
    let plugins = block_on(acme.list_installed()).unwrap();
    let ada = agent(&world.tenant("alice", "acme"), "Ada").id;
    let given = block_on(acme.activate_for(plugins[0].instance, ada, &BTreeMap::new()));
    assert_eq!(tag(given), "NotGrantable");
}

#[test]
fn rows_of_before_are_read() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let thing = block_on(world.store.thing(acme.scope(), instance))
        .unwrap()
        .unwrap();
    // A row without agents is written as it was before there were any.
    assert_eq!(thing.properties.get("agents"), None);
    assert_eq!(thing.properties.get("open_to_agents"), None);
    let typed: Instance = thing.typed().unwrap();
    assert_eq!(typed.properties.agents, BTreeMap::new());
    let lease = json!({
        "kind": "action", "component": "A", "effect": "non_idempotent", "key": "k",
        "began": "2026-11-20T12:00:00Z", "lease_until": "2026-11-20T12:01:00Z",
    });
    let lease: plugin_lifecycle::ExecutionLease = serde_json::from_value(lease).unwrap();
    assert_eq!(lease.agent(), None);
    assert_eq!(serde_json::to_value(&lease).unwrap().get("seat"), None);
    let (agent, runtime) = (ThingId::of_name(&["a"]), typed.properties.runtime);
    let seat = json!({"agent": agent, "character_revision": 1, "runtime": runtime});
    let seat: plugin_lifecycle::AgentSeat = serde_json::from_value(seat).unwrap();
    assert_eq!(seat.grant, None);
}

/// What the store has of grants: the connections of both kinds as (agent, instance), and the rows' own.
type Pairs = BTreeSet<(ThingId, ThingId)>;

fn grants(world: &World, tenant: &Tenant) -> (Pairs, Pairs, Pairs) {
    let connected = |kind: PluginConnectionType| {
        let query = ConnectionQuery {
            types: vec![kind.into()],
            limit: Limit::new(Limit::MAX),
            ..ConnectionQuery::default()
        };
        let page = block_on(world.store.connections(tenant.scope(), &query)).unwrap();
        let ends = page.items.into_iter().map(|it| match (it.from, it.to) {
            (End::Thing(from), End::Thing(to)) => (from, to),
            ends => panic!("{ends:?}"),
        });
        ends.collect::<Vec<_>>()
    };
    let uses = connected(PluginConnectionType::PluginUses);
    let powers = connected(PluginConnectionType::PluginPowers);
    // No grant is there twice.
    let pairs = |ends: &[(ThingId, ThingId)]| {
        let pairs: Pairs = ends.iter().copied().collect();
        assert_eq!(pairs.len(), ends.len());
        pairs
    };
    let query = ThingQuery::of_type(PluginThingType::PluginInstance);
    let page = block_on(world.store.things(tenant.scope(), &query)).unwrap();
    let rows = page.items.into_iter().flat_map(|thing| {
        let typed: Instance = thing.typed().unwrap();
        let agents = typed.properties.agents.into_keys();
        agents.map(|agent| (agent, typed.id)).collect::<Vec<_>>()
    });
    let powers: Vec<_> = powers.into_iter().map(|(from, to)| (to, from)).collect();
    (pairs(&uses), pairs(&powers), rows.collect())
}

#[derive(Clone, Debug)]
enum Step {
    Grant(usize),
    Revoke(usize),
    Configure(usize, u32),
    Change(usize),
    Retire(usize),
    Run(usize),
    Activate,
    Deactivate,
    Suspend,
    Reconfigure,
    Uninstall,
}

fn step() -> impl Strategy<Value = Step> {
    let agent = 0_usize..3;
    prop_oneof![
        4 => agent.clone().prop_map(Step::Grant),
        2 => agent.clone().prop_map(Step::Revoke),
        2 => (agent.clone(), 0_u32..3).prop_map(|(agent, size)| Step::Configure(agent, size)),
        1 => agent.clone().prop_map(Step::Change),
        1 => agent.clone().prop_map(Step::Retire),
        4 => agent.prop_map(Step::Run),
        3 => Just(Step::Activate),
        1 => Just(Step::Deactivate),
        1 => Just(Step::Suspend),
        1 => Just(Step::Reconfigure),
        1 => Just(Step::Uninstall),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// `plugin_powers` is exactly what follows from `plugin_uses`, both are exactly what the rows say, no retired
    /// agent and no removed instance has any, and who runs is who may.
    #[test]
    fn powers_follow_from_uses(steps in prop::collection::vec(step(), 1..30)) {
        let world = World::new();
        let acme = world.tenant("alice", "acme");
        let mut instance = world.installed(&acme);
        let mut agents: Vec<Agent> = ["Ada", "Bob", "Eve"].iter().map(|it| agent(&acme, it)).collect();
        let mut model: BTreeSet<ThingId> = BTreeSet::new();
        for step in steps {
            match step {
                Step::Grant(n) => {
                    if block_on(acme.activate_for(instance, agents[n].id, &BTreeMap::new())).is_ok() {
                        model.insert(agents[n].id);
                    }
                }
                Step::Revoke(n) => {
                    let revoked = block_on(acme.deactivate_for(instance, agents[n].id));
                    prop_assert_eq!(revoked.is_ok(), model.remove(&agents[n].id));
                }
                Step::Configure(n, size) => {
                    let given = settings(json!({"CHUNK_SIZE": size}));
                    let configured = block_on(acme.configure_for(instance, agents[n].id, &given));
                    prop_assert_eq!(configured.is_ok(), model.contains(&agents[n].id));
                }
                Step::Change(n) => {
                    let read = block_on(acme.agent(agents[n].id)).unwrap().revision;
                    block_on(acme.update_agent(agents[n].id, read, &named("Zoe"))).unwrap();
                }
                Step::Retire(n) => {
                    let read = block_on(acme.agent(agents[n].id)).unwrap().revision;
                    block_on(acme.retire_agent(agents[n].id, read)).unwrap();
                    model.remove(&agents[n].id);
                    agents[n] = agent(&acme, "New");
                }
                Step::Run(n) => {
                    let ran = run_for(&acme, instance, agents[n].id);
                    let active = row(&acme, instance).lifecycle == plugin_lifecycle::State::Active;
                    prop_assert_eq!(ran.is_ok(), active && model.contains(&agents[n].id), "{:?}", ran);
                }
                Step::Activate => drop(block_on(acme.activate(instance))),
                Step::Deactivate => drop(block_on(acme.deactivate(instance))),
                Step::Suspend => drop(block_on(acme.suspend(instance, "a test"))),
                Step::Reconfigure => {
                    drop(block_on(acme.configure(instance, settings(json!({"CHUNK_SIZE": 9})))));
                }
                Step::Uninstall => {
                    block_on(acme.uninstall(instance)).unwrap();
                    model.clear();
                    let plan = block_on(acme.plan_install(crate::world::KNOWLEDGE, "^1.6")).unwrap();
                    if let Ok(again) = block_on(acme.install(&plan)) {
                        instance = again;
                    } else {
                        return Ok(());
                    }
                }
            }
            let expected: Pairs = model.iter().map(|agent| (*agent, instance)).collect();
            let (uses, powers, rows) = grants(&world, &acme);
            prop_assert_eq!(&uses, &expected);
            prop_assert_eq!(&powers, &expected);
            prop_assert_eq!(&rows, &expected);
            let runs = running(&world, &acme, instance);
            prop_assert!(runs.is_subset(&model), "{runs:?} run, {model:?} may");
        }
        block_on(acme.audit_all()).unwrap();
    }
}

/// The agents for which something of an instance runs, as the executor has it; none where it is not active.
pub(crate) fn running(world: &World, tenant: &Tenant, instance: ThingId) -> BTreeSet<ThingId> {
    let row = row(tenant, instance);
    let mut running = BTreeSet::new();
    for call in world.executor.calls() {
        let plugin_runtime_api::ExecutorCall::Start { spec } = call else {
            continue;
        };
        let of = spec.plugins.iter().any(|it| it.instance == instance);
        let own = spec.agent == ThingId::of_name(&["agent", &group("acme").to_string()]);
        let executor: &dyn plugin_runtime_api::Executor = world.executor.as_ref();
        let status = block_on(executor.status(&spec.runtime)).unwrap();
        if !of || own || !matches!(status, plugin_runtime_api::RuntimeStatus::Running { .. }) {
            continue;
        }
        assert_eq!(
            row.lifecycle,
            plugin_lifecycle::State::Active,
            "runs at rest"
        );
        running.insert(spec.agent);
    }
    running
}

#[test]
fn retiring_an_agent_ends_what_it_may_use_with_it() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let sql = block_on(acme.list_installed()).unwrap();
    let sql = sql
        .iter()
        .find(|it| it.package == crate::world::SQL)
        .unwrap()
        .instance;
    let (ada, bob) = (agent(&acme, "Ada"), agent(&acme, "Bob"));
    for of in [instance, sql] {
        grant(&acme, of, ada.id, json!({}));
        grant(&acme, of, bob.id, json!({}));
    }
    run_for(&acme, instance, ada.id).unwrap();
    run_for(&acme, instance, bob.id).unwrap();
    // To let it use something writes its row: whoever read it before reads again.
    assert_eq!(
        tag(block_on(acme.retire_agent(ada.id, ada.revision))),
        "Stale"
    );
    let read = block_on(acme.agent(ada.id)).unwrap().revision;
    assert_eq!(read, Revision::new(ada.revision.get() + 2));
    block_on(acme.retire_agent(ada.id, read)).unwrap();
    let (uses, powers, rows) = grants(&world, &acme);
    let expected: Pairs = [(bob.id, instance), (bob.id, sql)].into();
    assert_eq!((&uses, &powers, &rows), (&expected, &expected, &expected));
    assert_eq!(running(&world, &acme, instance), [bob.id].into());
    assert_eq!(tag(run_for(&acme, instance, ada.id)), "AgentNotGranted");
    // It is one change set, so that no host that dies leaves half of it.
    let trail = block_on(acme.audit_all()).unwrap();
    let archived = trail
        .events
        .iter()
        .position(|it| it.event_type.as_str() == "entity_archived");
    let revoked = &trail.events[archived.unwrap() + 1..archived.unwrap() + 3];
    for event in revoked {
        assert_eq!(
            event.metadata.text("revoked"),
            Some(ada.id.to_string().as_str())
        );
    }
    assert!(row(&acme, instance).strays.is_empty());
}

#[test]
fn a_removed_instance_is_used_by_nobody() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let ada = agent(&acme, "Ada").id;
    grant(&acme, instance, ada, json!({}));
    run_for(&acme, instance, ada).unwrap();
    block_on(acme.uninstall(instance)).unwrap();
    assert_eq!(
        grants(&world, &acme),
        (Pairs::new(), Pairs::new(), Pairs::new())
    );
    assert_eq!(block_on(acme.used_by_agent(ada)).unwrap(), []);
    let trail = block_on(acme.audit(instance)).unwrap();
    let last = trail.events.last().unwrap();
    assert_eq!(last.metadata.get("agents"), Some(&json!([ada.to_string()])));
}
