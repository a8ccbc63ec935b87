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
