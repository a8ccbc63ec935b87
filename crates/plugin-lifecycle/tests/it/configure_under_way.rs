//! Settings and secrets that are changed while executions are under way.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::executor::block_on;
use futures::task::noop_waker;
use one_ontology::{ThingId, Timestamp};
use plugin_lifecycle::{Approval, ManagerError, PluginManager, Policy, StateKind, Tenant};
use plugin_runtime_api::{
    ExecutionId, ExecutorCall, Fence, ManualTimer, MemoryVault, Outcome, Script, SecretName,
    SecretString, Vault as _, VaultError,
};
use serde_json::{Value, json};

use crate::abandoned::abandon;
use crate::secrets::KEY;
use crate::update::{found, planned, publish_minor, rules, search, state};
use crate::world::{World, group, person};

const ACTION: &str = "SEARCH_KNOWLEDGE";

type Command<'a, T> = Pin<Box<dyn Future<Output = Result<T, ManagerError>> + 'a>>;

/// A platform with one active plugin and a vault.
struct Stage {
    world: World,
    manager: PluginManager,
    vault: Arc<MemoryVault>,
    timer: Arc<ManualTimer>,
    acme: Tenant,
    instance: ThingId,
}

impl Stage {
    fn new() -> Self {
        Self::with_policy(Policy::default())
    }

    fn with_policy(policy: Policy) -> Self {
        let world = World::with_policy(policy);
        let vault = Arc::new(MemoryVault::new());
        let timer = Arc::new(ManualTimer::new(world.clock.clone()));
        let manager = world.manager.clone().with_vault(vault.clone());
        let manager = manager.with_timer(timer.clone());
        let acme = block_on(manager.tenant(person("alice"), group("acme"))).unwrap();
        let instance = world.active(&acme);
        Self {
            world,
            manager,
            vault,
            timer,
            acme,
            instance,
        }
    }

    /// An execution that is under way until it is let go.
    fn begin(&self) -> Command<'_, Outcome> {
        let hanging = Script::hang_then(Script::Succeed(json!({"result": "late"})));
        self.world.executor.script(ACTION, hanging);
        let mut execution: Command<'_, Outcome> =
            Box::pin(self.acme.execute(self.instance, ACTION, json!({})));
        assert!(poll(&mut execution).is_pending());
        assert_eq!(self.state(), StateKind::Executing);
        execution
    }

    /// Lets executions under way end, and this one come to its end.
    fn end(&self, execution: &mut Command<'_, Outcome>) {
        assert!(self.world.executor.release(ACTION) > 0);
        assert!(matches!(poll(execution), Poll::Ready(Ok(_))));
    }

    fn set(&self, name: &str, value: Value) -> Command<'_, ()> {
        let settings = BTreeMap::from([(name.to_owned(), value)]);
        Box::pin(self.acme.configure(self.instance, settings))
    }

    fn state(&self) -> StateKind {
        state(&self.acme, self.instance)
    }

    fn row(&self) -> plugin_lifecycle::PluginInstance {
        found(&self.acme, self.instance)
    }

    fn refused(&self) -> String {
        let refused = search(&self.acme, self.instance);
        refused.unwrap_err().to_string()
    }

    /// The settings with which the runtime was started last, and its fence.
    fn started(&self) -> (BTreeMap<String, Value>, Fence) {
        let calls = self.world.executor.calls().into_iter();
        let mut starts = calls.filter_map(|call| match call {
            ExecutorCall::Start { spec } => Some(spec),
            _ => None,
        });
        let spec = starts.next_back().unwrap();
        let own = spec.plugins.iter().find(|it| it.instance == self.instance);
        (own.unwrap().settings.clone(), spec.fence)
    }

    fn kept(&self) -> Option<String> {
        let name = SecretName {
            group: group("acme"),
            instance: self.instance,
            parameter: KEY.to_owned(),
        };
        let asks = ExecutionId::of_name(&["look"]);
        match block_on(self.vault.lease(&name, asks, Timestamp::EPOCH)) {
            Ok(secret) => Some(secret.expose().to_owned()),
            Err(VaultError::NotFound { .. }) => None,
            Err(error) => panic!("{error}"),
        }
    }
}

