//! `agentConfig.configSchema`: one JSON Schema of all settings, taken apart into parameters.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::agent_config::{MAX_PARAMETERS, default, is_name, short, word_of_secret};
use super::{Parameter, ParameterKind, ParameterSchema, Sensitivity};
use crate::fields::Fields;
use crate::{FindingTag, Report};

/// The most bytes of the whole schema that are read.
const MAX_BYTES: usize = 64 << 10;
const FIELD: &str = "agentConfig.configSchema";
/// What describes a parameter and is no rule.
const DESCRIPTIVE: &[&str] = &[
    "title",
    "description",
    "default",
    "examples",
    "$comment",
    "deprecated",
    "readOnly",
    "writeOnly",
];

/// Adds to parameters what the schema says of them, and those that only it names.
pub(super) fn config_schema(config: &mut Fields<'_, '_>, found: &mut Vec<Parameter>) {
    let Some(schema) = config.object("configSchema") else {
        return;
    };
    let report = config.report();
    if serde_json::to_string(schema).map_or(0, |text| text.len()) > MAX_BYTES {
        let reason = format_args!("is longer than {MAX_BYTES} bytes; left out");
        report.warn(FindingTag::TooLarge, FIELD, reason);
        return;
    }
    let Some(properties) = Fields::new(schema, FIELD, report).object("properties") else {
        return;
    };
    let required = schema.get("required").and_then(Value::as_array);
    let required: BTreeSet<&str> = required
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut is_full = false;
    for (name, property) in properties {
        let path = format!("{FIELD}.properties.{}", short(name));
        if !is_name(name, &path, report) {
            continue;
        }
        let property = Property {
            name,
            schema: property,
            definitions: schema.get("$defs"),
            is_required: required.contains(name.as_str()),
        };
        let count = found.len();
        match found.iter_mut().find(|it| it.name == *name) {
            Some(parameter) => property.refine(parameter, &path, report),
            None if count >= MAX_PARAMETERS => {
                let reason =
                    format_args!("has more than {MAX_PARAMETERS} parameters; the rest is left out");
                // What is known by another list may still be said to be a secret.
                if !is_full {
                    report.warn(FindingTag::TooLarge, FIELD, reason);
                }
                is_full = true;
            }
            None => found.push(property.parameter(&path, report)),
        }
    }
}

/// One of the properties of the schema.
struct Property<'a> {
    name: &'a str,
    schema: &'a Value,
    definitions: Option<&'a Value>,
    is_required: bool,
}

impl Property<'_> {
    /// Adds it to the parameter of the same name.
    fn refine(&self, parameter: &mut Parameter, path: &str, report: &mut Report) {
        if let Some(kind) = self.kind() {
            parameter.kind = kind;
        }
        if self.says_secret() == Some(true) {
            parameter.sensitivity = Sensitivity::Secret;
        }
        parameter.required_hint |= self.is_required;
        parameter.schema = self.rules(path, report);
    }

    /// The parameter that nothing else names.
    fn parameter(&self, path: &str, report: &mut Report) -> Parameter {
        let kind = self.kind().or_else(|| "any".parse().ok());
        let kind = kind.unwrap_or(ParameterKind::String);
        let secret = self.says_secret();
        let sensitivity = match secret.unwrap_or_else(|| word_of_secret(self.name)) {
            true => Sensitivity::Secret,
            false => Sensitivity::Plain,
        };
        let schema = self.rules(path, report);
        let empty = Map::new();
        let map = self.schema.as_object().unwrap_or(&empty);
        let mut fields = Fields::new(map, path, report);
        let title = fields.line("title", 1_000);
        Parameter {
            name: self.name.to_owned(),
            description: fields.line("description", 1_000).or(title),
            required_hint: self.is_required,
            default: default(&mut fields, self.name, &kind, sensitivity),
            sensitivity,
            kind,
            schema,
        }
    }

    /// The kind of value, where one stands there.
    fn kind(&self) -> Option<ParameterKind> {
        let kind = self.schema.get("type")?.as_str()?;
        kind.parse().ok()
    }

    /// Whether it is a secret, as far as anything says so: the property, a part of it, or what it refers to. Whatever stands under
    /// `x-secret` but a plain no means one.
    fn says_secret(&self) -> Option<bool> {
        let own = self.schema.get("x-secret");
        if own == Some(&Value::Bool(false)) {
            return Some(false);
        }
        let said = marks_a_secret(self.schema, self.definitions, &mut BTreeSet::new());
        (said || own.is_some()).then_some(said)
    }

    /// What is left without descriptions; none where that says no more than the kind.
    fn rules(&self, path: &str, report: &mut Report) -> Option<ParameterSchema> {
        let mut rules = match self.schema {
            Value::Bool(true) => return None,
            Value::Object(map) => map.clone(),
            other => return self.kept(other.clone(), path, report),
        };
        rules.retain(|key, _| !DESCRIPTIVE.contains(&key.as_str()) && !key.starts_with("x-"));
        let says_kind =
            |kind: &Value| matches!(kind.as_str(), Some("string" | "number" | "boolean"));
        if rules.is_empty() || rules.len() == 1 && rules.get("type").is_some_and(says_kind) {
            return None;
        }
        let rules = Value::Object(rules);
        let definitions = self.definitions.filter(|_| refers(&rules));
        let mut rules = rules;
        if let (Some(definitions), Some(map)) = (definitions, rules.as_object_mut()) {
            map.insert("$defs".to_owned(), definitions.clone());
        }
        self.kept(rules, path, report)
    }

    fn kept(&self, rules: Value, path: &str, report: &mut Report) -> Option<ParameterSchema> {
        match ParameterSchema::new(rules) {
            Ok(schema) => Some(schema),
            Err(error) => {
                let reason = format_args!("{error}; its rules are left out");
                report.warn(FindingTag::TooLarge, path, reason);
                None
            }
        }
    }
}

/// Whether anything in a schema, or in what it refers to, is marked as a secret; each definition is looked at once.
fn marks_a_secret<'a>(
    schema: &'a Value,
    definitions: Option<&'a Value>,
    seen: &mut BTreeSet<&'a str>,
) -> bool {
    match schema {
        Value::Array(items) => items
            .iter()
            .any(|inner| marks_a_secret(inner, definitions, seen)),
        Value::Object(map) => map.iter().any(|(key, value)| match (key.as_str(), value) {
            ("x-secret", said) => *said != Value::Bool(false),
            ("$ref", Value::String(to)) => {
                let name = to.strip_prefix("#/$defs/").unwrap_or_default();
                let found = definitions.and_then(|all| all.get(name));
                let fresh = found.filter(|_| seen.insert(name));
                fresh.is_some_and(|found| marks_a_secret(found, definitions, seen))
            }
            (_, inner) => marks_a_secret(inner, definitions, seen),
        }),
        _ => false,
    }
}

/// Whether anything in it refers to something else.
fn refers(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(refers),
        Value::Object(map) => map.contains_key("$ref") || map.values().any(refers),
        _ => false,
    }
}
