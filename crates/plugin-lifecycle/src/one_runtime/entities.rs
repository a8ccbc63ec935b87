//! Entities. The agent's own is always there.

use one_ontology::{Thing, ThingId, ThingStatus, Timestamp};
use plugin_runtime_api::{EntityRecord, HostError};
use uuid::Uuid;

use super::desk::{Desk, Tries, Written};
use super::record::Record as _;

/// The thing that an entity is, to be made if it is not there.
pub(super) struct EntityThing {
    pub(super) id: ThingId,
    pub(super) missing: Option<Thing>,
}

impl Desk<'_> {
    /// An entity. Plugins expect the agent's own before anybody has made it.
    pub(super) async fn entity(&self, id: Uuid) -> Result<Option<EntityRecord>, HostError> {
        match self.find(id).await? {
            Some(found) => Ok(Some(found)),
            None if self.is_agent(id) => self.own_entity().await.map(Some),
            None => Ok(None),
        }
    }

    fn is_agent(&self, id: Uuid) -> bool {
        id == *self.context.agent.as_uuid()
    }

    /// The agent as an entity: called what the agent's thing is called, if there is one.
    async fn own_entity(&self) -> Result<EntityRecord, HostError> {
        let thing = self.row(self.context.agent).await?;
        let agent = *self.context.agent.as_uuid();
        Ok(EntityRecord {
            id: Some(agent),
            names: Some(vec![thing.map_or_else(|| "Agent".to_owned(), |it| it.name)]),
            agent_id: Some(agent),
            ..EntityRecord::default()
        })
    }

    pub(super) async fn update_entity(&self, entity: EntityRecord) -> Result<(), HostError> {
        let own = entity.id.filter(|id| self.is_agent(*id));
        let Some(id) = own else {
            return self.replace(entity).await;
        };
        let mut tries = Tries::default();
        loop {
            let old = self.row(self.record_id::<EntityRecord>(id)).await?;
            let Some(changes) = self.put(old, self.draft(id, &entity)?, self.now()) else {
                return Ok(());
            };
            if self.commit(changes, &mut tries).await? == Written::Yes {
                return Ok(());
            }
        }
    }

    /// The thing of an entity, for connections to hold on to.
    pub(super) async fn entity_thing(
        &self,
        id: Uuid,
        now: Timestamp,
    ) -> Result<EntityThing, HostError> {
        let row = self.row(self.record_id::<EntityRecord>(id)).await?;
        let there = row.is_some_and(|row| row.status != ThingStatus::Archived);
        if !there && !self.is_agent(id) {
            return Err(self.no::<EntityRecord>(id));
        }
        let missing = if there {
            None
        } else {
            let own = self.own_entity().await?;
            Some(self.made(self.draft(id, &own)?, now))
        };
        Ok(EntityThing {
            id: self.record_id::<EntityRecord>(id),
            missing,
        })
    }

    /// The entities that take part in a room.
    pub(super) async fn entities_in(&self, room: Uuid) -> Result<Vec<EntityRecord>, HostError> {
        let mut found = Vec::new();
        for id in self.participants(room).await? {
            found.extend(self.entity(id).await?);
        }
        Ok(found)
    }

    /// The same entities, each with its components as `components`.
    pub(super) async fn add_components(
        &self,
        mut entities: Vec<EntityRecord>,
    ) -> Result<Vec<EntityRecord>, HostError> {
        for entity in &mut entities {
            let Some(id) = entity.id() else { continue };
            let components = self.components(id, None, None, None).await?;
            let components = self.to_json(&components)?;
            entity.other.insert("components".to_owned(), components);
        }
        Ok(entities)
    }
}
