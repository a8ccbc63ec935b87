//! Schemas and servers that are refused, and schemas made by several at once.

use futures::executor::block_on;
use one_ontology::{SequentialIds, Store as _, StoreError};
use plugin_store_postgres::{FORMAT, Options, PostgresStore, RowSecurity};

use crate::help::{Home, change, fill, group, home, verified};
use crate::server;

/// A schema made by `make` is refused with this error, twice, and nothing in it changes.
fn check(name: &str, expected: &str, words: &str, make: impl Fn(&Home)) {
    let Some(home) = home(name) else { return };
    make(&home);
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = ";
    let count = || home.number(&format!("{tables}'{}'", home.schema));
    let before = count();
    for _ in 0..2 {
        let error = home
            .open_with(home.options())
            .expect_err("the schema is refused");
        assert_eq!(error.tag(), expected, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(count(), before);
    }
}

fn ours(home: &Home) {
    fill(&home.open(), 2);
}

#[test]
fn another_programs_schema() {
    check(
        "another_programs_schema",
        "StoreIncompatible",
        "another program",
        |home| {
            home.sql("CREATE TABLE @notes (text text)");
        },
    );
}

#[test]
fn another_programs_version_table() {
    if server::address("another_programs_version_table").is_none() {
        return;
    }
    for table in [
        "CREATE TABLE @version (n int)",
        "CREATE TABLE @version (program text, version int)",
        "CREATE TABLE @version AS SELECT 'another' AS program, 1 AS version",
        "CREATE TABLE @version AS SELECT 1 AS program, 'one' AS version",
    ] {
        check(
            "another_programs_version_table",
            "StoreIncompatible",
            "another program",
            |home| {
                home.sql(table);
                home.sql(&format!(
                    "ALTER TABLE @version OWNER TO {}",
                    crate::help::ROLE
                ));
            },
        );
    }
}

#[test]
fn a_newer_version() {
    check(
        "a_newer_version",
        "StoreIncompatible",
        "has version 9",
        |home| {
            ours(home);
            home.sql("UPDATE @version SET version = 9");
        },
    );
}

#[test]
fn a_table_taken_away() {
    check(
        "a_table_taken_away",
        "StoreCorrupt",
        "events` is missing",
        |home| {
            ours(home);
            home.sql("ALTER TABLE @events RENAME TO stolen");
        },
    );
}

#[test]
fn row_security_switched_off() {
    if server::address("row_security_switched_off").is_none() {
        return;
    }
    for sql in [
        "ALTER TABLE @things NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE @things DISABLE ROW LEVEL SECURITY",
    ] {
        check(
            "row_security_switched_off",
            "StoreIncompatible",
            "things` is switched off",
            |home| {
                ours(home);
                home.sql(sql);
            },
        );
    }
}

#[test]
fn a_database_of_another_encoding() {
    let Some(home) = home("a_database_of_another_encoding") else {
        return;
    };
    let name = format!("{}_latin", home.schema);
    home.sql(&format!(
        "CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    ));
    let (server, _) = home.address.rsplit_once('/').unwrap();
    let address = format!("{server}/{name}");
    let result = block_on(PostgresStore::connect(&address, Options::default()));
    home.sql(&format!("DROP DATABASE {name}"));
    let error = result.unwrap_err();
    assert_eq!(error.tag(), "StoreIncompatible");
    assert!(error.to_string().contains("LATIN1"), "{error}");
}

#[test]
fn a_table_taken_away_while_the_store_is_open() {
    let Some(home) = home("a_table_taken_away_while_the_store_is_open") else {
        return;
    };
    let store = home.open();
    fill(&store, 1);
    home.sql("DROP TABLE @budgets");
    let key = "b".parse().unwrap();
    let error = block_on(store.budget(&crate::help::scope(), &key)).unwrap_err();
    assert_eq!(error.tag(), "StoreCorrupt", "{error}");
    // What does not need it goes on.
    assert_eq!(verified(&store).len(), 1);
}

#[test]
fn a_row_that_cannot_be_read() {
    let Some(home) = home("a_row_that_cannot_be_read") else {
        return;
    };
    let store = home.open();
    fill(&store, 1);
    home.sql("UPDATE @events SET doc = left(doc, -5)");
    let error = block_on(store.head(&crate::help::scope())).unwrap_err();
    assert_eq!(error.tag(), "StoreCorrupt", "{error}");
    let refused = block_on(store.commit(change(&SequentialIds::new(), "x"))).unwrap_err();
    assert_eq!(refused.tag(), "StoreCorrupt", "{refused}");
}

#[test]
fn many_who_make_the_same_schema() {
    let Some(home) = home("many_who_make_the_same_schema") else {
        return;
    };
    let stores: Vec<Result<PostgresStore, StoreError>> = std::thread::scope(|threads| {
        let open = || home.open_with(home.options().connections(1));
        let all: Vec<_> = (0..8).map(|_| threads.spawn(open)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for store in &stores {
        assert!(store.is_ok(), "{store:?}");
    }
    fill(stores[0].as_ref().unwrap(), 2);
    assert_eq!(verified(stores[7].as_ref().unwrap()).len(), 2);
    assert_eq!(home.number("SELECT count(*) FROM @version"), 1);
}

#[test]
fn what_is_no_address_and_who_does_not_answer() {
    let connect = |address: &str, options| block_on(PostgresStore::connect(address, options));
    for (address, words) in [
        ("sqlite:facts.db", "not an address"),
        ("postgres://me:s3cret@127.0.0.1:port/x", "not an address"),
        (
            "postgres://me:s3cret@127.0.0.1:5432/x?no_such=1",
            "not an address",
        ),
        ("host=127.0.0.1 password=s3cret s3cret=1", "not an address"),
        // Nobody listens there.
        ("postgres://me:s3cret@127.0.0.1:1/x", "connect"),
        ("postgres://me:s3cret@127.0.0.1:1/x?sslmode=require", ""),
    ] {
        let error = connect(address, Options::default()).unwrap_err();
        assert_eq!(error.tag(), "StoreUnavailable", "{error}");
        let (message, debug) = (error.to_string(), format!("{error:?}"));
        assert!(message.contains(words), "{address}: {message}");
        assert!(
            !message.contains("s3cret") && !debug.contains("s3cret"),
            "{message}"
        );
    }
    for options in [
        Options::default().schema(""),
        Options::default().schema("Robert\"; --"),
        Options::default().schema("pg_mine"),
        Options::default().schema("1st"),
        Options::default().schema("x".repeat(41)),
        Options::default().role(""),
    ] {
        let error = connect("postgres://me@127.0.0.1:1/x", options).unwrap_err();
        assert_eq!(error.tag(), "StoreUnavailable");
        assert!(error.to_string().contains("is not"), "{error}");
    }
}

#[test]
fn encryption_that_was_asked_for_is_not_left_out() {
    let Some(home) = home("encryption_that_was_asked_for") else {
        return;
    };
    let address = format!("{}?sslmode=require", home.address);
    let error = block_on(PostgresStore::connect(&address, home.options())).unwrap_err();
    assert_eq!(error.tag(), "StoreUnavailable", "{error}");
    assert!(error.to_string().contains("TLS"), "{error}");
}

#[test]
fn nothing_printed_holds_the_password() {
    let Some(home) = home("nothing_printed_holds_the_password") else {
        return;
    };
    // Where everybody is trusted a password does no harm.
    let address = home.address.replacen('@', ":s3cret@", 1);
    let store = block_on(PostgresStore::connect(&address, home.options())).unwrap();
    let printed = format!("{store:?}");
    assert!(!printed.contains("s3cret"), "{printed}");
    assert!(printed.contains(&home.schema), "{printed}");
}

#[test]
fn two_schemas_of_one_database_do_not_meet() {
    let Some(first) = home("two_schemas_of_one_database_do_not_meet") else {
        return;
    };
    let second = Home::at(&first.address);
    let (a, b) = (first.open(), second.open());
    fill(&a, 3);
    fill(&b, 1);
    assert_eq!((verified(&a).len(), verified(&b).len()), (3, 1));
}

#[test]
fn a_server_with_too_many_connections_is_busy() {
    let Some(home) = home("a_server_with_too_many_connections") else {
        return;
    };
    let login = format!("{}_login", home.schema);
    home.sql(&format!(
        "CREATE ROLE {login} LOGIN CONNECTION LIMIT 1; \
         GRANT USAGE, CREATE ON SCHEMA {} TO {login}",
        home.schema
    ));
    let (_, server) = home.address.split_once('@').unwrap();
    let address = format!("postgres://{login}@{server}");
    let mut options = home.options();
    options.role = None;
    let result = block_on(PostgresStore::connect(&address, options)).map(|store| {
        // The one that opened it may still be there: then the first is refused too.
        let ids = SequentialIds::new();
        let two = [
            store.commit(change(&ids, "x")),
            store.commit(change(&ids, "y")),
        ];
        block_on(futures::future::join_all(two))
    });
    let errors: Vec<StoreError> = result
        .expect("one may connect")
        .into_iter()
        .filter_map(Result::err)
        .collect();
    home.sql(&format!("DROP OWNED BY {login} CASCADE; DROP ROLE {login}"));
    assert!(!errors.is_empty(), "two had one connection");
    for error in errors {
        assert_eq!(error.tag(), "StoreBusy", "{error}");
    }
}

/// Who upgrades first must not bring the others to a stop.
#[test]
fn statements_that_were_forgotten_are_prepared_again() {
    let Some(home) = home("statements_that_were_forgotten") else {
        return;
    };
    let store = home.open_with(home.options().connections(1)).unwrap();
    fill(&store, 2);
    for table in ["things", "events", "labels"] {
        home.sql(&format!("ALTER TABLE @{table} ADD COLUMN later text"));
    }
    let ids = SequentialIds::starting_at(100);
    block_on(store.commit(change(&ids, "x"))).unwrap();
    assert_eq!(verified(&store).len(), 3);
    home.sql("ALTER TABLE @events ALTER COLUMN doc TYPE varchar");
    assert_eq!(verified(&store).len(), 3);
}

#[test]
fn a_look_tells_the_format_and_makes_nothing() {
    let Some(home) = home("a_look_tells_the_format_and_makes_nothing") else {
        return;
    };
    let look = || block_on(PostgresStore::look(&home.address, home.options())).unwrap();
    assert_eq!(look().format, None);
    let tables = format!(
        "SELECT count(*) FROM pg_tables WHERE schemaname = '{}'",
        home.schema
    );
    assert_eq!(home.number(&tables), 0);
    let store = home.open();
    assert_eq!(look().format, Some(FORMAT));
    assert_eq!(look().row_security, RowSecurity::Enforced);
    home.sql(&format!("UPDATE @version SET version = {}", FORMAT + 1));
    let newer = block_on(PostgresStore::look(&home.address, home.options()));
    assert_eq!(newer.unwrap_err().tag(), "StoreIncompatible");
    drop(store);
}

#[test]
fn every_group_is_listed_by_id() {
    let Some(home) = home("every_group_is_listed_by_id") else {
        return;
    };
    let (store, ids) = (home.open(), SequentialIds::new());
    let made = (0..3).map(|_| group(&store, &ids).place().group().unwrap());
    let mut made: Vec<_> = made.collect();
    made.sort();
    assert_eq!(block_on(store.groups()), Ok(made));
}
