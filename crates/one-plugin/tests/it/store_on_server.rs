//! `one-plugin store` on a PostgreSQL server.

use std::process::Command;

use plugin_store_postgres::FORMAT;
use plugin_test_postgres::{Database, address, skip, sql};

use crate::filter;
use crate::program::{Home, Ran};

/// A home whose store is an empty database.
fn home(what: &str) -> Option<(Home, Database)> {
    let database = Database::on(address(&format!("one-plugin {what}"))?);
    let home = Home::new().with("ONE_PLUGIN_STORE", &database.address());
    Some((home, database))
}

fn run(home: &Home, line: &str) -> Ran {
    let mut said = home.run(line);
    said.err = filter::without_progress(&said.err);
    said
}

#[test]
fn a_schema_is_made_checked_and_verified() {
    let Some((home, database)) = home("store on PostgreSQL") else {
        return;
    };
    let mut page = String::new();
    let mut say = |line: &str| {
        let said = run(&home, line).page();
        let said = said.replace(&format!("format {FORMAT}"), "format [newest]");
        let said = said.replace(&format!("\"format\": {FORMAT}"), "\"format\": [newest]");
        page.push_str(&format!("$ one-plugin {line}\n{said}\n\n"));
    };
    say("store check");
    say("store migrate --check");
    say("store migrate");
    say("store migrate --check");
    home.ok("install notes");
    home.ok("org create acme");
    say("store check");
    say("store check --json");
    say("store verify");
    say("store verify --group acme --json");
    insta::assert_snapshot!("store_on_server", page.trim_end());
    // Somebody with the rights of the owner alters what happened.
    sql(
        &database.address(),
        "UPDATE one.events SET doc = replace(doc, 'system:cli', 'system:clj')",
    );
    for line in ["store check", "store verify"] {
        let found = run(&home, line);
        assert_eq!(found.code, 7, "{line}: {found:?}");
        assert!(
            found
                .err
                .starts_with("error[AuditAltered]: `default`: event 1 of "),
            "{line}: {found:?}"
        );
    }
    sql(&database.address(), "UPDATE one.version SET version = 99");
    for line in ["store check", "store migrate", "store verify"] {
        let refused = run(&home, line);
        assert_eq!(refused.code, 7, "{line}: {refused:?}");
        assert!(
            refused.err.starts_with("error[StoreIncompatible]: "),
            "{line}: {refused:?}"
        );
    }
}

/// The first format, as it was published.
const FIRST: &str = include_str!("../../../plugin-store-postgres/src/schema/0001.sql");

#[test]
fn an_older_schema_is_told_and_brought_to_the_newest_format() {
    let Some((home, database)) = home("an older schema") else {
        return;
    };
    let first = FIRST.replace('@', "one.");
    sql(
        &database.address(),
        &format!(
            "CREATE SCHEMA one; CREATE TABLE one.version (program text NOT NULL, version integer NOT NULL); \
             INSERT INTO one.version VALUES ('one-plugin facts', 1); {first}"
        ),
    );
    for line in ["store check", "store migrate --check"] {
        let told = run(&home, line);
        assert_eq!(told.code, 5, "{line}: {told:?}");
        let message = format!("the schema `one` has format 1, the newest is {FORMAT}");
        assert!(
            told.err
                .starts_with(&format!("error[StoreOutdated]: {message}\n")),
            "{told:?}"
        );
    }
    let brought = home.ok("store migrate");
    let words = format!("the schema `one` was brought from format 1 to format {FORMAT}\n");
    assert_eq!(brought, words);
    assert_eq!(run(&home, "store check").code, 0);
}

/// The command line that an error names, as a shell runs it.
fn named(said: &str) -> String {
    let line = said
        .lines()
        .find(|line| line.trim_start().starts_with("pg_"));
    line.unwrap().trim().to_owned()
}

#[test]
fn the_commands_that_are_named_copy_a_schema_and_put_it_back() {
    let what = "pg_dump and pg_restore";
    let Some((home, database)) = home(what) else {
        return;
    };
    if Command::new("pg_dump").arg("--version").output().is_err() {
        return skip(&format!("one-plugin {what}"), "they are not installed");
    }
    home.ok("install notes");
    let before = home.ok("store verify");
    let shell = |line: &str| {
        let ran = Command::new("sh")
            .args(["-c", line])
            .current_dir(home.beside())
            .output()
            .unwrap();
        assert!(ran.status.success(), "{line}: {ran:?}");
    };
    let refused = home.run("store backup facts.dump");
    assert_eq!(refused.code, 2, "{refused:?}");
    shell(&named(&refused.err));
    sql(
        &database.address(),
        "DELETE FROM one.events; DELETE FROM one.things",
    );
    assert_ne!(home.run("store verify").out, before);
    let refused = home.run("store restore facts.dump");
    assert_eq!(refused.code, 2, "{refused:?}");
    shell(&named(&refused.err));
    assert_eq!(home.ok("store verify"), before);
    assert_eq!(home.run("store check").code, 0);
}

#[test]
fn no_password_is_in_what_is_said() {
    let address = "postgres://u:pass%20word@127.0.0.1:1/x?connect_timeout=1";
    let home = Home::new().with("ONE_PLUGIN_STORE", address);
    for (line, code) in [
        ("store check", 6),
        ("store migrate", 6),
        ("store verify", 6),
        ("store export", 6),
        ("store backup file", 2),
        ("store restore file", 2),
    ] {
        let said = run(&home, line);
        assert_eq!(said.code, code, "{line}: {said:?}");
        assert!(!format!("{said:?}").contains("pass"), "{line}: {said:?}");
    }
}
