//! What is said of where a plugin stands, and stopping it by hand.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::program::Home;

fn answer<'a>(status: &'a Value, condition: &str) -> (&'a str, &'a str) {
    let conditions = status["conditions"].as_array().unwrap();
    let found = conditions
        .iter()
        .find(|it| it["type"] == condition)
        .unwrap();
    (
        found["status"].as_str().unwrap(),
        found["reason"].as_str().unwrap(),
    )
}

#[test]
fn a_plugin_is_suspended_and_resumed_and_its_status_follows() {
    let home = Home::new();
    assert_eq!(
        home.ok("status").trim(),
        "nothing is installed in `default`"
    );
    home.ok("install notes");
    home.ok("activate notes");
    let active = home.json("status notes");
    let status = &active[0];
    assert_eq!(
        (&status["desired"], &status["state"]),
        (&json!("running"), &json!("ACTIVE"))
    );
    assert_eq!(answer(status, "Reconciled"), ("True", "AsWanted"));
    assert_eq!(answer(status, "Admitting"), ("True", "Open"));
    let words = home.ok("status notes");
    assert!(
        words.contains("\n  Healthy     True     NoErrors         "),
        "{words}"
    );
    assert!(
        words.contains("possible now: suspend, begin_execution, deactivate"),
        "{words}"
    );
    // Of everything, only what does not hold is said.
    assert!(!home.ok("status").contains("NoErrors"));
    let said = home.run_all(["suspend", "notes", "--reason", "its provider bills twice"]);
    assert_eq!(said.code, 0, "{}", said.page());
    let suspended = home.json("status");
    assert_eq!(suspended[0]["desired"], "suspended");
    assert_eq!(answer(&suspended[0], "Running"), ("False", "Suspended"));
    let why = suspended[0]["why"].as_str().unwrap();
    assert!(
        why.contains("its provider bills twice; `resume` starts it again"),
        "{why}"
    );
    assert_eq!(home.run("exec notes NOTE_COUNT --kind provider").code, 3);
    assert!(home.ok("resume notes").contains("is active again"));
    assert_eq!(home.run("exec notes NOTE_COUNT --kind provider").code, 0);
    let refused = home.run("resume notes");
    assert_eq!(refused.code, 3);
    assert!(refused.err.contains("CommandRefused"), "{}", refused.page());
}

#[test]
fn who_may_only_use_plugins_does_not_suspend_them() {
    let home = Home::new();
    for line in [
        "org create shop",
        "--org shop org add-member uma --role group_user",
        "--org shop install notes",
        "--org shop activate notes",
    ] {
        home.ok(line);
    }
    let refused = home.run("--org shop --as uma suspend notes --reason no");
    assert_eq!(refused.code, 3, "{}", refused.page());
    assert!(
        refused.err.contains("OperationDenied"),
        "{}",
        refused.page()
    );
    let seen = home.json("--org shop --as uma status notes");
    assert_eq!(
        seen[0]["possible"],
        json!(["begin_execution", "deactivate"])
    );
    assert_eq!(seen[0].get("errors"), None);
}

#[cfg(unix)]
#[test]
fn a_watched_status_is_said_again_when_something_changes() {
    let home = Home::new();
    home.ok("install notes");
    let mut child = home
        .command(["status", "notes", "--watch", "--json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut next = || {
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let status: Value = serde_json::from_str(&line).unwrap();
        status[0]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(next(), "INSTALLED");
    home.ok("activate notes");
    while next() != "ACTIVE" {}
    let id = child.id().to_string();
    let asked = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(asked.success());
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
}
