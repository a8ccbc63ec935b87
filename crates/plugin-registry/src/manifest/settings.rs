//! Checking settings against the parameters of a plugin.

use std::collections::BTreeMap;

use one_ontology::excerpt;
use serde::Serialize;
use serde_json::{Number, Value};

use super::{Parameter, ParameterKind, SchemaChecker, SchemaFault, Sensitivity};
use crate::fields::type_of;

/// The longest value of a setting as JSON, in bytes.
const MAX_VALUE_BYTES: usize = 64 << 10;

/// Why a setting does not hold. Never holds the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "_tag")]
#[non_exhaustive]
pub enum ParameterViolation {
    /// The plugin has no such parameter.
    #[error("the plugin has no parameter `{name}`{}", near.as_deref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    #[serde(rename = "ParameterUnknown")]
    Unknown {
        /// The name given.
        name: String,
        /// The parameter whose name is nearest, if one is near.
        near: Option<String>,
    },
    /// The name is a template; a name that fits it is needed.
    #[error(
        "`{name}` is a template; give a name that fits it, with the part in angle brackets filled in"
    )]
    #[serde(rename = "ParameterTemplate")]
    Template {
        /// The template.
        name: String,
    },
    /// The value has another type.
    #[error("`{name}` takes {expected}, not {got}")]
    #[serde(rename = "ParameterWrongType")]
    WrongType {
        /// The parameter.
        name: String,
        /// What it takes, in words.
        expected: String,
        /// What was given, in words; the value itself only when it is no secret.
        got: String,
    },
    /// The value is longer than a setting may be.
    #[error("`{name}` is longer than {limit} bytes")]
    #[serde(rename = "ParameterTooLong")]
    TooLong {
        /// The parameter.
        name: String,
        /// The bound.
        limit: usize,
    },
    /// The value breaks a rule of its JSON Schema.
    #[error("`{name}` breaks `{rule}{}` of its schema{}", asks.as_deref().map(|asks| format!(": {asks}")).unwrap_or_default(), place(at))]
    #[serde(rename = "ParameterBreaksRule")]
    BreaksRule {
        /// The parameter.
        name: String,
        /// Where in the value, as a JSON pointer; empty for all of it, and always for a secret.
        at: String,
        /// Which rule: `maximum`.
        rule: String,
        /// What it asks for, as JSON, where that is short.
        asks: Option<String>,
    },
    /// The JSON Schema of the parameter cannot be used.
    #[error("the schema of `{name}` cannot be used, so nothing is set: {reason}")]
    #[serde(rename = "ParameterSchemaUnusable")]
    SchemaUnusable {
        /// The parameter.
        name: String,
        /// Why, in words.
        reason: String,
    },
    /// The parameter has a JSON Schema, and nobody here checks one.
    #[error("`{name}` has a schema, and this host checks none")]
    #[serde(rename = "ParameterSchemaUnchecked")]
    SchemaUnchecked {
        /// The parameter.
        name: String,
    },
}

/// Where in a value, in words.
fn place(at: &str) -> String {
    if at.is_empty() {
        String::new()
    } else {
        format!(" at `{at}`")
    }
}

impl ParameterViolation {
    /// Each tag, with what to do about it.
    pub const TAGS: &'static [(&'static str, &'static str)] = &[
        (
            "ParameterUnknown",
            "use one of the plugin's parameters; `show` lists them",
        ),
        (
            "ParameterTemplate",
            "replace the part in angle brackets by a name",
        ),
        ("ParameterWrongType", "give a value of the type named"),
        ("ParameterTooLong", "give a shorter value"),
        (
            "ParameterBreaksRule",
            "give a value that keeps the rule named; `config` shows the plugin's parameters",
        ),
        (
            "ParameterSchemaUnusable",
            "ask the author of the plugin to mend the schema, or install another version",
        ),
        (
            "ParameterSchemaUnchecked",
            "give the manager a schema checker, for instance `plugin-config-jsonschema`",
        ),
    ];

    /// The stable machine name.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "ParameterUnknown",
            Self::Template { .. } => "ParameterTemplate",
            Self::WrongType { .. } => "ParameterWrongType",
            Self::TooLong { .. } => "ParameterTooLong",
            Self::BreaksRule { .. } => "ParameterBreaksRule",
            Self::SchemaUnusable { .. } => "ParameterSchemaUnusable",
            Self::SchemaUnchecked { .. } => "ParameterSchemaUnchecked",
        }
    }
}

