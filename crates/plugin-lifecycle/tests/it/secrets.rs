//! Secrets: whose an executor may hold, and where they are never found.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::executor::block_on;
use one_ontology::{
    ConnectionQuery, EventQuery, KnowledgeQuery, PersonQuery, SequentialIds, Store as _, ThingId,
    ThingQuery,
};
use plugin_lifecycle::{ManagerError, PluginManager, Policy, StateKind, Tenant};
use plugin_runtime_api::{
    ComponentKind, Ending, Enforcement, Engine, HostCall, IsolationLevel, MemoryVault,
    PermissionPreset, Permissions, PluginFailure, Script, ScriptedCall, ScriptedExecutor,
    StartScript,
};
use serde_json::json;

use crate::world::{KNOWLEDGE, World, component, group, person};

pub(crate) const CANARY: &str = "sk-canary-5e1f0a";
pub(crate) const KEY: &str = "OPENAI_API_KEY";

/// The platform of the other tests, whose hosts have a vault and say how well they isolate.
pub(crate) struct Guarded {
    pub(crate) world: World,
    vault: Arc<MemoryVault>,
    ids: Arc<SequentialIds>,
}

pub(crate) struct Host {
    pub(crate) executor: Arc<ScriptedExecutor>,
    manager: PluginManager,
}

impl Guarded {
    pub(crate) fn new() -> Self {
        Self {
            world: World::new(),
            vault: Arc::new(MemoryVault::new()),
            ids: Arc::new(SequentialIds::new()),
        }
    }

    pub(crate) fn host(&self, level: IsolationLevel) -> Host {
        let enforcement = Enforcement {
            level,
            barriers: BTreeMap::new(),
        };
        let executor =
            ScriptedExecutor::new([Engine::Node]).with_enforcement(Engine::Node, enforcement);
        let executor = Arc::new(executor);
        let search = component(ComponentKind::Action, "SEARCH_KNOWLEDGE");
        executor.plugin(KNOWLEDGE.parse().unwrap(), vec![search]);
        let mut policy = Policy::default();
        policy.grants = Permissions::preset(PermissionPreset::Full);
        let manager = PluginManager::with_environment(
            self.world.store.clone(),
            self.world.store.clone(),
            executor.clone(),
            self.world.clock.clone(),
            self.ids.clone(),
        )
        .with_source(Arc::new(self.world.source.clone()))
        .with_vault(self.vault.clone())
        .with_policy(policy);
        Host { executor, manager }
    }
}

impl Host {
    pub(crate) fn tenant(&self, who: &str, org: &str) -> Tenant {
        block_on(self.manager.tenant(person(who), group(org))).unwrap()
    }

    /// `Debug` of the manager and of a tenant, but for the scripted executor in them: it shows the
    /// scripts and calls of the test, which hold the secret.
    fn shown(&self, tenant: &Tenant) -> String {
        let executor = format!("{:?}", self.executor);
        let shown = format!("{:?} {tenant:?}", self.manager);
        assert!(shown.contains(&executor));
        shown.replace(&executor, "")
    }
}

pub(crate) fn installed(tenant: &Tenant) -> ThingId {
    let plan = block_on(tenant.plan_install(KNOWLEDGE, "^1.6")).unwrap();
    block_on(tenant.install(&plan)).unwrap()
}

pub(crate) fn configure(
    tenant: &Tenant,
    instance: ThingId,
    secret: &str,
) -> Result<(), ManagerError> {
    let settings = BTreeMap::from([(KEY.to_owned(), json!(secret))]);
    block_on(tenant.configure(instance, settings))
}

fn state(tenant: &Tenant, instance: ThingId) -> StateKind {
    let found = block_on(tenant.instance(instance)).unwrap();
    found.properties.lifecycle.kind()
}

/// What a plugin does that reads its secret and tells it wherever it can.
pub(crate) fn telling(end: impl Fn(String) -> Ending + Clone + Send + Sync + 'static) -> Script {
    Script::run(move |call: ScriptedCall| {
        let end = end.clone();
        async move {
            let asked = HostCall::GetSetting {
                key: KEY.to_owned(),
            };
            let secret = call.host().ask::<String>(asked).await.unwrap();
            call.log(&format!("the key is {secret}"));
            end(secret)
        }
    })
}

