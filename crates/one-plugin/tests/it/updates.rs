//! Other versions of what is installed.

use std::sync::Arc;

use futures::executor::block_on;
use one_ontology::{GroupId, PersonId, RandomIds, SystemClock};
use plugin_lifecycle::PluginManager;
use plugin_registry::MemorySource;
use plugin_runtime_api::{Engine, ScriptedExecutor};
use plugin_store_sqlite::{Options, SqliteStore};
use serde_json::{Value, json};

use crate::program::Home;

const BOOTSTRAP: &str = "@elizaos/plugin-bootstrap";
const SQL: &str = "@elizaos/plugin-sql";

fn package(name: &str, version: &str, needs: Value) -> Value {
    let integrity = format!("sha512-{}==", "A".repeat(86));
    let release = json!({
        "name": name, "version": version, "dependencies": needs, "dist": {"integrity": integrity},
    });
    json!({"name": name, "dist-tags": {"latest": version}, "versions": {version: release}})
}

/// A home where another host has installed two plugins, one of them in an older version.
fn furnished() -> Home {
    let home = Home::new();
    home.ok("install notes");
    let file = home.path().join("one-plugin.sqlite");
    let store = Arc::new(SqliteStore::open(&file, Options::default()).unwrap());
    let core = || json!({"@elizaos/core": "^1.6.0"});
    let needs = json!({"@elizaos/core": "^1.6.0", SQL: "^1.6.0"});
    let source = MemorySource::new("npm")
        .with(
            "@elizaos/core",
            package("@elizaos/core", "1.7.2", json!({})),
        )
        .with(SQL, package(SQL, "1.7.2", core()))
        .with(BOOTSTRAP, package(BOOTSTRAP, "1.6.4", needs));
    let manager = PluginManager::with_environment(
        store.clone(),
        store,
        Arc::new(ScriptedExecutor::new([Engine::Node])),
        Arc::new(SystemClock),
        Arc::new(RandomIds),
    )
    .with_source(Arc::new(source));
    let (owner, group) = (
        PersonId::of_name(&["person", "owner"]),
        GroupId::of_name(&["org", "default"]),
    );
    let tenant = block_on(manager.tenant(owner, group)).unwrap();
    for (name, version) in [(SQL, "1.7.2"), (BOOTSTRAP, "1.6.4")] {
        let plan = block_on(tenant.plan_install(name, version)).unwrap();
        block_on(tenant.install(&plan)).unwrap();
    }
    home
}

#[test]
fn updates_as_people_read_them() {
    let home = furnished();
    let mut page = String::new();
    for line in [
        "update",
        "update bootstrap --dry-run",
        "update bootstrap --to 1.6.3 --dry-run",
        "update bootstrap",
        "update bootstrap --to ^99",
        "update bootstrap --approve everything",
        "pin bootstrap hold",
        "update bootstrap --dry-run",
        "pin bootstrap ./here",
        "pin bootstrap --none",
        "update notes",
        "update knowledge",
        "rollback bootstrap",
        "rollback notes",
        "retry notes",
    ] {
        page.push_str(&format!(
            "$ one-plugin {line}\n{}\n\n",
            home.run(line).page()
        ));
    }
    insta::assert_snapshot!("updates", page.trim_end());
}

#[test]
fn updates_as_machines_read_them() {
    let home = furnished();
    let listed = home.json("update");
    let found = &listed.as_array().unwrap()[0];
    assert_eq!(found["package"], BOOTSTRAP);
    assert_eq!(
        (&found["from"], &found["to"]),
        (&json!("1.6.4"), &json!("1.7.2"))
    );
    assert_eq!(found["kind"], "minor");
    let plan = home.json("update bootstrap --dry-run");
    assert_eq!(
        (&plan["kind"], &plan["requested"]),
        (&json!("minor"), &json!("latest"))
    );
    assert!(plan["lock"].is_object());
}

#[test]
fn everything_is_updated_in_its_order_or_it_is_said_why_not() {
    let home = furnished();
    let shown = home.ok("update --all");
    assert!(
        shown.contains("@elizaos/plugin-bootstrap 1.6.4 -> 1.7.2 (minor)"),
        "{shown}"
    );
    assert!(shown.contains("`--yes` does it"), "{shown}");
    // Shown is not done.
    let listed = home.json("list");
    let of = |name: &str| {
        let mut all = listed.as_array().unwrap().iter();
        all.find(|it| it["package"] == name).unwrap()["version"].clone()
    };
    assert_eq!(of(BOOTSTRAP), "1.6.4");
    let plans = home.json("update --all");
    assert_eq!(plans["plugins"][0]["package"], BOOTSTRAP);
    assert_eq!(plans["plugins"][0]["plan"]["to"], "1.7.2");
    // Nobody here has its files.
    let ran = home.run("update --all --yes");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.out.contains("@elizaos/plugin-bootstrap 1.6.4 failed: "),
        "{ran:?}"
    );
    assert!(ran.err.contains("error[BatchIncomplete]: "), "{ran:?}");
    let none = Home::new();
    none.ok("install notes");
    assert_eq!(none.ok("update --all"), "everything is up to date\n");
    for line in [
        "update --yes",
        "update --all --dry-run",
        "update --all --to 1.0.0",
        "update notes --all",
    ] {
        assert_eq!(none.run(line).code, 2, "{line}");
    }
}

#[test]
fn all_are_started_and_stopped() {
    let home = Home::new();
    assert_eq!(
        home.ok("activate --all"),
        "there is nothing to do in `default`\n"
    );
    home.ok("install notes");
    let listed = home.json("list");
    let text = |name: &str| listed[0][name].as_str().unwrap().to_owned();
    let notes = format!("{} {}", text("package"), text("version"));
    assert_eq!(home.ok("activate --all"), format!("{notes} is active\n"));
    assert_eq!(
        home.ok("activate --all"),
        format!("{notes} is active already\n")
    );
    home.ok("suspend notes --reason tired");
    assert_eq!(
        home.ok("activate --all"),
        format!("{notes} is left as it is: SUSPENDED\n")
    );
    home.ok("resume notes");
    let stopped = home.json("deactivate --all");
    assert_eq!(stopped["members"][0]["outcome"], "done");
    assert_eq!(
        home.ok("deactivate --all"),
        format!("{notes} does not run\n")
    );
    for line in ["activate", "activate notes --all", "deactivate"] {
        assert_eq!(home.run(line).code, 2, "{line}");
    }
}
