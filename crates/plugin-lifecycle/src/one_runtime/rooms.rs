//! Rooms, worlds, and who takes part.

use std::collections::BTreeSet;

use one_ontology::{
    ChangeSet, Connection, ConnectionQuery, ConnectionType, EventType, Properties, ThingId,
    Timestamp,
};
use plugin_runtime_api::{HostError, RoomRecord, WorldRecord};
use serde_json::Value;
use uuid::Uuid;

use super::bounds::MAX_LIST;
use super::connections::Pair;
use super::desk::{Desk, Tries, Written};
use super::things::uuid_of;

impl Desk<'_> {
    pub(super) async fn rooms_of(&self, world: Uuid) -> Result<Vec<RoomRecord>, HostError> {
        let query = self.of_kind::<RoomRecord>("conversation");
        let query = query.with("world", world.to_string());
        self.list(query, |_| true).await
    }

    pub(super) async fn worlds(&self) -> Result<Vec<WorldRecord>, HostError> {
        let query = self.of_kind::<WorldRecord>("community");
        self.list(query, |_| true).await
    }

    /// Forgets a room, and that anybody took part in it. Its memories stay.
    pub(super) async fn delete_room(&self, room: Uuid) -> Result<(), HostError> {
        let mut tries = Tries::default();
        loop {
            let Some((row, _)) = self.find_row::<RoomRecord>(room).await? else {
                return Ok(());
            };
            let now = self.now();
            let holding = self.holding(room).await?;
            // A change set is bounded, so very many leave in several steps.
            let (some, all) = (holding.iter().take(MAX_LIST), holding.len() <= MAX_LIST);
            let changes = if all {
                self.archived(&row, now)
            } else {
                ChangeSet::new(&self.scope, self.room_event(row.id, now), now)
            };
            let changes = some.fold(changes, |changes, one| changes.disconnect(one.id));
            let written = self.commit(changes, &mut tries).await?;
            if written == Written::Yes && all {
                return Ok(());
            }
        }
    }

    fn room_id(&self, room: Uuid) -> ThingId {
        self.record_id::<RoomRecord>(room)
    }

    fn room_event(&self, room: ThingId, now: Timestamp) -> one_ontology::NewEvent {
        self.event(EventType::EntityUpdated, room, now)
            .with("type", "conversation")
    }

    /// A change of who takes part in a room, if there is the room. It writes the room anew, so that
    /// of two changes at once, or of a change and the room's end, the second is decided anew.
    async fn in_room(&self, room: Uuid, now: Timestamp) -> Result<Option<ChangeSet>, HostError> {
        let found = self.find_row::<RoomRecord>(room).await?;
        Ok(found.map(|(row, _)| {
            ChangeSet::new(&self.scope, self.room_event(row.id, now), now).replace(row)
        }))
    }

    /// Who takes part in a room, as connections.
    async fn holding(&self, room: Uuid) -> Result<Vec<Connection>, HostError> {
        let query = ConnectionQuery::to(self.room_id(room), ConnectionType::ParticipatedIn);
        self.connections(query).await
    }

    pub(super) async fn participants(&self, room: Uuid) -> Result<Vec<Uuid>, HostError> {
        let holding = self.holding(room).await?;
        let ids: BTreeSet<Uuid> = holding
            .iter()
            .filter_map(|one| uuid_of(one.metadata.get("entity")))
            .collect();
        self.bounded(ids.into_iter().collect())
    }

    pub(super) async fn rooms_with(&self, entities: &[Uuid]) -> Result<Vec<Uuid>, HostError> {
        let mut rooms = BTreeSet::new();
        for entity in entities {
            let from = self.thing_id("entity", &entity.to_string());
            let query = ConnectionQuery::from(from, ConnectionType::ParticipatedIn);
            let found = self.connections(query).await?;
            rooms.extend(
                found
                    .iter()
                    .filter_map(|one| uuid_of(one.metadata.get("room"))),
            );
        }
        self.bounded(rooms.into_iter().collect())
    }

    async fn part(&self, entity: Uuid, room: Uuid) -> Result<Pair, HostError> {
        let from = self.thing_id("entity", &entity.to_string());
        let kind = ConnectionType::ParticipatedIn;
        self.pair(from, kind, self.room_id(room)).await
    }

    pub(super) async fn add_participant(
        &self,
        entity: Uuid,
        room: Uuid,
    ) -> Result<bool, HostError> {
        let mut tries = Tries::default();
        loop {
            let now = self.now();
            let changes = self.in_room(room, now).await?;
            let mut changes = changes.ok_or_else(|| self.no::<RoomRecord>(room))?;
            let thing = self.entity_thing(entity, now).await?;
            let pair = self.part(entity, room).await?;
            if pair.holds.is_some() {
                return Ok(false);
            }
            if let Some(missing) = thing.missing {
                changes = changes.insert(missing);
            }
            let metadata = participation(entity, room, None);
            let changes = self.connect(changes, &pair, metadata, now);
            if self.commit(changes, &mut tries).await? == Written::Yes {
                return Ok(true);
            }
        }
    }

    pub(super) async fn remove_participant(
        &self,
        entity: Uuid,
        room: Uuid,
    ) -> Result<bool, HostError> {
        let mut tries = Tries::default();
        loop {
            let changes = self.in_room(room, self.now()).await?;
            let holds = self.part(entity, room).await?.holds;
            let (Some(changes), Some(holds)) = (changes, holds) else {
                return Ok(false);
            };
            let changes = changes.disconnect(holds.id);
            if self.commit(changes, &mut tries).await? == Written::Yes {
                return Ok(true);
            }
        }
    }

    pub(super) async fn participant_state(
        &self,
        entity: Uuid,
        room: Uuid,
    ) -> Result<Option<String>, HostError> {
        let holds = self.part(entity, room).await?.holds;
        Ok(holds.and_then(|one| one.metadata.text("state").map(str::to_owned)))
    }

    pub(super) async fn set_participant_state(
        &self,
        entity: Uuid,
        room: Uuid,
        state: Option<String>,
    ) -> Result<(), HostError> {
        if !matches!(state.as_deref(), None | Some("FOLLOWED" | "MUTED")) {
            return Err(self.invalid("`state` must be FOLLOWED, MUTED or null"));
        }
        let mut tries = Tries::default();
        loop {
            let now = self.now();
            let changes = self.in_room(room, now).await?;
            let pair = self.part(entity, room).await?;
            let (Some(changes), Some(holds)) = (changes, &pair.holds) else {
                return Err(self.invalid(&format!("{entity} does not take part in {room}")));
            };
            if holds.metadata.text("state") == state.as_deref() {
                return Ok(());
            }
            let metadata = participation(entity, room, state.clone());
            let changes = self.connect(changes, &pair, metadata, now);
            if self.commit(changes, &mut tries).await? == Written::Yes {
                return Ok(());
            }
        }
    }
}

fn participation(entity: Uuid, room: Uuid, state: Option<String>) -> Properties {
    Properties::new()
        .with("entity", entity.to_string())
        .with("room", room.to_string())
        .with("state", state.map_or(Value::Null, Value::from))
}
