//! Knowledge: labels, documents, chunks and vectors.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::place::serde_as_text;
use crate::{
    End, InvalidValue, KnowledgeId, Place, Properties, Revision, Scope, Timestamp, Validator,
    Violations, vocabulary,
};

vocabulary! {
    /// What a row of knowledge is.
    closed KnowledgeType ("a knowledge type") {
        /// A label.
        Label = "label",
        /// A whole document.
        Document = "document",
        /// A part of a document, of about 800 tokens.
        Chunk = "chunk",
        /// A vector without text.
        VectorOnly = "vector_only",
    }
}

vocabulary! {
    /// What a row of knowledge is to its source.
    closed KnowledgeRole ("a role of knowledge") {
        /// A label of it.
        Label = "label",
        /// A summary of it.
        Summary = "summary",
        /// A part of it.
        ChunkOf = "chunk_of",
        /// A caption of it.
        Caption = "caption",
        /// A keyword of it.
        Keyword = "keyword",
    }
}

/// A label: `skill:rust`, `capability:search`. 1 to 128 characters without control characters;
/// the part before the first colon is its prefix.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(Box<str>);

impl Label {
    /// The prefixes that the ontology curates.
    pub const CURATED_PREFIXES: &'static [&'static str] = &[
        "skill",
        "industry",
        "topic",
        "format",
        "goal",
        "audience",
        "technology",
        "status",
        "capability",
        "protocol",
        "payment_method",
        "network",
        "subject",
        "grade",
        "difficulty",
        "learning_style",
        "course_level",
        "product_type",
        "price_tier",
        "category",
        "revenue_stream",
        "content_type",
        "platform",
        "monetization",
        "token_category",
        "blockchain",
        "defi_type",
        "market_segment",
    ];

    /// The label.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first colon.
    #[must_use]
    pub fn prefix(&self) -> Option<&str> {
        self.0.split_once(':').map(|(prefix, _)| prefix)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Label {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let ok = !text.trim().is_empty()
            && text.chars().nth(128).is_none()
            && !text.chars().any(char::is_control);
        if ok {
            Ok(Self(text.into()))
        } else {
            Err(InvalidValue::new(
                "Label",
                text,
                "1 to 128 characters without control characters",
            ))
        }
    }
}

serde_as_text!(Label);

/// A vector and the name of what made it. Vectors of different names or lengths are never
/// compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "EmbeddingFields")]
pub struct Embedding {
    model: String,
    values: Vec<f32>,
}

#[derive(Deserialize)]
struct EmbeddingFields {
    #[serde(alias = "embeddingModel")]
    model: String,
    #[serde(alias = "embedding")]
    values: Vec<f32>,
}

impl TryFrom<EmbeddingFields> for Embedding {
    type Error = Violations;

    fn try_from(fields: EmbeddingFields) -> Result<Self, Violations> {
        Self::new(fields.model, fields.values)
    }
}

impl Embedding {
    /// The longest vector.
    pub const MAX_DIMENSION: usize = 8192;

    /// A vector of 1 to 8,192 finite numbers, and the name of what made it.
    ///
    /// # Errors
    /// Which of the two does not hold.
    pub fn new(model: impl Into<String>, values: Vec<f32>) -> Result<Self, Violations> {
        let model = model.into();
        let mut check = Validator::new();
        check.name("model", &model, 128);
        check.require(
            (1..=Self::MAX_DIMENSION).contains(&values.len()),
            "values",
            format_args!("must be 1 to {} numbers", Self::MAX_DIMENSION),
        );
        check.require(
            values.iter().all(|v| v.is_finite()),
            "values",
            "must be finite",
        );
        check.finish()?;
        Ok(Self { model, values })
    }

    /// The name of what made it.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The numbers.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The cosine of the angle to `other`, from -1 to 1; none if they must not be compared. A
    /// vector of zeros is at 0 to everything.
    #[must_use]
    pub fn similarity(&self, other: &Self) -> Option<f32> {
        if self.model != other.model || self.values.len() != other.values.len() {
            return None;
        }
        Some(cosine(&self.values, &other.values))
    }
}

