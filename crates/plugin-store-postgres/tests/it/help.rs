//! What these tests share.

use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use futures::executor::block_on;
use one_ontology::{
    ChangeSet, Event, EventId, EventQuery, EventType, Group, GroupId, IdSource, Limit, NewEvent,
    Place, Scope, SequentialIds, Store, StoreError, Thing, ThingId, ThingType, Timestamp, audit,
};
use plugin_store_postgres::{Durability, Options, PostgresStore};

use crate::server;

/// The role that tests work as: it owns its schemas and nothing else, and row-level security binds
/// it.
pub(crate) const ROLE: &str = "one_plugin_test";

/// A schema of a test's own, gone with it.
pub(crate) struct Home {
    pub(crate) address: String,
    pub(crate) schema: String,
}

/// A fresh schema that belongs to [`ROLE`], or a line that says that the test did not run.
pub(crate) fn home(what: &str) -> Option<Home> {
    Some(Home::at(server::address(what)?))
}

impl Home {
    pub(crate) fn at(address: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let schema = format!("one_test_{}_{count}", std::process::id());
        // Roles belong to the whole server: others may be making the same.
        server::sql(
            address,
            &format!(
                "DO $$ BEGIN CREATE ROLE {ROLE}; \
                 EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$; \
                 DROP SCHEMA IF EXISTS {schema} CASCADE; \
                 CREATE SCHEMA {schema} AUTHORIZATION {ROLE}"
            ),
        );
        Self {
            address: address.to_owned(),
            schema,
        }
    }

    /// As the role, and without waiting for the disk.
    pub(crate) fn options(&self) -> Options {
        self.unguarded().role(ROLE).require_row_security()
    }

    /// As a role that row-level security does not bind, so that only the statements keep places
    /// apart.
    pub(crate) fn unguarded(&self) -> Options {
        Options::default()
            .schema(&self.schema)
            .durability(Durability::Normal)
            .connections(4)
    }

    pub(crate) fn open(&self) -> PostgresStore {
        self.open_with(self.options()).unwrap()
    }

    /// As the role, unless `ONE_PLUGIN_TEST_POSTGRES_BYPASS` is set: `cargo xtask predicates` looks at
    /// what the statements do by themselves.
    pub(crate) fn open_for_contract(&self) -> PostgresStore {
        self.open_with(self.contract_options()).unwrap()
    }

    pub(crate) fn contract_options(&self) -> Options {
        match std::env::var_os("ONE_PLUGIN_TEST_POSTGRES_BYPASS") {
            Some(_) => self.unguarded(),
            None => self.options(),
        }
    }

    pub(crate) fn open_with(&self, options: Options) -> Result<PostgresStore, StoreError> {
        block_on(PostgresStore::connect(&self.address, options))
    }

    /// Runs a statement as the superuser; `@` stands for the schema.
    pub(crate) fn sql(&self, sql: &str) {
        server::sql(&self.address, &self.with_schema(sql));
    }

    /// Leaves the tables, and nothing in them but which version they are of.
    fn empty(&self) {
        self.sql(&format!(
            "DO $$ DECLARE facts text; BEGIN \
               FOR facts IN SELECT c.oid::regclass::text FROM pg_class c \
                 WHERE c.relnamespace = '{}'::regnamespace AND c.relkind = 'r' \
                 AND c.relname <> 'version' \
               LOOP EXECUTE 'DELETE FROM ' || facts; END LOOP; \
             END $$",
            self.schema
        ));
    }

    /// The first column of the first row, as the superuser.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        let sql = self.with_schema(sql);
        server::run(async {
            let client = server::client(&self.address).await.unwrap();
            client.query_one(&sql, &[]).await.unwrap().get(0)
        })
    }

    pub(crate) fn with_schema(&self, sql: &str) -> String {
        sql.replace('@', &format!("{}.", self.schema))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let drop = format!("DROP SCHEMA IF EXISTS {} CASCADE", self.schema);
        if let Err(error) = server::try_sql(&self.address, &drop) {
            eprintln!("{drop}: {error}");
        }
    }
}

/// Schemas that are emptied and used again, which is much quicker than making one for each store.
pub(crate) struct Homes {
    address: &'static str,
    empty: Arc<Mutex<Vec<Home>>>,
}

/// One of them, given back when the store is gone.
pub(crate) struct Borrowed {
    home: Option<Home>,
    back: Arc<Mutex<Vec<Home>>>,
}

impl Homes {
    /// Or a line that says that the test did not run.
    pub(crate) fn of(what: &str) -> Option<Self> {
        let address = server::address(what)?;
        let empty = Arc::default();
        Some(Self { address, empty })
    }

    pub(crate) fn take(&self) -> Borrowed {
        let used = self.empty.lock().unwrap().pop();
        Borrowed {
            home: Some(used.unwrap_or_else(|| Home::at(self.address))),
            back: Arc::clone(&self.empty),
        }
    }
}

impl Deref for Borrowed {
    type Target = Home;

    fn deref(&self) -> &Home {
        self.home.as_ref().unwrap()
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        let home = self.home.take().unwrap();
        home.empty();
        self.back.lock().unwrap().push(home);
    }
}

pub(crate) fn scope() -> Scope {
    Scope::system("test".parse().unwrap(), Place::Global)
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000)
}

pub(crate) fn event(ids: &dyn IdSource) -> NewEvent {
    NewEvent::new(EventId::new(ids, now()), EventType::EntityCreated, None)
}

/// A scope in a group made for it.
pub(crate) fn group(store: &dyn Store, ids: &dyn IdSource) -> Scope {
    let group = Group::new(GroupId::new(ids, now()), "Group", now());
    let scope = Scope::system("test".parse().unwrap(), group.place());
    let changes = ChangeSet::new(&scope, event(ids), now()).insert(group);
    block_on(store.commit(changes)).unwrap();
    scope
}

/// Inserts a thing with a name.
pub(crate) fn change_in(scope: &Scope, ids: &dyn IdSource, name: &str) -> ChangeSet {
    let id = ThingId::new(ids, now());
    let thing = Thing::new(scope, id, ThingType::Course, name, now());
    ChangeSet::new(scope, event(ids), now()).insert(thing)
}

pub(crate) fn change(ids: &dyn IdSource, name: &str) -> ChangeSet {
    change_in(&scope(), ids, name)
}

/// Fills a store with `count` things, each in a commit of its own.
pub(crate) fn fill(store: &dyn Store, count: usize) {
    let ids = SequentialIds::new();
    for i in 0..count {
        block_on(store.commit(change(&ids, &format!("thing {i}")))).unwrap();
    }
}

/// Every event of a place; their chain holds and leads to the head.
pub(crate) fn verified_in(store: &dyn Store, scope: &Scope) -> Vec<Event> {
    let mut query = EventQuery {
        limit: Limit::new(Limit::MAX),
        ..EventQuery::default()
    };
    let mut events = Vec::new();
    loop {
        let page = block_on(store.events(scope, &query)).unwrap();
        events.extend(page.items);
        query.cursor = page.next;
        if query.cursor.is_none() {
            break;
        }
    }
    let head = block_on(store.head(scope)).unwrap();
    audit::verify(scope.place(), &events, head).unwrap();
    events
}

pub(crate) fn verified(store: &dyn Store) -> Vec<Event> {
    verified_in(store, &scope())
}
