//! The main job, command by command, and everything that refuses it.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::{BudgetRule, Store as _, ThingId};
use plugin_lifecycle::{
    Call, ManagerError, PlanPart, Policy, StateKind, Tenant, UsageWindow, Wanted,
};
use plugin_registry::SourceError;
use plugin_runtime_api::{ComponentKind, Ending, PluginFailure, Script, StartScript};
use serde_json::{Value, json};

use crate::world::{KNOWLEDGE, SQL, World, package, person};

fn state(tenant: &Tenant, instance: ThingId) -> StateKind {
    block_on(tenant.instance(instance))
        .unwrap()
        .properties
        .lifecycle
        .kind()
}

fn tag<T: std::fmt::Debug>(result: Result<T, ManagerError>) -> &'static str {
    result.unwrap_err().tag()
}

fn search(tenant: &Tenant, instance: ThingId) -> Result<Ending, ManagerError> {
    let outcome = block_on(tenant.execute(instance, "SEARCH_KNOWLEDGE", json!({"query": "x"})))?;
    Ok(outcome.ending)
}

#[test]
fn a_plan_is_a_value_that_says_everything() {
    let world = World::new();
    let plan = block_on(
        world
            .tenant("alice", "acme")
            .plan_install(KNOWLEDGE, "^1.6"),
    )
    .unwrap();
    let steps: Vec<String> = plan
        .steps
        .iter()
        .map(|step| format!("{}@{} {:?}", step.package, step.version, step.part))
        .collect();
    assert_eq!(
        steps,
        [
            "@elizaos/core@1.7.2 Shared",
            "@elizaos/plugin-sql@1.7.2 Dependency",
            "@elizaos/plugin-knowledge@1.6.1 Root",
        ]
    );
    assert_eq!(plan.dependencies_installed(), 1);
    assert_eq!(plan.known_bytes(), 3000);
    let json = serde_json::to_string(&plan).unwrap();
    assert_eq!(
        serde_json::from_str::<plugin_lifecycle::InstallPlan>(&json).unwrap(),
        plan
    );
    insta::assert_snapshot!(plan.tree, @r"
    @elizaos/plugin-knowledge 1.6.1
    ├── @elizaos/core 1.7.2
    └── @elizaos/plugin-sql 1.7.2
        └── @elizaos/core 1.7.2
    ");
}

#[test]
fn a_plugin_lives_from_plan_to_removal_and_leaves_a_trail() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.installed(&acme);
    assert_eq!(state(&acme, instance), StateKind::Installed);
    assert!(block_on(acme.is_installed(KNOWLEDGE)).unwrap());
    assert!(block_on(acme.is_installed(SQL)).unwrap());
    block_on(acme.configure(
        instance,
        BTreeMap::from([("CHUNK_SIZE".to_owned(), json!(400))]),
    ))
    .unwrap();
    let info = block_on(acme.activate(instance)).unwrap();
    assert_eq!(
        info.plugins.len(),
        2,
        "the runtime is the plugin and what it needs"
    );
    assert_eq!(state(&acme, instance), StateKind::Active);
    assert!(matches!(
        search(&acme, instance).unwrap(),
        Ending::Succeeded { .. }
    ));
    assert_eq!(state(&acme, instance), StateKind::Active);
    block_on(acme.deactivate(instance)).unwrap();
    assert_eq!(state(&acme, instance), StateKind::Installed);
    block_on(acme.uninstall(instance)).unwrap();
    assert_eq!(tag(block_on(acme.instance(instance))), "InstanceNotFound");
    let trail = block_on(acme.audit(instance)).unwrap();
    let events: Vec<String> = trail
        .events
        .iter()
        .map(|event| {
            let rule = event.metadata.text("rule").unwrap_or("-");
            format!("{rule} {}", event.event_type)
        })
        .collect();
    insta::assert_snapshot!(events.join("\n"), @r"
    T02 plugin_operation_started
    T05 plugin_installed
    T58 plugin_configured
    T09 plugin_operation_started
    T10 plugin_activated
    T14 plugin_action_initiated
    T17 plugin_action_executed
    T22 plugin_operation_started
    T24 plugin_deactivated
    T48 plugin_operation_started
    T55 plugin_uninstalled
    ");
    assert_eq!(
        trail.verified,
        block_on(world.store.head(acme.scope())).unwrap()
    );
    let sql = block_on(acme.installed(SQL)).unwrap().unwrap();
    assert_eq!(sql.wanted, Wanted::Needed);
    block_on(acme.uninstall(sql.instance)).unwrap();
    assert_eq!(block_on(acme.list_installed()).unwrap(), []);
    // It can be installed anew, as another instance.
    assert_ne!(world.installed(&acme), instance);
}

#[test]
fn what_is_there_is_not_installed_twice() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let plan = block_on(acme.plan_install(KNOWLEDGE, "^1.6")).unwrap();
    block_on(acme.install(&plan)).unwrap();
    assert_eq!(
        tag(block_on(acme.plan_install(KNOWLEDGE, "^1.6"))),
        "AlreadyInstalled"
    );
    // An old plan does not slip through either.
    assert_eq!(tag(block_on(acme.install(&plan))), "AlreadyExists");
    let sql = block_on(acme.installed(SQL)).unwrap().unwrap();
    let knowledge = block_on(acme.installed(KNOWLEDGE)).unwrap().unwrap();
    assert_eq!(tag(block_on(acme.uninstall(sql.instance))), "HasDependents");
    block_on(acme.uninstall(knowledge.instance)).unwrap();
    let plan = block_on(acme.plan_install(KNOWLEDGE, "^1.6")).unwrap();
    assert!(plan.steps.iter().any(|step| step.part
        == PlanPart::Present {
            instance: sql.instance
        }));
    assert_eq!(plan.dependencies_installed(), 0);
}

