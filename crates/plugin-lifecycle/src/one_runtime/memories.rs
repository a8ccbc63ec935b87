//! Memories: kept, changed, forgotten.

use one_ontology::{
    Among, ChangeSet, EventType, Knowledge, KnowledgeId, Limit, RowId, SearchQuery, ThingStatus,
    Timestamp,
};
use plugin_runtime_api::{HostError, MemoryRecord};
use uuid::Uuid;

use super::desk::{Desk, Tries, Written};
use super::memory_row::SAME;
use super::things::Draft;

/// The rows of an elizaOS id. When a memory was made never changes in a row, so what is forgotten
/// and kept anew is another row; the first one says which.
struct Slot {
    first: Option<Knowledge>,
    generation: u64,
    current: Option<Knowledge>,
}

impl Slot {
    /// The row that was not forgotten.
    fn live(self) -> Option<Knowledge> {
        self.current.filter(|row| row.archived_at.is_none())
    }
}

impl Desk<'_> {
    pub(super) async fn knowledge_row(
        &self,
        id: KnowledgeId,
    ) -> Result<Option<Knowledge>, HostError> {
        let found = self.host.store.knowledge_by_id(&self.scope, id).await;
        found.map_err(|error| self.failed(error))
    }

    async fn slot(&self, id: Uuid) -> Result<Slot, HostError> {
        let first = self.knowledge_row(self.knowledge_id(id, 0)).await?;
        let generation = first.as_ref().and_then(|row| self.generation_of(row));
        let generation = generation.unwrap_or(0);
        let current = if generation == 0 {
            first.clone()
        } else {
            self.knowledge_row(self.knowledge_id(id, generation))
                .await?
        };
        Ok(Slot {
            first,
            generation,
            current,
        })
    }

    /// The row of a memory that was not forgotten.
    pub(super) async fn live_row(&self, id: Uuid) -> Result<Option<Knowledge>, HostError> {
        Ok(self.slot(id).await?.live())
    }

    /// Keeps a memory, unless there is one with its id, or one that says the same and it is to be
    /// unique; gives the id of the one that is there then.
    pub(super) async fn create_memory(
        &self,
        table: &str,
        mut memory: MemoryRecord,
        unique: bool,
    ) -> Result<Uuid, HostError> {
        let id = memory.id.unwrap_or_else(|| self.new_id());
        memory.id = Some(id);
        memory.agent_id = memory.agent_id.or(Some(*self.context.agent.as_uuid()));
        if unique {
            memory.unique = Some(true);
        }
        memory.similarity = None;
        let given = memory.created_at;
        let mut tries = Tries::default();
        loop {
            let now = self.now();
            memory.created_at = given.or(Some(now.as_micros().div_euclid(1000)));
            let slot = self.slot(id).await?;
            let forgotten = slot.current.is_some();
            let (first, generation) = (slot.first.clone(), slot.generation);
            if slot.live().is_some() {
                return Ok(id);
            }
            let generation = generation + u64::from(forgotten);
            let row = self.new_row(self.knowledge_id(id, generation), table, &memory, now)?;
            let mut changes = self.memory_changes(&row, table, now);
            if memory.unique == Some(true) && row.embedding.is_some() {
                // In this order: whoever is faster after the look is noticed by the turn.
                changes = self.take_turn(changes, table, &memory, now).await?;
                if let Some(same) = self.same_as(&row, table, &memory).await? {
                    return Ok(same);
                }
            }
            if let Some(mut first) = first.filter(|_| forgotten) {
                first.metadata = first.metadata.with("generation", generation);
                changes = changes.replace(first);
            }
            if self.commit(changes.insert(row), &mut tries).await? == Written::Yes {
                return Ok(id);
            }
        }
    }

    fn memory_changes(&self, row: &Knowledge, table: &str, now: Timestamp) -> ChangeSet {
        let event = self
            .event(EventType::ContentEvent, self.context.instance, now)
            .with("knowledge", row.id.to_string())
            .with("table", table);
        ChangeSet::new(&self.scope, event, now)
    }

    /// The memory of the same table and room that says the same.
    async fn same_as(
        &self,
        row: &Knowledge,
        table: &str,
        memory: &MemoryRecord,
    ) -> Result<Option<Uuid>, HostError> {
        let mut labels = self.base_labels(table)?;
        if let Some(room) = memory.room_id {
            labels.insert(self.id_label("room", room)?);
        }
        let query = SearchQuery {
            among: Among::Knowledge {
                types: Vec::new(),
                labels: labels.into_iter().collect(),
            },
            text: None,
            embedding: row.embedding.clone(),
            min_similarity: Some(SAME),
            limit: Limit::new(if memory.room_id.is_some() {
                1
            } else {
                Limit::MAX
            }),
        };
        for found in self.found(&query).await? {
            let same = self.memory_of(&found.0)?;
            if same.room_id == memory.room_id {
                return Ok(same.id);
            }
        }
        Ok(None)
    }

    /// Of two unique memories kept at once in a table and room, the second is decided anew.
    async fn take_turn(
        &self,
        changes: ChangeSet,
        table: &str,
        memory: &MemoryRecord,
        now: Timestamp,
    ) -> Result<ChangeSet, HostError> {
        let room = memory.room_id.unwrap_or_default().to_string();
        let id = self.thing_id("unique", &format!("{room}:{table}"));
        let turns = self.row(id).await?;
        Ok(match turns {
            Some(turns) => changes.replace(turns),
            None => changes.insert(self.made(
                Draft {
                    id,
                    type_name: "eliza_table",
                    name: table.to_owned(),
                    status: ThingStatus::Active,
                    properties: self.properties("unique").with("room", room),
                },
                now,
            )),
        })
    }

    /// Changes the given fields of a memory; gives whether there was one. When it was made and its
    /// table stay what they were.
    pub(super) async fn update_memory(&self, given: MemoryRecord) -> Result<bool, HostError> {
        let id = given.id.ok_or_else(|| self.invalid("`id` must be given"))?;
        let mut tries = Tries::default();
        loop {
            let Some(row) = self.live_row(id).await? else {
                return Ok(false);
            };
            let old = self.memory_of(&row)?;
            let table = row.metadata.text("table").unwrap_or_default().to_owned();
            let new = self.fill_row(row.clone(), &table, &changed(old, given.clone()))?;
            if new == row {
                return Ok(true);
            }
            let changes = self.memory_changes(&row, &table, self.now());
            let written = self.commit(changes.replace(new), &mut tries).await?;
            if written == Written::Yes {
                return Ok(true);
            }
        }
    }

    pub(super) async fn delete_memory(&self, id: Uuid) -> Result<(), HostError> {
        let mut tries = Tries::default();
        loop {
            let Some(row) = self.live_row(id).await? else {
                return Ok(());
            };
            let table = row.metadata.text("table").unwrap_or_default();
            let changes = self
                .memory_changes(&row, table, self.now())
                .archive(RowId::Knowledge(row.id), row.revision);
            if self.commit(changes, &mut tries).await? == Written::Yes {
                return Ok(());
            }
        }
    }
}

fn changed(old: MemoryRecord, given: MemoryRecord) -> MemoryRecord {
    MemoryRecord {
        id: old.id,
        entity_id: given.entity_id.or(old.entity_id),
        agent_id: given.agent_id.or(old.agent_id),
        room_id: given.room_id.or(old.room_id),
        world_id: given.world_id.or(old.world_id),
        content: if given.content.is_empty() {
            old.content
        } else {
            given.content
        },
        metadata: given.metadata.or(old.metadata),
        embedding: given.embedding.or(old.embedding),
        created_at: old.created_at,
        unique: given.unique.or(old.unique),
        similarity: None,
    }
}