fn poll<T>(command: &mut Command<'_, T>) -> Poll<Result<T, ManagerError>> {
    let waker = noop_waker();
    command.as_mut().poll(&mut Context::from_waker(&waker))
}

fn size(value: u64) -> BTreeMap<String, Value> {
    BTreeMap::from([("CHUNK_SIZE".to_owned(), json!(value))])
}

#[test]
fn those_under_way_end_with_what_they_began_with_and_the_next_have_the_new() {
    let stage = Stage::new();
    block_on(stage.set("CHUNK_SIZE", json!(1))).unwrap();
    let mut execution = stage.begin();
    let before = stage.started();
    assert_eq!(before.0, size(1));
    let mut configure = stage.set("CHUNK_SIZE", json!(2));
    assert!(poll(&mut configure).is_pending());
    assert_eq!(stage.row().settings, size(1));
    let refused = stage.refused();
    assert!(
        refused.contains("is being changed; try again at 2026-"),
        "{refused}"
    );
    assert_eq!(stage.started(), before);
    stage.end(&mut execution);
    block_on(configure).unwrap();
    assert_eq!(stage.row().settings, size(2));
    assert!(stage.row().holds.is_empty());
    search(&stage.acme, stage.instance).unwrap();
    let after = stage.started();
    assert_eq!(after.0, size(2));
    assert!(after.1 > before.1);
    let rules = rules(&stage.acme, stage.instance);
    assert_eq!(rules.iter().filter(|rule| *rule == "T59").count(), 2);
}

#[test]
fn no_secret_is_given_or_destroyed_before_those_under_way_have_ended() {
    let stage = Stage::new();
    for (given, kept) in [(Some("sk-1"), None), (Some("sk-2"), Some("sk-1"))] {
        let mut execution = stage.begin();
        let before = stage.row().fence;
        let mut set: Command<'_, ()> = Box::pin(stage.acme.set_secret(
            stage.instance,
            KEY,
            given.unwrap_or_default(),
        ));
        assert!(poll(&mut set).is_pending());
        assert_eq!(stage.kept().as_deref(), kept);
        assert!(stage.row().secrets_under_way.is_empty());
        stage.end(&mut execution);
        block_on(set).unwrap();
        assert_eq!(stage.kept().as_deref(), given);
        assert!(stage.row().fence > before, "what runs has the old one");
    }
    let mut execution = stage.begin();
    let before = stage.row().fence;
    let mut destroy: Command<'_, ()> = Box::pin(stage.acme.destroy_secret(stage.instance, KEY));
    assert!(poll(&mut destroy).is_pending());
    assert_eq!(stage.kept().as_deref(), Some("sk-2"));
    stage.end(&mut execution);
    block_on(destroy).unwrap();
    assert_eq!(stage.kept(), None);
    assert!(stage.row().fence > before, "what runs has it still");
    assert!(stage.row().secrets_left().is_empty());
}

#[test]
fn a_caller_that_gives_up_keeps_the_plugin_closed_only_for_so_long() {
    let stage = Stage::new();
    let mut execution = stage.begin();
    abandon(stage.set(KEY, json!("sk-1")));
    assert!(stage.refused().contains("try again at"));
    stage.end(&mut execution);
    assert!(stage.refused().contains("try again at"));
    let until = stage.row().held_back(stage.timer_now()).unwrap().until;
    stage.timer.advance(until.since(stage.timer_now()));
    search(&stage.acme, stage.instance).unwrap();
    let row = stage.row();
    assert_eq!((stage.kept(), row.settings_revision), (None, 0));
}

