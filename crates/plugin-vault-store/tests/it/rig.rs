//! A store with two organisations, and vaults over it.

use std::sync::Arc;

use futures::executor::block_on;
use one_ontology::{
    ChangeSet, Event, EventId, EventQuery, EventType, Group, GroupId, Limit, ManualClock,
    MemoryStore, NewEvent, Place, Scope, SequentialIds, Store, Thing, ThingId, ThingQuery,
    ThingStatus, Timestamp,
};
use plugin_runtime_api::{ExecutionId, SecretName, SecretString, Vault as _};
use plugin_testkit::vault::{ORGANISATIONS, organisation};
use plugin_vault_store::{KeyProvider, LocalKeys, StoreVault};

pub(crate) const SECRET: &str = "sk-canary-81c2";
pub(crate) const FIRST: &str = "1111111111111111111111111111111111111111111111111111111111111111";
pub(crate) const SECOND: &str = "2222222222222222222222222222222222222222222222222222222222222222";

pub(crate) struct Rig {
    pub(crate) store: Arc<MemoryStore>,
    ids: Arc<SequentialIds>,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        for name in ORGANISATIONS {
            let (id, now) = (organisation(name), Timestamp::EPOCH);
            let event = EventId::of_name(&["founded", name]);
            let event = NewEvent::new(event, EventType::GroupCreated, Some(id.into()));
            let changes = ChangeSet::new(&scope(id), event, now);
            block_on(store.commit(changes.insert(Group::new(id, *name, now)))).unwrap();
        }
        Self {
            store,
            ids: Arc::new(SequentialIds::new()),
        }
    }

    pub(crate) fn vault(&self) -> StoreVault {
        self.over(self.store.clone(), LocalKeys::from_text(FIRST).unwrap())
    }

    pub(crate) fn over(&self, store: Arc<dyn Store>, keys: LocalKeys) -> StoreVault {
        let clock = Arc::new(ManualClock::new(Timestamp::EPOCH));
        StoreVault::new(store, Arc::new(keys), clock, self.ids.clone())
    }

    /// A vault with other keys.
    pub(crate) fn with(&self, keys: Arc<dyn KeyProvider>) -> StoreVault {
        let clock = Arc::new(ManualClock::new(Timestamp::EPOCH));
        StoreVault::new(self.store.clone(), keys, clock, self.ids.clone())
    }

    /// Every row of the vault in an organisation, archived ones too.
    pub(crate) fn rows(&self, of: &str, thing_type: &str) -> Vec<Thing> {
        let query = ThingQuery {
            types: vec![thing_type.parse().unwrap()],
            statuses: ThingStatus::ALL.to_vec(),
            limit: Limit::new(Limit::MAX),
            ..ThingQuery::default()
        };
        let scope = scope(organisation(of));
        block_on(self.store.things(&scope, &query)).unwrap().items
    }

    pub(crate) fn events(&self, of: &str) -> Vec<Event> {
        let query = EventQuery {
            limit: Limit::new(Limit::MAX),
            ..EventQuery::default()
        };
        let scope = scope(organisation(of));
        block_on(self.store.events(&scope, &query)).unwrap().items
    }

    /// Writes a row as nobody but an attacker would.
    pub(crate) fn forge(&self, row: Thing) {
        let scope = scope(row.place.group().unwrap());
        let events = self.events("acme").len() + self.events("globex").len();
        let event = EventId::of_name(&["forged", &events.to_string()]);
        let event = NewEvent::new(event, EventType::EntityUpdated, None);
        let changes = ChangeSet::new(&scope, event, Timestamp::EPOCH).replace(row);
        block_on(self.store.commit(changes)).unwrap();
    }
}

pub(crate) fn scope(group: GroupId) -> Scope {
    Scope::system("test".parse().unwrap(), Place::Group(group))
}

pub(crate) fn name(of: &str, to: &str, parameter: &str) -> SecretName {
    SecretName {
        group: organisation(of),
        instance: ThingId::of_name(&["instance", to]),
        parameter: parameter.to_owned(),
    }
}

pub(crate) fn put(vault: &StoreVault, name: &SecretName, secret: &str) {
    block_on(vault.put(name, SecretString::new(secret))).unwrap();
}

/// The secret, or why it is not given out.
pub(crate) fn leased(vault: &StoreVault, name: &SecretName) -> Result<String, String> {
    let execution = ExecutionId::of_name(&["execution"]);
    let leased = block_on(vault.lease(name, execution, Timestamp::EPOCH));
    let leased = leased.map(|secret| secret.expose().to_owned());
    leased.map_err(|error| error.to_string())
}