/// Everything that is kept of an organisation, as text.
pub(crate) fn kept(guarded: &Guarded, tenant: &Tenant) -> String {
    let (store, scope) = (&guarded.world.store, tenant.scope());
    let things = block_on(store.things(scope, &ThingQuery::default())).unwrap();
    let connections = block_on(store.connections(scope, &ConnectionQuery::default())).unwrap();
    let events = block_on(store.events(scope, &EventQuery::default())).unwrap();
    let knowledge = block_on(store.knowledge(scope, &KnowledgeQuery::default())).unwrap();
    let people = block_on(store.people(scope, &PersonQuery::default())).unwrap();
    assert!(things.next.is_none() && events.next.is_none() && connections.next.is_none());
    assert!(!things.items.is_empty() && !events.items.is_empty());
    // The store's own memory as well: budgets, archived rows, receipts.
    format!(
        "{things:?} {connections:?} {events:?} {knowledge:?} {people:?} {store:?} {}",
        serde_json::to_string(&block_on(tenant.audit_all()).unwrap()).unwrap()
    )
}

fn clean(what: &str, text: &str) {
    let found = text.find(CANARY).map(|at| {
        let before = text[..at].chars().rev().take(200).collect::<Vec<_>>();
        before.into_iter().rev().collect::<String>()
    });
    assert_eq!(found, None, "{what}: the secret stands behind this");
}

#[test]
fn without_isolation_a_second_organisation_s_secrets_are_not_taken() {
    let check = |level: IsolationLevel, refused: bool| {
        let guarded = Guarded::new();
        let host = guarded.host(level);
        let (acme, globex) = (host.tenant("alice", "acme"), host.tenant("gil", "globex"));
        let (first, second) = (installed(&acme), installed(&globex));
        configure(&acme, first, "one").unwrap();
        // The same organisation may go on.
        configure(&acme, first, CANARY).unwrap();
        let result = configure(&globex, second, CANARY);
        let names = block_on(plugin_runtime_api::Vault::list(
            guarded.vault.as_ref(),
            group("globex"),
            second,
        ));
        if refused {
            let error = result.unwrap_err();
            assert_eq!(error.tag(), "IsolationTooWeak", "{level}");
            assert!(error.to_string().contains(level.as_str()), "{error}");
            clean("the refusal", &format!("{error} {error:?}"));
            assert_eq!(names.unwrap(), [""; 0], "{level}: refused and kept anyway");
        } else {
            result.unwrap();
            assert_eq!(names.unwrap(), [KEY], "{level}");
        }
        // What has no secrets is nobody's danger.
        let plain = BTreeMap::from([("CHUNK_SIZE".to_owned(), json!(400))]);
        block_on(globex.configure(second, plain)).unwrap();
        block_on(globex.activate(second)).unwrap();
        block_on(acme.activate(first)).unwrap();
    };
    check(IsolationLevel::None, true);
    check(IsolationLevel::Degraded, true);
    check(IsolationLevel::Strict, false);
    check(IsolationLevel::Trusted, false);
}

