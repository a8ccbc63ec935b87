//! A store over a host's own tables, as `docs/implement-a-store.md` goes through it: `schema.sql` is what the host
//! has, `table.rs` says which column holds what, `commit.rs` writes, `store.rs` reads.
//!
//! `cargo run -p plugin-testkit --example host_store`; its tests are the whole suite.
#![expect(clippy::indexing_slicing, reason = "each table has columns")]

mod commit;
mod store;
mod table;

use std::error::Error;

use futures::executor::block_on;
use one_ontology::{
    ChangeSet, Directory as _, EventId, EventType, GroupId, NewEvent, Place, Scope, SequentialIds,
    Store as _, Thing, ThingId, ThingType, Timestamp,
};
use store::HostStore;

/// An organisation that the host made by itself.
const THEIRS: &str = "INSERT INTO organisations (org_uuid, title) \
    VALUES ('0197a000-0000-7000-8000-000000000001', 'Acme')";

fn main() -> Result<(), Box<dyn Error>> {
    let database = rusqlite::Connection::open_in_memory()?;
    database.execute_batch(include_str!("schema.sql"))?;
    database.execute_batch(THEIRS)?;
    let store = HostStore::new(database);
    let id: GroupId = "0197a000-0000-7000-8000-000000000001".parse()?;
    let group = block_on(store.group(id))?.ok_or("the host's organisation is a group")?;
    let (ids, now) = (SequentialIds::new(), Timestamp::EPOCH);
    let scope = Scope::system("example".parse()?, Place::Group(id));
    let course = Thing::new(
        &scope,
        ThingId::new(&ids, now),
        ThingType::Course,
        "Rust",
        now,
    );
    let event = NewEvent::new(
        EventId::new(&ids, now),
        EventType::CourseCreated,
        Some(course.id.into()),
    );
    let receipt = block_on(store.commit(ChangeSet::new(&scope, event, now).insert(course)))?;
    println!(
        "`{}` has a course, and its trail event {}",
        group.name, receipt.head.seq
    );
    Ok(())
}

#[cfg(test)]
mod tests;
