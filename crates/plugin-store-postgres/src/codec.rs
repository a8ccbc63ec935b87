//! Rows as the text that columns hold, and back.

use one_ontology::{Embedding, Knowledge, StoreError, canonical_json};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{corrupt, unavailable};

/// The one spelling of a row as JSON. As text and not `jsonb`, which would spell numbers anew.
pub(crate) fn encode(row: &impl Serialize) -> Result<String, StoreError> {
    let value = serde_json::to_value(row)
        .map_err(|error| unavailable(format!("a row has no text: {error}")))?;
    Ok(canonical_json(&value))
}

pub(crate) fn decode<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| corrupt(format!("a row of `{what}`: {error}")))
}

/// A vector as its numbers, each four bytes, the lowest first.
pub(crate) fn encode_vector(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

pub(crate) fn decode_vector(model: String, bytes: &[u8]) -> Result<Embedding, StoreError> {
    let (numbers, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(corrupt("a vector is not made of whole numbers".to_owned()));
    }
    let values = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes));
    Embedding::new(model, values.collect())
        .map_err(|violations| corrupt(format!("a vector: {violations}")))
}

/// Knowledge as it is kept: the row without its vector, and the vector.
pub(crate) fn decode_knowledge(
    doc: &str,
    model: Option<String>,
    vector: Option<&[u8]>,
) -> Result<Knowledge, StoreError> {
    let mut row: Knowledge = decode("knowledge", doc)?;
    row.embedding = match (model, vector) {
        (Some(model), Some(vector)) => Some(decode_vector(model, vector)?),
        _ => None,
    };
    Ok(row)
}
