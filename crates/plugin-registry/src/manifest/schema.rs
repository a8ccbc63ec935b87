//! JSON Schemas of parameters, and the port to whoever checks values against them.

use std::fmt;

use one_ontology::InvalidValue;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The JSON Schema (draft 2020-12) of one parameter, as its author wrote it, without what only describes. It
/// stands for itself: what it refers to is in its own `$defs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct ParameterSchema(Value);

impl ParameterSchema {
    /// The most bytes that it may have as JSON.
    pub const MAX_BYTES: usize = 8 << 10;
    /// How deep it may be.
    pub const MAX_DEPTH: usize = 24;

    /// Takes a schema that is not too large to be kept with every instance.
    ///
    /// # Errors
    /// It is too large or too deep, or neither an object nor a boolean.
    pub fn new(schema: Value) -> Result<Self, InvalidValue> {
        let invalid = |given: &str, expected| {
            let kind = "JSON Schema of a parameter";
            Err(InvalidValue::new(kind, given, expected))
        };
        if deeper_than(&schema, Self::MAX_DEPTH) {
            return invalid("a deeper one", "at most 24 levels deep");
        }
        let text = schema.to_string();
        if !schema.is_object() && !schema.is_boolean() {
            return invalid(&text, "an object or a boolean");
        }
        if text.len() > Self::MAX_BYTES {
            return invalid(&text, "at most 8192 bytes long");
        }
        Ok(Self(schema))
    }

    /// The schema as JSON.
    #[must_use]
    pub const fn as_value(&self) -> &Value {
        &self.0
    }
}

impl TryFrom<Value> for ParameterSchema {
    type Error = InvalidValue;

    fn try_from(schema: Value) -> Result<Self, InvalidValue> {
        Self::new(schema)
    }
}

impl From<ParameterSchema> for Value {
    fn from(schema: ParameterSchema) -> Self {
        schema.0
    }
}

/// Whether a value has more levels than that.
fn deeper_than(value: &Value, levels: usize) -> bool {
    let Some(left) = levels.checked_sub(1) else {
        return true;
    };
    match value {
        Value::Array(items) => items.iter().any(|item| deeper_than(item, left)),
        Value::Object(map) => map.values().any(|item| deeper_than(item, left)),
        _ => false,
    }
}

/// Checks values against JSON Schemas. The core reads none: schemas are strangers' programs.
pub trait SchemaChecker: fmt::Debug + Send + Sync + 'static {
    /// Whether a value holds to a schema.
    ///
    /// # Behavior
    /// A pure function of both, bounded in time and memory whatever the schema is. It reads no file and no
    /// network, and nothing that it says holds the value or a part of it but by its place.
    ///
    /// # Errors
    /// `Broken` with at most ten rules and at least one; `Unusable` where the schema is none, or asks for too
    /// much.
    fn check(&self, schema: &ParameterSchema, value: &Value) -> Result<(), SchemaFault>;
}

/// Why a value does not hold to a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a checker makes one of them")]
pub enum SchemaFault {
    /// It breaks these rules.
    Broken(Vec<BrokenRule>),
    /// The schema cannot be used; why, in words, without the value.
    Unusable(String),
}

/// A rule of a schema that a value breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a checker makes it")]
pub struct BrokenRule {
    /// Where in the value, as a JSON pointer: empty for all of it, else `/0/url`.
    pub at: String,
    /// Which: `maximum`.
    pub rule: String,
    /// What the schema asks for, as JSON, where it is short: `4096`.
    pub asks: Option<String>,
}
