//! Real, unmodified packages from npm, installed without their scripts.

use std::path::PathBuf;

use plugin_runtime_api::{ComponentKind, Ending};
use serde_json::{Value, json};

use crate::support::{Bench, skip};

const KNOWLEDGE: (&str, &str) = ("@elizaos/plugin-knowledge", "1.6.1");
const BOOTSTRAP: (&str, &str) = ("@elizaos/plugin-bootstrap", "1.7.2");

fn packages() -> Option<PathBuf> {
    let found = std::env::var_os("ONE_PLUGIN_TEST_PACKAGES").map(PathBuf::from);
    if found.is_none() {
        skip("ONE_PLUGIN_TEST_PACKAGES is not set; cargo xtask test prepares the packages");
    }
    found
}

fn output(bench: &Bench, kind: ComponentKind, name: &str, input: Value) -> Value {
    let call = bench.call(kind, name, input);
    match bench.invoke(call).unwrap().ending {
        Ending::Succeeded { output } => output,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn knowledge_adds_documents_and_finds_the_right_passage() {
    let Some(root) = packages() else { return };
    let Some(bench) = Bench::installed(&root, &[KNOWLEDGE]) else {
        return;
    };
    let info = bench.start();
    let warnings: Vec<&String> = info.plugins.iter().flat_map(|it| &it.warnings).collect();
    assert!(warnings.is_empty(), "{warnings:?}");
    for text in [
        "Remember this: Refunds are paid within fourteen days of the return of the goods.",
        "Remember this: The office dog is called Bruno and likes cheese.",
        "Remember this: Parking is free on Sundays and holidays.",
    ] {
        let said = output(
            &bench,
            ComponentKind::Action,
            "PROCESS_KNOWLEDGE",
            json!({ "text": text }),
        );
        let said = said.pointer("/responses/0/text").unwrap().as_str().unwrap();
        assert!(said.starts_with("I've added that information"), "{said}");
    }
    for (question, answer) in [
        ("when are refunds paid", "1. Refunds are paid"),
        ("what is the office dog called", "1. The office dog"),
        ("is parking free on holidays", "1. Parking is free"),
    ] {
        let input = json!({"text": format!("search knowledge for {question}")});
        let found = output(&bench, ComponentKind::Action, "SEARCH_KNOWLEDGE", input);
        let found = found
            .pointer("/responses/0/text")
            .unwrap()
            .as_str()
            .unwrap();
        assert!(found.contains(answer), "{question}: {found}");
    }
    // The plugin's own validate is asked: this is no request to search.
    let ending = bench.act("SEARCH_KNOWLEDGE", json!({"text": "refunds"}));
    assert!(matches!(ending, Ending::Refused { .. }), "{ending:?}");
    let provided = output(
        &bench,
        ComponentKind::Provider,
        "KNOWLEDGE",
        json!({"text": "the dog"}),
    );
    let text = provided.get("text").unwrap().as_str().unwrap();
    assert!(text.starts_with("# Knowledge\n- The office dog"), "{text}");
    let listed = output(&bench, ComponentKind::Route, "GET /documents", json!({}));
    assert_eq!(listed.get("status").unwrap(), 200);
    assert_eq!(
        listed
            .pointer("/body/data/memories")
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let input = json!({"query": {"q": "parking on sundays", "threshold": "0.1"}});
    let found = output(&bench, ComponentKind::Route, "GET /search", input);
    let first = found.pointer("/body/data/results/0/content/text").unwrap();
    assert_eq!(first, "Parking is free on Sundays and holidays.");
}

#[test]
fn bootstrap_and_knowledge_share_a_runtime() {
    let Some(root) = packages() else { return };
    let Some(bench) = Bench::installed(&root, &[BOOTSTRAP, KNOWLEDGE]) else {
        return;
    };
    let info = bench.start();
    let count = |kind| {
        let plugin = info.plugins.first().unwrap();
        plugin
            .components
            .iter()
            .filter(|it| it.kind == kind)
            .count()
    };
    assert_eq!(count(ComponentKind::Provider), 16);
    assert_eq!(count(ComponentKind::Action), 13);
    assert_eq!(count(ComponentKind::Service), 2);
    let time = output(&bench, ComponentKind::Provider, "TIME", json!({}));
    let text = time.get("text").unwrap().as_str().unwrap();
    assert!(text.starts_with("The current date and time is "), "{text}");
    let character = output(&bench, ComponentKind::Provider, "CHARACTER", json!({}));
    assert_eq!(character.pointer("/values/agentName").unwrap(), "Ada");
    // The agent has a room of its own, as elizaOS would have made it.
    let roles = output(&bench, ComponentKind::Provider, "ROLES", json!({}));
    let text = roles.get("text").unwrap().as_str().unwrap();
    assert!(text.starts_with("No access to role information"), "{text}");
    // Providers of one plugin see the other: they share one runtime.
    let providers = output(&bench, ComponentKind::Provider, "PROVIDERS", json!({}));
    assert!(
        providers
            .get("text")
            .unwrap()
            .as_str()
            .unwrap()
            .contains("**KNOWLEDGE**")
    );
}
