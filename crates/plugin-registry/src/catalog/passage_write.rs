//! Which passages a sync writes.

use std::collections::BTreeMap;

use one_ontology::{
    Knowledge, KnowledgeId, KnowledgeRole, KnowledgeSource, KnowledgeType, Properties, Revision,
    Scope, ThingId, Timestamp,
};

use super::PluginRecord;
use super::passage::{Passage, PassageKind, labels, passages};

/// One passage to write.
#[derive(Debug)]
pub(super) struct PassageWrite {
    pub(super) row: Knowledge,
    pub(super) standing: Standing,
    pub(super) needs_vector: bool,
}

/// Whether a row is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    New,
    Known,
}

/// The passages of a plugin to write, given the rows there are, and the rows to put away.
pub(super) fn passage_writes(
    scope: &Scope,
    plugin: ThingId,
    rows: &[&Knowledge],
    record: &PluginRecord,
    model: Option<&str>,
    now: Timestamp,
) -> (Vec<PassageWrite>, Vec<(KnowledgeId, Revision)>) {
    let mut old: BTreeMap<(String, u64), &Knowledge> = BTreeMap::new();
    for row in rows {
        let kind = row.metadata.text("kind").unwrap_or_default().to_owned();
        let index = row
            .metadata
            .get("index")
            .and_then(serde_json::Value::as_u64);
        old.insert((kind, index.unwrap_or(0)), row);
    }
    let mut writes = Vec::new();
    for passage in passages(record) {
        let row = old.remove(&(passage.kind.to_string(), u64::from(passage.index)));
        let labels = labels(record, passage.kind);
        let has_vector = |row: &Knowledge| match model {
            None => true,
            Some(model) => row.embedding.as_ref().is_some_and(|e| e.model() == model),
        };
        let same_text = row.is_some_and(|row| row.text.as_deref() == Some(passage.text.as_str()));
        if same_text && row.is_some_and(|row| row.labels == labels && has_vector(row)) {
            continue;
        }
        let mut next = match row {
            Some(row) => row.clone(),
            None => new_row(scope, plugin, &passage, now),
        };
        let needs_vector = model.is_some() && !(same_text && has_vector(&next));
        if !same_text {
            next.embedding = None;
        }
        next.text = Some(passage.text);
        next.labels = labels;
        writes.push(PassageWrite {
            row: next,
            standing: if row.is_some() {
                Standing::Known
            } else {
                Standing::New
            },
            needs_vector,
        });
    }
    // A source that brings no README does not take the known one away.
    let silent = record
        .package
        .as_ref()
        .is_none_or(|package| package.readme.is_none());
    let gone = old
        .into_iter()
        .filter(|((kind, _), _)| !(silent && kind == PassageKind::Readme.as_str()))
        .map(|(_, row)| (row.id, row.revision))
        .collect();
    (writes, gone)
}

fn new_row(scope: &Scope, plugin: ThingId, passage: &Passage, now: Timestamp) -> Knowledge {
    // The moment is part of the name: a passage that was put away and comes back is another row.
    let id = KnowledgeId::of_name(&[
        &scope.place().to_string(),
        &plugin.to_string(),
        passage.kind.as_str(),
        &passage.index.to_string(),
        &now.to_string(),
    ]);
    let mut row = Knowledge::new(scope, id, KnowledgeType::Chunk, now);
    row.source = Some(KnowledgeSource {
        end: plugin.into(),
        role: match passage.kind {
            PassageKind::Capability | PassageKind::Compatibility => KnowledgeRole::Summary,
            PassageKind::Readme => KnowledgeRole::ChunkOf,
        },
        field: Some(passage.kind.to_string()),
    });
    row.metadata = Properties::new()
        .with("kind", passage.kind.as_str())
        .with("index", passage.index);
    row
}
