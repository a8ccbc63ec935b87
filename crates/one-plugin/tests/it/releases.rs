//! What is said of releases that are installed, on the command line.

use serde_json::{Value, json};

use crate::program::Home;

/// What a line prints, whatever it ends with, and that.
fn said(home: &Home, line: &[&str]) -> (i32, String) {
    let ran = home.run_all(line.iter().copied());
    (ran.code, format!("{}{}", ran.out, ran.err))
}

fn version(home: &Home) -> (String, String) {
    let listed = home.json("list");
    let text = |name: &str| listed[0][name].as_str().unwrap().to_owned();
    (text("package"), text("version"))
}

#[test]
fn a_revoked_release_stops_and_a_lifted_one_may_be_started() {
    let home = Home::new();
    home.ok("install notes");
    home.ok("activate notes");
    let (package, version) = version(&home);
    let revoked = format!("{package}@{version}");
    let because = "it keeps what it should not";
    let (code, text) = said(
        &home,
        &[
            "revoke",
            &revoked,
            "--reason",
            because,
            "--severity",
            "critical",
        ],
    );
    let expected = format!(
        "{package} {version} is revoked (critical): {because}\n\
         {package}: suspended; {package} {version} is revoked (critical): {because}\n\
         1 plugin looked at\n"
    );
    assert_eq!((code, text.as_str()), (0, expected.as_str()));
    let standing = home.ok("status notes");
    assert!(standing.contains("SUSPENDED"), "{standing}");
    assert!(
        standing.contains("it is not started while that stands"),
        "{standing}"
    );
    for line in ["activate notes", "exec notes NOTE_COUNT --kind provider"] {
        let ran = home.run(line);
        assert_eq!(ran.code, 3, "{ran:?}");
    }
    let (_, text) = said(&home, &["activate", "notes"]);
    assert!(text.starts_with("error[ReleaseRevoked]: "), "{text}");
    home.ok("deactivate notes");
    home.ok("uninstall notes");
    let (code, text) = said(&home, &["install", "notes"]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("error[ReleaseRevoked]: "), "{text}");
    let listed = home.json("revoke");
    assert_eq!(
        (&listed[0]["package"], &listed[0]["severity"]),
        (&json!(package), &json!("critical"))
    );
    let (code, text) = said(&home, &["unrevoke", &revoked]);
    assert!(code == 0 && text.contains("is no longer revoked"), "{text}");
    let (code, text) = said(&home, &["unrevoke", &revoked]);
    assert!(
        code == 4 && text.contains("error[RevocationNotFound]: "),
        "{text}"
    );
    assert_eq!(home.ok("revoke"), "nothing is revoked\n");
    home.ok("install notes");
    home.ok("activate notes");
}

#[test]
fn organisations_are_told_each_in_its_turn() {
    let home = Home::new();
    for org in ["acme", "globex"] {
        home.ok(&format!("--as ann org create {org}"));
        home.ok(&format!("--as ann --org {org} install notes"));
        home.ok(&format!("--as ann --org {org} activate notes"));
    }
    let of = |org: &str, line: &str| home.ok(&format!("--as ann --org {org} {line}"));
    // Who is named has to be an owner of the platform.
    let revoke = ["--org", "acme", "revoke", "notes", "--reason", "bad"];
    let (code, text) = said(&home, &[&["--as", "ann"], revoke.as_slice()].concat());
    assert!(
        code == 3 && text.contains("error[OperationDenied]: "),
        "{text}"
    );
    assert_eq!(home.ok("revoke"), "nothing is revoked\n");
    assert_eq!(said(&home, &revoke).0, 0);
    assert!(of("acme", "list").contains("SUSPENDED"));
    assert!(of("globex", "list").contains("ACTIVE"));
    of("globex", "notices --on revoked=notify");
    let told = of("globex", "notices --apply");
    assert!(told.contains("is revoked (high): bad; since 20"), "{told}");
    assert!(
        told.ends_with("revoked: notify, unpublished: notify, deprecated: notify\n"),
        "{told}"
    );
    assert!(of("globex", "list").contains("ACTIVE"));
    // Whoever may not see what is installed is told nothing of it.
    home.ok("--as ann --org globex org add-member carl --role customer");
    let ran = home.run("--as carl --org globex notices --apply");
    assert!(
        ran.code == 3 && !format!("{ran:?}").contains("revoked ("),
        "{ran:?}"
    );
    let listed = home.json("--as ann --org acme list");
    let package = listed[0]["package"].as_str().unwrap();
    let ran = home.run(&format!("--as carl --org globex unrevoke {package}"));
    assert_eq!(ran.code, 3, "{ran:?}");
    let lifted = home.ok(&format!("--org globex unrevoke {package}"));
    assert!(lifted.ends_with("1 plugin looked at\n"), "{lifted}");
    // A sync brings what is new, too.
    let synced = home.json("--as ann --org acme sync");
    assert_eq!(
        synced["notices"]["cleared"].as_array().unwrap().len(),
        1,
        "{synced}"
    );
}

#[test]
fn what_is_followed_is_said_and_set() {
    let home = Home::new();
    let first = "`default` follows `latest`, however young it is\n";
    assert_eq!(home.ok("channel"), first);
    assert_eq!(
        home.ok("channel next --cooldown 72"),
        "`default` follows `next`, once a release is 72 hours old\n"
    );
    let set: Value = home.json("channel");
    assert_eq!(
        (&set["channel"], &set["cooldown_s"]),
        (&json!("next"), &json!(259_200))
    );
    assert_eq!(home.ok("channel --none --cooldown 0"), first);
    for (line, code) in [
        ("channel ^1.6", 2),
        ("channel beta --none", 2),
        ("notices --on deprecated", 2),
        ("notices --on deprecated=shout", 2),
        ("revoke notes", 2),
        ("revoke --reason x", 2),
        ("revoke notes@not.a.range --reason x", 2),
        ("revoke notes --reason x --severity awful", 2),
        ("revoke nosuch --reason x", 4),
    ] {
        let ran = home.run(line);
        assert_eq!(ran.code, code, "{line}: {ran:?}");
    }
    home.ok("org add-member uma --role group_user");
    assert_eq!(home.run("--as uma channel next").code, 3);
    assert_eq!(home.run("--as uma channel").code, 0);
}