#[test]
fn a_host_that_is_said_to_be_gone_holds_nothing_back() {
    let stage = Stage::new();
    let mut execution = stage.begin();
    abandon(stage.set("CHUNK_SIZE", json!(2)));
    stage.end(&mut execution);
    let ended = block_on(stage.acme.presume_gone()).unwrap();
    assert_eq!(ended, [stage.instance]);
    search(&stage.acme, stage.instance).unwrap();
}

#[test]
fn what_does_not_end_in_time_leaves_everything_as_it_was() {
    let mut policy = Policy::default();
    policy.longest_hold = Duration::from_secs(20);
    let stage = Stage::with_policy(policy);
    for secret in [false, true] {
        let mut execution = stage.begin();
        let before = stage.row();
        let mut configure = match secret {
            true => stage.set(KEY, json!("sk-1")),
            false => stage.set("CHUNK_SIZE", json!(2)),
        };
        assert!(poll(&mut configure).is_pending());
        stage.timer.advance(Duration::from_secs(19));
        assert!(poll(&mut configure).is_pending());
        assert!(stage.refused().contains("try again at"));
        stage.timer.advance(Duration::from_secs(1));
        let error = block_on(configure).unwrap_err();
        assert_eq!(error.tag(), "Draining");
        assert_eq!(error.to_string(), "1 executions have not ended yet");
        assert_eq!(stage.row().settings_revision, before.settings_revision);
        assert_eq!(stage.row().settings, before.settings);
        assert_eq!(stage.row().secrets_left(), before.secrets_left());
        assert_eq!((stage.row().fence, stage.kept()), (before.fence, None));
        search(&stage.acme, stage.instance).unwrap();
        stage.end(&mut execution);
    }
}

#[test]
fn several_at_once_all_come_to_their_ends() {
    let stage = Stage::new();
    let mut execution = stage.begin();
    let mut commands: Vec<Command<'_, ()>> = vec![
        stage.set("CHUNK_SIZE", json!(2)),
        stage.set(KEY, json!("sk-1")),
        stage.set("CHUNK_SIZE", json!(3)),
    ];
    for command in &mut commands {
        assert!(poll(command).is_pending());
    }
    stage.end(&mut execution);
    let mut ended = 0;
    let last = commands.pop().unwrap();
    for command in commands {
        block_on(command).unwrap();
        ended += 1;
        // Those that wait still do: who is done lets nothing past them.
        assert!(stage.refused().contains("try again at"), "after {ended}");
    }
    block_on(last).unwrap();
    search(&stage.acme, stage.instance).unwrap();
    let row = stage.row();
    assert_eq!((row.settings, row.settings_revision), (size(3), 3));
    assert_eq!(stage.kept().as_deref(), Some("sk-1"));
}

#[test]
fn who_gives_up_lets_nothing_past_who_does_not() {
    let mut policy = Policy::default();
    policy.longest_hold = Duration::from_secs(20);
    let stage = Stage::with_policy(policy);
    let mut execution = stage.begin();
    let mut first = stage.set("CHUNK_SIZE", json!(2));
    assert!(poll(&mut first).is_pending());
    stage.timer.advance(Duration::from_secs(10));
    let mut second = stage.set("CHUNK_SIZE", json!(3));
    assert!(poll(&mut second).is_pending());
    stage.timer.advance(Duration::from_secs(10));
    assert_eq!(block_on(first).unwrap_err().tag(), "Draining");
    assert!(stage.refused().contains("try again at"));
    stage.end(&mut execution);
    block_on(second).unwrap();
    assert_eq!(stage.row().settings, size(3));
}

