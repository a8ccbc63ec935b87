//! Hosts killed in the middle of their work, again and again, on one SQLite file.

mod native;
mod node;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{
    BudgetRule, ChangeSet, Clock, ConnectionQuery, Event, EventId, EventQuery, EventType, Group,
    GroupId, Limit, Membership, NewEvent, PersonId, Place, Plan, PluginThingType, RandomIds, Role,
    Scope, Store, SystemClock, Thing, ThingId, ThingProperties, ThingQuery, ThingStatus, Timestamp,
};
use plugin_lifecycle::{Instance, PluginManager, Policy, Snapshot, Tenant};
use plugin_runtime_api::{Executor, RuntimeId, RuntimeStatus};
use plugin_store_sqlite::{Options, SqliteStore};
use plugin_testkit::sim::{Observed, RunningRuntime, unfinished, violations};

const FILE: &str = "ONE_PLUGIN_TEST_KILLED_FILE";
const HOURS: &str = "ONE_PLUGIN_TEST_KILLED_HOURS";

/// The machine's clock, some hours ahead: each host comes when the leases of the last have run out.
#[derive(Debug)]
struct Ahead(u64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus(Duration::from_secs(3600 * self.0))
    }
}

/// A host on the file.
struct Host {
    store: Arc<SqliteStore>,
    executor: Arc<dyn Executor>,
    manager: PluginManager,
    group: GroupId,
}

impl Host {
    fn on(file: &Path, hours: u64, executor: Arc<dyn Executor>) -> Self {
        let store = Arc::new(SqliteStore::open(file, Options::default()).unwrap());
        let mut policy = Policy::default();
        policy.installs = BudgetRule::Level { limit: 1_000_000 };
        policy.executions = BudgetRule::Level { limit: 1_000_000 };
        let manager = PluginManager::with_environment(
            store.clone(),
            store.clone(),
            executor.clone(),
            Arc::new(Ahead(hours)),
            Arc::new(RandomIds),
        )
        .with_policy(policy);
        Self {
            store,
            executor,
            manager,
            group: GroupId::of_name(&["killed"]),
        }
    }

    fn found(&self) {
        let now = SystemClock.now();
        let scope = Scope::system("setup".parse().unwrap(), Place::Group(self.group));
        let id = EventId::of_name(&["founded"]);
        let event = NewEvent::new(id, EventType::GroupCreated, Some(self.group.into()));
        let mut group = Group::new(self.group, "Killed", now);
        group.plan = Plan::Enterprise;
        let owner = PersonId::of_name(&["owner"]);
        let membership = Membership::new(owner, Place::Group(self.group), Role::GroupOwner, now);
        let changes = ChangeSet::new(&scope, event, now)
            .insert(group)
            .insert(membership);
        block_on(self.store.commit(changes)).unwrap();
    }

    fn tenant(&self) -> Tenant {
        let owner = PersonId::of_name(&["owner"]);
        block_on(self.manager.tenant(owner, self.group)).unwrap()
    }

    fn rows<P: ThingProperties>(&self, scope: &Scope, query: ThingQuery) -> Vec<Thing<P>> {
        let mut query = query;
        query.limit = Limit::new(Limit::MAX);
        let mut rows = Vec::new();
        loop {
            let page = block_on(self.store.things(scope, &query)).unwrap();
            rows.extend(page.items.into_iter().map(|thing| thing.typed().unwrap()));
            query.cursor = page.next;
            if query.cursor.is_none() {
                return rows;
            }
        }
    }

    fn trail(&self, scope: &Scope) -> Vec<Event> {
        let mut events = Vec::new();
        let mut query = EventQuery {
            limit: Limit::new(Limit::MAX),
            ..EventQuery::default()
        };
        loop {
            let page = block_on(self.store.events(scope, &query)).unwrap();
            events.extend(page.items);
            query.cursor = page.next;
            if query.cursor.is_none() {
                return events;
            }
        }
    }

