//! A model over an embedder.

use std::sync::Arc;

use async_trait::async_trait;
use plugin_registry::Embedder;
use plugin_runtime_api::{ModelContext, ModelError, ModelProvider, ModelType};
use serde_json::{Map, Value};

/// `TEXT_EMBEDDING` by an [`Embedder`].
#[derive(Clone, Debug)]
pub struct EmbedderModel {
    embedder: Arc<dyn Embedder>,
}

/// What is asked of an embedding model.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum EmbeddingRequest {
    /// One vector; of any text at all for `null`, by which plugins learn the length.
    One(String),
    /// One vector for each text.
    Many(Vec<String>),
}

impl EmbeddingRequest {
    /// Reads a string, `{"text"}`, `{"texts"}` or null.
    pub(super) fn parse(params: &Value) -> Result<Self, &'static str> {
        match params {
            Value::Null => Ok(Self::One("test".to_owned())),
            Value::String(text) => Ok(Self::One(text.clone())),
            Value::Object(map) => Self::parse_map(map),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                Err("must be a string, {text}, {texts} or null")
            }
        }
    }

    fn parse_map(map: &Map<String, Value>) -> Result<Self, &'static str> {
        match (map.get("text"), map.get("texts")) {
            (Some(Value::String(text)), None | Some(Value::Null)) => Ok(Self::One(text.clone())),
            (None | Some(Value::Null), Some(Value::Array(texts))) => {
                if texts.len() > super::bounds::MAX_LIST {
                    return Err("must have at most 1000 texts");
                }
                let texts: Option<Vec<String>> = texts
                    .iter()
                    .map(|text| text.as_str().map(str::to_owned))
                    .collect();
                texts.map(Self::Many).ok_or("must have texts in `texts`")
            }
            _ => Err("must have either `text`, a string, or `texts`, a list of strings"),
        }
    }

    /// The one spelling that providers are asked in.
    pub(super) fn to_params(&self) -> Value {
        match self {
            Self::One(text) => serde_json::json!({ "text": text }),
            Self::Many(texts) => serde_json::json!({ "texts": texts }),
        }
    }
}

impl EmbedderModel {
    /// A model that asks `embedder`.
    #[must_use]
    pub fn new(embedder: Arc<dyn Embedder>) -> Self {
        Self { embedder }
    }
}

#[async_trait]
impl ModelProvider for EmbedderModel {
    fn models(&self) -> Vec<ModelType> {
        vec![ModelType::TextEmbedding]
    }

    async fn generate(
        &self,
        _: &ModelContext,
        model_type: &ModelType,
        params: Value,
    ) -> Result<Value, ModelError> {
        if *model_type != ModelType::TextEmbedding {
            return Err(ModelError::Unsupported {
                model_type: model_type.clone(),
            });
        }
        let request = EmbeddingRequest::parse(&params).map_err(|reason| ModelError::Invalid {
            model_type: model_type.clone(),
            reason: reason.to_owned(),
        })?;
        let one = matches!(request, EmbeddingRequest::One(_));
        let texts = match request {
            EmbeddingRequest::One(text) => vec![text],
            EmbeddingRequest::Many(texts) => texts,
        };
        let vectors = self.embedder.embed(&texts).await;
        let vectors = vectors.map_err(|error| ModelError::Unavailable {
            reason: error.to_string(),
        })?;
        let mut vectors: Vec<Value> = vectors.into_iter().map(Value::from).collect();
        Ok(if one {
            vectors.pop().unwrap_or_default()
        } else {
            Value::from(vectors)
        })
    }
}
