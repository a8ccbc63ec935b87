//! What the tests of this crate's inside share.

use futures::executor::block_on;
use one_ontology::{
    ChangeSet, Connection, ConnectionId, ConnectionType, Embedding, EventId, EventType, Group,
    Knowledge, KnowledgeId, KnowledgeType, NewEvent, Person, PersonId, Place, Scope, SequentialIds,
    Spend, Store as _, Thing, ThingId, ThingType, Timestamp,
};
use uuid::Uuid;

use crate::{Options, PostgresStore};
use plugin_test_postgres as server;

/// Owns the schemas of tests and nothing else; row-level security binds it.
pub(crate) const ROLE: &str = "one_plugin_test";

pub(crate) fn at() -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000)
}

/// A schema of our own as the role owns it, with the store that made it.
pub(crate) struct Home {
    pub(crate) address: &'static str,
    pub(crate) schema: String,
    pub(crate) store: PostgresStore,
}

/// A schema that belongs to [`ROLE`], or a line that says that the test did not run.
pub(crate) fn home(name: &str) -> Option<Home> {
    let address = server::address(&format!("plugin-store-postgres {name}"))?;
    let schema = format!("one_unit_{}_{name}", std::process::id());
    server::sql(
        address,
        &format!(
            "DO $$ BEGIN CREATE ROLE {ROLE}; \
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$; \
             CREATE SCHEMA {schema} AUTHORIZATION {ROLE}"
        ),
    );
    let options = Options::default().schema(&schema).role(ROLE);
    let store = block_on(PostgresStore::connect(address, options)).unwrap();
    Some(Home {
        address,
        schema,
        store,
    })
}

impl Drop for Home {
    fn drop(&mut self) {
        server::sql(
            self.address,
            &format!("DROP SCHEMA {} CASCADE", self.schema),
        );
    }
}

/// A place with one row of everything that the statements above look for.
pub(crate) fn furnish(
    store: &PostgresStore,
    ids: &SequentialIds,
    place: Option<Group>,
    mark: &str,
) -> Scope {
    let where_ = place.as_ref().map_or(Place::Global, Group::place);
    let scope = Scope::system("test".parse().unwrap(), where_);
    let id = ThingId::from_uuid(Uuid::from_u128(1));
    let event = |end| NewEvent::new(EventId::new(ids, at()), EventType::EntityCreated, end);
    let mut changes = ChangeSet::new(&scope, event(Some(id.into())), at());
    if let Some(group) = place {
        changes = changes.insert(group);
    }
    let mut thing = Thing::new(&scope, id, ThingType::Course, "Rust", at());
    thing.properties = thing
        .properties
        .with("npm_package", "p")
        .with("registry_url", "u")
        .with("mark", mark);
    let id = ThingId::from_uuid(Uuid::from_u128(3));
    let other = Thing::new(&scope, id, ThingType::Lesson, "Go", at());
    let mut person = Person::new(&scope, PersonId::from_uuid(Uuid::from_u128(1)), "zoe", at());
    person.display_name = format!("zoe {mark}");
    let id = KnowledgeId::from_uuid(Uuid::from_u128(1));
    let mut knowledge = Knowledge::new(&scope, id, KnowledgeType::Chunk, at());
    knowledge.text = Some(format!("rust text {mark}"));
    knowledge.labels = vec!["topic:x".parse().unwrap()].into_iter().collect();
    knowledge.embedding = Some(Embedding::new("m", vec![1.0]).unwrap());
    let connection = Connection::new(
        &scope,
        ConnectionId::from_uuid(Uuid::from_u128(2)),
        thing.id,
        ConnectionType::References,
        other.id,
        at(),
    );
    let rule = one_ontology::BudgetRule::Level { limit: 9 };
    let changes = changes
        .insert(thing)
        .insert(other)
        .insert(person)
        .insert(knowledge)
        .connect(connection)
        .spend(Spend::one("b".parse().unwrap(), rule))
        .event(event(None));
    block_on(store.commit(changes)).unwrap();
    scope
}
