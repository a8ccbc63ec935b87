//! Agents at work: whose character, settings and memories a plugin has, and when what runs for them ends.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::executor::block_on;
use one_ontology::{
    ChangeSet, EventId, EventType, Group, ManualClock, Membership, MemoryStore, NewEvent, Place,
    Role, Scope, SequentialIds, Store as _, ThingId, Timestamp,
};
use plugin_lifecycle::{
    Approval, Call, ErrorWindow, ManagerError, PluginManager, Progress, Recovery, Reuse, RunFilter,
    State, StateKind, TakenWhat, Tenant, native_source, recovery,
};
use plugin_runtime_api::{
    Component, ComponentKind, Effect, Ending, Engine, Executor, ExecutorCall, HostCall,
    MemoryFilter, MemoryRecord, NativeCall, NativeDescription, NativeExecutor, NativePlugin,
    PluginFailure, RuntimeId, RuntimeSpec, RuntimeStatus, Script, ScriptedExecutor,
};
use serde_json::{Value, json};

use crate::abandoned::abandon;
use crate::agents::{agent, grant, named, row, run_for, running, settings};
use crate::world::{KNOWLEDGE, World, component, group, person};

const MIRROR: &str = "@test/plugin-mirror";

/// Says what it was given, and keeps one memory whenever it is asked.
#[derive(Debug)]
struct Mirror;

#[async_trait]
impl NativePlugin for Mirror {
    fn describe(&self) -> NativeDescription {
        let mut described = NativeDescription::new(MIRROR.parse().unwrap(), "1.0.0");
        described.components = ["SAY", "KEEP", "COUNT"]
            .iter()
            .map(|name| Component::new(ComponentKind::Action, name.parse().unwrap()))
            .collect();
        for name in ["COLOUR", "SIZE"] {
            let parameter = json!({"type": "string", "description": "of what is seen"});
            described.parameters.insert(name.to_owned(), parameter);
        }
        described
    }

    async fn invoke(&self, call: &NativeCall<'_>) -> Result<Value, PluginFailure> {
        let host = call.host();
        match call.component() {
            "SAY" => {
                let key = "COLOUR".to_owned();
                let asked: Value = host.ask(HostCall::GetSetting { key }).await?;
                Ok(json!({
                    "name": call.character()["name"],
                    "id": call.character()["id"],
                    "agent": host.context().agent,
                    "settings": call.settings(),
                    "colour": asked,
                }))
            }
            "KEEP" => {
                let memory = MemoryRecord {
                    content: settings(json!({"text": "seen"})).into_iter().collect(),
                    ..MemoryRecord::default()
                };
                let table_name = "seen".to_owned();
                let unique = false;
                let kept = HostCall::CreateMemory {
                    table_name,
                    memory,
                    unique,
                };
                Ok(host.ask(kept).await?)
            }
            _ => {
                let filter = MemoryFilter {
                    table_name: "seen".to_owned(),
                    ..MemoryFilter::default()
                };
                Ok(host.ask(HostCall::CountMemories { filter }).await?)
            }
        }
    }
}

/// An organisation with the mirror, active.
fn mirrored() -> (Tenant, ThingId) {
    let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    let id = group("acme");
    let setup = Scope::system("setup".parse().unwrap(), Place::Group(id));
    let event = EventId::of_name(&["acme"]);
    let created = NewEvent::new(event, EventType::GroupCreated, Some(id.into()));
    let mut acme = Group::new(id, "Acme", now);
    acme.plan = one_ontology::Plan::Pro;
    let owner = Membership::new(person("alice"), Place::Group(id), Role::GroupOwner, now);
    let store = Arc::new(MemoryStore::new());
    let founding = ChangeSet::new(&setup, created, now)
        .insert(acme)
        .insert(owner);
    block_on(store.commit(founding)).unwrap();
    let native: Vec<Arc<dyn NativePlugin>> = vec![Arc::new(Mirror)];
    let manager = PluginManager::with_environment(
        store.clone(),
        store,
        Arc::new(NativeExecutor::new(native.clone())),
        Arc::new(ManualClock::new(now)),
        Arc::new(SequentialIds::new()),
    )
    .with_source_for(Engine::Native, Arc::new(native_source(&native)))
    .with_character(json!({"name": "Everybody's"}));
    let tenant = block_on(manager.tenant(person("alice"), id)).unwrap();
    let plan = block_on(tenant.plan_install(MIRROR, "^1.0")).unwrap();
    let mirror = block_on(tenant.install(&plan)).unwrap();
    let plain = settings(json!({"COLOUR": "red", "SIZE": "small"}));
    block_on(tenant.configure(mirror, plain)).unwrap();
    block_on(tenant.activate(mirror)).unwrap();
    (tenant, mirror)
}

