//! The catalog: where its facts come from is always said.

use crate::program::Home;
use crate::registry::answering;

/// A registry that has one plugin and nothing else.
fn registry() -> String {
    answering(|path| {
        let version = r#"{"name": "@elizaos/plugin-knowledge", "version": "7.0.0"}"#;
        let tags = r#"{"latest": "7.0.0"}"#;
        let document = format!(
            r#"{{"name": "@elizaos/plugin-knowledge", "dist-tags": {tags}, "versions": {{"7.0.0": {version}}}}}"#
        );
        (path == "/@elizaos/plugin-knowledge").then(|| document.into_bytes())
    })
}

#[test]
fn the_registry_is_asked_once_in_five_minutes() {
    let home = Home::new()
        .without_network()
        .with("npm_config_registry", &registry());
    // A package that is not there is an error, writes nothing and spends nothing.
    let unknown = home.run("sync @elizaos/plugin-nosuch");
    assert_eq!(unknown.code, 4, "{unknown:?}");
    assert!(
        unknown.err.contains("error[PluginNotFound]: "),
        "{unknown:?}"
    );
    let first = home.json("sync");
    assert_eq!(first["from"], "the npm registry");
    assert_eq!(first["read"], 1);
    assert!(first["skipped"].as_object().unwrap().len() > 30);
    let shown = home.ok("show knowledge");
    assert!(shown.contains("  version      7.0.0\n"), "{shown}");
    for line in ["sync", "sync knowledge"] {
        let again = home.run(line);
        assert_eq!(again.code, 3, "{again:?}");
        assert!(
            again.err.starts_with("error[RateLimited]: the registry may be synced once in 5 minutes; the next may be at 20"),
            "{again:?}"
        );
    }
    // What asks no registry may be done meanwhile, and does not undo what the registry said.
    let own = home.json("--offline sync");
    assert!(
        own["from"]
            .as_str()
            .unwrap()
            .contains("--offline was given")
    );
    let shown = home.ok("show knowledge");
    assert!(shown.contains("  version      7.0.0\n"), "{shown}");
}

#[test]
fn offline_the_facts_of_the_program_are_used_as_often_as_wanted() {
    let home = Home::new();
    let first = home.json("sync");
    assert!(
        first["from"]
            .as_str()
            .unwrap()
            .contains("--offline was given"),
        "{first}"
    );
    assert!(first["created"].as_u64().unwrap() > 30, "{first}");
    assert!(first["change_sets"].as_u64().unwrap() > 0);
    let again = home.json("sync");
    assert_eq!(
        (&again["created"], &again["updated"]),
        (&0.into(), &0.into())
    );
    assert_eq!(
        again["change_sets"], 0,
        "a second sync of the same facts writes nothing"
    );
}

#[test]
fn without_a_network_it_says_why_the_facts_are_its_own_and_spends_no_sync() {
    let home = Home::new().without_network();
    for _ in 0..2 {
        let answer = home.json("sync");
        let from = answer["from"].as_str().unwrap();
        assert!(from.contains("this program's own facts of 20"), "{from}");
        assert!(from.contains("the network gave no answer"), "{from}");
    }
}

#[test]
fn a_search_finds_and_shows_what_the_program_knows() {
    let home = Home::new();
    let ran = home.run("search knowledge");
    assert!(ran.err.contains("the catalog was empty"), "{ran:?}");
    assert!(ran.out.starts_with("@elizaos/plugin-knowledge "), "{ran:?}");
    let again = home.run("search knowledge --json");
    assert_eq!(again.err, "", "it is filled once");
    let hits: serde_json::Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(hits.as_array().unwrap().len(), 1);
    assert_eq!(
        home.ok("search zzzzzz"),
        "nothing in the catalog fits `zzzzzz`\n"
    );
    // Mistyped and unfinished.
    for words in ["telegran", "telegr"] {
        let found = home.ok(&format!("search {words}"));
        assert!(found.starts_with("@elizaos/plugin-telegram "), "{found}");
    }
    assert!(
        home.ok("search --near talk on telegram")
            .contains("@elizaos/plugin-telegram")
    );
    insta::assert_snapshot!("show", home.ok("show knowledge"));
}
