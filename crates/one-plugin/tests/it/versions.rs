//! Versions: plans of several plugins, groups, locks; with the facts that are part of the program.

use serde_json::Value;

use crate::program::{Home, Ran};

/// One of each line of the core: no two of the last three can be together with anything else.
const FIVE: &str = "bootstrap@1.7.2 knowledge@1.6.1 form@2.0.0-alpha.11 goals@2.0.0-alpha.9 \
                    web-search@0.25.6-alpha.1";

fn page(home: &Home, lines: &[&str]) -> String {
    let page = |line: &&str| format!("$ one-plugin {line}\n{}\n\n", home.run(line).page());
    let pages: String = lines.iter().map(page).collect();
    pages.trim_end().to_owned()
}

#[test]
fn several_plugins_are_planned_together_or_in_groups() {
    let home = Home::new();
    let five = format!("plan {FIVE}");
    let lines = [
        five.as_str(),
        "plan bootstrap knowledge sql",
        "plan bootstrap web-search edge-tts",
    ];
    insta::assert_snapshot!("groups", page(&home, &lines));
    assert_eq!(home.run(&five).code, 0);
    let left_out = home.run("plan bootstrap edge-tts --json");
    assert_eq!(left_out.code, 5);
    let left_out: Value = serde_json::from_str(&left_out.out).unwrap();
    assert_eq!(left_out["left_out"][0]["name"], "@elizaos/plugin-edge-tts");
}

#[test]
fn groups_for_machines() {
    let plan = Home::new().json(&format!("plan {FIVE}"));
    let shape =
        |plan: &Value| -> Vec<String> { plan.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(
        shape(&plan),
        [
            "boundaries",
            "freshness",
            "groups",
            "is_fewest",
            "left_out",
            "locks"
        ]
    );
    assert_eq!(plan["is_fewest"], true);
    assert_eq!(plan["groups"].as_array().unwrap().len(), 4);
    assert_eq!(plan["boundaries"].as_array().unwrap().len(), 6);
    let cores: Vec<&str> = plan["locks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lock| {
            lock["packages"]["@elizaos/core"]["version"]
                .as_str()
                .unwrap()
        })
        .collect();
    assert_eq!(
        cores,
        [
            "1.7.2",
            "2.0.0-alpha.114",
            "2.0.0-alpha.3",
            "0.25.6-alpha.1"
        ]
    );
}

#[test]
fn how_versions_are_chosen() {
    let lines = [
        "plan bootstrap@1.7.2 web-search@0.25.6-alpha.1 --together",
        "tree knowledge --host @elizaos/core=1.6.3",
        "tree knowledge --host @elizaos/core",
        "tree knowledge --host @elizaos/core=new",
        "tree knowledge@^1 --policy lowest",
        "tree form",
        "tree form --prereleases",
        "tree bootstrap knowledge --depth 1",
    ];
    insta::assert_snapshot!("choosing", page(&Home::new(), &lines));
}

#[test]
fn a_lock_keeps_versions() {
    let home = Home::new();
    let file = home.beside().join("plugins.lock");
    let file = file.to_str().unwrap();
    let said = home.ok(&format!(
        "lock knowledge@^1 bootstrap@^1 --policy lowest -o {file}"
    ));
    assert!(said.contains("packages locked in"), "{said}");
    let kept = std::fs::read_to_string(file).unwrap();
    assert_eq!(
        home.ok("lock knowledge@^1 bootstrap@^1 --policy lowest"),
        kept,
        "the same packages and facts give the same bytes"
    );
    // The newest, where the lock says nothing else.
    let newest = home.json("lock knowledge@^1 bootstrap@^1");
    let held = home.json(&format!("lock knowledge@^1 bootstrap@^1 --lock {file}"));
    let version = |lock: &Value, name: &str| lock["packages"][name]["version"].clone();
    let lowest: Value = serde_json::from_str(&kept).unwrap();
    for name in ["@elizaos/plugin-knowledge", "@elizaos/plugin-bootstrap"] {
        assert_eq!(version(&held, name), version(&lowest, name));
        assert_ne!(version(&held, name), version(&newest, name));
    }
}

#[test]
fn what_is_no_lock_is_refused_by_name() {
    let home = Home::new();
    let beside = home.beside().to_owned();
    let refused = |name: &str, text: &str| -> Ran {
        let file = beside.join(name);
        std::fs::write(&file, text).unwrap();
        home.run(&format!("tree knowledge --lock {} --json", file.display()))
    };
    let cases = [
        ("empty", "", "LockUnreadable"),
        ("no.json", "{", "LockUnreadable"),
        (
            "package-lock.json",
            r#"{"name": "x", "lockfileVersion": 3, "packages": {}}"#,
            "LockForeign",
        ),
        ("future", r#"{"format": 99}"#, "LockFormatUnknown"),
    ];
    for (name, text, tag) in cases {
        let ran = refused(name, text);
        let error: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!((ran.code, error["_tag"].as_str()), (2, Some(tag)), "{name}");
    }
    let missing = home.run("tree knowledge --lock /nowhere/at/all --json");
    let error: Value = serde_json::from_str(&missing.out).unwrap();
    assert_eq!(
        (missing.code, &error["_tag"]),
        (2, &Value::from("LockFileUnusable"))
    );
    let unwritable = home.run("lock knowledge -o /nowhere/at/all");
    assert_eq!(unwritable.code, 2);
    assert!(
        unwritable.err.contains("LockFileUnusable"),
        "{}",
        unwritable.err
    );
}

#[test]
fn an_explanation_is_coloured_on_demand_only() {
    let home = Home::new();
    let line = "tree knowledge@99";
    let coloured = home.run(&format!("{line} --color always")).err;
    assert!(
        coloured.contains("\u{1b}[1m@elizaos/plugin-knowledge\u{1b}[0m"),
        "{coloured:?}"
    );
    let plain = home.run(line).err;
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    let mut stripped = coloured;
    for code in ["0", "1", "31;1", "32", "33", "36"] {
        stripped = stripped.replace(&format!("\u{1b}[{code}m"), "");
    }
    assert_eq!(stripped, plain);
}