fn ask(tenant: &Tenant, mirror: ThingId, action: &str, agent: Option<ThingId>) -> Value {
    let mut call = Call::action(action, json!({})).unwrap();
    call.agent = agent;
    let done = block_on(tenant.call(mirror, call)).unwrap();
    match done.outcome.ending {
        Ending::Succeeded { output } => output["result"].clone(),
        ending => panic!("{ending:?}"),
    }
}

#[test]
fn a_plugin_has_the_character_and_settings_of_whom_it_runs_for() {
    let (acme, mirror) = mirrored();
    let (ada, bob) = (agent(&acme, "Ada"), agent(&acme, "Bob").id);
    grant(&acme, mirror, ada.id, json!({"COLOUR": "blue"}));
    grant(&acme, mirror, bob, json!({}));
    let said = |agent: Option<ThingId>| ask(&acme, mirror, "SAY", agent);
    let of_ada = said(Some(ada.id));
    assert_eq!(of_ada["name"], "Ada");
    assert_eq!(
        (&of_ada["id"], &of_ada["agent"]),
        (&json!(ada.id), &json!(ada.id))
    );
    assert_eq!(
        of_ada["settings"],
        json!({"COLOUR": "blue", "SIZE": "small"})
    );
    assert_eq!(of_ada["colour"], "blue");
    let of_bob = said(Some(bob));
    assert_eq!(
        (&of_bob["name"], &of_bob["colour"]),
        (&json!("Bob"), &json!("red"))
    );
    let of_all = said(None);
    assert_eq!(
        (&of_all["name"], &of_all["colour"]),
        (&json!("Everybody's"), &json!("red"))
    );
    // What changes is there when it is next used.
    let read = block_on(acme.agent(ada.id)).unwrap().revision;
    block_on(acme.update_agent(ada.id, read, &named("Eve"))).unwrap();
    assert_eq!(said(Some(ada.id))["name"], "Eve");
    let green = settings(json!({"COLOUR": "green"}));
    block_on(acme.configure_for(mirror, ada.id, &green)).unwrap();
    assert_eq!(said(Some(ada.id))["colour"], "green");
    let of_instance = settings(json!({"COLOUR": "grey", "SIZE": "large"}));
    block_on(acme.configure(mirror, of_instance)).unwrap();
    assert_eq!(
        said(Some(ada.id))["settings"],
        json!({"COLOUR": "green", "SIZE": "large"})
    );
    assert_eq!(said(Some(bob))["colour"], "grey");
    let none = settings(json!({"COLOUR": null}));
    block_on(acme.configure_for(mirror, ada.id, &none)).unwrap();
    assert_eq!(said(Some(ada.id))["colour"], "grey");
}

#[test]
fn nobody_sees_the_memories_of_another_agent() {
    let (acme, mirror) = mirrored();
    let (ada, bob) = (agent(&acme, "Ada").id, agent(&acme, "Bob").id);
    grant(&acme, mirror, ada, json!({}));
    grant(&acme, mirror, bob, json!({}));
    ask(&acme, mirror, "KEEP", Some(ada));
    ask(&acme, mirror, "KEEP", Some(ada));
    ask(&acme, mirror, "KEEP", None);
    let counted = [Some(ada), Some(bob), None].map(|it| ask(&acme, mirror, "COUNT", it));
    assert_eq!(counted, [json!(2), json!(0), json!(1)]);
    // They are the agent's, whatever it runs in.
    let read = block_on(acme.agent(ada)).unwrap().revision;
    block_on(acme.update_agent(ada, read, &named("Eve"))).unwrap();
    block_on(acme.deactivate_for(mirror, ada)).unwrap();
    grant(&acme, mirror, ada, json!({}));
    assert_eq!(ask(&acme, mirror, "COUNT", Some(ada)), json!(2));
}