#[test]
fn without_isolation_a_second_organisation_with_secrets_is_not_started() {
    let check = |level: IsolationLevel, refused: bool| {
        let guarded = Guarded::new();
        // Each was configured by a host of its own; now one host is asked to run both.
        let own = |who: &str, org: &str| {
            let tenant = guarded.host(level).tenant(who, org);
            let instance = installed(&tenant);
            configure(&tenant, instance, CANARY).unwrap();
            instance
        };
        let (first, second) = (own("alice", "acme"), own("gil", "globex"));
        let host = guarded.host(level);
        let (acme, globex) = (host.tenant("alice", "acme"), host.tenant("gil", "globex"));
        block_on(acme.activate(first)).unwrap();
        let result = block_on(globex.activate(second));
        if refused {
            let error = result.unwrap_err();
            assert_eq!(error.tag(), "IsolationTooWeak", "{level}");
            clean("the refusal", &format!("{error} {error:?}"));
            assert_eq!(state(&globex, second), StateKind::Error);
        } else {
            result.unwrap();
            assert_eq!(state(&globex, second), StateKind::Active);
        }
        assert_eq!(state(&acme, first), StateKind::Active);
        let starts = host.executor.calls().into_iter().filter(|call| {
            matches!(call, plugin_runtime_api::ExecutorCall::Start { spec } if spec.group == group("globex"))
        });
        assert_eq!(starts.count(), usize::from(!refused), "{level}");
        clean("what is kept", &kept(&guarded, &globex));
    };
    check(IsolationLevel::None, true);
    check(IsolationLevel::Degraded, true);
    check(IsolationLevel::Strict, false);
    check(IsolationLevel::Trusted, false);
}

#[test]
fn a_secret_is_nowhere_but_in_the_vault() {
    for level in [IsolationLevel::None, IsolationLevel::Strict] {
        let guarded = Guarded::new();
        let host = guarded.host(level);
        let acme = host.tenant("alice", "acme");
        let instance = installed(&acme);
        configure(&acme, instance, CANARY).unwrap();
        // A value that does not hold is not repeated either.
        let wrong = BTreeMap::from([
            (KEY.to_owned(), json!(CANARY)),
            ("CHUNK_SIZE".to_owned(), json!({"not": "a number"})),
        ]);
        let error = block_on(acme.configure(instance, wrong)).unwrap_err();
        assert_eq!(error.tag(), "InvalidSettings");
        clean("the violation", &format!("{error} {error:?}"));
        block_on(acme.activate(instance)).unwrap();
        let seen = block_on(acme.instance(instance)).unwrap();
        let listed = block_on(acme.list_installed()).unwrap();
        clean("what is kept", &kept(&guarded, &acme));
        clean("a view", &format!("{seen:?} {listed:?}"));
        clean("debug", &host.shown(&acme));
        clean("the vault's debug", &format!("{:?}", guarded.vault));
        let text = kept(&guarded, &acme);
        assert!(text.contains(KEY), "the trail names what was configured");
    }
}

#[test]
fn what_a_plugin_says_of_its_secret_is_not_recorded() {
    let failure = |name: &str, message: &str| PluginFailure {
        name: name.to_owned(),
        message: message.to_owned(),
        stack: Some(format!("at {message}")),
    };
    let check = |what: &str, script: Script, rests: StateKind| {
        let guarded = Guarded::new();
        let host = guarded.host(IsolationLevel::None);
        let acme = host.tenant("alice", "acme");
        let instance = installed(&acme);
        configure(&acme, instance, CANARY).unwrap();
        block_on(acme.activate(instance)).unwrap();
        host.executor.script("SEARCH_KNOWLEDGE", script);
        let call = acme.execute(instance, "SEARCH_KNOWLEDGE", json!({}));
        let outcome = block_on(call).unwrap();
        // Whoever calls is told; nothing of it is kept.
        let told = format!("{outcome:?}");
        assert!(
            told.contains(CANARY),
            "{what} does not hold the secret: {told}"
        );
        assert_eq!(guarded.vault.leases().len(), 1, "{what}");
        assert_eq!(state(&acme, instance), rests, "{what}");
        let seen = block_on(acme.instance(instance)).unwrap();
        clean(what, &kept(&guarded, &acme));
        clean(what, &format!("{seen:?}"));
        clean(what, &host.shown(&acme));
        let listed = block_on(acme.list_installed()).unwrap();
        clean(what, &format!("{listed:?}"));
    };
    check(
        "an output",
        telling(|secret| Ending::Succeeded {
            output: json!({ "said": secret }),
        }),
        StateKind::Active,
    );
    check(
        "a refusal's reason",
        telling(|reason| Ending::Refused { reason }),
        StateKind::Active,
    );
    check(
        "an error's message",
        telling(move |secret| Ending::Failed {
            error: failure("Error", &secret),
        }),
        StateKind::Active,
    );
    check(
        "an error's name",
        telling(move |secret| Ending::Failed {
            error: failure(&secret, "no"),
        }),
        StateKind::Active,
    );
}

