//! The public face of the platform against a model of a page, over every store.

mod model;

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use futures::executor::block_on;
use one_ontology::{
    BudgetRule, ChangeSet, Directory, EventId, EventType, Group, GroupId, ManualClock, Membership,
    MemoryStore, NewEvent, PersonId, Place, Plan, Role, Scope, SequentialIds, Store, ThingId,
    Timestamp,
};
use plugin_lifecycle::{Approval, ManagerError, PluginManager, Policy, StateKind, Tenant};
use plugin_registry::MemorySource;
use plugin_runtime_api::{
    Component, ComponentKind, Ending, Engine, PluginFailure, Script, ScriptedExecutor, StartScript,
};
use plugin_store_postgres::PostgresStore;
use plugin_store_sqlite::{Durability, SqliteStore};
use plugin_test_postgres::{Database, address};
use proptest::test_runner::Config;
use proptest_state_machine::{StateMachineTest, prop_state_machine};
use serde_json::{Value, json};

use self::model::{Command, Does, ERRORS, Model, Plugin, Rest, Starts, Step, Who};

const MAIN: &str = "@elizaos/plugin-main";
const NEEDED: &str = "@elizaos/plugin-needed";
const VERSIONS: [&str; 2] = ["1.0.0", "1.1.0"];

/// A store that all cases of a test share, each with organisations of its own.
trait Kept: std::fmt::Debug {
    fn store() -> Option<(Arc<dyn Store>, Arc<dyn Directory>)>;
}

#[derive(Debug)]
struct InMemory;
#[derive(Debug)]
struct OnSqlite;
#[derive(Debug)]
struct OnPostgres;

impl Kept for InMemory {
    fn store() -> Option<(Arc<dyn Store>, Arc<dyn Directory>)> {
        let store = Arc::new(MemoryStore::new());
        Some((store.clone(), store))
    }
}

impl Kept for OnSqlite {
    fn store() -> Option<(Arc<dyn Store>, Arc<dyn Directory>)> {
        static STORE: LazyLock<(tempfile::TempDir, Arc<SqliteStore>)> = LazyLock::new(|| {
            let directory = tempfile::tempdir().unwrap();
            let options = plugin_store_sqlite::Options::default().durability(Durability::Normal);
            let store = SqliteStore::open(directory.path().join("facts.sqlite"), options).unwrap();
            (directory, Arc::new(store))
        });
        Some((STORE.1.clone(), STORE.1.clone()))
    }
}

impl Kept for OnPostgres {
    fn store() -> Option<(Arc<dyn Store>, Arc<dyn Directory>)> {
        static STORE: LazyLock<Option<(Database, Arc<PostgresStore>)>> = LazyLock::new(|| {
            let database = Database::on(address("one-plugin the platform against its model")?);
            let options = plugin_store_postgres::Options::default();
            let address = database.address();
            let store = block_on(PostgresStore::connect(&address, options));
            Some((database, Arc::new(store.unwrap())))
        });
        let (_, store) = STORE.as_ref()?;
        Some((store.clone(), store.clone()))
    }
}

/// A platform with two organisations of its own.
#[derive(Debug)]
struct Platform {
    executor: Arc<ScriptedExecutor>,
    owner: Tenant,
    user: Tenant,
    stranger: Tenant,
}

fn package(name: &str, versions: &[(&str, Value)]) -> Value {
    let mut all = serde_json::Map::new();
    for (version, needs) in versions {
        let release = json!({
            "name": name, "version": version, "dependencies": needs,
            "dist": {"integrity": format!("sha512-{}==", "A".repeat(86))},
            "agentConfig": {"pluginType": "elizaos:plugin:1.0.0", "pluginParameters": {
                "SIZE": {"type": "number"},
            }},
        });
        all.insert((*version).to_owned(), release);
    }
    json!({"name": name, "dist-tags": {"latest": versions[versions.len() - 1].0}, "versions": all})
}

fn source() -> MemorySource {
    let [first, second] = VERSIONS;
    MemorySource::new("npm")
        .with(NEEDED, package(NEEDED, &[(first, json!({}))]))
        .with(
            MAIN,
            package(
                MAIN,
                &[(first, json!({NEEDED: "^1.0.0"})), (second, json!({}))],
            ),
        )
}

