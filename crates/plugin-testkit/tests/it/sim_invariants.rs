//! Each invariant of the simulator can fail: a world that holds them all, broken in one way each.

use std::collections::{BTreeMap, BTreeSet};

use futures::executor::block_on;
use one_ontology::{
    BudgetState, ChangeSet, ConnectionQuery, EventId, EventQuery, EventType, Group, GroupId, Limit,
    ManualClock, Membership, MemoryStore, NewEvent, PersonId, Place, PluginConnectionType,
    PluginThingType, Role, Scope, SequentialIds, Store as _, ThingId, ThingQuery, ThingType,
    Timestamp,
};
use plugin_lifecycle::{
    Giving, GivingId, Instance, Notice, NoticeKind, PluginInstance, PluginManager, State,
    Treatment, native_source,
};
use plugin_registry::{Revocation, Revocations, Severity};
use plugin_runtime_api::{
    Engine, ExecutionId, Fence, NativeExecutor, NativePlugin, NotesPlugin, RuntimeId,
};
use plugin_testkit::sim::{
    INVARIANTS, Observed, Run, RunningRuntime, unfinished, unheeded, untold, violations,
};
use serde_json::json;
use std::sync::Arc;

/// What is seen of an organisation with one active plugin that has run once.
fn seen() -> Observed {
    let (acme, alice) = (GroupId::of_name(&["acme"]), PersonId::of_name(&["alice"]));
    let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    let setup = Scope::system("setup".parse().unwrap(), Place::Group(acme));
    let id = EventId::of_name(&["acme"]);
    let created = NewEvent::new(id, EventType::GroupCreated, Some(acme.into()));
    let store = Arc::new(MemoryStore::new());
    let founding = ChangeSet::new(&setup, created, now)
        .insert(Group::new(acme, "Acme", now))
        .insert(Membership::new(
            alice,
            Place::Group(acme),
            Role::GroupOwner,
            now,
        ));
    block_on(store.commit(founding)).unwrap();
    let native: Vec<Arc<dyn NativePlugin>> = vec![Arc::new(NotesPlugin)];
    let manager = PluginManager::with_environment(
        store.clone(),
        store.clone(),
        Arc::new(NativeExecutor::new(native.clone())),
        Arc::new(ManualClock::new(now)),
        Arc::new(SequentialIds::new()),
    )
    .with_source_for(Engine::Native, Arc::new(native_source(&native)));
    let tenant = block_on(manager.tenant(alice, acme)).unwrap();
    let plan = block_on(tenant.plan_install(NotesPlugin::NAME, "^1.0")).unwrap();
    let instance = block_on(tenant.install(&plan)).unwrap();
    block_on(tenant.activate(instance)).unwrap();
    let types = [EventType::CourseCreated];
    let subscription = block_on(tenant.subscribe(instance, types, "NOTE_EVENT")).unwrap();
    block_on(tenant.execute(instance, "ADD_NOTE", json!({"text": "x"}))).unwrap();
    let ada = json!({"name": "Ada"});
    let agent = block_on(tenant.create_agent(ThingType::ServiceAgent, &ada)).unwrap();
    let agent = agent.id;
    block_on(tenant.activate_for(instance, agent, &BTreeMap::new())).unwrap();
    let query = ThingQuery::of_type(PluginThingType::PluginInstance);
    let page = block_on(store.things(tenant.scope(), &query)).unwrap();
    let typed = page.items.into_iter().map(|thing| {
        let typed: Result<one_ontology::Thing<PluginInstance>, _> = thing.typed();
        typed.unwrap()
    });
    let rows: Vec<Instance> = typed.collect();
    let query = EventQuery {
        limit: Limit::new(Limit::MAX),
        ..EventQuery::default()
    };
    let events = block_on(store.events(tenant.scope(), &query)).unwrap();
    let query = ConnectionQuery::default();
    let connections = block_on(store.connections(tenant.scope(), &query)).unwrap();
    let budget = |key: &str| {
        let key = key.parse().unwrap();
        block_on(store.budget(tenant.scope(), &key)).unwrap()
    };
    let running = RunningRuntime {
        instance: Some(instance),
        agent: None,
        version: rows[0].properties.version.clone(),
        settings: rows[0].properties.settings.clone(),
        secrets: Vec::new(),
        fence: rows[0].properties.fence,
    };
    let execution = events
        .items
        .iter()
        .find_map(|event| event.metadata.text("execution"));
    let run = Run {
        runtime: rows[0].properties.runtime,
        component: "ADD_NOTE".to_owned(),
        times: 1,
        outcome: None,
    };
    let key = format!("execution:{}", execution.unwrap());
    Observed {
        running: BTreeMap::from([(rows[0].properties.runtime, running)]),
        fences: BTreeMap::new(),
        runs: BTreeMap::from([(key.parse().unwrap(), run)]),
        plugins: budget("plugins"),
        at_a_time: budget("executions_at_a_time"),
        daily: budget("executions_daily"),
        rows,
        subscriptions: vec![subscription],
        events: Arc::new(events.items),
        connections: connections.items,
        secrets: BTreeMap::new(),
        snapshots: BTreeMap::new(),
        agents: vec![agent],
        agents_level: budget("agents"),
        revocations: Revocations::default(),
    }
}

