//! The simulated world: what outlives every host, and hosts that do not.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::FutureExt as _;
use futures::task::ArcWake;
use one_ontology::{
    ChangeSet, Clock as _, ConnectionQuery, Event, EventId, EventQuery, EventType, Group, GroupId,
    Limit, ManualClock, Membership, MemoryStore, NewEvent, PersonId, Place, Plan, PluginThingType,
    Role, Scope, Seq, SequentialIds, Store, Thing, ThingId, ThingProperties, ThingQuery,
    ThingStatus, ThingType, Timestamp,
};
use plugin_lifecycle::{
    Instance, ManagerError, PluginManager, PluginSubscription, Policy, Snapshot, Tenant,
};
use plugin_registry::{MemorySource, Revocations};
use plugin_runtime_api::{ManualTimer, MemoryVault, PermissionPreset, Permissions, Vault};
use serde_json::{Value, json};

use super::fleet::{Ends, Fencing, Fleet};
use super::gate::{Fate, Gate, Network, Pace};
use super::invariants::Observed;
use super::ports::{HostExecutor, HostSource, HostStore, HostVault};

/// The plugin that the simulation installs; it needs [`NEEDED`].
pub(super) const PLUGIN: &str = "@simulated/plugin-main";
/// The plugin that it needs.
pub(super) const NEEDED: &str = "@simulated/plugin-needed";
/// What it may be told of.
pub(super) const HEARD: EventType = EventType::CourseCreated;
/// The version that is installed.
pub(super) const FIRST: &str = "1.0.0";
/// The other version. In it the plugin needs nothing any more.
pub(super) const SECOND: &str = "1.1.0";
/// Its secret parameter.
pub(super) const SECRET: &str = "API_KEY";

/// What outlives every host.
pub(super) struct World {
    pub(super) store: Arc<MemoryStore>,
    pub(super) fleet: Arc<Fleet>,
    pub(super) vault: Arc<MemoryVault>,
    pub(super) timer: Arc<ManualTimer>,
    pub(super) network: Network,
    clock: Arc<ManualClock>,
    source: MemorySource,
    policy: Policy,
    pace: Pace,
    hosts: u64,
    scope: Scope,
    group: GroupId,
    owner: PersonId,
    last: Option<(u64, u64)>,
    trail: Arc<Vec<Event>>,
}

impl World {
    /// A world with one organisation and nothing installed.
    pub(super) fn new(fencing: Fencing, ends: Ends, pace: Pace) -> Result<Self, String> {
        let start: Timestamp = "2026-11-20T08:00:00Z".parse().map_err(words)?;
        let clock = Arc::new(ManualClock::new(start));
        let group = GroupId::of_name(&["simulated"]);
        let mut policy = Policy::default();
        policy.errors_in_a_row = 2;
        policy.grants = Permissions::preset(PermissionPreset::Full);
        let many = one_ontology::BudgetRule::Level { limit: 1_000_000 };
        policy.installs = many;
        policy.executions = many;
        let world = Self {
            store: Arc::new(MemoryStore::new()),
            fleet: Arc::new(Fleet::new(fencing, ends)),
            vault: Arc::new(MemoryVault::new()),
            timer: Arc::new(ManualTimer::new(clock.clone())),
            network: Network::default(),
            clock,
            source: source(),
            policy,
            pace,
            hosts: 0,
            scope: Scope::system("simulator".parse().map_err(words)?, Place::Group(group)),
            group,
            owner: PersonId::of_name(&["owner"]),
            last: None,
            trail: Arc::default(),
        };
        world.found(start)?;
        Ok(world)
    }

    fn found(&self, now: Timestamp) -> Result<(), String> {
        let id = EventId::of_name(&["founded"]);
        let event = NewEvent::new(id, EventType::GroupCreated, Some(self.group.into()));
        let mut group = Group::new(self.group, "Simulated", now);
        group.plan = Plan::Pro;
        let owner = Membership::new(self.owner, group.place(), Role::GroupOwner, now);
        let changes = ChangeSet::new(&self.scope, event, now)
            .insert(group)
            .insert(owner);
        done(self.store.commit(changes))?.map(drop).map_err(words)
    }

    /// Lets something happen in the organisation that subscribers are told of.
    pub(super) fn happen(&self) -> Result<(), String> {
        let head = done(self.store.head(&self.scope))?.map_err(words)?;
        let seq = head.map_or(Seq::START, |head| head.seq).to_string();
        let event = NewEvent::new(EventId::of_name(&["happened", &seq]), HEARD, None);
        let changes = ChangeSet::new(&self.scope, event, self.clock.now());
        done(self.store.commit(changes))?.map(drop).map_err(words)
    }