#[test]
fn another_organisation_sees_and_can_do_nothing() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let globex = world.tenant("gil", "globex");
    let instance = world.active(&acme);
    assert_eq!(block_on(globex.list_installed()).unwrap(), []);
    let unknown = ThingId::of_name(&["nobody's"]);
    let errors = |of: ThingId| {
        [
            block_on(globex.instance(of)).unwrap_err().to_string(),
            search(&globex, of).unwrap_err().to_string(),
            block_on(globex.activate(of)).unwrap_err().to_string(),
            block_on(globex.deactivate(of)).unwrap_err().to_string(),
            block_on(globex.uninstall(of)).unwrap_err().to_string(),
            block_on(globex.configure(of, BTreeMap::new()))
                .unwrap_err()
                .to_string(),
        ]
        .map(|error| error.replace(&of.to_string(), "ID"))
    };
    assert_eq!(
        errors(instance),
        errors(unknown),
        "foreign and unknown are told apart"
    );
    assert_eq!(block_on(globex.audit(instance)).unwrap().events, []);
    assert_eq!(
        tag(world.try_tenant("gil", "acme")),
        "NoAccess",
        "who is not a member does not get in"
    );
    assert_eq!(tag(world.try_tenant("alice", "nowhere")), "NoAccess");
    // A plan does not cross either.
    block_on(acme.uninstall(instance)).unwrap();
    let plan = block_on(acme.plan_install(KNOWLEDGE, "^1.6")).unwrap();
    assert_eq!(tag(block_on(globex.install(&plan))), "PlanOutdated");
}

#[test]
fn roles_decide_who_may() {
    let world = World::new();
    let owner = world.tenant("alice", "acme");
    let user = world.tenant("uma", "acme");
    let customer = world.tenant("carl", "acme");
    assert_eq!(
        tag(block_on(user.plan_install(KNOWLEDGE, "*"))),
        "OperationDenied"
    );
    let instance = world.installed(&owner);
    block_on(owner.configure(
        instance,
        BTreeMap::from([("CHUNK_SIZE".to_owned(), json!(9))]),
    ))
    .unwrap();
    block_on(user.activate(instance)).unwrap();
    assert!(search(&user, instance).is_ok());
    assert_eq!(tag(search(&customer, instance)), "OperationDenied");
    assert_eq!(tag(block_on(user.uninstall(instance))), "OperationDenied");
    assert_eq!(tag(block_on(customer.list_installed())), "OperationDenied");
    let seen = |tenant: &Tenant| {
        block_on(tenant.installed(KNOWLEDGE))
            .unwrap()
            .unwrap()
            .settings["CHUNK_SIZE"]
            .clone()
    };
    assert_eq!(seen(&owner), json!(9));
    assert_eq!(seen(&user), json!("[redacted]"));
    let figures = |tenant: &Tenant| {
        block_on(tenant.usage(instance, UsageWindow::Day))
            .unwrap()
            .mean_us
            .is_some()
    };
    assert!(figures(&owner));
    assert!(!figures(&user));
}

