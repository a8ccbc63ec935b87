//! Memories as rows of knowledge.

use std::collections::BTreeSet;

use one_ontology::{
    Embedding, Knowledge, KnowledgeId, KnowledgeType, Label, Properties, Timestamp,
};
use plugin_runtime_api::{HostError, MemoryRecord};
use serde_json::Value;
use uuid::Uuid;

use super::desk::Desk;

/// From when on two memories say the same.
pub(super) const SAME: f32 = 0.95;

impl Desk<'_> {
    /// The row of a memory that is new.
    pub(super) fn new_row(
        &self,
        id: KnowledgeId,
        table: &str,
        memory: &MemoryRecord,
        now: Timestamp,
    ) -> Result<Knowledge, HostError> {
        let kind = match (text_of(memory), &memory.embedding) {
            (None, Some(_)) => KnowledgeType::VectorOnly,
            _ if is_fragment(memory) => KnowledgeType::Chunk,
            _ => KnowledgeType::Document,
        };
        let mut row = Knowledge::new(&self.scope, id, kind, now);
        // What is listed first is decided by this; nobody is newer than now.
        let micros = memory.created_at.unwrap_or_default().saturating_mul(1000);
        row.created_at = Timestamp::from_micros(micros.max(0)).min(now);
        self.fill_row(row, table, memory)
    }

    /// A row with what a memory says now.
    pub(super) fn fill_row(
        &self,
        mut row: Knowledge,
        table: &str,
        memory: &MemoryRecord,
    ) -> Result<Knowledge, HostError> {
        let text = text_of(memory).map(str::to_owned);
        let mut kept = MemoryRecord {
            embedding: None,
            similarity: None,
            ..memory.clone()
        };
        if text.is_some() {
            kept.content.remove("text");
        }
        row.metadata = Properties::new()
            .with("agent", self.context.agent.to_string())
            .with("kind", "memory")
            .with("table", table)
            .with("has_text", text.is_some())
            .with("record", self.to_json(&kept)?);
        row.text = match row.knowledge_type {
            KnowledgeType::VectorOnly => text,
            // Knowledge without a vector must say something.
            _ => text.or_else(|| Some(table.to_owned())),
        };
        row.embedding = match &memory.embedding {
            Some(values) => Some(self.vector(values.clone())?),
            None => None,
        };
        row.labels = self.labels(table, memory)?;
        Ok(row)
    }

    /// A vector under the name that vectors of this host have.
    pub(super) fn vector(&self, values: Vec<f32>) -> Result<Embedding, HostError> {
        Embedding::new(self.host.vector_name.as_str(), values)
            .map_err(|violations| self.invalid(&format!("`embedding`: {violations}")))
    }

    fn labels(&self, table: &str, memory: &MemoryRecord) -> Result<Vec<Label>, HostError> {
        let mut labels = self.base_labels(table)?;
        for (prefix, id) in [
            ("of", memory.agent_id),
            ("room", memory.room_id),
            ("world", memory.world_id),
            ("entity", memory.entity_id),
        ] {
            labels.extend(id.map(|id| self.id_label(prefix, id)).transpose()?);
        }
        if memory.unique == Some(true) {
            labels.insert(self.label("unique")?);
        }
        Ok(labels.into_iter().collect())
    }

    /// The labels of everything in a table of this agent.
    pub(super) fn base_labels(&self, table: &str) -> Result<BTreeSet<Label>, HostError> {
        Ok(BTreeSet::from([
            self.label(&format!("agent:{}", self.context.agent))?,
            self.label(&format!("table:{table}"))?,
        ]))
    }

    pub(super) fn id_label(&self, prefix: &str, id: Uuid) -> Result<Label, HostError> {
        self.label(&format!("{prefix}:{id}"))
    }

    pub(super) fn label(&self, text: &str) -> Result<Label, HostError> {
        text.parse()
            .map_err(|_| self.invalid("a name is too long to be a label"))
    }

    /// How often a memory was forgotten and kept anew; only the first row of an id knows.
    pub(super) fn generation_of(&self, row: &Knowledge) -> Option<u64> {
        row.metadata.get("generation").and_then(Value::as_u64)
    }

    /// The memory of a row, as it was given.
    pub(super) fn memory_of(&self, row: &Knowledge) -> Result<MemoryRecord, HostError> {
        let mut memory: MemoryRecord = self.kept_record(row.metadata.get("record"))?;
        if row.metadata.get("has_text") == Some(&Value::Bool(true)) {
            let text = Value::from(row.text.as_deref().unwrap_or_default());
            memory.content.insert("text".to_owned(), text);
        }
        memory.embedding = row
            .embedding
            .as_ref()
            .map(|vector| vector.values().to_vec());
        Ok(memory)
    }
}

/// The text of a memory, if it has any.
fn text_of(memory: &MemoryRecord) -> Option<&str> {
    memory
        .content
        .get("text")
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

fn is_fragment(memory: &MemoryRecord) -> bool {
    let metadata = memory.metadata.as_ref();
    metadata.and_then(|metadata| metadata.get("type")) == Some(&Value::from("fragment"))
}
