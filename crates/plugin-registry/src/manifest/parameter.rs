//! What can be configured on a plugin.

use one_ontology::vocabulary;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::settings::canonical;
use super::{ParameterSchema, ParameterViolation};

vocabulary! {
    /// What kind of value a parameter takes; kinds that are not listed take any value.
    open ParameterKind {
        /// Text.
        String = "string" | "String" | "text",
        /// A finite number.
        Number = "number" | "Number" | "integer" | "float" | "int",
        /// `true` or `false`.
        Boolean = "boolean" | "Boolean" | "bool",
    }
}

vocabulary! {
    /// Whether a value must be kept apart.
    closed Sensitivity ("`secret` or `plain`") {
        /// It is kept in a vault and never shown.
        Secret = "secret",
        /// It may be shown.
        Plain = "plain",
    }
}

/// One parameter of `agentConfig.pluginParameters` or `agentConfig.configSchema`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Parameter {
    /// Its name, or a template such as `EVM_PROVIDER_<CHAINNAME>`.
    pub name: String,
    /// What it takes.
    #[serde(rename = "type")]
    pub kind: ParameterKind,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether its author marked it as required. Only a hint: real plugins mark parameters that
    /// they run without.
    #[serde(default)]
    pub required_hint: bool,
    /// Whether it is a secret.
    pub sensitivity: Sensitivity,
    /// Its default, of the kind it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// What its author asks of a value beside its kind, from `agentConfig.configSchema`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<ParameterSchema>,
}

impl Parameter {
    /// Whether the name is a template that stands for many names.
    #[must_use]
    pub fn is_template(&self) -> bool {
        holes(&self.name).next().is_some()
    }

    /// Whether `name` is this parameter or fits its template: each `<HOLE>` stands for one or more
    /// letters, digits or underscores.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        if !self.is_template() {
            return self.name == name;
        }
        fits(&self.name, name)
    }

    /// The value as the parameter takes it: text that says a number or a boolean is one, because
    /// settings often come as text.
    ///
    /// # Errors
    /// `WrongType`, `TooLong`; never with the value of a secret in it.
    pub fn check(&self, value: &Value) -> Result<Value, ParameterViolation> {
        canonical(&self.name, &self.kind, self.sensitivity, value)
    }
}

/// The holes of a template, as (start, end) of `<...>`.
fn holes(name: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + name.get(at..)?.find('<')?;
        let end = start + name.get(start..)?.find('>')? + 1;
        at = end;
        (end - start > 2).then_some((start, end))
    })
}

/// Whether `name` fits `template`. Fixed parts are looked for from the left, the last at the end;
/// with word characters only in the holes that finds a fit if the fixed parts do not overlap.
fn fits(template: &str, name: &str) -> bool {
    let mut fixed = Vec::new();
    let mut at = 0;
    for (start, end) in holes(template) {
        fixed.push(template.get(at..start).unwrap_or_default());
        at = end;
    }
    let last = template.get(at..).unwrap_or_default();
    let mut fixed = fixed.into_iter();
    let Some(mut rest) = fixed.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    for part in fixed {
        // A hole takes at least one character, so the next fixed part begins after it.
        let Some(found) = rest
            .char_indices()
            .nth(1)
            .and_then(|(from, _)| Some(from + rest.get(from..)?.find(part)?))
        else {
            return false;
        };
        if !is_word(rest.get(..found).unwrap_or_default()) {
            return false;
        }
        rest = rest.get(found + part.len()..).unwrap_or_default();
    }
    rest.strip_suffix(last).is_some_and(is_word)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