#[test]
fn admission_refuses_in_order() {
    let mut policy = Policy::default();
    policy.executions = BudgetRule::window(2, Duration::from_secs(60));
    let world = World::with_policy(policy);
    let acme = world.tenant("alice", "acme");
    let customer = world.tenant("carl", "acme");
    let call = |tenant: &Tenant, instance, name: &str| {
        block_on(tenant.execute(instance, name, Value::Null)).map(|outcome| outcome.ending)
    };
    let instance = world.installed(&acme);
    // Everything is wrong at once; one after the other is put right.
    assert_eq!(tag(call(&customer, instance, "NOPE")), "PluginNotActive");
    block_on(acme.activate(instance)).unwrap();
    assert_eq!(tag(call(&customer, instance, "NOPE")), "OperationDenied");
    assert_eq!(tag(call(&acme, instance, "NOPE")), "ComponentNotFound");
    assert_eq!(
        tag(call(&acme, instance, "search_knowledge")),
        "ComponentNotFound"
    );
    call(&acme, instance, "SEARCH_KNOWLEDGE").unwrap();
    world.pass(30);
    call(&acme, instance, "SEARCH_KNOWLEDGE").unwrap();
    let refused = call(&acme, instance, "SEARCH_KNOWLEDGE").unwrap_err();
    assert_eq!(refused.tag(), "RateLimited");
    insta::assert_snapshot!(refused.to_string(), @"at most 2 executions of this plugin in one minute; try again at 2026-11-20T12:01:00.000000Z");
    assert_eq!(
        world.executor.runs("SEARCH_KNOWLEDGE"),
        2,
        "what is refused does not run"
    );
    world.pass(30);
    call(&acme, instance, "SEARCH_KNOWLEDGE").unwrap();
}

#[test]
fn the_daily_quota_and_the_number_of_installations_are_exact() {
    let world = World::new();
    let globex = world.tenant("gil", "globex");
    let instance = world.active(&globex);
    for _ in 0..100 {
        search(&globex, instance).unwrap();
        world.pass(1);
    }
    world.pass(60);
    let refused = search(&globex, instance).unwrap_err();
    assert_eq!(refused.tag(), "QuotaExhausted");
    assert_eq!(
        refused.to_string(),
        "at most 100 executions of this organisation a day; try again at 2026-11-21T00:00:00.000000Z"
    );
    world.pass(24 * 3600);
    search(&globex, instance).unwrap();
    block_on(globex.uninstall(instance)).unwrap();
    for _ in 0..9 {
        world.pass(1);
        let instance = world.installed(&globex);
        block_on(globex.uninstall(instance)).unwrap();
    }
    world.pass(1);
    let plan = block_on(globex.plan_install(KNOWLEDGE, "*")).unwrap();
    // The first installation was more than an hour ago: this is the tenth.
    block_on(globex.install(&plan)).unwrap();
    let knowledge = block_on(globex.installed(KNOWLEDGE)).unwrap().unwrap();
    block_on(globex.uninstall(knowledge.instance)).unwrap();
    let plan = block_on(globex.plan_install(KNOWLEDGE, "*")).unwrap();
    assert_eq!(tag(block_on(globex.install(&plan))), "RateLimited");
    assert!(
        !block_on(globex.is_installed(KNOWLEDGE)).unwrap(),
        "nothing is left of it"
    );
}

