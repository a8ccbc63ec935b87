//! What one organisation has, another can neither see nor touch.

use crate::program::Home;

#[test]
fn an_instance_of_another_organisation_is_like_one_that_never_was() {
    let home = Home::new();
    for line in [
        "--as ann org create acme",
        "--as gil org create globex",
        "--as ann --org acme install notes",
        "--as ann --org acme activate notes",
    ] {
        home.ok(line);
    }
    let listed = home.json("--as ann --org acme list");
    let instance = listed[0]["instance"].as_str().unwrap();
    let nobodys = "01a1f931-5896-7592-b68c-d9e54e91bd3d";
    for command in [
        "exec ID NOTE_COUNT --kind provider",
        "config ID",
        "activate ID",
        "deactivate ID",
        "uninstall ID",
        "usage ID",
        "runs ID",
        "cancel ID 019ac9f2-7a00-7000-8000-000000000001",
        "rerun ID 019ac9f2-7a00-7000-8000-000000000001",
    ] {
        let of = |id: &str| {
            let ran = home.run(&format!(
                "--as gil --org globex {}",
                command.replace("ID", id)
            ));
            (
                ran.code,
                ran.out.replace(id, "ID"),
                ran.err.replace(id, "ID"),
            )
        };
        let foreign = of(instance);
        assert_eq!(foreign, of(nobodys), "{command}");
        assert_eq!(foreign.0, 4, "{command}: {foreign:?}");
        assert!(
            foreign.2.starts_with("error[InstanceNotFound]"),
            "{foreign:?}"
        );
    }
    let enters = home.run("--as gil --org acme list");
    let nowhere = home.run("--as gil --org nowhere list");
    assert_eq!(enters.code, 4);
    assert_eq!(
        enters.err.replace("acme", "ORG"),
        nowhere.err.replace("nowhere", "ORG")
    );
    // Ann's own id works, and nothing of this is in her trail.
    let said = home.ok(&format!(
        "--as ann --org acme exec {instance} NOTE_COUNT --kind provider"
    ));
    assert_eq!(said, "There are 0 notes.\n");
    assert!(
        !home
            .ok("--as gil --org globex audit")
            .contains("plugin-notes")
    );
}

#[test]
fn people_are_given_roles_and_an_archived_organisation_takes_nothing() {
    let home = Home::new();
    home.ok("--as ann org create acme --plan pro");
    home.ok("--as ann --org acme org add-member bob");
    home.ok("--as ann --org acme org add-member carl --role customer");
    insta::assert_snapshot!("people", home.ok("--as ann --org acme org show"));
    // A role that is given again replaces the one before.
    home.ok("--as ann --org acme org add-member carl --role group_user");
    home.ok("--as carl --org acme list");
    assert_eq!(home.run("--as bob --org acme org add-member dan").code, 3);
    home.ok("--as ann --org acme install notes");
    home.ok("--as ann --org acme org archive");
    for line in [
        "list",
        "install notes",
        "exec notes X",
        "org show",
        "org archive",
        "audit",
    ] {
        let ran = home.run(&format!("--as ann --org acme {line}"));
        assert_eq!(ran.code, 3, "{line}: {ran:?}");
        assert!(
            ran.err.starts_with("error[GroupArchived]: "),
            "{line}: {ran:?}"
        );
    }
    assert_eq!(home.run("--as ann org create acme").code, 3);
}

#[test]
fn two_processes_on_one_store_lose_nothing() {
    let home = Home::new();
    home.ok("install notes");
    home.ok("activate notes");
    let add = |n: u32| {
        let input = format!(r#"{{"text": "note number {n}"}}"#);
        home.command(["exec", "notes", "ADD_NOTE", "--input", &input])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    };
    let running: Vec<_> = (0..8).map(add).collect();
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    assert_eq!(
        home.ok("exec notes NOTE_COUNT --kind provider"),
        "There are 8 notes.\n"
    );
    assert!(home.ok("audit").contains("whole and in order"));
}