    /// What runs of an instance, as this host's executor says.
    fn running(&self, row: &Instance) -> Option<(RuntimeId, RunningRuntime)> {
        let p = &row.properties;
        match block_on(self.executor.status(&p.runtime)) {
            Ok(RuntimeStatus::Running { fence, .. }) => Some((
                p.runtime,
                RunningRuntime {
                    instance: Some(row.id),
                    agent: None,
                    version: p.version.clone(),
                    // An executor does not say what it was started with.
                    settings: p.settings.clone(),
                    secrets: Vec::new(),
                    fence,
                },
            )),
            Ok(RuntimeStatus::Crashed { .. } | RuntimeStatus::Stopped) | Err(_) => None,
        }
    }

    fn observed(&self, scope: &Scope) -> Observed {
        let every = |query: ThingQuery| ThingQuery {
            statuses: ThingStatus::ALL.to_vec(),
            ..query
        };
        let instances = ThingQuery::of_type(PluginThingType::PluginInstance);
        let rows: Vec<Instance> = self.rows(scope, every(instances));
        let mut snapshots: BTreeMap<ThingId, usize> = BTreeMap::new();
        let kept = ThingQuery::of_type(PluginThingType::PluginSnapshot);
        let kept: Vec<Snapshot> = self.rows(scope, kept);
        for snapshot in kept {
            *snapshots.entry(snapshot.properties.instance).or_default() += 1;
        }
        let query = ConnectionQuery {
            limit: Limit::new(Limit::MAX),
            ..ConnectionQuery::default()
        };
        let connections = block_on(self.store.connections(scope, &query)).unwrap();
        let budget = |key: &str| {
            let key = key.parse().unwrap();
            block_on(self.store.budget(scope, &key)).unwrap()
        };
        Observed {
            running: rows.iter().filter_map(|row| self.running(row)).collect(),
            rows,
            events: Arc::new(self.trail(scope)),
            connections: connections.items,
            plugins: budget("plugins"),
            at_a_time: budget("executions_at_a_time"),
            snapshots,
            ..Observed::default()
        }
    }

    /// Whatever the last host left: nothing that must not be, before and after this one has recovered; gives how
    /// much was under way.
    fn recover(&self, after: &str) -> usize {
        let tenant = self.tenant();
        let before = violations(&self.observed(tenant.scope()));
        assert_eq!(before, [], "after {after}");
        let report = block_on(self.manager.recover([self.group]));
        assert_eq!(report.failed, [], "after {after}");
        assert_eq!(report.left, [], "after {after}");
        let seen = self.observed(tenant.scope());
        assert_eq!(violations(&seen), [], "after the recovery of {after}");
        assert_eq!(unfinished(&seen), [], "after the recovery of {after}");
        block_on(tenant.audit_all()).unwrap();
        report.taken.len()
    }
}

/// A host in a process of its own: the test of that name in this program.
fn start(test: &str, file: &Path, hours: u64) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture"])
        .env(FILE, file)
        .env(HOURS, hours.to_string())
        .stdout(Stdio::piped());
    command
}

/// Whether this process is such a host, and on which file, how many hours ahead.
fn asked() -> Option<(std::path::PathBuf, u64)> {
    let file = std::env::var_os(FILE)?;
    let hours = std::env::var(HOURS).ok()?.parse().ok()?;
    Some((file.into(), hours))
}

/// What a host says, up to the line that ends with `word`.
fn wait_for(child: &mut Child, out: &mut BufReader<ChildStdout>, word: &str) {
    let mut line = String::new();
    while out.read_line(&mut line).unwrap() > 0 {
        if line.trim_end().ends_with(word) {
            return;
        }
        line.clear();
    }
    let ended = child.wait().unwrap();
    assert_eq!(word, "", "the host ended before, {ended}");
}

/// How many hosts are to be killed.
fn kills() -> u64 {
    std::env::var("ONE_PLUGIN_HOST_KILLS").map_or(20, |it| it.parse().unwrap())
}