/// The cosine of the angle between vectors of one length, as [`Embedding::similarity`] gives it.
pub(crate) fn cosine(left: &[f32], right: &[f32]) -> f32 {
    let (mut dot, mut a, mut b) = (0.0_f64, 0.0_f64, 0.0_f64);
    for (x, y) in left.iter().zip(right) {
        let (x, y) = (f64::from(*x), f64::from(*y));
        dot += x * y;
        a += x * x;
        b += y * y;
    }
    let norm = (a * b).sqrt();
    #[expect(clippy::cast_possible_truncation, reason = "a cosine fits an f32")]
    let cosine = if norm > 0.0 { (dot / norm) as f32 } else { 0.0 };
    cosine.clamp(-1.0, 1.0)
}

/// What a row of knowledge is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnowledgeSource {
    /// The thing, person or group.
    pub end: End,
    /// What the row is to it.
    pub role: KnowledgeRole,
    /// Which of its fields it was made from: 1 to 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// Which part of a document a chunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkPosition {
    /// Counted from 0.
    pub index: u32,
    /// Where it starts, in bytes.
    pub start: u64,
    /// Where it ends, in bytes.
    pub end: u64,
}

/// A row of knowledge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Knowledge {
    /// Its id.
    #[serde(alias = "_id")]
    pub id: KnowledgeId,
    /// Where it lives.
    #[serde(alias = "groupId")]
    pub place: Place,
    /// What it is.
    #[serde(rename = "type", alias = "knowledgeType")]
    pub knowledge_type: KnowledgeType,
    /// Its text, at most 1 MiB; none for a bare vector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its vector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding: Option<Embedding>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<KnowledgeSource>,
    /// Which part of a document it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunk: Option<ChunkPosition>,
    /// Its labels, sorted, at most 64.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// Everything else.
    #[serde(default)]
    pub metadata: Properties,
    /// When it was put away; archived knowledge is never listed or found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Timestamp>,
    /// Which writing of it this is.
    #[serde(default)]
    pub revision: Revision,
    /// When it was made.
    #[serde(alias = "createdAt")]
    pub created_at: Timestamp,
    /// When it was last written.
    #[serde(alias = "updatedAt")]
    pub updated_at: Timestamp,
}

impl Knowledge {
    /// The largest text, in bytes.
    pub const MAX_TEXT: usize = 1 << 20;

    /// A row without text or vector, in the place of `scope`.
    #[must_use]
    pub fn new(
        scope: &Scope,
        id: KnowledgeId,
        knowledge_type: KnowledgeType,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            place: scope.place(),
            knowledge_type,
            text: None,
            embedding: None,
            source: None,
            chunk: None,
            labels: Vec::new(),
            metadata: Properties::new(),
            archived_at: None,
            revision: Revision::FIRST,
            created_at: now,
            updated_at: now,
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// Each field that does not hold, with the reason.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut check = Validator::new();
        if let Some(text) = &self.text {
            check.require(
                text.len() <= Self::MAX_TEXT,
                "text",
                format_args!("must have at most {} bytes", Self::MAX_TEXT),
            );
            check.require(
                !text.contains('\0'),
                "text",
                "must not contain the character U+0000",
            );
        }
        match self.knowledge_type {
            KnowledgeType::VectorOnly => check.require(
                self.embedding.is_some(),
                "embedding",
                "must be there in `vector_only` knowledge",
            ),
            KnowledgeType::Label | KnowledgeType::Document | KnowledgeType::Chunk => {
                check.require(
                    self.text.as_ref().is_some_and(|text| !text.is_empty()),
                    "text",
                    format_args!("must not be empty in `{}` knowledge", self.knowledge_type),
                );
            }
        }
        if let Some(chunk) = self.chunk {
            check.require(
                chunk.end >= chunk.start,
                "chunk.end",
                "must not be before `chunk.start`",
            );
        }
        if let Some(field) = self
            .source
            .as_ref()
            .and_then(|source| source.field.as_ref())
        {
            check.name("source.field", field, 256);
        }
        check.require(self.labels.len() <= 64, "labels", "must be at most 64");
        check.require(
            self.labels.is_sorted_by(|a, b| a < b),
            "labels",
            "must be sorted and each only once",
        );
        check.require(
            self.updated_at >= self.created_at,
            "updated_at",
            "must not be before `created_at`",
        );
        check.part("metadata", self.metadata.validate());
        check.finish()
    }
}