/// The row brought into a state, and its trail with it.
fn rests(seen: &mut Observed, state: State) {
    seen.rows[0].properties.lifecycle = state;
    let event = Arc::make_mut(&mut seen.events).iter_mut().rev();
    let mut told = event.filter(|event| event.metadata.text("state").is_some());
    let event = told.next().unwrap();
    let name = state.kind().as_str();
    event.metadata = [("state", json!(name))]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
}

fn end_of_run(seen: &Observed) -> usize {
    let mut events = seen.events.iter();
    let ended = events.position(|event| event.metadata.text("outcome").is_some());
    ended.unwrap()
}

fn used(used: u64) -> Option<BudgetState> {
    Some(BudgetState::Level { used })
}

type Break = fn(&mut Observed);

const BREAKS: &[(&str, Break)] = &[
    ("absent means nothing runs", |seen| {
        rests(seen, State::Uninstalled)
    }),
    ("absent means no connections", |seen| {
        rests(seen, State::Uninstalled)
    }),
    ("absent means no secrets", |seen| {
        rests(seen, State::Uninstalled);
        let id = seen.rows[0].id;
        seen.secrets.insert(id, vec!["API_KEY".to_owned()]);
    }),
    ("a row knows of every secret", |seen| {
        let id = seen.rows[0].id;
        seen.secrets.insert(id, vec!["API_KEY".to_owned()]);
    }),
    ("absent means no snapshots", |seen| {
        rests(seen, State::Uninstalled);
        let id = seen.rows[0].id;
        seen.snapshots.insert(id, 1);
    }),
    ("no more snapshots than are kept", |seen| {
        let id = seen.rows[0].id;
        seen.snapshots.insert(id, 4);
    }),
    ("no second runtime is left over", |seen| {
        let running = seen.running.values().next().unwrap().clone();
        seen.running
            .insert(RuntimeId::of_name(&["another"]), running);
    }),
    ("nothing runs for whom nothing says so", |seen| {
        let mut running = seen.running.values().next().unwrap().clone();
        running.agent = Some(ThingId::of_name(&["another"]));
        seen.running
            .insert(RuntimeId::of_name(&["another"]), running);
    }),
    ("powers follow from uses", |seen| {
        let powers = PluginConnectionType::PluginPowers.into();
        seen.connections.retain(|it| it.connection_type != powers);
    }),
    ("powers follow from uses", |seen| {
        seen.rows[0].properties.agents.clear();
    }),
    ("powers follow from uses", |seen| seen.agents.clear()),
    ("agents are counted exactly", |seen| {
        seen.agents_level = used(2);
    }),
    ("connected to what it runs with", |seen| {
        let mut another = seen.rows[0].properties.members[0].clone();
        another.instance = ThingId::of_name(&["another"]);
        seen.rows[0].properties.members.push(another);
    }),
    ("at rest means not running", |seen| {
        rests(seen, State::Suspended)
    }),
    ("active means the committed version", |seen| {
        seen.rows[0].properties.version = "9.9.9".to_owned();
    }),
    ("no runtime is ahead of its row", |seen| {
        seen.rows[0].properties.fence = Fence(0);
    }),
    ("nobody acts under a fence that is not written", |seen| {
        let row = &seen.rows[0].properties;
        seen.fences.insert(row.runtime, row.fence.next());
    }),
    ("in flight only where allowed", |seen| {
        seen.rows[0].properties.lifecycle = State::Executing { in_flight: 1 };
    }),
    (
        "an operation is under way exactly in transient states",
        |seen| {
            rests(seen, State::Activating);
        },
    ),
    ("the trail says where an instance is", |seen| {
        seen.rows[0].properties.lifecycle = State::Error;
    }),
    ("connected exactly when installed", |seen| {
        seen.connections.clear()
    }),
    ("plugins are counted exactly", |seen| seen.plugins = used(2)),
    ("places are counted exactly", |seen| {
        seen.at_a_time = used(1)
    }),
    ("executions are counted exactly", |seen| {
        if let Some(BudgetState::Quota { used, .. }) = &mut seen.daily {
            *used = 2;
        }
    }),
    ("an execution ends once", |seen| {
        let again = seen.events[end_of_run(seen)].clone();
        Arc::make_mut(&mut seen.events).push(again);
    }),
    ("no execution is lost", |seen| {
        let end = end_of_run(seen);
        Arc::make_mut(&mut seen.events).remove(end);
    }),
    ("nothing is run twice", |seen| {
        seen.runs.values_mut().for_each(|run| run.times = 2);
    }),
    ("nothing is run unsaid", |seen| {
        let run = seen.runs.values().next().unwrap().clone();
        let id = ExecutionId::of_name(&["nobody"]);
        seen.runs
            .insert(format!("execution:{id}").parse().unwrap(), run);
    }),
    ("nobody is told who is gone", |seen| {
        rests(seen, State::Uninstalled)
    }),
    ("told in order", |seen| {
        let run = seen.runs.values().next().unwrap().clone();
        let id = seen.subscriptions[0].id;
        seen.runs
            .insert(format!("delivery:{id}:0:99:0").parse().unwrap(), run);
    }),
    ("what is known to be revoked does not run", |seen| {
        let row = &mut seen.rows[0].properties;
        row.notices.push(Notice {
            kind: NoticeKind::Revoked,
            package: row.npm_package.clone(),
            version: row.version.clone(),
            message: None,
            severity: Some(Severity::Low),
            treatment: Treatment::Suspend,
            since: Timestamp::EPOCH,
        });
    }),
    ("what runs has the settings of its row", |seen| {
        let settings = &mut seen.rows[0].properties.settings;
        settings.insert("SIZE".to_owned(), json!(1));
    }),
    ("what runs has no secret that was destroyed", |seen| {
        let running = seen.running.values_mut().next().unwrap();
        running.secrets = vec!["API_KEY".to_owned()];
    }),
    ("events are numbered without gaps", |seen| {
        drop(Arc::make_mut(&mut seen.events).remove(1))
    }),
];

