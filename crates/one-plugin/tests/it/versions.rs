//! Versions: plans of several plugins, groups, locks; with the facts that are part of the program.

use serde_json::Value;

use crate::program::{Home, Ran, skip};

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
fn groups_are_coloured_where_it_is_wanted() {
    let home = Home::new();
    let line = "plan bootstrap@1.7.2 web-search@0.25.6-alpha.1";
    let coloured = home.ok(&format!("{line} --color always"));
    let name = "\u{1b}[1m@elizaos/plugin-bootstrap\u{1b}[0m \u{1b}[36m1.7.2\u{1b}[0m";
    assert!(coloured.contains(name), "{coloured:?}");
    let mut plain = coloured;
    for code in ["[0m", "[1m", "[36m", "[33m", "[32m"] {
        plain = plain.replace(&format!("\u{1b}{code}"), "");
    }
    assert_eq!(plain, home.ok(line), "colours add nothing to the words");
}

#[test]
fn short_names_mean_the_same_everywhere() {
    let home = Home::new();
    for option in ["--host core=1.6.3", "--host @elizaos/core=1.6.3"] {
        let ran = home.run(&format!("tree knowledge {option}"));
        assert_eq!(ran.code, 5, "{option}: {}", ran.page());
    }
    for option in [
        "--host nosuch=1.0.0",
        "--cooldown 1 --cooldown-except nosuch",
    ] {
        let ran = home.run(&format!("tree knowledge {option}"));
        assert_eq!(ran.code, 4, "{option}: {}", ran.page());
    }
}