#[test]
fn the_settings_of_agents_leave_room_in_the_row() {
    let (acme, mirror) = mirrored();
    let most = 16 << 10;
    let of_size =
        |bytes: usize| settings(json!({"COLOUR": "r".repeat(bytes - "COLOUR".len() - 2)}));
    let agents: Vec<ThingId> = (0..10).map(|n| agent(&acme, &format!("A{n}")).id).collect();
    let grant = |to: ThingId, bytes| block_on(acme.activate_for(mirror, to, &of_size(bytes)));
    let refused = grant(agents[0], most + 1).unwrap_err();
    assert_eq!(refused.tag(), "AgentSettingsTooLarge");
    for agent in &agents {
        grant(*agent, most).unwrap();
        let more = settings(json!({"SIZE": ""}));
        let refused = block_on(acme.configure_for(mirror, *agent, &more)).unwrap_err();
        assert_eq!(refused.tag(), "AgentSettingsTooLarge");
        assert_eq!(row(&acme, mirror).agents[agent].settings, of_size(most));
    }
    // As many agents as there may be, each with as much, and everything can still be done.
    for agent in &agents {
        ask(&acme, mirror, "SAY", Some(*agent));
    }
    block_on(acme.deactivate(mirror)).unwrap();
    block_on(acme.activate(mirror)).unwrap();
    ask(&acme, mirror, "SAY", Some(agents[9]));
    block_on(acme.uninstall(mirror)).unwrap();
}

pub(crate) fn runs(world: &World, runtime: &RuntimeId) -> bool {
    let executor: &dyn Executor = world.executor.as_ref();
    let status = block_on(executor.status(runtime)).unwrap();
    matches!(status, RuntimeStatus::Running { .. })
}

pub(crate) fn seat(tenant: &Tenant, instance: ThingId, agent: ThingId) -> RuntimeId {
    row(tenant, instance).agents[&agent].runtime.unwrap()
}

/// Acme with its plugin active, and two agents that may use it.
pub(crate) fn two_agents() -> (World, Tenant, ThingId, [ThingId; 2]) {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let agents = [agent(&acme, "Ada").id, agent(&acme, "Bob").id];
    for agent in agents {
        grant(&acme, instance, agent, json!({}));
    }
    (world, acme, instance, agents)
}

#[test]
fn a_runtime_is_in_the_row_before_it_is_started() {
    let (world, acme, instance, [ada, bob]) = two_agents();
    assert_eq!(row(&acme, instance).agents[&ada].runtime, None);
    let starts = || -> Vec<RuntimeSpec> {
        let calls = world.executor.calls().into_iter();
        let starts = calls.filter_map(|call| match call {
            ExecutorCall::Start { spec } => Some(*spec),
            _ => None,
        });
        starts.collect()
    };
    let before = starts().len();
    let work = |agent| {
        Call::action("SEARCH_KNOWLEDGE", json!({}))
            .unwrap()
            .for_agent(agent)
    };
    let started = block_on(acme.start_call(instance, work(ada))).unwrap();
    // It has begun, and nothing of it runs yet.
    let named = seat(&acme, instance, ada);
    assert_eq!(starts().len(), before);
    block_on(started.work).unwrap();
    let spec = starts().pop().unwrap();
    assert_eq!((spec.runtime, spec.agent), (named, ada));
    run_for(&acme, instance, bob).unwrap();
    assert_ne!(seat(&acme, instance, bob), named);
    run_for(&acme, instance, ada).unwrap();
    assert_eq!(starts().len(), before + 2, "one for each");
    assert_eq!(row(&acme, instance).runtime, starts()[before - 1].runtime);
}

#[test]
fn another_character_is_another_runtime_and_the_one_of_before_ends() {
    let (world, acme, instance, [ada, bob]) = two_agents();
    run_for(&acme, instance, ada).unwrap();
    run_for(&acme, instance, bob).unwrap();
    let (first, of_bob) = (seat(&acme, instance, ada), seat(&acme, instance, bob));
    let read = block_on(acme.agent(ada)).unwrap().revision;
    block_on(acme.update_agent(ada, read, &named("Eve"))).unwrap();
    // Not before it is used.
    assert!(runs(&world, &first));
    run_for(&acme, instance, ada).unwrap();
    let second = seat(&acme, instance, ada);
    assert!(second != first && runs(&world, &second) && !runs(&world, &first));
    block_on(acme.configure_for(instance, ada, &settings(json!({"CHUNK_SIZE": 5})))).unwrap();
    run_for(&acme, instance, ada).unwrap();
    assert!(!runs(&world, &second) && runs(&world, &of_bob));
    assert!(row(&acme, instance).strays.is_empty());
}