#[test]
fn each_invariant_fails_where_it_is_broken() {
    let whole = seen();
    assert_eq!(violations(&whole), []);
    let mut shown = BTreeSet::new();
    for (invariant, breaks) in BREAKS {
        let mut broken = whole.clone();
        breaks(&mut broken);
        let found = violations(&broken);
        assert!(
            found.iter().any(|it| it.invariant == *invariant),
            "{invariant}: {found:?}"
        );
        shown.insert(*invariant);
    }
    let all: BTreeSet<&str> = INVARIANTS.iter().copied().collect();
    assert_eq!(shown, all);
}

#[test]
fn who_was_not_told_is_said() {
    let whole = seen();
    assert_eq!(untold(&whole), []);
    let mut left = whole.clone();
    let event = Arc::make_mut(&mut left.events).last_mut().unwrap();
    event.event_type = EventType::CourseCreated;
    assert_eq!(untold(&left).len(), 1);
    rests(&mut left, State::Suspended);
    assert_eq!(
        untold(&left),
        [],
        "nobody is told whose plugin does not run"
    );
}

#[test]
fn what_runs_and_is_revoked_is_said() {
    let mut seen = seen();
    assert_eq!(unheeded(&seen), []);
    let package = NotesPlugin::NAME.parse().unwrap();
    let by = ("system:security".parse().unwrap(), Timestamp::EPOCH);
    let revoked = Revocation::new(package, "*", "for a test", Severity::Low, by).unwrap();
    seen.revocations = Revocations::of([revoked]);
    assert!(!unheeded(&seen).is_empty());
    rests(&mut seen, State::Suspended);
    assert_eq!(unheeded(&seen), []);
}

#[test]
fn what_is_left_is_said() {
    let whole = seen();
    assert_eq!(unfinished(&whole), []);
    let leave: [(&str, Break); 5] = [
        ("a restart", |seen| {
            seen.rows[0].properties.restart_owed = Some(Timestamp::EPOCH);
        }),
        ("an operation", |seen| {
            seen.rows[0].properties.lifecycle = State::Installing;
        }),
        ("secrets", |seen| {
            let until = Timestamp::EPOCH;
            let under_way = &mut seen.rows[0].properties.secrets_under_way;
            let giving = Giving::of(["API_KEY".to_owned()], until);
            under_way.begin(GivingId::of_name(&["left"]), giving);
        }),
        ("it runs", |seen| {
            seen.rows[0].properties.lifecycle = State::Error;
        }),
        ("an operation", |seen| {
            seen.rows[0].properties.lifecycle = State::Uninstalling;
        }),
    ];
    for (words, leave) in leave {
        let mut left = whole.clone();
        leave(&mut left);
        let found = unfinished(&left);
        assert!(found.iter().any(|it| it.what.contains(words)), "{words}");
    }
}