#[test]
fn executions_end_in_exactly_one_way() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let failure = PluginFailure {
        name: "TypeError".to_owned(),
        message: "with a secret in it".to_owned(),
        stack: None,
    };
    let script = |script| world.executor.script("SEARCH_KNOWLEDGE", script);
    script(Script::Refuse("not now".to_owned()));
    assert!(matches!(
        search(&acme, instance).unwrap(),
        Ending::Refused { .. }
    ));
    script(Script::Fail(failure));
    assert!(matches!(
        search(&acme, instance).unwrap(),
        Ending::Failed { .. }
    ));
    script(Script::TimeOut);
    assert!(matches!(
        search(&acme, instance).unwrap(),
        Ending::TimedOut { .. }
    ));
    script(Script::Unavailable("no process".to_owned()));
    assert_eq!(tag(search(&acme, instance)), "ExecutorUnavailable");
    assert_eq!(state(&acme, instance), StateKind::Active);
    let usage = block_on(acme.usage(instance, UsageWindow::Hour)).unwrap();
    assert_eq!(
        (
            usage.executions,
            usage.succeeded,
            usage.refused,
            usage.failed
        ),
        (4, 0, 1, 3)
    );
    let trail = block_on(acme.audit(instance)).unwrap();
    let text = serde_json::to_string(&trail.events).unwrap();
    assert!(
        !text.contains("with a secret in it"),
        "a plugin's message is not recorded"
    );
    let begun = trail
        .events
        .iter()
        .filter(|e| e.event_type.as_str() == "plugin_action_initiated");
    let ended = trail.events.iter().filter(|e| {
        matches!(
            e.event_type.as_str(),
            "plugin_action_executed" | "plugin_action_failed"
        )
    });
    assert_eq!((begun.count(), ended.count()), (4, 4));
}

#[test]
fn a_crash_is_an_error_that_activation_mends() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    world
        .executor
        .script("SEARCH_KNOWLEDGE", Script::Crash("signal 11".to_owned()));
    assert!(matches!(
        search(&acme, instance).unwrap(),
        Ending::Crashed { .. }
    ));
    assert_eq!(state(&acme, instance), StateKind::Error);
    assert_eq!(tag(search(&acme, instance)), "PluginNotActive");
    block_on(acme.activate(instance)).unwrap();
    assert!(matches!(
        search(&acme, instance).unwrap(),
        Ending::Succeeded { .. }
    ));
}

#[test]
fn ten_errors_in_a_row_suspend() {
    let mut policy = Policy::default();
    policy.breaker.failures = 100;
    let world = World::with_policy(policy);
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    for n in 1..=10 {
        assert_eq!(
            state(&acme, instance),
            StateKind::Active,
            "before error {n}"
        );
        world.executor.script("SEARCH_KNOWLEDGE", Script::TimeOut);
        search(&acme, instance).unwrap();
    }
    assert_eq!(state(&acme, instance), StateKind::Suspended);
    let reason = block_on(acme.instance(instance)).unwrap().properties.reason;
    assert_eq!(reason.as_deref(), Some("10 errors in a row"));
    block_on(acme.activate(instance)).unwrap();
    search(&acme, instance).unwrap();
}

#[test]
fn a_plugin_that_does_not_start_rests_in_error_with_its_words() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.installed(&acme);
    let failure = PluginFailure {
        name: "Error".to_owned(),
        message: "needs a database".to_owned(),
        stack: None,
    };
    world
        .executor
        .script_start(KNOWLEDGE.parse().unwrap(), StartScript::Fail(failure));
    assert_eq!(tag(block_on(acme.activate(instance))), "PluginStartFailed");
    assert_eq!(state(&acme, instance), StateKind::Error);
    let reason = block_on(acme.instance(instance))
        .unwrap()
        .properties
        .reason
        .unwrap();
    assert!(reason.contains("needs a database"), "{reason}");
    block_on(acme.activate(instance)).unwrap();
    assert_eq!(state(&acme, instance), StateKind::Active);
}

#[test]
fn a_failed_fetch_leaves_failed_instances_that_can_be_removed() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let plan = block_on(acme.plan_install(KNOWLEDGE, "^1.6")).unwrap();
    // The version is withdrawn between planning and fetching.
    world
        .source
        .put(KNOWLEDGE, json!({"name": KNOWLEDGE, "versions": {}}));
    let error = block_on(acme.install(&plan)).unwrap_err();
    assert!(
        matches!(error, ManagerError::Source(SourceError::NotFound { .. })),
        "{error}"
    );
    let installed = block_on(acme.list_installed()).unwrap();
    assert_eq!(installed.len(), 2);
    for plugin in &installed {
        assert_eq!(plugin.state, StateKind::Failed);
        assert!(plugin.reason.is_some());
        assert_eq!(
            tag(block_on(acme.activate(plugin.instance))),
            "CommandRefused"
        );
        block_on(acme.uninstall(plugin.instance)).unwrap();
    }
    assert_eq!(block_on(acme.list_installed()).unwrap(), []);
}