#[test]
fn an_execution_ends_in_the_runtime_that_it_began_in() {
    let (world, acme, instance, [ada, _]) = two_agents();
    let done = Script::Succeed(json!({"result": "late"}));
    world
        .executor
        .script("SEARCH_KNOWLEDGE", Script::hang_then(done));
    let work = || {
        Call::action("SEARCH_KNOWLEDGE", json!({}))
            .unwrap()
            .for_agent(ada)
    };
    let mut long = Box::pin(acme.call(instance, work()));
    let waker = futures::task::noop_waker();
    let mut context = std::task::Context::from_waker(&waker);
    assert!(long.as_mut().poll(&mut context).is_pending());
    let first = seat(&acme, instance, ada);
    let read = block_on(acme.agent(ada)).unwrap().revision;
    block_on(acme.update_agent(ada, read, &named("Eve"))).unwrap();
    run_for(&acme, instance, ada).unwrap();
    assert_ne!(seat(&acme, instance, ada), first);
    assert!(runs(&world, &first), "it is in use");
    world.executor.release("SEARCH_KNOWLEDGE");
    let ended = block_on(long).unwrap().outcome.ending;
    assert!(matches!(ended, Ending::Succeeded { .. }), "{ended:?}");
    assert!(
        !runs(&world, &first),
        "and is ended by the last that was in it"
    );
    assert!(row(&acme, instance).strays.is_empty());
}

#[test]
fn what_runs_for_an_agent_ends_with_the_grant() {
    let (world, acme, instance, [ada, bob]) = two_agents();
    run_for(&acme, instance, bob).unwrap();
    let done = Script::Succeed(json!({}));
    world
        .executor
        .script("SEARCH_KNOWLEDGE", Script::hang_then(done));
    let work = Call::action("SEARCH_KNOWLEDGE", json!({}))
        .unwrap()
        .for_agent(ada);
    let mut long = Box::pin(acme.call(instance, work));
    let waker = futures::task::noop_waker();
    let mut context = std::task::Context::from_waker(&waker);
    assert!(long.as_mut().poll(&mut context).is_pending());
    block_on(acme.deactivate_for(instance, ada)).unwrap();
    let ended = block_on(long).unwrap();
    assert_eq!(ended.outcome.ending, Ending::Cancelled);
    assert_eq!(running(&world, &acme, instance), [bob].into());
    assert!(row(&acme, instance).strays.is_empty());
    assert_eq!(row(&acme, instance).lifecycle, State::Active);
}

#[test]
fn who_began_before_the_grant_ended_starts_nothing_afterwards() {
    let (world, acme, instance, [ada, _]) = two_agents();
    let work = || {
        Call::action("SEARCH_KNOWLEDGE", json!({}))
            .unwrap()
            .for_agent(ada)
    };
    let begun = block_on(acme.start_call(instance, work())).unwrap();
    block_on(acme.deactivate_for(instance, ada)).unwrap();
    // Granted again is another grant: the first is not revived by it.
    grant(&acme, instance, ada, json!({}));
    let error = block_on(begun.work).unwrap_err();
    assert_eq!(error.tag(), "AgentNotGranted");
    // Whoever took the grant away has ended it, not the plugin.
    assert_eq!(row(&acme, instance).errors, ErrorWindow::default());
    assert!(row(&acme, instance).breaker.is_fresh());
    assert_eq!(world.executor.runs("SEARCH_KNOWLEDGE"), 0);
    assert_eq!(running(&world, &acme, instance), [].into());
    run_for(&acme, instance, ada).unwrap();
    assert_eq!(running(&world, &acme, instance), [ada].into());
}