#[test]
fn beside_an_update_both_are_done_or_the_settings_say_why_not() {
    for first in ["configure", "update"] {
        let stage = Stage::new();
        publish_minor(&stage.world);
        let plan = planned(&stage.acme, stage.instance);
        let mut execution = stage.begin();
        let none = Approval::none();
        let mut update: Command<'_, ()> = Box::pin(stage.acme.update(&plan, &none));
        let mut configure = stage.set("CHUNK_SIZE", json!(2));
        assert!(poll(&mut update).is_pending());
        assert!(poll(&mut configure).is_pending());
        stage.end(&mut execution);
        if first == "configure" {
            block_on(configure).unwrap();
            assert!(stage.refused().contains("try again at"));
            block_on(update).unwrap();
        } else {
            block_on(update).unwrap();
            block_on(configure).unwrap();
        }
        let row = stage.row();
        assert_eq!(
            (row.version.as_str(), &row.settings),
            ("1.7.0", &size(2)),
            "{first}"
        );
        assert!(row.holds.is_empty(), "{first}");
        search(&stage.acme, stage.instance).unwrap();
    }
}

#[test]
fn a_hold_that_has_lapsed_is_taken_again() {
    let stage = Stage::new();
    let mut execution = stage.begin();
    // A host whose timer never wakes it: its hold is over before it looks again.
    let asleep = block_on(
        stage
            .manager
            .clone()
            .with_timer(Arc::new(Asleep))
            .tenant(person("alice"), group("acme")),
    )
    .unwrap();
    let mut configure: Command<'_, ()> = Box::pin(asleep.configure(stage.instance, size(2)));
    assert!(poll(&mut configure).is_pending());
    let until = stage.row().held_back(stage.timer_now()).unwrap().until;
    stage
        .timer
        .advance(until.since(stage.timer_now()) + Duration::from_secs(1));
    let mut later = stage.begin();
    stage.end(&mut execution);
    assert_eq!(stage.state(), StateKind::Executing);
    assert!(poll(&mut configure).is_pending());
    assert!(stage.refused().contains("try again at"));
    assert!(matches!(poll(&mut later), Poll::Ready(Ok(_))));
    block_on(configure).unwrap();
    assert_eq!(stage.row().settings, size(2));
}

#[derive(Debug)]
struct Asleep;

#[async_trait::async_trait]
impl plugin_runtime_api::Timer for Asleep {
    async fn sleep_until(&self, _moment: Timestamp) {
        std::future::pending::<()>().await;
    }
}

#[test]
fn executions_of_hosts_that_are_gone_do_not_hold_it_up() {
    let stage = Stage::new();
    let hanging = Script::hang_then(Script::Succeed(Value::Null));
    stage.world.executor.script(ACTION, hanging);
    abandon(stage.acme.execute(stage.instance, ACTION, Value::Null));
    let mut configure = stage.set("CHUNK_SIZE", json!(2));
    assert!(poll(&mut configure).is_pending());
    stage.timer.advance(Duration::from_secs(100));
    block_on(configure).unwrap();
    assert_eq!(
        (stage.state(), stage.row().settings),
        (StateKind::Active, size(2))
    );
}

#[test]
fn a_stop_beside_it_refuses_it_and_leaves_no_secret_behind() {
    let stage = Stage::new();
    let mut execution = stage.begin();
    let mut set = stage.set(KEY, json!("sk-1"));
    assert!(poll(&mut set).is_pending());
    abandon(stage.acme.deactivate(stage.instance));
    let error = block_on(set).unwrap_err();
    assert_eq!(error.tag(), "CommandRefused");
    assert_eq!(stage.kept(), None);
    assert!(stage.row().holds.is_empty());
    assert!(stage.row().secrets_left().is_empty());
    drop(poll(&mut execution));
}

/// A vault that takes nothing until it is told to, and then says nothing.
#[derive(Debug)]
struct Silent(Arc<MemoryVault>);

#[async_trait::async_trait]
impl plugin_runtime_api::Vault for Silent {
    async fn put(&self, name: &SecretName, secret: SecretString) -> Result<(), VaultError> {
        self.0.put(name, secret).await?;
        std::future::pending::<()>().await;
        Ok(())
    }