#[test]
fn a_crash_s_reason_is_not_recorded() {
    let guarded = Guarded::new();
    let host = guarded.host(IsolationLevel::None);
    let acme = host.tenant("alice", "acme");
    let instance = installed(&acme);
    configure(&acme, instance, CANARY).unwrap();
    block_on(acme.activate(instance)).unwrap();
    host.executor.script(
        "SEARCH_KNOWLEDGE",
        Script::Crash(format!("uncaught: {CANARY}")),
    );
    let outcome = block_on(acme.execute(instance, "SEARCH_KNOWLEDGE", json!({}))).unwrap();
    assert!(format!("{outcome:?}").contains(CANARY));
    assert_eq!(state(&acme, instance), StateKind::Error);
    let seen = block_on(acme.instance(instance)).unwrap();
    clean("the row", &format!("{seen:?}"));
    clean("debug", &host.shown(&acme));
    clean("what is kept", &kept(&guarded, &acme));
    let reason = seen.properties.reason.unwrap();
    assert!(!reason.is_empty(), "that there was one is recorded");
}

#[test]
fn a_failed_start_s_words_are_not_recorded() {
    let guarded = Guarded::new();
    let host = guarded.host(IsolationLevel::None);
    let acme = host.tenant("alice", "acme");
    let instance = installed(&acme);
    configure(&acme, instance, CANARY).unwrap();
    let failure = PluginFailure {
        name: CANARY.to_owned(),
        message: format!("cannot log in with {CANARY}"),
        stack: Some(CANARY.to_owned()),
    };
    let fail = StartScript::Fail(failure);
    host.executor.script_start(KNOWLEDGE.parse().unwrap(), fail);
    let error = block_on(acme.activate(instance)).unwrap_err();
    assert_eq!(error.tag(), "PluginStartFailed");
    assert_eq!(state(&acme, instance), StateKind::Error);
    let seen = block_on(acme.instance(instance)).unwrap();
    clean("the row", &format!("{seen:?}"));
    clean("debug", &host.shown(&acme));
    clean("what is kept", &kept(&guarded, &acme));
    let reason = seen.properties.reason.unwrap();
    assert!(reason.contains(KNOWLEDGE), "{reason}");
    block_on(acme.activate(instance)).unwrap();
}

#[test]
fn what_is_said_of_a_secret_whose_end_is_not_written_is_not_recorded() {
    let guarded = Guarded::new();
    let host = guarded.host(IsolationLevel::None);
    let acme = host.tenant("alice", "acme");
    let instance = installed(&acme);
    configure(&acme, instance, CANARY).unwrap();
    block_on(acme.activate(instance)).unwrap();
    // As the host leaves it that dies between the vault and the row: the plugin still runs with it.
    let name = plugin_runtime_api::SecretName {
        group: group("acme"),
        instance,
        parameter: KEY.to_owned(),
    };
    let vault: &dyn plugin_runtime_api::Vault = guarded.vault.as_ref();
    block_on(vault.forget(&name)).unwrap();
    let crash = Script::Crash(format!("uncaught: {CANARY}"));
    host.executor.script("SEARCH_KNOWLEDGE", crash);
    let outcome = block_on(acme.execute(instance, "SEARCH_KNOWLEDGE", json!({}))).unwrap();
    assert!(format!("{outcome:?}").contains(CANARY));
    clean("what is kept", &kept(&guarded, &acme));
    // Once its end is written and nothing runs with it, words are words again.
    block_on(acme.destroy_secret(instance, KEY)).unwrap();
    let failure = StartScript::Fail(PluginFailure::new("Error", "the port is taken"));
    let package = KNOWLEDGE.parse().unwrap();
    host.executor.script_start(package, failure);
    block_on(acme.activate(instance)).unwrap_err();
    assert!(kept(&guarded, &acme).contains("the port is taken"));
}
