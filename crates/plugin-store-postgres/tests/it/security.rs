//! Row-level security, as somebody meets it who runs statements of their own as the store's role.

use one_ontology::{Place, Scope, SequentialIds, Store as _};
use plugin_store_postgres::{Options, PostgresStore, RowSecurity};
use tokio_postgres::Client;

use crate::help::{Home, ROLE, change_in, event, fill, group, home};
use crate::server::{client, run};

const TABLES: &[&str] = &[
    "groups",
    "memberships",
    "people",
    "things",
    "connections",
    "events",
    "knowledge",
    "labels",
    "vectors",
    "budgets",
    "receipts",
];

fn setting(scope: &Scope) -> String {
    match scope.place() {
        Place::Global => "00".to_owned(),
        Place::Group(id) => id.to_string().replace('-', ""),
    }
}

/// Two groups and the shared registry, with the same in each.
fn furnished(home: &Home) -> (PostgresStore, Scope, Scope) {
    let store = home.open();
    let ids = SequentialIds::new();
    let (a, b) = (group(&store, &ids), group(&store, &ids));
    fill(&store, 3);
    for scope in [&a, &b] {
        let changes = change_in(scope, &ids, "Rust")
            .event(event(&ids))
            .once("request".parse().unwrap());
        futures::executor::block_on(store.commit(changes)).unwrap();
    }
    (store, a, b)
}

async fn as_role(home: &Home) -> Client {
    let client = client(&home.address).await.unwrap();
    client
        .batch_execute(&format!("SET ROLE {ROLE}"))
        .await
        .unwrap();
    client
}

/// How many rows a statement touches in a transaction that is then rolled back, or why not.
async fn touched(client: &Client, begin: &str, sql: &str) -> Result<u64, String> {
    client.batch_execute(begin).await.unwrap();
    let result = client.execute(sql, &[]).await;
    client.batch_execute("ROLLBACK").await.unwrap();
    result.map_err(|error| error.as_db_error().unwrap().message().to_owned())
}

fn begin_in(scope: &Scope) -> String {
    format!(
        "BEGIN; SELECT set_config('one.place', '{}', true)",
        setting(scope)
    )
}

#[test]
fn no_place_no_rows() {
    let Some(home) = home("no_place_no_rows") else {
        return;
    };
    let (_store, a, _b) = furnished(&home);
    run(async {
        let client = as_role(&home).await;
        // Never set; set in a transaction that has ended, after which it is empty; set to empty.
        for begin in ["BEGIN", "BEGIN", "BEGIN; SET LOCAL one.place = ''"] {
            for table in TABLES {
                let sql = home.with_schema(&format!("SELECT 1 FROM @{table}"));
                assert_eq!(touched(&client, begin, &sql).await, Ok(0), "{table}");
                let sql = home.with_schema(&format!("UPDATE @{table} SET place = place"));
                assert_eq!(touched(&client, begin, &sql).await, Ok(0), "{table}");
                let sql = home.with_schema(&format!("DELETE FROM @{table}"));
                assert_eq!(touched(&client, begin, &sql).await, Ok(0), "{table}");
            }
            let sql = home.with_schema("INSERT INTO @budgets VALUES ('\\x00', 'b', '{}')");
            let refused = touched(&client, begin, &sql).await.unwrap_err();
            assert!(refused.contains("row-level security"), "{refused}");
            // A transaction that says where it is, in between.
            let things = home.with_schema("SELECT 1 FROM @things");
            assert_eq!(touched(&client, &begin_in(&a), &things).await, Ok(1));
        }
    });
}

