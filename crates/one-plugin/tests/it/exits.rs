//! Each exit code is reached, with the tag that the documentation promises.

use serde_json::{Value, json};

use crate::program::Home;

/// A plugin that is installed and active, an organisation that is archived, a person with few rights.
fn furnished() -> Home {
    let home = Home::new();
    for line in [
        "install notes",
        "activate notes",
        "agents add Bob",
        "agents add Zoe",
        "agents grant Bob notes --set NOTES_LIMIT=3",
        "org create old",
        "--org old org archive",
        "org create shop",
        "--org shop org add-member carl --role customer",
        "--org shop install notes",
    ] {
        home.ok(line);
    }
    home
}

#[test]
fn the_table_of_exit_codes() {
    let home = furnished();
    let cases: &[(&str, i32, &str)] = &[
        ("list", 0, ""),
        ("exec notes NOTE_COUNT --kind provider", 0, ""),
        ("exec notes SEARCH_NOTES", 1, ""),
        ("frobnicate", 2, "UsageError"),
        ("list --frobnicate", 2, "UsageError"),
        ("exec notes", 2, "UsageError"),
        ("install notes --grant everything", 2, "UsageError"),
        ("usage notes --window year", 2, "UsageError"),
        ("org create x --plan free", 2, "UsageError"),
        ("exec notes ADD_NOTE --input {", 2, "InputUnreadable"),
        ("config notes NOTES_LIMIT", 2, "InputUnreadable"),
        ("plan notes@>>", 2, "InvalidSpec"),
        ("plan @/x", 2, "InvalidPackageName"),
        ("runs notes --outcome well", 2, "UsageError"),
        ("cancel notes x", 2, "InvalidText"),
        ("runs notes --limit 0", 2, "UsageError"),
        ("exec notes ADD_NOTE --timeout 0", 2, "UsageError"),
        (
            "cancel notes 019ac9f2-7a00-7000-8000-000000000001",
            4,
            "ExecutionNotFound",
        ),
        (
            "rerun notes 019ac9f2-7a00-7000-8000-000000000001",
            4,
            "ExecutionNotFound",
        ),
        (
            "exec notes NOTE_COUNT --kind provider --timeout 301",
            3,
            "DeadlineTooLong",
        ),
        ("install notes", 3, "AlreadyInstalled"),
        ("activate notes", 3, "CommandRefused"),
        ("config notes NOTES_LIMIT=many", 3, "InvalidSettings"),
        ("config notes NO_SUCH=1", 3, "InvalidSettings"),
        ("org create shop", 3, "AlreadyExists"),
        ("--org old list", 3, "GroupArchived"),
        ("--org old install notes", 3, "GroupArchived"),
        ("--org shop --as carl uninstall notes", 3, "OperationDenied"),
        ("--org shop --as carl org archive", 3, "OperationDenied"),
        (
            "--org shop exec notes NOTE_COUNT --kind provider",
            3,
            "PluginNotActive",
        ),
        ("agents add Ada --type course", 2, "InvalidAgent"),
        ("agents add Ada --character []", 2, "InvalidAgent"),
        (
            "agents add Ada --character {\"secrets\":{\"A\":\"x\"}}",
            3,
            "SecretsInCharacter",
        ),
        ("agents grant Bob notes", 3, "AlreadyGranted"),
        ("agents revoke Zoe notes", 3, "AgentNotGranted"),
        (
            "exec notes NOTE_COUNT --kind provider --agent Zoe",
            3,
            "AgentNotGranted",
        ),
        (
            "exec notes NOTE_COUNT --kind provider --agent Nobody",
            4,
            "AgentNotFound",
        ),
        (
            "agents show 01a1f931-5896-7592-b68c-d9e54e91bd3d",
            4,
            "AgentNotFound",
        ),
        (
            "agents grant Zoe notes --set NO_SUCH=1",
            3,
            "InvalidSettings",
        ),
        ("plan nosuch", 4, "NotInCatalog"),
        ("show @elizaos/plugin-nosuch", 4, "NotInCatalog"),
        ("exec knowledge X", 4, "NotInstalled"),
        ("exec notes NO_SUCH", 4, "ComponentNotFound"),
        (
            "exec 01a1f931-5896-7592-b68c-d9e54e91bd3d X",
            4,
            "InstanceNotFound",
        ),
        ("--org nobodys list", 4, "NoAccess"),
        ("--as stranger list", 4, "NoAccess"),
        ("tree edge-tts", 5, "ResolutionConflict"),
        ("tree notes@99", 5, "ResolutionConflict"),
        ("tree @elizaos/plugin-nosuch", 6, "NetworkError"),
        ("plan knowledge", 6, "NodeMissing"),
        ("install knowledge", 6, "NodeMissing"),
    ];
    for (line, code, tag) in cases {
        let ran = home.run(&format!("{line} --json"));
        assert_eq!(ran.code, *code, "{line}: {ran:?}");
        let answer: Value =
            serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{line}: {ran:?}"));
        let found = answer
            .get("_tag")
            .and_then(Value::as_str)
            .unwrap_or_default();
        assert_eq!(found, *tag, "{line}: {ran:?}");
        if !tag.is_empty() {
            assert_eq!(ran.err, "", "{line}");
            for field in ["message", "help"] {
                assert!(
                    answer[field].as_str().is_some_and(|text| !text.is_empty()),
                    "{line}: {field}"
                );
            }
            // The same in words, on standard error, with nothing on standard output.
            let words = home.run(line);
            assert_eq!((words.code, words.out.as_str()), (*code, ""), "{line}");
            if *tag != "UsageError" {
                assert!(
                    words.err.starts_with(&format!("error[{tag}]: ")),
                    "{line}: {}",
                    words.err
                );
                // What to do: in general, or what was found for this very conflict.
                let helps = ["\n  -> ", "\n  what would help:\n"];
                let is_helped = helps.iter().any(|help| words.err.contains(help));
                assert!(is_helped, "{line}: {}", words.err);
            }
        }
    }
    std::fs::write(home.path().join("one-plugin.sqlite"), "no database at all").unwrap();
    let damaged = home.run("list --json");
    assert_eq!(damaged.code, 7, "{damaged:?}");
    let codes: std::collections::BTreeSet<i32> =
        cases.iter().map(|case| case.1).chain([7]).collect();
    assert_eq!(
        codes.into_iter().collect::<Vec<_>>(),
        [0, 1, 2, 3, 4, 5, 6, 7]
    );
}

