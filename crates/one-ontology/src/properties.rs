//! Free properties of rows, bounded, and rows whose properties have a type.

use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{ThingType, Validator, Violations};

/// Properties as a JSON object.
///
/// At most 1 MiB as JSON without white space, 32 levels deep, no U+0000 in any name or text.
///
/// ```
/// use one_ontology::Properties;
///
/// let properties = Properties::new().with("npm_package", "@elizaos/plugin-sql");
/// assert_eq!(properties.text("npm_package"), Some("@elizaos/plugin-sql"));
/// assert!(properties.with("note", "a\0b").validate().is_err());
/// ```
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
        let Measure {
            bytes,
            too_deep,
            nul,
        } = Measure::of(&self.0);
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

/// What [`Properties::validate`] looks at, as far as it looked: it stops at the first bound passed.
#[derive(Default)]
struct Measure {
    bytes: usize,
    too_deep: bool,
    nul: bool,
}

impl Measure {
    /// Iterative, because a value that is too deep must be refused and not overflow the stack.
    fn of(map: &Map<String, Value>) -> Self {
        let mut measure = Self::default();
        let mut stack = Vec::new();
        measure.object(map, 1, &mut stack);
        while let Some((value, depth)) = stack.pop() {
            measure.too_deep |= depth > Properties::MAX_DEPTH;
            if measure.too_deep || measure.bytes > Properties::MAX_BYTES {
                break;
            }
            match value {
                Value::Null | Value::Bool(true) => measure.add(4),
                Value::Bool(false) => measure.add(5),
                Value::Number(number) => measure.add(number.to_string().len()),
                Value::String(text) => measure.text(text),
                Value::Array(items) => {
                    measure.add(2 + items.len().saturating_sub(1));
                    stack.extend(items.iter().map(|item| (item, depth + 1)));
                }
                Value::Object(map) => measure.object(map, depth + 1, &mut stack),
            }
        }
        measure
    }

    fn object<'a>(
        &mut self,
        map: &'a Map<String, Value>,
        depth: usize,
        stack: &mut Vec<(&'a Value, usize)>,
    ) {
        // Braces, colons, and commas between.
        self.add(2 + map.len() + map.len().saturating_sub(1));
        for (name, value) in map {
            self.text(name);
            stack.push((value, depth));
        }
    }

    /// As `serde_json` escapes it.
    fn text(&mut self, text: &str) {
        self.nul |= text.contains('\0');
        let escapes: usize = text
            .bytes()
            .map(|byte| match byte {
                b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
                0x00..0x20 => 5,
                _ => 0,
            })
            .sum();
        self.add(2 + text.len() + escapes);
    }

    const fn add(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
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
