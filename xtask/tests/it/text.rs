// What is searched for is put together here, so that the search does not find this file.

use xtask::tidy::SourceFile;
use xtask::tidy::text::{check, machine_folder, registry_host};

#[test]
fn hosts_of_registries_are_found() {
    for host in [
        format!("https://registry.{}.org/left-pad", "npmjs"),
        format!("REGISTRY.{}.COM", "Yarnpkg"),
        format!("//npm.pkg.{}.com/:_authToken=x", "github"),
        format!("registry = \"http://registry.{}.io:4873/\"", "acme-corp"),
        format!("see https://registry.{}.com.", "npm.acme"),
    ] {
        assert!(registry_host(&host).is_some(), "{host}");
    }
}

#[test]
fn code_and_reserved_names_are_no_hosts() {
    for line in [
        "https://registry.example/left-pad",
        "https://registry.example.com/left-pad",
        "let found = registry.list().await;",
        "self.registry.io",
        "source = \"registry+https://github.com/rust-lang/crates.io-index\"",
        "plugin_registry.sync.io",
        "registry.",
    ] {
        assert_eq!(registry_host(line), None, "{line}");
    }
}

#[test]
fn folders_of_one_machine_are_found() {
    for (before, folder, after) in [
        ("\"", "work", "main\""),
        ("see ", "root", ".cargo"),
        ("", "tmp", "x"),
        ("(", "home", "bob/src)"),
        ("DIR=", "Users", "bob"),
    ] {
        let line = format!("{before}/{folder}/{after}");
        assert!(machine_folder(&line).is_some(), "{line}");
    }
    assert!(machine_folder(&format!("C:\\{}\\bob", "Users")).is_some());
}

#[test]
fn other_paths_are_left_alone() {
    for line in [
        "https://host.example/work/items",
        "src/tmp/file",
        "$HOME/work/x",
        "{root}/home/bob",
        "/usr/bin/env bash",
        "/homework/",
        "\"/home/user/.npmrc\"",
        "/Users/me/src",
    ] {
        assert_eq!(machine_folder(line), None, "{line}");
    }
}

fn findings(path: &str, text: &str) -> Vec<String> {
    let file = SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    check(&file).iter().map(ToString::to_string).collect()
}

#[test]
fn leftovers_in_rust_are_found_with_path_and_line() {
    for leftover in [
        ["#[al", "low(dead_code)]"],
        ["#![al", "low(dead_code)]"],
        ["to", "do!()"],
        ["unimple", "mented!()"],
        ["db", "g!(x)"],
    ] {
        let text = format!("fn main() {{}}\n    {}", leftover.concat());
        let found = findings("src/lib.rs", &text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(
            found
                .iter()
                .all(|issue| issue.starts_with("src/lib.rs:2: `")),
            "{found:?}"
        );
        assert_eq!(findings("CONTRIBUTING.md", &text), [""; 0]);
    }
    assert_eq!(
        findings(
            "src/lib.rs",
            &format!("not_to{}!()\n#[expect(dead_code)]", "do")
        ),
        [""; 0]
    );
}

#[test]
fn a_lock_must_not_say_where_packages_came_from() {
    let text = "{\n  \"resolved\": \"https://registry.example/x.tgz\"\n}";
    let found = findings("js/package-lock.json", text);
    assert!(
        matches!(found.as_slice(), [one] if one.starts_with("js/package-lock.json:2: ")),
        "{found:?}"
    );
    assert_eq!(findings("js/package.json", text), [""; 0]);
}

#[test]
fn core_crates_do_without_the_machine() {
    for line in [
        "use std::fs;",
        "    let text = std::fs::read_to_string(path)?;",
        "std::thread::spawn(f);",
        "use std::net::TcpStream;",
        "std::env::var(\"HOME\")",
        "std::process::exit(1)",
    ] {
        let found = findings("crates/plugin-resolver/src/solve/mod.rs", line);
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        for elsewhere in [
            "crates/plugin-resolver/tests/it/main.rs",
            "crates/one-plugin/src/main.rs",
        ] {
            assert_eq!(findings(elsewhere, line), [""; 0]);
        }
    }
    let words = "/// As with std::fs, but pure.\nuse std::fmt;\nstd::thread_local! {}";
    assert_eq!(findings("crates/one-ontology/src/lib.rs", words), [""; 0]);
}