#[test]
fn what_is_left_of_a_failed_installation_is_named_before_anything_is_written() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let plan = block_on(acme.plan_install(KNOWLEDGE, "^1.6")).unwrap();
    let withdrawn = json!({"name": KNOWLEDGE, "versions": {}});
    world.source.put(KNOWLEDGE, withdrawn);
    block_on(acme.install(&plan)).unwrap_err();
    // Published again, and needing another version than the one that is left.
    let needs = json!({"dependencies": {SQL: "^1.8.0"}});
    world
        .source
        .put(KNOWLEDGE, package(KNOWLEDGE, &[("1.6.2", needs)]));
    world.source.put(SQL, package(SQL, &[("1.8.0", json!({}))]));
    let mut said = Vec::new();
    for left in [KNOWLEDGE, SQL] {
        let head = block_on(world.store.head(acme.scope())).unwrap();
        let error = block_on(acme.plan_install(KNOWLEDGE, "^1.6")).unwrap_err();
        assert_eq!(error.tag(), "LeftBehind", "{error}");
        assert_eq!(block_on(world.store.head(acme.scope())).unwrap(), head);
        said.push(error.to_string());
        let left = block_on(acme.installed(left)).unwrap().unwrap();
        block_on(acme.uninstall(left.instance)).unwrap();
    }
    insta::assert_snapshot!(said.join("\n"), @r"
    `@elizaos/plugin-knowledge` 1.6.1 is left here, FAILED: uninstall that first
    `@elizaos/plugin-sql` 1.7.2 is left here, FAILED: uninstall that first
    ");
    let plan = block_on(acme.plan_install(KNOWLEDGE, "^1.6")).unwrap();
    block_on(acme.install(&plan)).unwrap();
    let sql = block_on(acme.installed(SQL)).unwrap().unwrap();
    assert_eq!(
        (sql.state, sql.version.as_str()),
        (StateKind::Installed, "1.8.0")
    );
}

#[test]
fn settings_are_checked_and_secrets_kept_out() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let set = |name: &str, value: Value| {
        block_on(acme.configure(instance, BTreeMap::from([(name.to_owned(), value)])))
    };
    assert_eq!(tag(set("CHUNKSIZE", json!(1))), "InvalidSettings");
    assert_eq!(tag(set("CHUNK_SIZE", json!({"a": 1}))), "InvalidSettings");
    let error = set("OPENAI_API_KEY", json!("sk-hush")).unwrap_err();
    assert_eq!(error.tag(), "NoVault");
    assert!(!format!("{error} {error:?}").contains("sk-hush"));
    set("CHUNK_SIZE", json!("300")).unwrap();
    let of = || block_on(acme.instance(instance)).unwrap().properties;
    assert_eq!(
        of().settings["CHUNK_SIZE"],
        json!(300),
        "text that says a number is one"
    );
    assert_eq!(of().settings_revision, 1);
    set("CHUNK_SIZE", Value::Null).unwrap();
    assert!(of().settings.is_empty());
    // The runtime is started anew with the new settings.
    assert!(matches!(
        search(&acme, instance).unwrap(),
        Ending::Succeeded { .. }
    ));
}

#[test]
fn a_host_that_was_started_anew_runs_what_is_active() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    let runtime = block_on(acme.instance(instance))
        .unwrap()
        .properties
        .runtime;
    world.executor.crash(&runtime, "power failure");
    assert!(matches!(
        search(&acme, instance).unwrap(),
        Ending::Succeeded { .. }
    ));
}

#[test]
fn any_kind_of_component_can_be_called() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    world
        .executor
        .script("KNOWLEDGE", Script::Succeed(json!({"text": "t"})));
    let call = Call::of(ComponentKind::Provider, "KNOWLEDGE", Value::Null).unwrap();
    let execution = block_on(acme.call(instance, call)).unwrap();
    assert!(execution.began < execution.ended);
    assert_eq!(
        execution.outcome.ending,
        Ending::Succeeded {
            output: json!({"text": "t"})
        }
    );
}

#[test]
fn the_same_commands_leave_the_same_bytes() {
    let run = || {
        let world = World::new();
        let acme = world.tenant("alice", "acme");
        let instance = world.active(&acme);
        search(&acme, instance).unwrap();
        block_on(acme.uninstall(instance)).unwrap();
        serde_json::to_string(&block_on(acme.audit_all()).unwrap()).unwrap()
    };
    assert_eq!(run(), run());
    assert_eq!(person("alice"), person("alice"));
}
