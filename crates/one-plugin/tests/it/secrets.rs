//! Secrets are never kept and never repeated.

use std::path::Path;

use crate::program::Home;

const SECRET: &str = "sk-verysecret-4711";

/// Whether any file below holds the text.
fn holds(directory: &Path, text: &str) -> bool {
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
