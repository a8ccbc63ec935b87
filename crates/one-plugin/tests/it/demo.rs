//! The demo, which checks its own claims.

use crate::program::{Home, skip};

#[test]
fn the_native_journey_without_a_network() {
    let home = Home::new().without_network();
    let ran = home.run("demo --native");
    assert_eq!(ran.code, 0, "{ran:?}");
    for said in [
        "this program's own facts of 20",
        "the network gave no answer",
        "a second time: 0 new, 0 change sets",
        "Acme",
        "Globex",
        "@one/plugin-notes",
        "whole and in order",
    ] {
        assert!(ran.out.contains(said), "`{said}` is not in {}", ran.out);
    }
    assert!(
        !home.path().join("demo").exists(),
        "its directory is removed"
    );
}

/// What the demo says, but for what differs from run to run: figures and ids.
fn journey(home: &Home) -> Vec<String> {
    let ran = home.run("demo --native");
    assert_eq!(ran.code, 0, "{ran:?}");
    let words = |line: &str| {
        line.split(|c: char| !c.is_alphabetic())
            .next()
            .map(str::to_owned)
    };
    ran.out.lines().filter_map(words).collect()
}

#[test]
fn the_journey_is_the_same_on_each_store() {
    let on_file = journey(&Home::new());
    assert!(on_file.len() > 20, "{on_file:?}");
    let elsewhere = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", elsewhere.path().join("facts.db").display());
    for store in ["memory", &file] {
        assert_eq!(
            journey(&Home::new().with("ONE_PLUGIN_STORE", store)),
            on_file,
            "{store}"
        );
    }
    let what = "one-plugin the demo on PostgreSQL";
    if let Some(server) = plugin_test_postgres::address(what) {
        let database = plugin_test_postgres::Database::on(server);
        let home = Home::new().with("ONE_PLUGIN_STORE", &database.address());
        assert_eq!(journey(&home), on_file, "PostgreSQL");
    }
}

#[test]
fn without_node_the_native_journey_is_made_and_that_is_said() {
    let ran = Home::new().run("demo");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.starts_with("Without Node: "), "{}", ran.out);
    assert!(ran.out.contains("@one/plugin-notes"));
}

#[test]
fn the_real_journey() {
    let (wanted, path) = (
        "ONE_PLUGIN_TEST_DEMO",
        std::env::var("PATH").unwrap_or_default(),
    );
    if std::env::var_os(wanted).is_none() {
        skip(
            "the demo with real plugins",
            &format!("it needs npm's registry; set {wanted}=1 to run it"),
        );
        return;
    }
    let own = std::env::vars().filter(|(name, _)| name.to_lowercase().starts_with("npm_config_"));
    let home = tempfile::tempdir().unwrap();
    let user = std::env::var("HOME").unwrap_or_default();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_one-plugin"))
        .env_clear()
        .envs(own)
        .env("PATH", path)
        .env("HOME", user)
        .args(["demo".as_ref(), "--home".as_ref(), home.path().as_os_str()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains("@elizaos/plugin-knowledge"), "{said}");
}
