use xtask::metadata::{Dependency, Kind, Workspace};
use xtask::tidy::layers::{self, MayUse};

const RULES: &[(&str, MayUse)] = &[
    ("facts", MayUse::Only(&[])),
    ("store", MayUse::Only(&["facts"])),
    ("benches", MayUse::AnyLibrary),
];

/// The metadata of a workspace in which each crate, `name: dependencies`, has `kind` dependencies.
fn workspace(crates: &[(&str, &[&str])], kind: Option<&str>) -> Workspace {
    let packages: Vec<_> = crates
        .iter()
        .map(|(name, uses)| {
            let dependencies: Vec<_> = uses
                .iter()
                .map(|used| serde_json::json!({"name": used, "kind": kind}))
                .collect();
            serde_json::json!({
                "name": name,
                "manifest_path": format!("/nowhere/crates/{name}/Cargo.toml"),
                "targets": [{"kind": ["lib"], "src_path": format!("/nowhere/crates/{name}/src/lib.rs")}],
                "dependencies": dependencies,
            })
        })
        .collect();
    let document = serde_json::json!({"workspace_root": "/nowhere", "packages": packages});
    Workspace::parse(&document.to_string()).unwrap()
}

fn check(crates: &[(&str, &[&str])], kind: Option<&str>, expect: &[&str]) {
    let issues = layers::check_against(&workspace(crates, kind), RULES);
    let found: Vec<_> = issues
        .iter()
        .map(|issue| format!("{}: {}", issue.path, issue.what))
        .collect();
    assert_eq!(found, expect);
}

#[test]
fn metadata_becomes_names_folders_and_dependencies() {
    let workspace = workspace(&[("store", &["facts"])], Some("dev"));
    let store = workspace.crates.get("store").unwrap();
    assert_eq!(store.folder, "crates/store");
    assert_eq!(store.library.as_deref(), Some("crates/store/src/lib.rs"));
    let expect = Dependency {
        name: "facts".to_owned(),
        kind: Kind::Dev,
    };
    assert_eq!(store.dependencies, [expect]);
}

#[test]
fn metadata_in_another_shape_is_refused_by_name() {
    for (text, expect) in [
        ("not json", "is not JSON"),
        ("{}", "workspace_root"),
        (r#"{"workspace_root": "/x"}"#, "packages"),
        (
            r#"{"workspace_root": "/x", "packages": [{"name": 1}]}"#,
            "`name`",
        ),
    ] {
        let message = Workspace::parse(text).unwrap_err();
        assert!(message.contains(expect), "{message}");
    }
}

#[test]
fn what_the_table_allows_is_allowed() {
    check(
        &[
            ("facts", &["serde"]),
            ("store", &["facts", "serde"]),
            ("benches", &["facts", "store"]),
        ],
        None,
        &[],
    );
}

#[test]
fn what_the_table_does_not_allow_is_found() {
    check(
        &[
            ("facts", &["store"]),
            ("store", &["facts", "benches"]),
            ("benches", &["xtask"]),
            ("xtask", &[]),
        ],
        None,
        &[
            "crates/benches/Cargo.toml: `benches` must not depend on `xtask`",
            "crates/facts/Cargo.toml: `facts` must not depend on `store`",
            "crates/store/Cargo.toml: `store` must not depend on `benches`",
            "crates/xtask/Cargo.toml: nothing says what `xtask` may depend on",
        ],
    );
}

#[test]
fn build_scripts_are_held_to_the_table_and_tests_are_not() {
    let crates: &[(&str, &[&str])] = &[("facts", &["store"]), ("store", &[])];
    check(
        crates,
        Some("build"),
        &["crates/facts/Cargo.toml: `facts` must not depend on `store`"],
    );
    check(crates, Some("dev"), &[]);
}

#[test]
fn the_real_table_is_in_layers() {
    // Walking upwards, each crate may use only what stands above it: the table has no cycle.
    let mut above = Vec::new();
    for (name, may_use) in layers::RULES {
        if let MayUse::Only(these) = may_use {
            for used in *these {
                assert!(
                    above.contains(used),
                    "`{name}` may use `{used}`, which stands below it"
                );
            }
        }
        above.push(name);
    }
}
