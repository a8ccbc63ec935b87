//! A plugin's life, each command a process of its own.

use serde_json::json;

use crate::filter;
use crate::program::Home;

const REFUNDS: &str = "Refunds are paid within fourteen days";

#[test]
fn in_words() {
    let home = Home::new();
    let mut page = String::new();
    let note = format!(r#"{{"text": "{REFUNDS}"}}"#);
    let steps: &[&[&str]] = &[
        &["list"],
        &["plan", "notes"],
        &["install", "notes", "--grant", "read_only"],
        &["uninstall", "notes"],
        &["install", "notes"],
        &["list"],
        &["show", "notes"],
        &["tree", "notes"],
        &["config", "notes"],
        &["config", "notes", "NOTES_LIMIT=3"],
        &["activate", "notes"],
        &["list"],
        &["exec", "notes", "ADD_NOTE", "--input", &note],
        &[
            "exec",
            "notes",
            "SEARCH_NOTES",
            "--input",
            r#"{"query": "when is a refund paid"}"#,
        ],
        &["exec", "notes", "SEARCH_NOTES"],
        &["exec", "notes", "search_notes"],
        &["exec", "notes", "NOTE_COUNT", "--kind", "provider"],
        &["usage", "notes"],
        &["runs", "notes"],
        &["runs", "notes", "--outcome", "failed"],
        &["config", "notes", "--unset", "NOTES_LIMIT"],
        &["deactivate", "notes"],
        &["exec", "notes", "NOTE_COUNT", "--kind", "provider"],
        &["uninstall", "notes"],
        &["list"],
        &["audit", "notes"],
        &["audit"],
    ];
    for step in steps {
        let ran = home.run_all(*step);
        page.push_str(&format!(
            "$ one-plugin {}\n{}\n\n",
            step.join(" "),
            ran.page()
        ));
    }
    insta::assert_snapshot!("journey_in_words", page.trim_end());
}

#[test]
fn in_json() {
    let home = Home::new();
    let mut pages = Vec::new();
    let note = json!({"text": REFUNDS}).to_string();
    let query = json!({"query": "when is a refund paid"}).to_string();
    let steps: &[&[&str]] = &[
        &["install", "notes"],
        &["list"],
        &["config", "notes", "NOTES_LIMIT=3"],
        &["activate", "notes"],
        &["exec", "notes", "ADD_NOTE", "--input", &note],
        &["exec", "notes", "SEARCH_NOTES", "--input", &query],
        &["usage", "notes", "--window", "hour"],
        &["runs", "notes", "--limit", "1"],
        &["deactivate", "notes"],
        &["uninstall", "notes"],
    ];
    for step in steps {
        let ran = home.run_all(step.iter().chain(&["--json"]));
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{step:?}");
        let value = serde_json::from_str(&ran.out).unwrap();
        pages.push(json!({"command": step.join(" "), "answer": filter::json(value)}));
    }
    let page = serde_json::to_string_pretty(&pages).unwrap();
    insta::assert_snapshot!("journey_in_json", page);
}

#[test]
fn the_trail_outlives_the_plugin_and_says_each_event_with_its_digest() {
    let home = Home::new();
    home.ok("install notes");
    home.ok("uninstall notes");
    let trail = home.json("audit notes");
    let types: Vec<&str> = trail["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            event["event_type"]
                .as_str()
                .or(event["type"].as_str())
                .unwrap()
        })
        .collect();
    assert_eq!(
        types,
        [
            "plugin_operation_started",
            "plugin_installed",
            "plugin_operation_started",
            // Its vault says that it takes no secret of it any more.
            "plugin_configured",
            "plugin_uninstalled"
        ]
    );
    let last = &trail["events"][4];
    assert_eq!(trail["verified"]["digest"], last["digest"]);
    assert_eq!(trail["verified"]["seq"], last["seq"]);
}

#[test]
fn the_conflict_of_a_real_plugin_is_explained() {
    let home = Home::new();
    let mut page = String::new();
    for package in [
        "edge-tts",
        "browser@2.0.0-beta.1",
        "cron@2.0.0-alpha.8",
        "knowledge@99",
    ] {
        let ran = home.run(&format!("tree {package}"));
        assert_eq!(ran.code, 5);
        page.push_str(&format!("$ one-plugin tree {package}\n{}\n\n", ran.page()));
    }
    insta::assert_snapshot!("conflicts", page.trim_end());
}

#[test]
fn the_tree_of_a_real_plugin() {
    let home = Home::new();
    insta::assert_snapshot!("tree", home.ok("tree browser@1.0.3 --depth 2"));
}