#[test]
fn nothing_runs_for_agents_when_the_plugin_is_not_active() {
    type Stop = fn(&Tenant, ThingId);
    let stops: [(&str, Stop); 3] = [
        ("deactivate", |acme, it| {
            block_on(acme.deactivate(it)).unwrap()
        }),
        ("suspend", |acme, it| {
            block_on(acme.suspend(it, "a test")).unwrap()
        }),
        ("crash", |acme, it| {
            let crash = Call::action("CRASH", json!({})).unwrap();
            block_on(acme.call(it, crash)).unwrap();
            assert_eq!(row(acme, it).lifecycle, State::Error);
        }),
    ];
    for (name, stop) in stops {
        let (world, acme, instance, [ada, bob]) = two_agents();
        let of = |name| component(ComponentKind::Action, name);
        let plugin = KNOWLEDGE.parse().unwrap();
        world
            .executor
            .plugin(plugin, vec![of("SEARCH_KNOWLEDGE"), of("CRASH")]);
        world
            .executor
            .always("CRASH", Script::Crash("on purpose".to_owned()));
        block_on(acme.deactivate(instance)).unwrap();
        block_on(acme.activate(instance)).unwrap();
        run_for(&acme, instance, ada).unwrap();
        run_for(&acme, instance, bob).unwrap();
        let seats = [ada, bob].map(|agent| seat(&acme, instance, agent));
        stop(&acme, instance);
        assert!(!seats.iter().any(|it| runs(&world, it)), "{name}");
        let refused = run_for(&acme, instance, ada).unwrap_err();
        assert_eq!(refused.tag(), "PluginNotActive", "{name}");
        block_on(acme.activate(instance)).unwrap();
        assert_eq!(running(&world, &acme, instance), [].into(), "{name}");
        run_for(&acme, instance, ada).unwrap();
        assert_eq!(running(&world, &acme, instance), [ada].into(), "{name}");
    }
}

#[test]
fn a_crash_for_one_agent_is_nobody_else_s() {
    let (world, acme, instance, [ada, bob]) = two_agents();
    run_for(&acme, instance, bob).unwrap();
    let crash = Script::Crash("on purpose".to_owned());
    world.executor.script("SEARCH_KNOWLEDGE", crash);
    let ended = run_for(&acme, instance, ada).unwrap();
    assert_eq!(ended["ending"], "crashed");
    assert_eq!(row(&acme, instance).lifecycle, State::Active);
    assert_eq!(row(&acme, instance).errors.in_a_row, 1);
    assert_eq!(running(&world, &acme, instance), [bob].into());
    let next = run_for(&acme, instance, ada).unwrap();
    assert_eq!(next["ending"], "succeeded");
}

#[test]
fn what_could_not_be_ended_is_ended_by_whoever_recovers() {
    let (world, acme, instance, [ada, bob]) = two_agents();
    run_for(&acme, instance, ada).unwrap();
    run_for(&acme, instance, bob).unwrap();
    let left = seat(&acme, instance, ada);
    // A host that has nothing to run the plugin with, and so nothing to stop it with.
    let other = PluginManager::with_environment(
        world.store.clone(),
        world.store.clone(),
        Arc::new(ScriptedExecutor::new([Engine::Native])),
        world.clock.clone(),
        Arc::new(SequentialIds::starting_at(5000)),
    );
    let elsewhere = block_on(other.tenant(person("alice"), group("acme"))).unwrap();
    block_on(elsewhere.deactivate_for(instance, ada)).unwrap();
    let strays = row(&acme, instance).strays;
    assert_eq!(strays.into_iter().collect::<Vec<_>>(), [left]);
    assert_eq!(
        run_for(&acme, instance, ada).unwrap_err().tag(),
        "AgentNotGranted"
    );
    let report = block_on(other.recover([group("acme")]));
    assert_eq!((report.taken, report.failed), (vec![], vec![]));
    assert!(runs(&world, &left));
    let report = block_on(world.manager.recover([group("acme")]));
    assert_eq!(report.taken.len(), 1, "{report:?}");
    assert_eq!(report.taken[0].what, TakenWhat::Runtime);
    assert!(!runs(&world, &left) && row(&acme, instance).strays.is_empty());
    assert_eq!(running(&world, &acme, instance), [bob].into());
    let again = block_on(world.manager.recover([group("acme")]));
    assert_eq!(
        (again.taken, again.left, again.failed),
        (vec![], vec![], vec![])
    );
}

#[test]
fn recovery_leaves_a_stray_to_the_execution_in_it() {
    let (world, acme, instance, [ada, _]) = two_agents();
    let hanging = Script::hang_then(Script::Succeed(json!({})));
    world.executor.script("SEARCH_KNOWLEDGE", hanging);
    let work = Call::action("SEARCH_KNOWLEDGE", json!({}))
        .unwrap()
        .for_agent(ada);
    abandon(acme.call(instance, work));
    let mut found = row(&acme, instance);
    let of_ada = found.agents.get_mut(&ada).unwrap().runtime.take().unwrap();
    found.strays.insert(of_ada);
    let policy = world.manager.policy();
    let lease = found.executions.values().next().unwrap().lease_until;
    let steps = recovery(&found, policy, "2026-11-20T12:00:01Z".parse().unwrap());
    assert_eq!(steps, [Recovery::Wait { until: lease }]);
    found.executions.clear();
    found.lifecycle = State::Active;
    assert_eq!(recovery(&found, policy, lease), [Recovery::EndRuntimes]);
    for (state, expected) in [
        (State::Suspended, vec![Recovery::EndRuntimes]),
        (State::Installed, vec![Recovery::EndRuntimes]),
        (State::Error, vec![Recovery::Halt]),
        (State::Activating, vec![Recovery::Resume]),
    ] {
        found.lifecycle = state;
        assert_eq!(recovery(&found, policy, lease), expected, "{state:?}");
    }
}

