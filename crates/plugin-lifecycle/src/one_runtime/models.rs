//! Models, and answers that are not what they seem.

use std::sync::PoisonError;

use one_ontology::{Embedding, excerpt};
use plugin_runtime_api::{
    CallContext, HostError, HostReply, ModelContext, ModelError, ModelProvider, ModelType,
};
use serde_json::Value;

use super::desk::{invalid, unavailable};
use super::embedder_model::EmbeddingRequest;
use super::runtime::Shared;

const CALL: &str = "model.use";

impl Shared {
    /// Asks the first provider that has the model.
    pub(super) async fn use_model(
        &self,
        context: &CallContext,
        name: &str,
        params: Value,
    ) -> Result<HostReply, HostError> {
        let model_type: ModelType = name
            .parse()
            .map_err(|_| invalid(CALL, "`modelType` must be 1 to 128 characters"))?;
        let mut providers = self.models.iter().enumerate();
        let Some((place, provider)) =
            providers.find(|(_, provider)| provider.models().contains(&model_type))
        else {
            return Err(unsupported(&model_type));
        };
        let who = ModelContext {
            group: context.group,
            agent: context.agent,
        };
        let answer = if model_type == ModelType::TextEmbedding {
            self.embed(place, &**provider, &who, &params).await?
        } else {
            let answer = provider.generate(&who, &model_type, params).await;
            answer.map_err(|error| failed(&model_type, error))?
        };
        Ok(HostReply::Value(answer))
    }

    async fn embed(
        &self,
        place: usize,
        provider: &dyn ModelProvider,
        who: &ModelContext,
        params: &Value,
    ) -> Result<Value, HostError> {
        let model_type = ModelType::TextEmbedding;
        let request = EmbeddingRequest::parse(params)
            .map_err(|reason| invalid(CALL, &format!("the parameters {reason}")))?;
        let answer = provider
            .generate(who, &model_type, request.to_params())
            .await
            .map_err(|error| failed(&model_type, error))?;
        match &request {
            EmbeddingRequest::One(_) => self.check_vector(place, &answer)?,
            EmbeddingRequest::Many(texts) => {
                let vectors = answer.as_array().filter(|list| list.len() == texts.len());
                let vectors =
                    vectors.ok_or_else(|| broken("did not give one vector for each text"))?;
                for vector in vectors {
                    self.check_vector(place, vector)?;
                }
            }
        }
        Ok(answer)
    }

    /// A vector must be one: numbers, not all zero, as many as this model has always given.
    fn check_vector(&self, place: usize, vector: &Value) -> Result<(), HostError> {
        let numbers: Option<Vec<f32>> = vector
            .as_array()
            .and_then(|list| list.iter().map(|number| narrow(number.as_f64()?)).collect());
        let numbers = numbers.ok_or_else(|| broken("gave something else than numbers"))?;
        if !(1..=Embedding::MAX_DIMENSION).contains(&numbers.len()) {
            return Err(broken("gave a vector of an impossible length"));
        }
        if numbers.iter().all(|number| *number == 0.0) {
            return Err(broken("gave a vector of zeros"));
        }
        let mut dimensions = self
            .dimensions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let first = *dimensions.entry(place).or_insert(numbers.len());
        if first == numbers.len() {
            Ok(())
        } else {
            Err(broken("gave vectors of different lengths"))
        }
    }
}

/// The nearest `f32`, if that is finite.
fn narrow(number: f64) -> Option<f32> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "vectors are of 32 bits; the nearest is meant"
    )]
    let narrow = number as f32;
    narrow.is_finite().then_some(narrow)
}

fn broken(how: &str) -> HostError {
    unavailable(CALL, &format!("the embedding model {how}"))
}

fn unsupported(model_type: &ModelType) -> HostError {
    HostError::Unsupported {
        call: format!("{CALL} {}", excerpt(model_type.as_str(), 64)),
    }
}

/// What plugin code is told of a model's error: nothing of the host's insides.
fn failed(model_type: &ModelType, error: ModelError) -> HostError {
    match error {
        ModelError::Unsupported { .. } => unsupported(model_type),
        ModelError::Invalid { reason, .. } => invalid(CALL, &excerpt(&reason, 300)),
        _ => unavailable(CALL, "the model does not answer"),
    }
}
