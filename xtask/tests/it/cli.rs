use xtask::cli::Command;

fn check(words: &str, expect: Result<Command, &str>) {
    let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
    assert_eq!(
        Command::parse(&words),
        expect.map_err(str::to_owned),
        "{words:?}"
    );
}

#[test]
fn each_command_is_read_and_everything_else_refused() {
    check("", Ok(Command::Help));
    check("test", Ok(Command::Test { prepare: true }));
    check("test --no-prepare", Ok(Command::Test { prepare: false }));
    check("tidy", Ok(Command::Tidy { verbose: false }));
    check("tidy --verbose", Ok(Command::Tidy { verbose: true }));
    check("ci", Ok(Command::Ci));
    let predicates = |package: Option<&str>, only: &[&str]| {
        Ok(Command::Predicates {
            package: package.map(str::to_owned),
            only: only.iter().map(ToString::to_string).collect(),
        })
    };
    let package = "plugin-store-sqlite";
    check("predicates", predicates(None, &[]));
    check(
        "predicates plugin-store-sqlite",
        predicates(Some(package), &[]),
    );
    check(
        "predicates plugin-store-sqlite find.rs:26 list.rs:9",
        predicates(Some(package), &["find.rs:26", "list.rs:9"]),
    );
    check("tests", Err("`tests` is not understood here"));
    check("ci --fast", Err("`--fast` is not understood here"));
    check("test --prepare", Err("`--prepare` is not understood here"));
}

#[test]
fn another_list_of_packages_is_another_folder() {
    let flags = ["install"];
    let real = xtask::digest(xtask::TEST_PACKAGES, &flags);
    assert_eq!(real.len(), 16);
    assert_eq!(real, xtask::digest(xtask::TEST_PACKAGES, &flags));
    assert_ne!(real, xtask::digest(&["a@1.0.0"], &flags));
    assert_ne!(
        xtask::digest(&["ab", "c"], &[]),
        xtask::digest(&["a", "bc"], &[])
    );
    assert_ne!(real, xtask::digest(xtask::TEST_PACKAGES, &["ci"]));
}
