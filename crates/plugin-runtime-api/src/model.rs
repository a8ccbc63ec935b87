//! Models that the host offers to plugins.

use std::fmt::Debug;

use async_trait::async_trait;
use one_ontology::{GroupId, ThingId, vocabulary};
use serde_json::Value;

vocabulary! {
    /// elizaOS's names for what a model can do.
    open ModelType {
        /// Text from a prompt, quickly.
        TextSmall = "TEXT_SMALL",
        /// Text from a prompt, well.
        TextLarge = "TEXT_LARGE",
        /// Text from a prompt, by a model that reasons, quickly.
        TextReasoningSmall = "TEXT_REASONING_SMALL",
        /// Text from a prompt, by a model that reasons, well.
        TextReasoningLarge = "TEXT_REASONING_LARGE",
        /// A vector from text.
        TextEmbedding = "TEXT_EMBEDDING",
        /// Tokens from text.
        TextTokenizerEncode = "TEXT_TOKENIZER_ENCODE",
        /// Text from tokens.
        TextTokenizerDecode = "TEXT_TOKENIZER_DECODE",
        /// An object from a prompt, quickly.
        ObjectSmall = "OBJECT_SMALL",
        /// An object from a prompt, well.
        ObjectLarge = "OBJECT_LARGE",
    }
}

/// Who asks a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelContext {
    /// The organisation.
    pub group: GroupId,
    /// The agent.
    pub agent: ThingId,
}

/// Why a model gives no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Give the host a provider for it.
    #[error("this host has no model for `{model_type}`")]
    Unsupported {
        /// What was asked for.
        model_type: ModelType,
    },
    /// The parameters do not hold.
    #[error("the parameters of `{model_type}` do not hold: {reason}")]
    Invalid {
        /// What was asked for.
        model_type: ModelType,
        /// Which, and why.
        reason: String,
    },
    /// Try again.
    #[error("the model is unavailable: {reason}")]
    Unavailable {
        /// In words.
        reason: String,
    },
}

impl ModelError {
    /// Each tag, with what to do about it.
    pub const TAGS: &'static [(&'static str, &'static str)] = &[
        (
            "ModelUnsupported",
            "give the host a model provider for this type",
        ),
        ("ModelParametersInvalid", "correct the named parameter"),
        ("ModelUnavailable", "retry later"),
    ];

    /// The stable machine name.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::Unsupported { .. } => "ModelUnsupported",
            Self::Invalid { .. } => "ModelParametersInvalid",
            Self::Unavailable { .. } => "ModelUnavailable",
        }
    }
}

/// Answers model requests of plugins.
#[async_trait]
pub trait ModelProvider: Debug + Send + Sync + 'static {
    /// What it can answer, in order of preference.
    fn models(&self) -> Vec<ModelType>;

    /// Answers one request: parameters and answer are JSON as elizaOS has them. For
    /// `TEXT_EMBEDDING` the parameters are a string, `{"text"}`, `{"texts"}` or null, the answer a
    /// list of numbers (for `texts`: a list of lists).
    ///
    /// # Errors
    /// `Unsupported`, `Invalid`, `Unavailable`.
    async fn generate(
        &self,
        context: &ModelContext,
        model_type: &ModelType,
        params: Value,
    ) -> Result<Value, ModelError>;
}
