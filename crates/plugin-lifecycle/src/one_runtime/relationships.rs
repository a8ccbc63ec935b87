//! Relationships between entities.

use one_ontology::{ChangeSet, Connection, ConnectionQuery, ConnectionType, EventType, Properties};
use plugin_runtime_api::{HostError, RelationshipRecord};
use uuid::Uuid;

use super::bounds::AnswerSize;
use super::connections::Pair;
use super::desk::{Desk, Tries, Written};
use super::things::has_all;

const KIND: &str = "eliza_relationship";

impl Desk<'_> {
    fn related(&self) -> ConnectionType {
        // INVARIANT: `KIND` is a valid name; `references` may join anything too.
        KIND.parse().unwrap_or(ConnectionType::References)
    }

    async fn relation(&self, source: Uuid, target: Uuid) -> Result<Pair, HostError> {
        let from = self.thing_id("entity", &source.to_string());
        let to = self.thing_id("entity", &target.to_string());
        self.pair(from, self.related(), to).await
    }

    fn read(&self, connection: &Connection) -> Result<RelationshipRecord, HostError> {
        self.kept_record(connection.metadata.get("record"))
    }

    /// Keeps a relationship, unless the two have one; gives whether it is new.
    pub(super) async fn create_relationship(
        &self,
        mut record: RelationshipRecord,
    ) -> Result<bool, HostError> {
        let (Some(source), Some(target)) = (record.source_entity_id, record.target_entity_id)
        else {
            return Err(self.invalid("`sourceEntityId` and `targetEntityId` must be given"));
        };
        if source == target {
            return Err(self.invalid("`targetEntityId` must be another than `sourceEntityId`"));
        }
        record.id = Some(record.id.unwrap_or_else(|| self.new_id()));
        let mut tries = Tries::default();
        loop {
            let now = self.now();
            let from = self.entity_thing(source, now).await?;
            let to = self.entity_thing(target, now).await?;
            let pair = self.relation(source, target).await?;
            if pair.holds.is_some() {
                return Ok(false);
            }
            let event = self.event(EventType::EntityCreated, from.id, now);
            let mut changes = ChangeSet::new(&self.scope, event.with("type", KIND), now);
            for missing in [from.missing, to.missing].into_iter().flatten() {
                changes = changes.insert(missing);
            }
            let metadata = self.kept(&record)?;
            let changes = self.connect(changes, &pair, metadata, now);
            if self.commit(changes, &mut tries).await? == Written::Yes {
                return Ok(true);
            }
        }
    }

    fn kept(&self, record: &RelationshipRecord) -> Result<Properties, HostError> {
        Ok(self.properties(KIND).with("record", self.to_json(record)?))
    }

    pub(super) async fn relationship(
        &self,
        source: Uuid,
        target: Uuid,
    ) -> Result<Option<RelationshipRecord>, HostError> {
        let pair = self.relation(source, target).await?;
        pair.holds.map(|held| self.read(&held)).transpose()
    }

    pub(super) async fn relationships(
        &self,
        entity: Uuid,
        tags: &[String],
    ) -> Result<Vec<RelationshipRecord>, HostError> {
        let id = self.thing_id("entity", &entity.to_string());
        let mut held = self
            .connections(ConnectionQuery::from(id, self.related()))
            .await?;
        held.extend(
            self.connections(ConnectionQuery::to(id, self.related()))
                .await?,
        );
        let mut size = AnswerSize::new(self.call);
        let mut found = Vec::new();
        for connection in &held {
            let record = self.read(connection)?;
            if has_all(record.tags.as_ref(), tags) {
                size.add(&record)?;
                found.push(record);
            }
        }
        found.sort_by_key(|record| (record.source_entity_id, record.target_entity_id));
        Ok(found)
    }

    /// Replaces the relationship between the two entities of `record`.
    pub(super) async fn update_relationship(
        &self,
        record: RelationshipRecord,
    ) -> Result<(), HostError> {
        let (Some(source), Some(target)) = (record.source_entity_id, record.target_entity_id)
        else {
            return Err(self.invalid("`sourceEntityId` and `targetEntityId` must be given"));
        };
        let mut tries = Tries::default();
        loop {
            let pair = self.relation(source, target).await?;
            let old = pair
                .holds
                .as_ref()
                .map(|held| self.read(held))
                .transpose()?;
            let same = |old: &RelationshipRecord| record.id.is_none_or(|id| old.id == Some(id));
            let Some(old) = old.filter(same) else {
                let reason = format!("there is no such relationship from {source} to {target}");
                return Err(self.invalid(&reason));
            };
            let mut new = record.clone();
            new.id = old.id;
            if new == old {
                return Ok(());
            }
            let now = self.now();
            let from = self.thing_id("entity", &source.to_string());
            let event = self.event(EventType::EntityUpdated, from, now);
            let changes = ChangeSet::new(&self.scope, event.with("type", KIND), now);
            let changes = self.connect(changes, &pair, self.kept(&new)?, now);
            if self.commit(changes, &mut tries).await? == Written::Yes {
                return Ok(());
            }
        }
    }
}