#[test]
fn a_place_reaches_its_own_rows_only() {
    let Some(home) = home("a_place_reaches_its_own_rows_only") else {
        return;
    };
    let (_store, a, b) = furnished(&home);
    run(async {
        let client = as_role(&home).await;
        for (sql, rows) in [
            ("UPDATE @things SET name = 'x'", 1),
            ("UPDATE @groups SET doc = '{}'", 1),
            ("DELETE FROM @labels", 0),
            // What happened is never changed; facts are never deleted.
            ("UPDATE @events SET doc = '{}'", 0),
            ("UPDATE @receipts SET doc = '{}'", 0),
            ("DELETE FROM @events", 0),
            ("DELETE FROM @things", 0),
            ("DELETE FROM @groups", 0),
        ] {
            let done = touched(&client, &begin_in(&a), &home.with_schema(sql)).await;
            assert_eq!(done, Ok(rows), "{sql}");
        }
        let prune = format!("{}; SET LOCAL one.prune = '1'", begin_in(&a));
        for (sql, rows) in [
            ("DELETE FROM @events WHERE seq > 1", 0),
            ("DELETE FROM @events", 1),
        ] {
            let done = touched(&client, &prune, &home.with_schema(sql)).await;
            assert_eq!(done, Ok(rows), "{sql}");
        }
        let theirs = format!(
            "INSERT INTO @budgets VALUES (decode('{}', 'hex'), 'b', '{{}}')",
            setting(&b)
        );
        let moved = format!(
            "UPDATE @things SET place = decode('{}', 'hex')",
            setting(&b)
        );
        for sql in [theirs, moved] {
            let refused = touched(&client, &begin_in(&a), &home.with_schema(&sql)).await;
            let refused = refused.unwrap_err();
            assert!(refused.contains("row-level security"), "{sql}: {refused}");
        }
    });
}

#[test]
fn ends_and_groups_are_seen_only_by_who_says_so() {
    let Some(home) = home("ends_and_groups_are_seen_only_by_who_says_so") else {
        return;
    };
    let (_store, a, _b) = furnished(&home);
    run(async {
        let client = as_role(&home).await;
        let things = home.with_schema("SELECT 1 FROM @things");
        let groups = home.with_schema("SELECT 1 FROM @groups");
        let looking = format!("{}; SET LOCAL one.ends = 'on'", begin_in(&a));
        // One of its own, three of the shared registry, none of the other group.
        assert_eq!(touched(&client, &looking, &things).await, Ok(4));
        let change = home.with_schema("UPDATE @things SET name = 'x'");
        assert_eq!(touched(&client, &looking, &change).await, Ok(1));
        let directory = "BEGIN; SET LOCAL one.directory = 'on'";
        assert_eq!(touched(&client, directory, &groups).await, Ok(2));
        assert_eq!(touched(&client, directory, &things).await, Ok(0));
        assert_eq!(touched(&client, &begin_in(&a), &groups).await, Ok(1));
    });
}

#[test]
fn a_role_that_passes_it_by_is_told_or_refused() {
    let Some(home) = home("a_role_that_passes_it_by_is_told_or_refused") else {
        return;
    };
    assert_eq!(home.open().row_security(), RowSecurity::Enforced);
    let superuser = Options::default().schema(&home.schema);
    let store = home.open_with(superuser.clone()).unwrap();
    assert_eq!(store.row_security(), RowSecurity::Bypassed);
    let error = home
        .open_with(superuser.require_row_security())
        .unwrap_err();
    assert_eq!(error.tag(), "StoreUnavailable");
    assert!(error.to_string().contains("BYPASSRLS"), "{error}");
}

/// The rights that the README says are enough, and without them an error that says what is missing.
#[test]
fn a_role_that_owns_nothing_needs_the_rights_that_are_written_down() {
    let Some(home) = home("a_role_that_owns_nothing") else {
        return;
    };
    let app = format!("{}_app", home.schema);
    drop(home.open());
    home.sql(&format!("CREATE ROLE {app}"));
    let grants = [
        format!("GRANT USAGE ON SCHEMA {} TO {app}", home.schema),
        format!("GRANT SELECT ON @version TO {app}"),
        format!(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {} TO {app}; \
             REVOKE INSERT, UPDATE, DELETE ON @version FROM {app}",
            home.schema
        ),
    ];
    let open = || home.open_with(home.options().role(&app));
    for grant in &grants {
        let refused = open().and_then(|store| {
            let ids = SequentialIds::new();
            futures::executor::block_on(store.commit(crate::help::change(&ids, "x")))
        });
        let error = refused.unwrap_err();
        assert_eq!(error.tag(), "StoreUnavailable", "{error}");
        assert!(error.to_string().contains("permission denied"), "{error}");
        home.sql(grant);
    }
    let store = open().unwrap();
    fill(&store, 2);
    assert_eq!(store.row_security(), RowSecurity::Enforced);
    assert_eq!(crate::help::verified(&store).len(), 2);
    drop(store);
    home.sql(&format!("DROP OWNED BY {app}; DROP ROLE {app}"));
}
