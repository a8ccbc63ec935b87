//! Rows as the text that columns hold, and back.

use std::sync::LazyLock;

use one_ontology::{Embedding, Knowledge, StoreError, canonical_json};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::corrupt;

/// The one spelling of a row as JSON.
pub(crate) fn encode(row: &impl Serialize) -> Result<String, StoreError> {
    let value = serde_json::to_value(row).map_err(|error| StoreError::Unavailable {
        reason: format!("a row has no text: {error}"),
    })?;
    text(&value)
}

/// [`canonical_json`], at half the price where maps are in the order of their names anyway: they are unless
/// somebody in the host's build asks `serde_json` for another order.
fn text(value: &serde_json::Value) -> Result<String, StoreError> {
    static SORTED: LazyLock<bool> = LazyLock::new(|| {
        let map: serde_json::Map<_, _> = [("b".to_owned(), 1.into()), ("a".to_owned(), 2.into())]
            .into_iter()
            .collect();
        map.keys().is_sorted()
    });
    if !*SORTED {
        return Ok(canonical_json(value));
    }
    serde_json::to_string(value).map_err(|error| StoreError::Unavailable {
        reason: format!("a row has no text: {error}"),
    })
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_is_the_canonical_one() {
        for value in [
            json!(null),
            json!({"b": 1, "a": {"z": [1, 2.5, -0.0, 1e300, 1e-7], "y": {}}, "": []}),
            json!({"é": "\u{0}\n\"\\/\u{7f}\u{2028}", "e": "變數", "E": true}),
            json!([u64::MAX, i64::MIN, 0.1, 1.0, 123_456_789.123_456_79]),
        ] {
            assert_eq!(text(&value), Ok(canonical_json(&value)));
        }
    }
}
