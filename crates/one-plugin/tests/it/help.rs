//! What each command says of itself.

use crate::program::Home;

pub(crate) const COMMANDS: &[&str] = &[
    "",
    "demo",
    "sync",
    "search",
    "show",
    "plan",
    "install",
    "retry",
    "update",
    "rollback",
    "pin",
    "channel",
    "notices",
    "revoke",
    "unrevoke",
    "list",
    "config",
    "secrets",
    "secrets new-key",
    "secrets list",
    "secrets set",
    "secrets rotate",
    "secrets rewrap",
    "secrets destroy",
    "activate",
    "exec",
    "deactivate",
    "uninstall",
    "audit",
    "usage",
    "runs",
    "cancel",
    "rerun",
    "status",
    "suspend",
    "resume",
    "recover",
    "agents",
    "agents list",
    "agents add",
    "agents show",
    "agents set",
    "agents grant",
    "agents config",
    "agents open",
    "agents revoke",
    "agents retire",
    "events",
    "events subscribe",
    "events unsubscribe",
    "events list",
    "events dispatch",
    "events dead",
    "events redeliver",
    "events replay",
    "tree",
    "lock",
    "diff",
    "why",
    "outdated",
    "dedupe",
    "graph",
    "org",
    "org create",
    "org show",
    "org add-member",
    "org archive",
    "store",
    "store check",
    "store backup",
    "store restore",
    "store migrate",
    "store new-key",
    "store export",
    "store verify",
    "ranges",
    "resolve",
    "completions",
];

#[test]
fn every_command_has_a_page_with_examples() {
    let home = Home::new();
    let mut pages = String::new();
    for command in COMMANDS {
        let page = home.ok(&format!("{command} --help"));
        if !command.is_empty() && !command.starts_with("org ") {
            assert!(page.contains("Example"), "{command} has no example");
        }
        pages.push_str(&format!("$ one-plugin {command} --help\n{page}\n"));
    }
    insta::assert_snapshot!("help", pages.trim_end());
}

#[test]
fn the_list_above_is_whole() {
    let page = Home::new().ok("--help");
    let listed: Vec<&str> = page
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    for name in &listed {
        assert!(COMMANDS.contains(name), "{name}");
    }
    assert_eq!(listed.len(), 44);
}

#[test]
fn completions_are_scripts_and_a_closed_pipe_is_no_crash() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = Home::new().ok(&format!("completions {shell}"));
        assert!(
            script.contains("one-plugin") && script.len() > 2000,
            "{shell}"
        );
    }
    let mut child = Home::new()
        .command(["completions", "fish"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
