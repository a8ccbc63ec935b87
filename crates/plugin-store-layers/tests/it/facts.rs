//! What the tests write.

use futures::executor::block_on;
use one_ontology::{
    ChangeSet, EventId, EventType, NewEvent, Place, Scope, SequentialIds, Store, Thing, ThingId,
    ThingType, Timestamp,
};

pub(crate) const NOW: Timestamp = Timestamp::EPOCH;

/// Ids, and the shared registry.
pub(crate) struct Facts {
    pub(crate) ids: SequentialIds,
    pub(crate) scope: Scope,
}

impl Facts {
    pub(crate) fn new() -> Self {
        Self {
            ids: SequentialIds::new(),
            scope: Scope::system("layers".parse().unwrap(), Place::Global),
        }
    }

    pub(crate) fn changes(&self) -> ChangeSet {
        let id = EventId::new(&self.ids, NOW);
        let event = NewEvent::new(id, EventType::EntityUpdated, None);
        ChangeSet::new(&self.scope, event, NOW)
    }

    pub(crate) fn thing(&self, name: &str) -> Thing {
        let id = ThingId::new(&self.ids, NOW);
        Thing::new(&self.scope, id, ThingType::Course, name, NOW)
    }

    /// Inserts one.
    pub(crate) fn added(&self, store: &dyn Store, name: &str) -> Thing {
        let thing = self.thing(name);
        let id = thing.id;
        block_on(store.commit(self.changes().insert(thing))).unwrap();
        block_on(store.thing(&self.scope, id)).unwrap().unwrap()
    }

    /// Gives a thing another name, as somebody who has just read it does.
    pub(crate) fn rename(&self, store: &dyn Store, id: ThingId, name: &str) {
        let mut thing = block_on(store.thing(&self.scope, id)).unwrap().unwrap();
        name.clone_into(&mut thing.name);
        block_on(store.commit(self.changes().replace(thing))).unwrap();
    }

    pub(crate) fn name(&self, store: &dyn Store, id: ThingId) -> String {
        let thing = block_on(store.thing(&self.scope, id)).unwrap();
        thing.unwrap().name
    }
}