    /// A new host.
    pub(super) fn host(&mut self) -> Result<Host, String> {
        self.hosts += 1;
        let gate = Gate::new(self.pace, self.network.clone());
        let store = Arc::new(HostStore {
            inner: self.store.clone(),
            gate: gate.clone(),
        });
        let executor = Arc::new(HostExecutor {
            inner: self.fleet.clone(),
            gate: gate.clone(),
        });
        let ids = Arc::new(SequentialIds::starting_at(self.hosts * 1_000_000));
        let manager = PluginManager::with_environment(
            store.clone(),
            store,
            executor,
            self.clock.clone(),
            ids,
        )
        .with_source(Arc::new(HostSource {
            inner: self.source.clone(),
            gate: gate.clone(),
        }))
        .with_vault(Arc::new(HostVault {
            inner: self.vault.clone(),
            gate: gate.clone(),
        }))
        .with_timer(self.timer.clone())
        .with_policy(self.policy.clone());
        let tenant = done(manager.tenant(self.owner, self.group))?.map_err(words)?;
        Ok(Host {
            number: self.hosts,
            manager,
            tenant,
            gate,
            tasks: Vec::new(),
        })
    }

    pub(super) const fn group(&self) -> GroupId {
        self.group
    }

    pub(super) fn pass(&self, time: Duration) {
        self.timer.advance(time);
    }

    /// Longer than any lease.
    pub(super) fn pass_every_lease(&self) {
        self.pass(Duration::from_secs(1000));
    }

    /// Whether anything has happened since this was asked last.
    pub(super) fn has_changed(&mut self) -> Result<bool, String> {
        let head = done(self.store.head(&self.scope))?.map_err(words)?;
        let now = (head.map_or(0, |head| head.seq.get()), self.fleet.changes());
        let changed = self.last != Some(now);
        self.last = Some(now);
        Ok(changed)
    }

    /// The instances that are not gone.
    pub(super) fn instances(&self) -> Result<Vec<Instance>, String> {
        let query = ThingQuery::of_type(PluginThingType::PluginInstance);
        self.rows(query)
    }

    fn rows<P: ThingProperties>(&self, mut query: ThingQuery) -> Result<Vec<Thing<P>>, String> {
        query.limit = Limit::new(Limit::MAX);
        let page = done(self.store.things(&self.scope, &query))?.map_err(words)?;
        let rows = page.items.into_iter();
        rows.map(|thing| thing.typed().map_err(words)).collect()
    }