#[test]
fn refusals_as_people_read_them() {
    let home = furnished();
    let mut page = String::new();
    for line in [
        "plan nosuch",
        "plan knowledge",
        "install notes",
        "activate notes",
        "exec notes search_notes",
        "--org nobodys list",
        "--org old list",
        "--org shop --as carl uninstall notes",
        "config notes NOTES_LIMIT=many",
        "tree @elizaos/plugin-nosuch",
        "list --frobnicate",
    ] {
        page.push_str(&format!(
            "$ one-plugin {line}\n{}\n\n",
            home.run(line).page()
        ));
    }
    insta::assert_snapshot!("refusals", page.trim_end());
}

#[test]
fn the_help_and_the_readme_list_the_same_codes() {
    let help = Home::new().ok("--help");
    let readme = include_str!("../../README.md");
    for code in (0..=7).chain([130]) {
        let line = help
            .lines()
            .find(|line| line.trim_start().starts_with(&format!("{code}  ")));
        let words = line.unwrap().trim().split_once("  ").unwrap().1;
        assert!(
            readme.contains(&format!("| {code} | {words} |")),
            "{code}: {words}"
        );
    }
}

#[test]
fn a_usage_error_is_json_where_json_is_asked_for_and_words_elsewhere() {
    let home = Home::new();
    let ran = home.run("--json exec");
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(answer["_tag"], json!("UsageError"));
    assert!(home.run("exec").err.starts_with("error: "));
}

/// Whoever reads what a command says may go away, and the disk that it is written to may be full.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_said_is_done_all_the_same() {
    use std::fs::OpenOptions;
    use std::process::Stdio;

    let home = Home::new();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let install = home.command(["install", "notes"]).stdout(full).output();
    let install = install.unwrap();
    let said = String::from_utf8(install.stderr).unwrap();
    assert_eq!(install.status.code(), Some(6), "{said}");
    assert!(said.contains("OutputUnwritten"), "{said}");
    assert_eq!(home.json("list")[0]["state"], "INSTALLED");

    let mut activate = home
        .command(["activate", "notes"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(activate.stdout.take());
    let activate = activate.wait_with_output().unwrap();
    let said = String::from_utf8(activate.stderr).unwrap();
    assert_eq!((activate.status.code(), &*said), (Some(0), ""));
    assert_eq!(home.json("list")[0]["state"], "ACTIVE");

    // What failed stays so.
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let again = ["activate", "notes", "--json"];
    let failed = home.command(again).stdout(full).output();
    assert_eq!(failed.unwrap().status.code(), Some(3));
}
