//! What many specifications need.

use futures::executor::block_on;
use one_ontology::{
    ChangeSet, ConnectionQuery, EventId, EventQuery, EventType, Group, GroupId, KnowledgeQuery,
    MemoryStore, NewEvent, PersonQuery, Place, Receipt, Scope, SequentialIds, Store, StoreError,
    Thing, ThingId, ThingQuery, ThingStatus, ThingType, Timestamp,
};

/// 2026-11-20T12:00:00Z.
pub(crate) fn noon() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

pub(crate) fn group(name: &str) -> GroupId {
    GroupId::of_name(&["test", name])
}

pub(crate) fn system(place: Place) -> Scope {
    Scope::system("test".parse().unwrap(), place)
}

/// A scope of the group of this name.
pub(crate) fn in_group(name: &str) -> Scope {
    system(Place::Group(group(name)))
}

pub(crate) fn event(name: &str) -> NewEvent {
    NewEvent::new(
        EventId::of_name(&["test", name]),
        EventType::EntityUpdated,
        None,
    )
}

pub(crate) fn change(scope: &Scope) -> ChangeSet {
    ChangeSet::new(scope, event("change"), noon())
}

pub(crate) fn commit(store: &MemoryStore, changes: ChangeSet) -> Result<Receipt, StoreError> {
    block_on(store.commit(changes))
}

/// Makes the group of a scope.
pub(crate) fn found(store: &MemoryStore, scope: &Scope) {
    let group = Group::new(scope.place().group().unwrap(), "A group", noon());
    commit(store, change(scope).insert(group)).unwrap();
}

/// A store in which the group of the scope is.
pub(crate) fn store_with(scope: &Scope) -> MemoryStore {
    let store = MemoryStore::new();
    found(&store, scope);
    store
}

pub(crate) fn thing(scope: &Scope, name: &str, thing_type: impl Into<ThingType>) -> Thing {
    let id = ThingId::of_name(&["test", name]);
    Thing::new(scope, id, thing_type.into(), name, noon())
}

pub(crate) fn ids() -> SequentialIds {
    SequentialIds::new()
}

/// Everything that a scope can read, as text. Budgets are read through the keys that are given.
pub(crate) fn everything(store: &MemoryStore, scope: &Scope, budgets: &[&str]) -> String {
    let things = ThingQuery {
        statuses: ThingStatus::ALL.to_vec(),
        limit: one_ontology::Limit::new(1000),
        ..ThingQuery::default()
    };
    let connections = ConnectionQuery {
        ended: one_ontology::Ended::Listed,
        limit: one_ontology::Limit::new(1000),
        ..ConnectionQuery::default()
    };
    let events = EventQuery {
        limit: one_ontology::Limit::new(1000),
        ..EventQuery::default()
    };
    let budgets: Vec<_> = budgets
        .iter()
        .map(|key| block_on(store.budget(scope, &key.parse().unwrap())).unwrap())
        .collect();
    serde_json::to_string_pretty(&(
        block_on(store.things(scope, &things)).unwrap(),
        block_on(store.connections(scope, &connections)).unwrap(),
        block_on(store.events(scope, &events)).unwrap(),
        block_on(store.head(scope)).unwrap(),
        block_on(store.knowledge(scope, &KnowledgeQuery::default())).unwrap(),
        block_on(store.people(scope, &PersonQuery::default())).unwrap(),
        budgets,
    ))
    .unwrap()
}