#[test]
fn an_update_takes_agents_with_it() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let parameters = |name: &str| {
        json!({"agentConfig": {"pluginType": "elizaos:plugin:1.0.0", "pluginParameters": {
            name: {"type": "number"}, "KEPT": {"type": "number"},
        }}})
    };
    let two = crate::world::package(
        "@test/plugin-two",
        &[("1.0.0", parameters("OLD")), ("1.1.0", parameters("NEW"))],
    );
    let source = world.source.clone().with("@test/plugin-two", two);
    let manager = PluginManager::with_environment(
        world.store.clone(),
        world.store.clone(),
        world.executor.clone(),
        world.clock.clone(),
        Arc::new(SequentialIds::starting_at(9000)),
    )
    .with_source(Arc::new(source));
    let name: plugin_runtime_api::PluginName = "@test/plugin-two".parse().unwrap();
    let search = component(ComponentKind::Action, "SEARCH_KNOWLEDGE");
    world.executor.plugin(name.clone(), vec![search]);
    let alice = block_on(manager.tenant(person("alice"), group("acme"))).unwrap();
    let plan = block_on(alice.plan_install(name.as_str(), "1.0.0")).unwrap();
    let instance = block_on(alice.install(&plan)).unwrap();
    block_on(alice.activate(instance)).unwrap();
    let ada = agent(&acme, "Ada").id;
    grant(&alice, instance, ada, json!({"OLD": 1, "KEPT": 2}));
    run_for(&alice, instance, ada).unwrap();
    let before = seat(&alice, instance, ada);
    let plan = block_on(alice.plan_update(instance, "1.1.0")).unwrap();
    block_on(alice.update(&plan, &Approval::of(&plan))).unwrap();
    // Nothing of the old version is left, and settings that the new one does not take are gone.
    assert!(!runs(&world, &before));
    let kept = row(&alice, instance).agents[&ada].settings.clone();
    assert_eq!(kept, settings(json!({"KEPT": 2})));
    run_for(&alice, instance, ada).unwrap();
    let calls = world.executor.calls();
    let last = calls.iter().rev().find_map(|call| match call {
        ExecutorCall::Start { spec } => Some(spec.clone()),
        _ => None,
    });
    let last = last.unwrap();
    assert_eq!(
        (last.agent, last.plugins[0].version.as_str()),
        (ada, "1.1.0")
    );
    assert_eq!(last.plugins[0].settings, settings(json!({"KEPT": 2})));
    block_on(alice.rollback(instance)).unwrap();
    assert!(!runs(&world, &last.runtime));
    run_for(&alice, instance, ada).unwrap();
}

#[test]
fn no_agent_gets_the_result_of_another() {
    let (world, acme, instance, [ada, bob]) = two_agents();
    let mut search = component(ComponentKind::Action, "SEARCH_KNOWLEDGE");
    search.effect = Effect::ReadOnly;
    world
        .executor
        .plugin(KNOWLEDGE.parse().unwrap(), vec![search]);
    block_on(acme.deactivate(instance)).unwrap();
    block_on(acme.activate(instance)).unwrap();
    let call = |agent: Option<ThingId>| {
        let mut call = Call::action("SEARCH_KNOWLEDGE", json!({}))
            .unwrap()
            .reusing(Reuse::Fresh);
        call.agent = agent;
        let done: Result<_, ManagerError> = block_on(acme.call(instance, call));
        done.map(|done| done.reused.is_some())
    };
    let all = || [None, Some(ada), Some(bob)].map(|it| call(it).unwrap());
    assert_eq!(all(), [false, false, false]);
    assert_eq!(all(), [true, true, true]);
    let read = block_on(acme.agent(ada)).unwrap().revision;
    block_on(acme.update_agent(ada, read, &named("Eve"))).unwrap();
    block_on(acme.configure_for(instance, bob, &settings(json!({"CHUNK_SIZE": 1})))).unwrap();
    assert_eq!(all(), [true, false, false]);
    // Who may not use it any more has no results of it either.
    block_on(acme.deactivate_for(instance, ada)).unwrap();
    assert_eq!(call(Some(ada)).unwrap_err().tag(), "AgentNotGranted");
}

