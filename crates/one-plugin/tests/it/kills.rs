//! A host killed in the middle of its work, again and again, on one SQLite file.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{
    BudgetRule, ChangeSet, Clock, ConnectionQuery, EventId, EventQuery, EventType, Group, GroupId,
    Limit, Membership, NewEvent, PersonId, Place, Plan, PluginThingType, RandomIds, Role, Scope,
    Store, SystemClock, ThingQuery, ThingStatus, Timestamp,
};
use plugin_lifecycle::{PluginInstance, PluginManager, Policy, Tenant, native_source};
use plugin_runtime_api::{Engine, NativeExecutor, NativePlugin, NotesPlugin};
use plugin_store_sqlite::{Options, SqliteStore};
use plugin_testkit::sim::{Observed, unfinished, violations};
use serde_json::json;

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

struct Host {
    store: Arc<SqliteStore>,
    manager: PluginManager,
    group: GroupId,
}

impl Host {
    fn on(file: &Path, hours: u64) -> Self {
        let store = Arc::new(SqliteStore::open(file, Options::default()).unwrap());
        let native: Vec<Arc<dyn NativePlugin>> = vec![Arc::new(NotesPlugin)];
        let mut policy = Policy::default();
        policy.installs = BudgetRule::Level { limit: 1_000_000 };
        policy.executions = BudgetRule::Level { limit: 1_000_000 };
        let manager = PluginManager::with_environment(
            store.clone(),
            store.clone(),
            Arc::new(NativeExecutor::new(native.clone())),
            Arc::new(Ahead(hours)),
            Arc::new(RandomIds),
        )
        .with_source_for(Engine::Native, Arc::new(native_source(&native)))
        .with_policy(policy);
        let group = GroupId::of_name(&["killed"]);
        Self {
            store,
            manager,
            group,
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

    fn observed(&self, scope: &Scope) -> Observed {
        let query = ThingQuery {
            statuses: ThingStatus::ALL.to_vec(),
            limit: Limit::new(Limit::MAX),
            ..ThingQuery::of_type(PluginThingType::PluginInstance)
        };
        let page = block_on(self.store.things(scope, &query)).unwrap();
        assert!(page.next.is_none());
        let rows = page.items.into_iter().map(|thing| {
            let typed: Result<one_ontology::Thing<PluginInstance>, _> = thing.typed();
            typed.unwrap()
        });
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
                break;
            }
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
            subscriptions: Vec::new(),
            rows: rows.collect(),
            events: Arc::new(events),
            connections: connections.items,
            plugins: budget("plugins"),
            at_a_time: budget("executions_at_a_time"),
            daily: None,
            secrets: BTreeMap::new(),
            // There is one version of it.
            snapshots: BTreeMap::new(),
            // A native runtime ends with its host.
            running: BTreeMap::new(),
            fences: BTreeMap::new(),
            runs: BTreeMap::new(),
        }
    }
}

/// The whole life of a plugin, over and over, wherever the last host was killed.
fn work(file: &Path, hours: u64) {
    let host = Host::on(file, hours);
    let tenant = host.tenant();
    println!("ready");
    std::io::stdout().flush().unwrap();
    loop {
        let there = block_on(tenant.installed(NotesPlugin::NAME)).unwrap();
        let instance = match there {
            Some(plugin) => plugin.instance,
            None => {
                let plan = block_on(tenant.plan_install(NotesPlugin::NAME, "^1.0")).unwrap();
                block_on(tenant.install(&plan)).unwrap()
            }
        };
        // It may be anywhere: what cannot be done there is refused.
        drop(block_on(tenant.activate(instance)));
        for _ in 0..3 {
            drop(block_on(tenant.execute(
                instance,
                "ADD_NOTE",
                json!({"text": "x"}),
            )));
        }
        drop(block_on(tenant.deactivate(instance)));
        drop(block_on(tenant.uninstall(instance)));
    }
}

/// Not a test: where a host that the test below starts begins. Started as one, it does nothing.
#[test]
fn host() {
    if let (Some(file), Ok(hours)) = (std::env::var_os(FILE), std::env::var(HOURS)) {
        work(Path::new(&file), hours.parse().unwrap());
    }
}

fn start(file: &Path, hours: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kills::host", "--nocapture"])
        .env(FILE, file)
        .env(HOURS, hours.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn whatever_a_killed_host_left_is_finished_or_undone() {
    let kills = std::env::var("ONE_PLUGIN_HOST_KILLS").map_or(20, |it| it.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("facts.sqlite");
    Host::on(&file, 0).found();
    let mut taken = 0;
    for round in 0..kills {
        let mut child = start(&file, round * 2);
        let out = BufReader::new(child.stdout.take().unwrap());
        let ready = out
            .lines()
            .map_while(Result::ok)
            .any(|line| line.ends_with("ready"));
        assert!(ready, "the host did not start");
        // Somewhere in its work: primes apart, so that no rhythm of the host is met each time.
        std::thread::sleep(Duration::from_micros(3_000 + round * 7_919 % 61_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let host = Host::on(&file, round * 2 + 1);
        let tenant = host.tenant();
        let before = violations(&host.observed(tenant.scope()));
        assert_eq!(before, [], "after kill {round}");
        let report = block_on(host.manager.recover([host.group]));
        assert_eq!(report.failed, [], "after kill {round}");
        assert_eq!(report.left, [], "after kill {round}");
        taken += report.taken.len();
        let seen = host.observed(tenant.scope());
        assert_eq!(violations(&seen), [], "after recovery {round}");
        assert_eq!(unfinished(&seen), [], "after recovery {round}");
        block_on(tenant.audit_all()).unwrap();
    }
    eprintln!("{kills} hosts killed, {taken} times something was under way");
    assert!(taken > 0 || kills < 20, "nothing was ever under way");
}
