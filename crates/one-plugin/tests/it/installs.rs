//! Several plugins at once, and names that mean nothing.

use crate::program::{Home, skip};

/// A home where Node is found, if the machine has it.
fn with_node(test: &str) -> Option<Home> {
    let path = std::env::var("PATH").unwrap_or_default();
    let is_there =
        |program: &str| std::env::split_paths(&path).any(|place| place.join(program).is_file());
    if !is_there("node") || !is_there("npm") {
        skip(test, "Node or npm is not on PATH");
        return None;
    }
    Some(Home::new().with("PATH", &path))
}

fn pages(home: &Home, lines: &[&str]) -> String {
    let page = |line: &&str| format!("$ one-plugin {line}\n{}\n\n", home.run(line).page());
    let pages: String = lines.iter().map(page).collect();
    pages.trim_end().to_owned()
}

#[test]
fn several_are_installed_together_or_the_groups_are_told() {
    let Some(home) = with_node("installing several") else {
        return;
    };
    // What can be planned cannot be fetched here: none of a plan is installed then.
    let lines = [
        "install bootstrap web-search",
        "install bootstrap edge-tts --groups",
        "install knowledge@1.6.1 knowledge@1.0.4 --groups",
        "install bootstrap web-search --groups",
        "list",
    ];
    insta::assert_snapshot!("several", pages(&home, &lines));
}

#[test]
fn names_that_mean_nothing_are_refused() {
    let home = Home::new();
    let lock = home.beside().join("lock");
    let lock = lock.to_str().unwrap();
    home.ok(&format!("lock knowledge bootstrap -o {lock}"));
    let unlock = format!("tree knowledge --lock {lock} --unlock @elizaos/plugin-bootstrp");
    let lines = [
        "tree knowledge --host @elizaos/cor=1.7.2",
        "plan knowledge form --host @elizaos/plugin-telegram=1.0.0",
        "tree knowledge --host core=1.7.2 --host @elizaos/core=1.7.1",
        "tree knowledge --host core=1.7.2 --host @elizaos/core=1.7.2",
        "tree knowledge --cooldown 7 --cooldown-except @elizaos/knowledge",
        "tree knowlege",
        "tree knowledge knowledge",
        unlock.as_str(),
    ];
    insta::assert_snapshot!("names", pages(&home, &lines).replace(lock, "lock"));
    // What the lock holds may be unlocked although nothing needs it any more.
    home.ok(&format!("tree knowledge --lock {lock} --unlock bootstrap"));
}

#[test]
fn a_cooldown_that_cannot_be_kept_is_refused() {
    let lines = [
        "tree knowledge --cooldown 7",
        "plan knowledge form --cooldown 7",
        "tree knowledge --cooldown 7 --cooldown-except knowledge --cooldown-except core",
    ];
    insta::assert_snapshot!("cooldown", pages(&Home::new(), &lines));
}
