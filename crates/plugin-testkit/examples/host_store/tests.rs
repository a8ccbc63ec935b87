//! Step 5: the suite, and that the page shows this code.

use futures::executor::block_on;
use one_ontology::{Directory as _, Place, Scope, Store as _};

use crate::store::HostStore;

fn empty() -> HostStore {
    let database = rusqlite::Connection::open_in_memory().unwrap();
    database.execute_batch(include_str!("schema.sql")).unwrap();
    HostStore::new(database)
}

mod contract {
    plugin_testkit::store_suite!(|| async { plugin_testkit::store::Subject::new(super::empty()) });
}

#[test]
fn the_example_runs() {
    crate::main().unwrap();
}

#[test]
fn what_the_host_writes_by_itself_is_known() {
    let database = rusqlite::Connection::open_in_memory().unwrap();
    database.execute_batch(include_str!("schema.sql")).unwrap();
    database.execute_batch(crate::THEIRS).unwrap();
    let user = "0197a000-0000-7000-8000-000000000002";
    let theirs = "INSERT INTO users (org_no, user_uuid, full_name) VALUES (1, ?1, 'Ann')";
    database.execute(theirs, [user]).unwrap();
    let theirs = "INSERT INTO staff (org_no, user_uuid, job) VALUES (1, ?1, 'group_owner')";
    database.execute(theirs, [user]).unwrap();
    let store = HostStore::new(database);
    let place: Place = "group:0197a000-0000-7000-8000-000000000001"
        .parse()
        .unwrap();
    let membership = block_on(store.membership(user.parse().unwrap(), place)).unwrap();
    assert_eq!(membership.unwrap().role.as_str(), "group_owner");
    let scope = Scope::system("test".parse().unwrap(), place);
    let person = block_on(store.person(&scope, user.parse().unwrap())).unwrap();
    assert_eq!(person.unwrap().display_name, "Ann");
}

/// Each block of Rust on the page stands in one of these files.
#[test]
fn the_page_shows_this_code() {
    let page = include_str!("../../../../docs/implement-a-store.md");
    let files = [
        include_str!("table.rs"),
        include_str!("commit.rs"),
        include_str!("store.rs"),
        include_str!("tests.rs"),
    ];
    let plain =
        |text: &str| -> String { text.lines().map(str::trim).collect::<Vec<_>>().join("\n") };
    let files = files.map(plain);
    let blocks: Vec<&str> = page.split("```rust,ignore\n").skip(1).collect();
    assert!(blocks.len() >= 5, "{} blocks", blocks.len());
    for block in blocks {
        let block = block.split("```").next().unwrap();
        // A line of dots stands for what is left out.
        for part in block.split("// ...\n") {
            let part = plain(part);
            assert!(
                files.iter().any(|file| file.contains(part.trim())),
                "{part}"
            );
        }
    }
}