    /// Reads what the trail has become longer by.
    fn read_trail(&mut self) -> Result<(), String> {
        let mut query = EventQuery {
            after: self.trail.last().map_or(Seq::START, |event| event.seq),
            limit: Limit::new(Limit::MAX),
            ..EventQuery::default()
        };
        loop {
            let page = done(self.store.events(&self.scope, &query))?.map_err(words)?;
            Arc::make_mut(&mut self.trail).extend(page.items);
            query.cursor = page.next;
            if query.cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// Everything that can be seen.
    pub(super) fn observe(&mut self) -> Result<Observed, String> {
        self.read_trail()?;
        let query = ThingQuery {
            statuses: ThingStatus::ALL.to_vec(),
            ..ThingQuery::of_type(PluginThingType::PluginInstance)
        };
        let rows: Vec<Instance> = self.rows(query)?;
        let subscriptions = self.rows(ThingQuery::of_type(PluginSubscription::thing_type()))?;
        let budget = |key: &str| -> Result<_, String> {
            let key = key.parse().map_err(words)?;
            done(self.store.budget(&self.scope, &key))?.map_err(words)
        };
        let mut secrets = BTreeMap::new();
        for row in &rows {
            let kept = done(self.vault.list(self.group, row.id))?.map_err(words)?;
            secrets.insert(row.id, kept);
        }
        let mut snapshots: BTreeMap<ThingId, usize> = BTreeMap::new();
        let query = ThingQuery {
            limit: Limit::new(Limit::MAX),
            ..ThingQuery::of_type(PluginThingType::PluginSnapshot)
        };
        let page = done(self.store.things(&self.scope, &query))?.map_err(words)?;
        for thing in page.items {
            let typed: Result<Snapshot, _> = thing.typed();
            let of = typed.map_err(words)?.properties.instance;
            *snapshots.entry(of).or_default() += 1;
        }
        let query = ConnectionQuery {
            limit: Limit::new(Limit::MAX),
            ..ConnectionQuery::default()
        };
        let connections = done(self.store.connections(&self.scope, &query))?.map_err(words)?;
        let query = ThingQuery {
            types: vec![ThingType::ServiceAgent],
            limit: Limit::new(Limit::MAX),
            ..ThingQuery::default()
        };
        let agents = done(self.store.things(&self.scope, &query))?.map_err(words)?;
        Ok(Observed {
            rows,
            agents: agents.items.iter().map(|it| it.id).collect(),
            agents_level: budget("agents")?,
            subscriptions,
            events: Arc::clone(&self.trail),
            connections: connections.items,
            plugins: budget("plugins")?,
            at_a_time: budget("executions_at_a_time")?,
            daily: budget("executions_daily")?,
            secrets,
            snapshots,
            running: self.fleet.running(),
            fences: self.fleet.fences(),
            runs: self.fleet.runs(),
            revocations: done(Revocations::load(self.store.as_ref(), &self.scope))?
                .map_err(words)?,
        })
    }
}

/// One process of the platform.
pub(super) struct Host {
    pub(super) number: u64,
    pub(super) manager: PluginManager,
    pub(super) tenant: Tenant,
    pub(super) gate: Gate,
    pub(super) tasks: Vec<Task>,
}

impl Host {
    /// Begins a command.
    pub(super) fn begin(
        &mut self,
        what: String,
        command: impl Future<Output = Result<(), ManagerError>> + Send + 'static,
    ) {
        self.tasks.push(Task {
            what,
            future: Box::pin(command),
            woken: Arc::new(Woken(AtomicBool::new(true))),
        });
    }

    /// Says what happens to one of the next calls.
    pub(super) fn plan(&self, nth: u64, fate: Fate) {
        self.gate.plan(nth, fate);
    }

    /// Lets a task come to its next call or its end; gives how it ended, if it has.
    pub(super) fn poll(&mut self, number: usize) -> Option<(String, Result<(), ManagerError>)> {
        let task = self.tasks.get_mut(number)?;
        task.woken.0.store(false, Ordering::Relaxed);
        let waker = futures::task::waker_ref(&task.woken);
        let mut context = Context::from_waker(&waker);
        match task.future.as_mut().poll(&mut context) {
            Poll::Pending => None,
            Poll::Ready(ended) => Some((self.tasks.remove(number).what, ended)),
        }
    }

    /// The tasks that can go on.
    pub(super) fn runnable(&self) -> Vec<usize> {
        let tasks = self.tasks.iter().enumerate();
        let woken = tasks.filter(|(_, task)| task.woken.0.load(Ordering::Relaxed));
        woken.map(|(number, _)| number).collect()
    }
}

/// A command under way on a host.
pub(super) struct Task {
    pub(super) what: String,
    future: Pin<Box<dyn Future<Output = Result<(), ManagerError>> + Send>>,
    woken: Arc<Woken>,
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

#[derive(Debug)]
struct Woken(AtomicBool);

impl ArcWake for Woken {
    fn wake_by_ref(this: &Arc<Self>) {
        this.0.store(true, Ordering::Relaxed);
    }
}

/// The answer of something that never waits.
pub(super) fn done<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let mut work = std::pin::pin!(work);
    let mut context = Context::from_waker(Waker::noop());
    match work.poll_unpin(&mut context) {
        Poll::Ready(answer) => Ok(answer),
        Poll::Pending => Err("the simulated world waits for itself".to_owned()),
    }
}

pub(super) fn words(error: impl fmt::Display) -> String {
    error.to_string()
}

fn source() -> MemorySource {
    let parameters = json!({"pluginType": "elizaos:plugin:1.0.0", "pluginParameters": {
        SECRET: {"type": "string", "sensitive": true},
        "SIZE": {"type": "number"},
    }});
    let core = || json!({"@elizaos/core": "^1.7.0"});
    let alone = || json!({"dependencies": core()});
    let first = json!({
        "dependencies": {"@elizaos/core": "^1.7.0", NEEDED: "^1.0.0"},
        "agentConfig": parameters,
    });
    let second = json!({"dependencies": core(), "agentConfig": parameters});
    MemorySource::new("simulated")
        .with(
            "@elizaos/core",
            package("@elizaos/core", vec![("1.7.2", json!({}))]),
        )
        .with(
            NEEDED,
            package(NEEDED, vec![(FIRST, alone()), (SECOND, alone())]),
        )
        .with(
            PLUGIN,
            package(PLUGIN, vec![(FIRST, first), (SECOND, second)]),
        )
}

fn package(name: &str, versions: Vec<(&str, Value)>) -> Value {
    let integrity = format!("sha512-{}==", "A".repeat(86));
    let latest = versions.last().map_or("", |(version, _)| *version);
    let tags = json!({"latest": latest});
    let mut all = serde_json::Map::new();
    for (version, mut body) in versions {
        if let Some(body) = body.as_object_mut() {
            body.insert("name".to_owned(), name.into());
            body.insert("version".to_owned(), version.into());
            body.insert("dist".to_owned(), json!({"integrity": integrity}));
        }
        all.insert(version.to_owned(), body);
    }
    json!({"name": name, "dist-tags": tags, "versions": all})
}
