//! What is looked for, and what is found.

use serde::{Deserialize, Serialize};

use crate::{
    Embedding, Knowledge, KnowledgeId, KnowledgeType, Label, Limit, Thing, ThingId, ThingStatus,
    ThingType,
};

/// What to look for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SearchQuery {
    /// Among what.
    pub among: Among,
    /// With words of this text.
    pub text: Option<String>,
    /// Close to this vector.
    pub embedding: Option<Embedding>,
    /// At least so close, -1 to 1.
    pub min_similarity: Option<f32>,
    /// How many.
    pub limit: Limit,
}

/// Among what to look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "among", rename_all = "snake_case")]
pub enum Among {
    /// Things that are not archived, by name, `description` and `keywords`.
    Things {
        /// Of one of these types; any if empty.
        types: Vec<ThingType>,
    },
    /// Knowledge that is not archived, by text.
    Knowledge {
        /// Of one of these types; any if empty.
        types: Vec<KnowledgeType>,
        /// With all of these labels.
        labels: Vec<Label>,
    },
}

impl Default for Among {
    fn default() -> Self {
        Self::Knowledge {
            types: Vec::new(),
            labels: Vec::new(),
        }
    }
}

impl Among {
    /// Whether a thing is among those meant.
    #[must_use]
    pub fn has_thing(&self, thing: &Thing) -> bool {
        match self {
            Self::Things { types } => {
                thing.status != ThingStatus::Archived
                    && (types.is_empty() || types.contains(&thing.thing_type))
            }
            Self::Knowledge { .. } => false,
        }
    }

    /// Whether a row of knowledge is among those meant.
    #[must_use]
    pub fn has_knowledge(&self, knowledge: &Knowledge) -> bool {
        match self {
            Self::Things { .. } => false,
            Self::Knowledge { types, labels } => {
                knowledge.archived_at.is_none()
                    && (types.is_empty() || types.contains(&knowledge.knowledge_type))
                    && labels.iter().all(|label| knowledge.labels.contains(label))
            }
        }
    }
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "found", content = "id", rename_all = "snake_case")]
pub enum HitId {
    /// A thing.
    Thing(ThingId),
    /// A row of knowledge.
    Knowledge(KnowledgeId),
}

impl From<ThingId> for HitId {
    fn from(id: ThingId) -> Self {
        Self::Thing(id)
    }
}

impl From<KnowledgeId> for HitId {
    fn from(id: KnowledgeId) -> Self {
        Self::Knowledge(id)
    }
}

/// Something that fits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// What.
    #[serde(flatten)]
    pub id: HitId,
    /// How well, by reciprocal rank fusion; comparable within one answer only.
    pub score: f64,
    /// How close its vector is, -1 to 1, where vectors were compared.
    pub similarity: Option<f32>,
}
