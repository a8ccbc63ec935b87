//! The plugin layer, in waves of names.

use futures::executor::block_on;
use plugin_registry::{
    Collected, EmbeddedSource, MemorySource, PluginLayer, RegistryError, SourceError, collect,
};
use plugin_resolver::{Cooldown, Request, resolve};
use serde_json::json;

use crate::support::{document, name};

fn world() -> MemorySource {
    MemorySource::new("npm")
        .with(
            "@elizaos/plugin-a",
            document("@elizaos/plugin-a", &[
                ("1.0.0", json!({"dependencies": {"@elizaos/core": "^1.0.0", "@acme/plugin-b": "^1", "zod": "^3"}})),
                ("1.1.0", json!({"dependencies": {"@elizaos/core": "^1.0.0"}, "peerDependencies": {"@elizaos/plugin-c": "*"}})),
            ]),
        )
        .with("@acme/plugin-b", document("@acme/plugin-b", &[("1.0.0", json!({"dependencies": {"@elizaos/plugin-gone": "1"}}))]))
        .with("@elizaos/plugin-c", document("@elizaos/plugin-c", &[("3.0.0", json!({"dependencies": {"@elizaos/plugin-a": "^1"}}))]))
        .with("@elizaos/core", document("@elizaos/core", &[("1.0.0", json!({})), ("1.2.0", json!({"dependencies": {"zod": "^4"}}))]))
}

fn layer() -> PluginLayer {
    PluginLayer::with([name("@acme/plugin-b")])
}

fn summary(collected: &Collected) -> String {
    let packages: Vec<String> = collected
        .packages
        .iter()
        .map(|(name, versions)| format!("{name} {}", versions.releases.len()))
        .collect();
    let missing: Vec<&str> = collected.missing.keys().map(|name| name.as_str()).collect();
    format!("{} | missing {}", packages.join(", "), missing.join(", "))
}

#[test]
fn waves_reach_the_layer_and_no_library() {
    let source = world();
    let collected = block_on(collect(&source, &[name("@elizaos/plugin-a")], &layer())).unwrap();
    assert_eq!(
        summary(&collected),
        "@acme/plugin-b 1, @elizaos/core 2, @elizaos/plugin-a 2, @elizaos/plugin-c 1 | missing @elizaos/plugin-gone"
    );
    let mut asked = source.asked();
    asked.sort();
    assert_eq!(
        asked,
        [
            "@acme/plugin-b",
            "@elizaos/core",
            "@elizaos/plugin-a",
            "@elizaos/plugin-c",
            "@elizaos/plugin-gone"
        ]
    );
    let external: Vec<&str> = collected
        .universe
        .external()
        .map(|(_, _, name, _)| name.as_str())
        .collect();
    assert_eq!(external, ["zod", "zod"]);
    let request = Request::new().root(name("@elizaos/plugin-a"), "^1.0.0".parse().unwrap());
    let resolution = resolve(&collected.universe, &request).unwrap();
    let chosen = |package: &str| resolution.version(&name(package)).map(ToString::to_string);
    assert_eq!(chosen("@elizaos/plugin-a").as_deref(), Some("1.1.0"));
    assert_eq!(chosen("@elizaos/core").as_deref(), Some("1.2.0"));
    assert_eq!(chosen("@elizaos/plugin-c").as_deref(), Some("3.0.0"));
    assert_eq!(chosen("zod"), None);
}

#[test]
fn without_a_catalog_only_the_projects_own_names_are_of_the_layer() {
    let collected = block_on(collect(
        &world(),
        &[name("@elizaos/plugin-a")],
        &PluginLayer::default(),
    ))
    .unwrap();
    assert!(!collected.packages.contains_key(&name("@acme/plugin-b")));
    assert!(collected.missing.is_empty());
}

#[test]
fn no_answer_is_never_taken_for_no_such_package() {
    let gone = SourceError::Unavailable {
        what: "@elizaos/plugin-c".to_owned(),
        reason: "no route".to_owned(),
    };
    let error = block_on(collect(
        &world().failing("@elizaos/plugin-c", gone),
        &[name("@elizaos/plugin-a")],
        &layer(),
    ))
    .unwrap_err();
    assert_eq!(error.tag(), "NetworkError");
    let error = block_on(collect(&world(), &[name("@elizaos/plugin-nope")], &layer())).unwrap_err();
    assert_eq!(
        error,
        RegistryError::plugin_not_found("@elizaos/plugin-nope", "npm")
    );
    // A broken document of something needed is that package's own trouble.
    let broken = world().with("@elizaos/plugin-c", json!("<html>"));
    let collected = block_on(collect(&broken, &[name("@elizaos/plugin-a")], &layer())).unwrap();
    assert_eq!(
        collected.missing[&name("@elizaos/plugin-c")].tag(),
        "InvalidPluginStructure"
    );
}

#[test]
fn real_plugins_are_planned_from_what_is_embedded() {
    let roots = [
        name("@elizaos/plugin-knowledge"),
        name("@elizaos/plugin-bootstrap"),
    ];
    let collected = block_on(collect(
        &EmbeddedSource::new(),
        &roots,
        &PluginLayer::default(),
    ))
    .unwrap();
    let request = roots.iter().fold(Request::new(), |request, root| {
        request.root(root.clone(), "latest".parse().unwrap())
    });
    let resolution = resolve(&collected.universe, &request).unwrap();
    let chosen = |package: &str| resolution.version(&name(package)).map(ToString::to_string);
    assert_eq!(chosen("@elizaos/core").as_deref(), Some("1.7.2"));
    assert_eq!(
        chosen("@elizaos/plugin-knowledge").as_deref(),
        Some("1.6.1")
    );
    assert_eq!(chosen("@elizaos/plugin-sql").as_deref(), Some("1.7.2"));
}

#[test]
fn a_cooldown_goes_by_the_times_of_the_document() {
    let mut dated = document(
        "@elizaos/plugin-a",
        &[
            ("1.0.0", json!({})),
            ("1.1.0", json!({})),
            ("1.2.0", json!({})),
        ],
    );
    dated["time"] = json!({
        "created": "2026-01-01T00:00:00.000Z",
        "1.0.0": "2026-01-01T00:00:00.000Z",
        "1.1.0": "2026-11-01T00:00:00.000Z",
        "1.2.0": "2026-11-20T00:00:00.000Z",
    });
    let core = document("@elizaos/core", &[("1.0.0", json!({}))]);
    let source = MemorySource::new("npm")
        .with("@elizaos/plugin-a", dated)
        .with("@elizaos/core", core);
    let plugin = name("@elizaos/plugin-a");
    let roots = [plugin.clone()];
    let collected = block_on(collect(&source, &roots, &PluginLayer::default())).unwrap();
    let newest_until = |day: &str| {
        let time = format!("{day}T00:00:00Z").parse().unwrap();
        let request = Request::new()
            .root(plugin.clone(), "*".parse().unwrap())
            .cooldown(Cooldown::published_until(time));
        resolve(&collected.universe, &request)
            .ok()
            .and_then(|resolution| resolution.version(&plugin).map(ToString::to_string))
    };
    assert_eq!(newest_until("2026-11-21").as_deref(), Some("1.2.0"));
    assert_eq!(newest_until("2026-11-19").as_deref(), Some("1.1.0"));
    assert_eq!(newest_until("2026-10-31").as_deref(), Some("1.0.0"));
    assert_eq!(newest_until("2025-12-31"), None);
}
