//! Secrets are never kept and never repeated.

use std::path::Path;

use crate::program::Home;

const SECRET: &str = "sk-verysecret-4711";

/// Whether any file below holds the text.
pub(crate) fn holds(directory: &Path, text: &str) -> bool {
    std::fs::read_dir(directory).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, text);
        }
        let bytes = std::fs::read(&path).unwrap();
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    })
}

#[test]
fn the_value_of_a_setting_that_is_not_taken_is_not_repeated() {
    let home = Home::new().with("ONE_PLUGIN_SECRET_SOME_KEY", SECRET);
    home.ok("install notes");
    home.ok("activate notes");
    for line in [
        format!("config notes API_KEY={SECRET}"),
        format!("config notes {SECRET}"),
        format!("config notes --json API_KEY={SECRET}"),
        "exec notes NOTE_COUNT --kind provider".to_owned(),
        "config notes".to_owned(),
        "audit --json".to_owned(),
        "usage notes".to_owned(),
    ] {
        let ran = home.run(&line);
        assert!(
            !ran.out.contains(SECRET) && !ran.err.contains(SECRET),
            "{line}: {ran:?}"
        );
    }
    assert!(
        holds(&home.path(), "NOTES_LIMIT"),
        "the search would find nothing at all"
    );
    assert!(!holds(&home.path(), SECRET));
}

#[test]
fn the_password_of_a_store_is_not_repeated() {
    for store in [
        format!("postgres://user:{SECRET}@127.0.0.1:9/facts"),
        format!("postgres:postgres://user:{SECRET}@127.0.0.1:9/facts"),
        format!("postgres://user:{SECRET}@"),
        format!("postgres//user:{SECRET}@127.0.0.1:9/facts"),
        format!("mysql://user:{SECRET}@127.0.0.1:9/facts"),
    ] {
        for line in [
            format!("list --store {store}"),
            format!("list --json --store {store}"),
        ] {
            let ran = Home::new().run(&line);
            assert!(ran.code == 2 || ran.code == 6, "{ran:?}");
            assert!(
                !ran.out.contains(SECRET) && !ran.err.contains(SECRET),
                "{line}: {ran:?}"
            );
        }
        assert!(
            !Home::new()
                .ok(&format!("list --help --store {store}"))
                .contains(SECRET)
        );
    }
}

#[test]
fn a_store_from_the_environment_is_not_in_the_help() {
    let home = Home::new().with("ONE_PLUGIN_STORE", SECRET);
    assert!(!home.ok("list --help").contains(SECRET));
    let ran = home.run("list");
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(!ran.err.contains(SECRET), "{ran:?}");
}
