//! Memories: listed, counted, found again.

use one_ontology::{Among, HitId, Knowledge, KnowledgeQuery, Label, Limit, SearchQuery};
use plugin_runtime_api::{HostError, MemoryFilter, MemoryRecord};
use uuid::Uuid;

use super::bounds::AnswerSize;
use super::desk::Desk;

/// How many a search gives when it does not say.
const COUNT: u32 = 10;

/// What a page goes through until it says that it has enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Go {
    On,
    Enough,
}

impl Desk<'_> {
    /// The newest first.
    pub(super) async fn list_memories(
        &self,
        filter: &MemoryFilter,
    ) -> Result<Vec<MemoryRecord>, HostError> {
        let mut size = AnswerSize::new(self.call);
        let mut leave_out = filter.offset.unwrap_or(0);
        let count = filter.count.unwrap_or(u32::MAX) as usize;
        let mut found = Vec::new();
        if count == 0 {
            return Ok(found);
        }
        self.each(filter, |memory| {
            if leave_out > 0 {
                leave_out -= 1;
                return Ok(Go::On);
            }
            size.add(&memory)?;
            found.push(memory);
            Ok(if found.len() < count {
                Go::On
            } else {
                Go::Enough
            })
        })
        .await?;
        Ok(found)
    }

    pub(super) async fn count_memories(&self, filter: &MemoryFilter) -> Result<u64, HostError> {
        let mut count = 0;
        self.each(filter, |_| {
            count += 1;
            Ok(Go::On)
        })
        .await?;
        Ok(count)
    }

    /// Goes through the memories meant, the newest first, page by page.
    async fn each(
        &self,
        filter: &MemoryFilter,
        mut visit: impl FnMut(MemoryRecord) -> Result<Go, HostError> + Send,
    ) -> Result<(), HostError> {
        let few = filter.count.unwrap_or(Limit::MAX);
        let few = few.saturating_add(filter.offset.unwrap_or(0));
        let mut query = KnowledgeQuery {
            labels: self.labels_of(filter)?,
            limit: Limit::new(few.max(100)),
            ..KnowledgeQuery::default()
        };
        loop {
            let page = self.host.store.knowledge(&self.scope, &query).await;
            let page = page.map_err(|error| self.failed(error))?;
            for row in &page.items {
                let memory = self.memory_of(row)?;
                if meant(filter, &memory) && visit(memory)? == Go::Enough {
                    return Ok(());
                }
            }
            query.cursor = page.next;
            if query.cursor.is_none() {
                return Ok(());
            }
        }
    }

    pub(super) async fn get_memories(
        &self,
        ids: &[Uuid],
        table: Option<&str>,
    ) -> Result<Vec<MemoryRecord>, HostError> {
        let mut size = AnswerSize::new(self.call);
        let mut found = Vec::new();
        for id in ids {
            let Some(row) = self.live_row(*id).await? else {
                continue;
            };
            if table.is_none_or(|table| row.metadata.text("table") == Some(table)) {
                let memory = self.memory_of(&row)?;
                size.add(&memory)?;
                found.push(memory);
            }
        }
        Ok(found)
    }

    /// The closest first. Where several rooms or a span of time are asked for, they are looked for
    /// among the thousand closest.
    pub(super) async fn search_memories(
        &self,
        filter: &MemoryFilter,
        embedding: Vec<f32>,
        least: Option<f64>,
    ) -> Result<Vec<MemoryRecord>, HostError> {
        let count = filter.count.unwrap_or(COUNT);
        let offset = filter.offset.unwrap_or(0);
        let by_labels =
            filter.room_ids.is_empty() && filter.start.is_none() && filter.end.is_none();
        let wanted = if by_labels {
            count.saturating_add(offset)
        } else {
            Limit::MAX
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a similarity is of 32 bits; the nearest is meant"
        )]
        let least = least.unwrap_or(0.0) as f32;
        let query = SearchQuery {
            among: Among::Knowledge {
                types: Vec::new(),
                labels: self.labels_of(filter)?,
            },
            text: None,
            embedding: Some(self.vector(embedding)?),
            min_similarity: Some(least),
            limit: Limit::new(wanted),
        };
        let mut size = AnswerSize::new(self.call);
        let mut memories = Vec::new();
        for (row, similarity) in self.found(&query).await? {
            let mut memory = self.memory_of(&row)?;
            memory.similarity = similarity.map(|near| f64::from(near.max(0.0)));
            if meant(filter, &memory) {
                memories.push(memory);
            }
        }
        let kept: Vec<MemoryRecord> = memories
            .into_iter()
            .skip(offset as usize)
            .take(count as usize)
            .collect();
        kept.iter().try_for_each(|memory| size.add(memory))?;
        Ok(kept)
    }

    /// The rows that a search finds, with how close they are.
    pub(super) async fn found(
        &self,
        query: &SearchQuery,
    ) -> Result<Vec<(Knowledge, Option<f32>)>, HostError> {
        let hits = self.host.store.search(&self.scope, query).await;
        let hits = hits.map_err(|error| self.failed(error))?;
        let mut rows = Vec::new();
        for hit in hits {
            let HitId::Knowledge(id) = hit.id else {
                continue;
            };
            // What was forgotten since is not there.
            let row = self.knowledge_row(id).await?;
            let row = row.filter(|row| row.archived_at.is_none());
            rows.extend(row.map(|row| (row, hit.similarity)));
        }
        Ok(rows)
    }

    /// The part of a filter that stores index.
    fn labels_of(&self, filter: &MemoryFilter) -> Result<Vec<Label>, HostError> {
        let mut labels = self.base_labels(&filter.table_name)?;
        for (prefix, id) in [
            ("of", filter.agent_id),
            ("room", filter.room_id),
            ("world", filter.world_id),
            ("entity", filter.entity_id),
        ] {
            labels.extend(id.map(|id| self.id_label(prefix, id)).transpose()?);
        }
        if filter.unique == Some(true) {
            labels.insert(self.label("unique")?);
        }
        Ok(labels.into_iter().collect())
    }
}

/// The part of a filter that labels do not say.
fn meant(filter: &MemoryFilter, memory: &MemoryRecord) -> bool {
    let room = |rooms: &[Uuid]| memory.room_id.is_some_and(|room| rooms.contains(&room));
    let made = memory.created_at.unwrap_or_default();
    (filter.room_ids.is_empty() || room(&filter.room_ids))
        && filter.start.is_none_or(|start| made >= start)
        && filter.end.is_none_or(|end| made <= end)
}