fn policy() -> Policy {
    let mut policy = Policy::default();
    let many = BudgetRule::Level { limit: 1_000_000 };
    (policy.installs, policy.executions) = (many, many);
    policy.errors_in_a_row = ERRORS;
    policy.errors_in_window = 1_000;
    policy.breaker.failures = 1_000;
    policy
}

impl Platform {
    fn on(store: Arc<dyn Store>, directory: Arc<dyn Directory>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let executor = Arc::new(ScriptedExecutor::new([Engine::Node]));
        for plugin in [MAIN, NEEDED] {
            let work = Component::new(ComponentKind::Action, "WORK".parse().unwrap());
            executor.plugin(plugin.parse().unwrap(), vec![work]);
        }
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let manager = PluginManager::with_environment(
            store.clone(),
            directory,
            executor.clone(),
            Arc::new(ManualClock::new(now)),
            Arc::new(SequentialIds::starting_at(number * 1_000_000)),
        )
        .with_source(Arc::new(source()))
        .with_policy(policy());
        let tenant = |group: &str, role: Role| {
            let group = GroupId::of_name(&["platform", &number.to_string(), group]);
            let person = PersonId::of_name(&[&group.to_string(), role.as_str()]);
            found(store.as_ref(), group, person, role, now);
            block_on(manager.tenant(person, group)).unwrap()
        };
        let owner = tenant("own", Role::GroupOwner);
        let user = tenant("own", Role::GroupUser);
        let stranger = tenant("other", Role::GroupOwner);
        Self {
            executor,
            owner,
            user,
            stranger,
        }
    }

    fn instance(&self, plugin: Plugin) -> ThingId {
        let found = block_on(self.owner.installed(name(plugin))).unwrap();
        found.map_or_else(|| ThingId::of_name(&["nothing"]), |it| it.instance)
    }

    fn prepare(&self, step: &Step) {
        let plugin = || name(step.plugin).parse().unwrap();
        let fails = || PluginFailure::new("TypeError", "x is undefined");
        match step.command {
            Command::Execute(does) => {
                let script = match does {
                    Does::Succeed => Script::Succeed(json!(null)),
                    Does::Refuse => Script::Refuse("not today".to_owned()),
                    Does::Fail => Script::Fail(fails()),
                    Does::Crash => Script::Crash("signal 11".to_owned()),
                };
                self.executor.always("WORK", script);
            }
            Command::Activate(Starts::Badly)
            | Command::Update(Starts::Badly)
            | Command::Rollback(Starts::Badly) => {
                let script = StartScript::Fail(fails());
                self.executor.script_start(plugin(), script);
            }
            _ => {}
        }
    }

    fn give(&self, step: &Step) -> Result<(), ManagerError> {
        let tenant = match step.who {
            Who::Owner => &self.owner,
            Who::User => &self.user,
            Who::Stranger => &self.stranger,
        };
        let instance = self.instance(step.plugin);
        block_on(async {
            match &step.command {
                Command::Install => {
                    let plan = tenant.plan_install(name(step.plugin), VERSIONS[0]).await?;
                    tenant.install(&plan).await.map(drop)
                }
                Command::Activate(_) => tenant.activate(instance).await.map(drop),
                Command::Execute(does) => {
                    let outcome = tenant.execute(instance, "WORK", json!({})).await?;
                    let as_told = match does {
                        Does::Succeed => matches!(outcome.ending, Ending::Succeeded { .. }),
                        Does::Refuse => matches!(outcome.ending, Ending::Refused { .. }),
                        Does::Fail => matches!(outcome.ending, Ending::Failed { .. }),
                        Does::Crash => matches!(outcome.ending, Ending::Crashed { .. }),
                    };
                    assert!(as_told, "{does:?}: {outcome:?}");
                    Ok(())
                }
                Command::Configure(size) => {
                    let value = size.map_or_else(|| json!("large"), |size| json!(size));
                    let settings = [("SIZE".to_owned(), value)].into();
                    tenant.configure(instance, settings).await
                }
                Command::Update(_) => {
                    let now = self.owner.instance(instance).await;
                    let is_first = now.is_ok_and(|it| it.properties.version == VERSIONS[0]);
                    let to = if is_first && step.plugin == Plugin::Main {
                        1
                    } else {
                        0
                    };
                    let plan = tenant.plan_update(instance, VERSIONS[to]).await?;
                    tenant.update(&plan, &Approval::of(&plan)).await
                }
                Command::Rollback(_) => tenant.rollback(instance).await,
                Command::Deactivate => tenant.deactivate(instance).await,
                Command::Suspend => tenant.suspend(instance, "for a test").await,
                Command::Uninstall => tenant.uninstall(instance).await,
            }
        })
    }
}