/// Settings that hold, secrets apart.
///
/// `Debug` shows no secret; there is no `Serialize`, so that nothing is stored by mistake.
#[derive(Clone, Default, PartialEq)]
pub struct CheckedSettings {
    /// What may be stored and shown.
    pub plain: BTreeMap<String, Value>,
    /// What belongs into a vault, as text.
    pub secret: BTreeMap<String, String>,
    /// Parameters that the author marked as required and that have neither value nor default:
    /// a hint for people, no refusal.
    pub missing_hints: Vec<String>,
}

impl std::fmt::Debug for CheckedSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let secret: BTreeMap<&str, &str> = self
            .secret
            .keys()
            .map(|name| (name.as_str(), "[redacted]"))
            .collect();
        f.debug_struct("CheckedSettings")
            .field("plain", &self.plain)
            .field("secret", &secret)
            .field("missing_hints", &self.missing_hints)
            .finish()
    }
}

/// Checks settings against parameters, and against their schemas where they have some. A `null` says "none" and
/// takes the setting out.
///
/// # Errors
/// Every violation, in the order of the names; never empty. Nothing that has a schema holds without a checker.
pub fn check_settings(
    parameters: &[Parameter],
    settings: &BTreeMap<String, Value>,
    schemas: Option<&dyn SchemaChecker>,
) -> Result<CheckedSettings, Vec<ParameterViolation>> {
    let mut checked = CheckedSettings::default();
    let mut violations = Vec::new();
    for (name, value) in settings {
        if value.is_null() {
            continue;
        }
        let parameter = match find(parameters, name) {
            Ok(parameter) => parameter,
            Err(violation) => {
                violations.push(violation);
                continue;
            }
        };
        match canonical(name, &parameter.kind, parameter.sensitivity, value) {
            Ok(value) => {
                violations.extend(broken(name, parameter, &value, schemas));
                checked.take(name, parameter.sensitivity, value);
            }
            Err(violation) => violations.push(violation),
        }
    }
    for parameter in parameters {
        let given = settings
            .iter()
            .any(|(name, value)| !value.is_null() && parameter.covers(name));
        if parameter.required_hint && parameter.default.is_none() && !given {
            checked.missing_hints.push(parameter.name.clone());
        }
    }
    if violations.is_empty() {
        Ok(checked)
    } else {
        Err(violations)
    }
}

impl CheckedSettings {
    fn take(&mut self, name: &str, sensitivity: Sensitivity, value: Value) {
        match (sensitivity, value) {
            (Sensitivity::Plain, value) => {
                self.plain.insert(name.to_owned(), value);
            }
            (Sensitivity::Secret, Value::String(text)) => {
                self.secret.insert(name.to_owned(), text);
            }
            (Sensitivity::Secret, other) => {
                self.secret.insert(name.to_owned(), other.to_string());
            }
        }
    }
}

/// The rules of its schema that a value breaks. Names inside of a secret are its own, so no place is told.
fn broken(
    name: &str,
    parameter: &Parameter,
    value: &Value,
    schemas: Option<&dyn SchemaChecker>,
) -> Vec<ParameterViolation> {
    let Some(schema) = &parameter.schema else {
        return Vec::new();
    };
    let name = excerpt(name, 200);
    let Some(schemas) = schemas else {
        return vec![ParameterViolation::SchemaUnchecked { name }];
    };
    let rules = match schemas.check(schema, value) {
        Ok(()) => return Vec::new(),
        Err(SchemaFault::Broken(rules)) => rules,
        Err(SchemaFault::Unusable(reason)) => {
            let reason = excerpt(&reason, 300);
            return vec![ParameterViolation::SchemaUnusable { name, reason }];
        }
    };
    let at = |at: &str| match parameter.sensitivity {
        Sensitivity::Secret => String::new(),
        Sensitivity::Plain => excerpt(at, 200),
    };
    let broken = rules
        .into_iter()
        .map(|broken| ParameterViolation::BreaksRule {
            name: name.clone(),
            at: at(&broken.at),
            rule: broken.rule,
            asks: broken.asks,
        });
    broken.collect()
}