#[test]
fn what_is_recorded_names_the_agent() {
    let (_world, acme, instance, [ada, _]) = two_agents();
    run_for(&acme, instance, ada).unwrap();
    block_on(acme.execute(instance, "SEARCH_KNOWLEDGE", json!({}))).unwrap();
    let limit = one_ontology::Limit::new(10);
    let runs = block_on(acme.last_runs(instance, &RunFilter::default(), limit)).unwrap();
    let agents: Vec<Option<ThingId>> = runs.iter().map(|run| run.agent).collect();
    assert_eq!(agents, [None, Some(ada)]);
    let again = block_on(acme.rerun(instance, runs[1].execution)).unwrap();
    let Progress::Ended(run) = block_on(acme.progress(instance, again.execution)).unwrap() else {
        panic!("it has ended");
    };
    assert_eq!(run.agent, Some(ada));
    let trail = block_on(acme.audit(instance)).unwrap();
    let begun = trail.events.iter().filter(|event| {
        event.event_type.as_str() == "plugin_action_initiated"
            && event.metadata.text("agent") == Some(ada.to_string().as_str())
    });
    assert_eq!(begun.count(), 2);
    block_on(acme.deactivate_for(instance, ada)).unwrap();
    let refused = block_on(acme.rerun(instance, runs[1].execution)).unwrap_err();
    assert_eq!(refused.tag(), "AgentNotGranted");
}

#[test]
fn an_execution_for_an_agent_is_cancelled_where_it_runs() {
    let (world, acme, instance, [ada, _]) = two_agents();
    let hanging = Script::hang_then(Script::Succeed(json!({})));
    world.executor.script("SEARCH_KNOWLEDGE", hanging);
    let work = Call::action("SEARCH_KNOWLEDGE", json!({}))
        .unwrap()
        .for_agent(ada);
    let started = block_on(acme.start_call(instance, work)).unwrap();
    let mut work = started.work;
    let waker = futures::task::noop_waker();
    let mut context = std::task::Context::from_waker(&waker);
    assert!(work.as_mut().poll(&mut context).is_pending());
    block_on(acme.cancel(instance, started.handle.execution())).unwrap();
    assert_eq!(block_on(work).unwrap().outcome.ending, Ending::Cancelled);
    let asked = world
        .executor
        .calls()
        .into_iter()
        .rev()
        .find_map(|call| match call {
            ExecutorCall::Cancel { runtime, .. } => Some(runtime),
            _ => None,
        });
    assert_eq!(asked, Some(seat(&acme, instance, ada)));
}

#[test]
fn a_host_that_comes_anew_runs_for_agents_what_is_active() {
    let (world, acme, instance, [ada, _]) = two_agents();
    run_for(&acme, instance, ada).unwrap();
    let executor = Arc::new(ScriptedExecutor::new([Engine::Node]));
    let search = component(ComponentKind::Action, "SEARCH_KNOWLEDGE");
    executor.plugin(KNOWLEDGE.parse().unwrap(), vec![search]);
    executor.always("SEARCH_KNOWLEDGE", Script::Succeed(json!({})));
    let manager = PluginManager::with_environment(
        world.store.clone(),
        world.store.clone(),
        executor.clone(),
        world.clock.clone(),
        Arc::new(SequentialIds::starting_at(7000)),
    );
    let anew = block_on(manager.tenant(person("alice"), group("acme"))).unwrap();
    run_for(&anew, instance, ada).unwrap();
    let started: Vec<BTreeMap<ThingId, RuntimeId>> = executor
        .calls()
        .into_iter()
        .filter_map(|call| match call {
            ExecutorCall::Start { spec } => Some(BTreeMap::from([(spec.agent, spec.runtime)])),
            _ => None,
        })
        .collect();
    assert_eq!(
        started,
        [BTreeMap::from([(ada, seat(&acme, instance, ada))])]
    );
    assert_eq!(row(&acme, instance).lifecycle.kind(), StateKind::Active);
}