    async fn lease(
        &self,
        name: &SecretName,
        execution: ExecutionId,
        now: Timestamp,
    ) -> Result<SecretString, VaultError> {
        self.0.lease(name, execution, now).await
    }

    async fn list(
        &self,
        group: one_ontology::GroupId,
        instance: ThingId,
    ) -> Result<Vec<String>, VaultError> {
        self.0.list(group, instance).await
    }

    async fn rotate(&self, group: one_ontology::GroupId) -> Result<(), VaultError> {
        self.0.rotate(group).await
    }

    async fn forget(&self, name: &SecretName) -> Result<(), VaultError> {
        self.0.forget(name).await
    }

    async fn destroy(
        &self,
        group: one_ontology::GroupId,
        instance: ThingId,
    ) -> Result<(), VaultError> {
        self.0.destroy(group, instance).await
    }
}

#[test]
fn a_doubt_that_is_written_while_executions_are_under_way_owes_a_restart() {
    let stage = Stage::new();
    let silent = stage.manager.clone();
    let silent = silent.with_vault(Arc::new(Silent(stage.vault.clone())));
    let silent = block_on(silent.tenant(person("alice"), group("acme"))).unwrap();
    let settings = BTreeMap::from([(KEY.to_owned(), json!("sk-1"))]);
    abandon(silent.configure(stage.instance, settings));
    // Executions begin again long before the giver is given up.
    stage.timer.advance(Duration::from_secs(590));
    let mut execution = stage.begin();
    let mut other = stage.begin();
    let before = stage.row().fence;
    stage.timer.advance(Duration::from_secs(11));
    let report = block_on(stage.manager.recover([group("acme")]));
    assert_eq!(report.failed, []);
    let row = stage.row();
    assert!(row.secrets_unsure.contains(KEY));
    assert!(row.restart_owed.is_some());
    assert_eq!(row.fence, before, "what is under way is not ended");
    assert!(stage.refused().contains("try again at"));
    assert_eq!(stage.world.executor.release(ACTION), 2);
    assert!(matches!(poll(&mut execution), Poll::Ready(Ok(_))));
    assert_eq!(stage.row().fence, before, "one is under way");
    assert!(matches!(poll(&mut other), Poll::Ready(Ok(_))));
    let row = stage.row();
    assert!(row.fence > before);
    assert_eq!(row.restart_owed, None);
    search(&stage.acme, stage.instance).unwrap();
    assert_eq!(stage.started().1, stage.row().fence);
}

#[test]
fn a_restart_that_is_owed_is_paid_where_executions_end_as_unknown() {
    let stage = Stage::new();
    let hanging = Script::hang_then(Script::Succeed(Value::Null));
    stage.world.executor.script(ACTION, hanging);
    abandon(stage.acme.execute(stage.instance, ACTION, Value::Null));
    let before = stage.row().fence;
    let mut row = block_on(stage.acme.instance(stage.instance)).unwrap();
    row.properties.restart_owed = Some(stage.timer_now());
    stage.write(&row);
    stage.timer.advance(Duration::from_secs(100));
    assert_eq!(block_on(stage.manager.recover([group("acme")])).failed, []);
    let row = stage.row();
    assert_eq!((stage.state(), row.restart_owed), (StateKind::Active, None));
    assert!(row.fence > before);
}

impl Stage {
    fn timer_now(&self) -> Timestamp {
        one_ontology::Clock::now(self.world.clock.as_ref())
    }

    /// Writes a row as a test wants it.
    fn write(&self, row: &plugin_lifecycle::Instance) {
        use one_ontology::{ChangeSet, EventId, EventType, NewEvent, Store as _};
        let id = EventId::of_name(&["by the test"]);
        let event = NewEvent::new(id, EventType::CourseCreated, None);
        let changes = ChangeSet::new(self.acme.scope(), event, self.timer_now());
        let row = row.clone().untyped().unwrap();
        block_on(self.world.store.commit(changes.replace(row))).unwrap();
    }
}