/// The value as `kind` takes it.
pub(super) fn canonical(
    name: &str,
    kind: &ParameterKind,
    sensitivity: Sensitivity,
    value: &Value,
) -> Result<Value, ParameterViolation> {
    let size = match value {
        Value::String(text) => text.len(),
        other => other.to_string().len(),
    };
    if size > MAX_VALUE_BYTES {
        return Err(ParameterViolation::TooLong {
            name: excerpt(name, 200),
            limit: MAX_VALUE_BYTES,
        });
    }
    converted(kind, value).ok_or_else(|| ParameterViolation::WrongType {
        name: excerpt(name, 200),
        expected: match kind {
            ParameterKind::String => "text without U+0000".to_owned(),
            ParameterKind::Number => "a finite number".to_owned(),
            ParameterKind::Boolean => "true or false".to_owned(),
            other => format!("a value of type `{other}`"),
        },
        got: match (value, sensitivity) {
            (Value::String(text), Sensitivity::Plain) => {
                format!("the text `{}`", excerpt(text, 40))
            }
            _ => type_of(value).to_owned(),
        },
    })
}

fn converted(kind: &ParameterKind, value: &Value) -> Option<Value> {
    match (kind, value) {
        (ParameterKind::String, Value::String(text)) => {
            (!text.contains('\0')).then(|| value.clone())
        }
        // A port or an id is often written without quotes; as text it says the same.
        (ParameterKind::String, Value::Number(number)) => Some(Value::String(number.to_string())),
        (ParameterKind::String, Value::Bool(flag)) => Some(Value::String(flag.to_string())),
        (ParameterKind::Number, Value::Number(_)) | (ParameterKind::Boolean, Value::Bool(_)) => {
            Some(value.clone())
        }
        (ParameterKind::Number, Value::String(text)) => number(text),
        (ParameterKind::Boolean, Value::String(text)) => match text.trim() {
            "true" | "TRUE" | "True" => Some(Value::Bool(true)),
            "false" | "FALSE" | "False" => Some(Value::Bool(false)),
            _ => None,
        },
        (ParameterKind::Other(_), _) => Some(value.clone()),
        _ => None,
    }
}

fn number(text: &str) -> Option<Value> {
    let text = text.trim();
    if let Ok(whole) = text.parse::<i64>() {
        return Some(Value::from(whole));
    }
    // `inf` and `nan` parse as floats and are no numbers of JSON.
    let float = text.parse::<f64>().ok()?;
    Number::from_f64(float).map(Value::Number)
}

fn find<'a>(parameters: &'a [Parameter], name: &str) -> Result<&'a Parameter, ParameterViolation> {
    let exact = parameters.iter().find(|parameter| parameter.name == name);
    if let Some(parameter) = exact {
        if parameter.is_template() {
            return Err(ParameterViolation::Template {
                name: excerpt(name, 200),
            });
        }
        return Ok(parameter);
    }
    parameters
        .iter()
        .find(|parameter| parameter.covers(name))
        .ok_or_else(|| ParameterViolation::Unknown {
            name: excerpt(name, 200),
            near: nearest(parameters, name),
        })
}

fn nearest(parameters: &[Parameter], name: &str) -> Option<String> {
    let wanted: Vec<char> = name.chars().take(64).flat_map(char::to_uppercase).collect();
    parameters
        .iter()
        .map(|parameter| {
            let other: Vec<char> = parameter
                .name
                .chars()
                .take(64)
                .flat_map(char::to_uppercase)
                .collect();
            (distance(&wanted, &other), &parameter.name)
        })
        .min()
        .filter(|(distance, _)| *distance <= 3 && *distance * 3 <= wanted.len())
        .map(|(_, name)| name.clone())
}

/// Levenshtein's.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, a) in left.iter().enumerate() {
        let mut previous = at;
        let mut next = vec![at + 1];
        for (b, above) in right.iter().zip(row.iter().skip(1)) {
            let step = previous + usize::from(a != b);
            let beside = next.last().copied().unwrap_or(at) + 1;
            next.push(step.min(beside).min(above + 1));
            previous = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
