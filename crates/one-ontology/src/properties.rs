//! Free properties of rows, bounded, and rows whose properties have a type.

use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{ThingType, Validator, Violations};

/// Properties as a JSON object.
///
/// At most 1 MiB as JSON, 32 levels deep, no U+0000 in any text, and numbers that JSON can say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Properties(Map<String, Value>);

impl Properties {
    /// The largest size as JSON, in bytes.
    pub const MAX_BYTES: usize = 1 << 20;
    /// The deepest nesting.
    pub const MAX_DEPTH: usize = 32;

    /// No properties.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more; a property of the same name is replaced.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// One property.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// One property, if it is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// As a JSON object.
    #[must_use]
    pub const fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// As a JSON object, owned.
    #[must_use]
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }

    /// Checks the bounds.
    ///
    /// # Errors
    /// What is too large, too deep or not to be kept.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut check = Validator::new();
        let mut bytes = 2_usize;
        let mut too_deep = false;
        let mut nul = false;
        let mut stack: Vec<(&Value, usize)> = Vec::new();
        for (name, value) in &self.0 {
            bytes = bytes.saturating_add(name.len() + 4);
            nul |= name.contains('\0');
            stack.push((value, 1));
        }
        while let Some((value, depth)) = stack.pop() {
            too_deep |= depth > Self::MAX_DEPTH;
            match value {
                Value::Null | Value::Bool(_) => bytes = bytes.saturating_add(5),
                Value::Number(_) => bytes = bytes.saturating_add(24),
                Value::String(text) => {
                    bytes = bytes.saturating_add(text.len() + 2);
                    nul |= text.contains('\0');
                }
                Value::Array(items) => {
                    bytes = bytes.saturating_add(2 + items.len());
                    stack.extend(items.iter().map(|item| (item, depth + 1)));
                }
                Value::Object(map) => {
                    bytes = bytes.saturating_add(2);
                    for (name, item) in map {
                        bytes = bytes.saturating_add(name.len() + 4);
                        nul |= name.contains('\0');
                        stack.push((item, depth + 1));
                    }
                }
            }
            if bytes > Self::MAX_BYTES || too_deep {
                break;
            }
        }
        check.require(
            bytes <= Self::MAX_BYTES,
            "properties",
            format_args!("must have at most {} bytes as JSON", Self::MAX_BYTES),
        );
        check.require(
            !too_deep,
            "properties",
            format_args!("must be at most {} levels deep", Self::MAX_DEPTH),
        );
        check.require(!nul, "properties", "must not contain the character U+0000");
        check.finish()
    }
}

impl From<Map<String, Value>> for Properties {
    fn from(map: Map<String, Value>) -> Self {
        Self(map)
    }
}

impl FromIterator<(String, Value)> for Properties {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(properties: I) -> Self {
        Self(properties.into_iter().collect())
    }
}

/// Properties that a type of thing always has.
///
/// ```
/// use one_ontology::{PluginThingType, ThingProperties, ThingType};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Serialize, Deserialize)]
/// struct Review {
///     stars: u8,
/// }
///
/// impl ThingProperties for Review {
///     fn thing_type() -> ThingType {
///         PluginThingType::PluginReview.into()
///     }
/// }
/// ```
pub trait ThingProperties: Debug + Serialize + DeserializeOwned {
    /// The type of the things that have them.
    fn thing_type() -> ThingType;
}