#[test]
fn a_lock_without_an_end_is_refused() {
    let ran = Home::new().run("lock --check /dev/zero");
    assert_ne!(ran.code, 0);
    assert!(ran.page().contains("it has more than"), "{}", ran.page());
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
fn a_conflict_is_drawn_and_is_data_for_machines() {
    let home = Home::new();
    let lines = [
        "graph bootstrap@1.7.2 web-search@0.25.6-alpha.1",
        "graph bootstrap@1.7.2 web-search@0.25.6-alpha.1 --format mermaid",
    ];
    insta::assert_snapshot!("conflict_drawn", page(&home, &lines));
    let drawn = home.run("graph bootstrap@1.7.2 web-search@0.25.6-alpha.1 --format json");
    let error = home.run("graph bootstrap@1.7.2 web-search@0.25.6-alpha.1 --json");
    assert_eq!((drawn.code, error.code), (5, 5));
    let drawn: Value = serde_json::from_str(&drawn.out).unwrap();
    let error: Value = serde_json::from_str(&error.out).unwrap();
    assert_eq!(error["explanation"], drawn);
    assert_eq!(error["explanation"]["alternatives"], error["alternatives"]);
    assert_eq!(error["explanation"]["headline"], error["message"]);
    assert_eq!(drawn["disputed"][0], "@elizaos/core");
    assert_eq!(drawn["minimal"], true);
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
fn each_group_has_a_lock() {
    let home = Home::new();
    let locks = home.beside().join("locks");
    let five = format!("lock {FIVE} --groups @/locks");
    let lines = [
        five.as_str(),
        "lock --check @/locks",
        "lock bootstrap@1.7.2 web-search@0.25.6-alpha.1 --groups @/locks",
        "lock bootstrap edge-tts --groups @/locks",
        "lock bootstrap knowledge --groups @/alone",
        "lock --check @/locks bootstrap",
        "lock --check @/none",
    ];
    std::fs::create_dir(home.beside().join("none")).unwrap();
    insta::assert_snapshot!("groups_locked", about(&home, &lines));
    let edited = locks.join("group-2.lock.json");
    let lock = std::fs::read_to_string(&edited).unwrap();
    std::fs::write(
        &edited,
        lock.replace(
            "\"version\": \"0.25.6-alpha.1\"",
            "\"version\": \"0.25.6-alpha.99\"",
        ),
    )
    .unwrap();
    let drifted = home.run(&format!("lock --check {}", locks.display()));
    assert_eq!(drifted.code, 5);
    assert!(
        drifted.err.contains("group-2.lock.json: "),
        "{}",
        drifted.err
    );
    let alone = home.beside().join("alone/group-1.lock.json");
    assert_eq!(
        std::fs::read_to_string(alone).unwrap(),
        home.ok("lock bootstrap knowledge"),
        "one group has the lock that there is without groups"
    );
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

/// Locks beside a home: an old one, a new one, and one of format 1.
fn locks() -> Home {
    let home = Home::new();
    let files = ["old", "new", "one"].map(|name| home.beside().join(name));
    let [old, new, one] = files.each_ref().map(|file| file.to_str().unwrap());
    home.ok(&format!("lock knowledge@^1 --policy lowest -o {old}"));
    home.ok(&format!("lock knowledge@^1 bootstrap -o {new}"));
    let format_1 =
        r#"{"format": 1, "requirements": "sha256-0", "packages": {"a": {"version": "1.0.0"}}}"#;
    std::fs::write(one, format_1).unwrap();
    home
}

/// The pages of lines about the locks, wherever they are.
fn about(home: &Home, lines: &[&str]) -> String {
    let beside = home.beside().to_str().unwrap();
    let lines: Vec<String> = lines
        .iter()
        .map(|line| line.replace("@/", &format!("{beside}/")))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    page(home, &lines).replace(&format!("{beside}/"), "")
}

#[test]
fn what_locks_say() {
    let lines = [
        "diff @/old @/new",
        "diff @/new @/new",
        "diff @/old @/none",
        "tree knowledge@^1 --lock @/old",
        "why core --in @/new",
        "why core --of knowledge bootstrap",
        "why zod --in @/new",
        "outdated --in @/old",
        "outdated --in @/new",
        "outdated --in @/one",
        "dedupe @/old @/new",
        "dedupe @/new @/new",
        "graph --in @/new",
        "graph --in @/new --format mermaid",
    ];
    insta::assert_snapshot!("locks", about(&locks(), &lines));
}

#[test]
fn what_locks_say_to_machines() {
    let home = locks();
    let beside = home.beside().to_str().unwrap().to_owned();
    let ask = |line: &str| home.json(&line.replace("@/", &format!("{beside}/")));
    let diff = ask("diff @/old @/new");
    assert_eq!(diff["packages"][0]["name"], "@elizaos/core");
    assert_eq!(diff["packages"][0]["direction"], "up");
    let why = ask("why core --in @/new");
    assert_eq!(why[0]["version"], "1.7.2");
    assert_eq!(why[0]["ways"].as_array().unwrap().len(), 2);
    let outdated = ask("outdated --in @/old");
    assert_eq!(outdated[0]["packages"][0]["current"], "1.2.0");
    let dedupe = ask("dedupe @/old @/new");
    assert_eq!(dedupe[0]["versions"].as_array().unwrap().len(), 2);
    let graph = ask("graph --in @/new --format json");
    assert_eq!(graph["packages"].as_array().unwrap().len(), 4);
    assert_eq!(
        ask("graph knowledge --format json")["needs"][0]["spec"],
        "^1.7.0"
    );
}

#[test]
fn what_is_installed_is_asked_about_where_nothing_else_is_named() {
    let home = Home::new();
    insta::assert_snapshot!(
        "nothing_installed",
        page(&home, &["outdated", "dedupe", "why notes", "graph"])
    );
    home.ok("install notes");
    insta::assert_snapshot!(
        "installed",
        page(
            &home,
            &["outdated", "dedupe", "why notes", "why core", "graph"]
        )
    );
}

/// A pipe can be read once.
#[test]
fn a_lock_may_come_through_a_pipe() {
    let home = locks();
    let lock = std::fs::read(home.beside().join("old")).unwrap();
    for (line, expected) in [
        (
            "tree knowledge@^1 --lock /dev/stdin --frozen --policy lowest",
            "tree knowledge@^1 --policy lowest",
        ),
        (
            "plan knowledge@^1 bootstrap --lock /dev/stdin --unlock core",
            "plan knowledge@^1 bootstrap --lock @/old --unlock core",
        ),
    ] {
        let ran = home.feed(line, &lock);
        let old = home.beside().join("old");
        let expected = home.ok(&expected.replace("@/old", old.to_str().unwrap()));
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (0, expected.as_str()),
            "{ran:?}"
        );
    }
}

#[test]
fn a_frozen_lock_is_taken_as_it_is_or_what_drifted_is_said() {
    let home = locks();
    let edited = home.beside().join("edited");
    let lock = std::fs::read_to_string(home.beside().join("new")).unwrap();
    std::fs::write(&edited, lock.replace("\"1.6.1\"", "\"1.6.99\"")).unwrap();
    let lines = [
        "lock --check @/new",
        "lock --check @/old",
        "lock --check @/new knowledge@^1 bootstrap",
        "lock --check @/new knowledge@^1",
        "lock --check @/new knowledge@^1 bootstrap --host @elizaos/core=1.0.0",
        "lock --check @/new knowledge@^1 bootstrap --host edge-tts=1.0.0",
        "lock --check @/new --host @elizaos/core=1.0.0",
        "lock --check @/new --policy lowest",
        "lock --check @/new --prereleases",
        "lock --check @/new --cooldown 7",
        "lock --check @/edited",
        "lock --check @/one",
        "tree knowledge@^1 --policy lowest --lock @/old --frozen",
        "tree knowledge@^1.6 --lock @/old --frozen",
        "tree knowledge@^1 --lock @/old --unlock @elizaos/plugin-knowledge",
        "tree knowledge@^1 --lock @/old --unlock all",
        "tree knowledge --cooldown 7 --cooldown-except @elizaos/core",
    ];
    insta::assert_snapshot!("frozen", about(&home, &lines));
    for line in [
        "tree knowledge --frozen",
        "tree knowledge --unlock all",
        "tree knowledge@^1 --lock @/old --unlock all --unlock core",
        "lock",
        "lock knowledge --check x --out y",
    ] {
        assert_eq!(home.run(line).code, 2, "{line}");
    }
}

#[test]
fn what_drifted_is_told_once_and_in_a_bounded_text() {
    let home = locks();
    let lock = std::fs::read_to_string(home.beside().join("new")).unwrap();
    let write = |name: &str, text: String| std::fs::write(home.beside().join(name), text).unwrap();
    let at = lock.find("sha512-").unwrap() + "sha512-".len();
    let (before, digest) = lock.split_at(at);
    let other = format!("{before}{}{}", "A".repeat(86), &digest[86..]);
    write("bytes", other);
    write("needs", lock.replace("core@^1.7.0", "core@^1.6.0"));
    write("garbage", format!("{before}{}", &digest[1..]));
    write("marked", format!("\u{feff}{lock}"));
    let lines = [
        "tree knowledge@^1 bootstrap --lock @/bytes",
        "plan knowledge@^1 bootstrap --lock @/bytes",
        "tree knowledge@^1 bootstrap --lock @/bytes --unlock core",
        "lock --check @/bytes",
        "lock --check @/needs",
        "lock --check @/garbage",
        "lock --check @/marked",
        "tree knowledge@^1 --lock @/old --unlock knowledge --with-dependencies",
        "lock",
    ];
    insta::assert_snapshot!("drifted", about(&home, &lines));
    // A lock of many things that nobody needs: told in brief, told in full, and as data.
    let unneeded: String = (0..40)
        .map(|at| format!("\"z{at}\": {{\"version\": \"1.0.0\"}},"))
        .collect();
    write(
        "many",
        lock.replacen("\"packages\": {", &format!("\"packages\": {{{unneeded}"), 1),
    );
    let check = format!("lock --check {}", home.beside().join("many").display());
    let brief = home.run(&check).err;
    assert!(
        brief.lines().count() <= 14 && brief.len() <= 4096,
        "{brief}"
    );
    assert!(
        brief.contains("and 29 more: --verbose or --json shows all"),
        "{brief}"
    );
    let full = home.run(&format!("{check} --verbose")).err;
    assert_eq!(full.lines().count(), 42, "{full}");
    let data: Value = serde_json::from_str(&home.run(&format!("{check} --json")).out).unwrap();
    assert_eq!(data["drift"].as_array().unwrap().len(), 40);
    assert_eq!(data["details"].as_array().unwrap().len(), 12);
}

#[test]
fn digests_stand_below_each_other() {
    let path = std::env::var("PATH").unwrap_or_default();
    let home = Home::new().with("PATH", &path);
    let ran = home.run("plan form@2.0.0-alpha.11");
    if ran.err.contains("NodeMissing") {
        skip("digests below each other", "Node is not here");
        return;
    }
    let page = ran.page();
    let columns: Vec<usize> = page
        .lines()
        .filter_map(|line| line.find("  sha512-"))
        .collect();
    assert!(columns.len() > 1, "{page}");
    assert!(columns.iter().all(|at| *at == columns[0]), "{page}");
}

#[test]
fn names_that_cannot_be_looked_at_are_said_and_taken_to_fit() {
    let page = page(&Home::new(), &["tree knowledge --symbols"]);
    assert!(
        page.starts_with("$ one-plugin tree knowledge --symbols\n@elizaos/plugin-knowledge 1.6.1")
    );
    assert!(page.contains("are not known; it is taken to fit"), "{page}");
}