fn found(store: &dyn Store, group: GroupId, person: PersonId, role: Role, now: Timestamp) {
    let scope = Scope::system("setup".parse().unwrap(), Place::Group(group));
    let words = [&group.to_string(), role.as_str()];
    let event = NewEvent::new(
        EventId::of_name(&words),
        EventType::GroupCreated,
        Some(group.into()),
    );
    let mut changes = ChangeSet::new(&scope, event, now);
    if role == Role::GroupOwner {
        let mut row = Group::new(group, "Model", now);
        row.plan = Plan::Enterprise;
        changes = changes.insert(row);
    }
    let membership = Membership::new(person, Place::Group(group), role, now);
    block_on(store.commit(changes.insert(membership))).unwrap();
}

const fn name(plugin: Plugin) -> &'static str {
    match plugin {
        Plugin::Main => MAIN,
        Plugin::Needed => NEEDED,
    }
}

/// The platform on a store, beside its model.
struct Beside<K>(PhantomData<K>);

impl<K: Kept> StateMachineTest for Beside<K> {
    /// None where there is no such store on this machine.
    type SystemUnderTest = Option<Platform>;
    type Reference = Model;

    fn init_test(_: &Model) -> Option<Platform> {
        K::store().map(|(store, directory)| Platform::on(store, directory))
    }

    fn apply(platform: Option<Platform>, model: &Model, step: Step) -> Option<Platform> {
        let platform = platform?;
        platform.prepare(&step);
        let refused = platform.give(&step).err();
        // It may not have come so far.
        let plugin = name(step.plugin).parse().unwrap();
        platform.executor.unscript_starts(&plugin);
        let tag = refused.as_ref().map(ManagerError::tag);
        assert_eq!(tag, model.refused, "{step:?}: {refused:?}");
        Some(platform)
    }

    fn check_invariants(platform: &Option<Platform>, model: &Model) {
        let Some(platform) = platform else { return };
        assert_eq!(platform.executor.runs("WORK"), model.runs);
        let there = block_on(platform.user.list_installed()).unwrap();
        assert_eq!(there.len(), model.rows.len());
        for (plugin, row) in &model.rows {
            let found = block_on(platform.owner.instance(platform.instance(*plugin))).unwrap();
            let found = found.properties;
            let state = match row.rest {
                Rest::Installed => StateKind::Installed,
                Rest::Active => StateKind::Active,
                Rest::Suspended => StateKind::Suspended,
                Rest::Error => StateKind::Error,
            };
            let size = found.settings.get("SIZE").and_then(Value::as_i64);
            assert_eq!(
                (
                    found.lifecycle.kind(),
                    found.version.as_str(),
                    size,
                    found.errors.in_a_row
                ),
                (state, VERSIONS[row.version], row.size, row.in_a_row),
                "{plugin:?}"
            );
            assert!(found.operation.is_none() && found.executions.is_empty());
        }
    }

    fn teardown(platform: Option<Platform>, _: Model) {
        if let Some(platform) = platform {
            block_on(platform.owner.audit_all()).unwrap();
        }
    }
}

fn config(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    }
}

prop_state_machine! {
    #![proptest_config(config(200))]
    #[test]
    fn the_platform_does_what_its_model_does_in_memory(sequential 1..60 => Beside<InMemory>);
}

prop_state_machine! {
    #![proptest_config(config(40))]
    #[test]
    fn the_platform_does_what_its_model_does_on_sqlite(sequential 1..60 => Beside<OnSqlite>);
}

prop_state_machine! {
    #![proptest_config(config(15))]
    #[test]
    fn the_platform_does_what_its_model_does_on_postgres(sequential 1..60 => Beside<OnPostgres>);
}
