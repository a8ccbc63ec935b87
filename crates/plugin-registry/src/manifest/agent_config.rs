//! `agentConfig`: what can be configured, with the quirks of real packages.

use serde_json::{Map, Value};

use super::config_schema::config_schema;
use super::settings::canonical;
use super::{Parameter, ParameterKind, Sensitivity};
use crate::fields::{Fields, type_of};
use crate::{FindingTag, Report};

/// The most parameters that one plugin may have.
pub(super) const MAX_PARAMETERS: usize = 500;

/// Words at the end of a name that say that a parameter is a secret, where its author does not say.
const SECRET_WORDS: &[&str] = &[
    "KEY",
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSPHRASE",
    "MNEMONIC",
    "CREDENTIALS",
    "COOKIES",
    "SALT",
    "PRIVATE",
];

/// Reads `agentConfig`: the plugin's type and its parameters, by name.
pub(super) fn agent_config(fields: &mut Fields<'_, '_>) -> (Option<String>, Vec<Parameter>) {
    let Some(config) = fields.object("agentConfig") else {
        return (None, Vec::new());
    };
    let report = fields.report();
    let mut config = Fields::new(config, "agentConfig", report);
    let plugin_type = config.line("pluginType", 100);
    let mut found = named(&mut config);
    config_schema(&mut config, &mut found);
    found.sort_by(|a, b| a.name.cmp(&b.name));
    (plugin_type, found)
}

/// Those of `pluginParameters`.
fn named(config: &mut Fields<'_, '_>) -> Vec<Parameter> {
    let mut found = Vec::new();
    let Some(parameters) = config.object("pluginParameters") else {
        return found;
    };
    for (name, value) in parameters {
        let report = config.report();
        if found.len() >= MAX_PARAMETERS {
            report.warn(
                FindingTag::TooLarge,
                "agentConfig.pluginParameters",
                format_args!("has more than {MAX_PARAMETERS} parameters; the rest is left out"),
            );
            break;
        }
        found.extend(parameter(name, value, report));
    }
    found
}

/// The beginning of a name, for a path.
pub(super) fn short(name: &str) -> String {
    name.chars().take(100).collect()
}

/// Whether a parameter may be called so.
pub(super) fn is_name(name: &str, path: &str, report: &mut Report) -> bool {
    let named = !name.is_empty()
        && name.len() <= 200
        && !name.contains(|c: char| c.is_control() || c.is_whitespace());
    if !named {
        report.warn(
            FindingTag::Invalid,
            path,
            "is no name of a parameter (1 to 200 bytes without white space); left out",
        );
    }
    named
}

/// Whether the last word of a name says that it is a secret.
pub(super) fn word_of_secret(name: &str) -> bool {
    let last = name.rsplit('_').next().unwrap_or(name).to_ascii_uppercase();
    SECRET_WORDS.contains(&last.as_str())
}

fn parameter(name: &str, value: &Value, report: &mut Report) -> Option<Parameter> {
    let path = format!("agentConfig.pluginParameters.{}", short(name));
    if !is_name(name, &path, report) {
        return None;
    }
    let empty = Map::new();
    let (map, description) = match value {
        Value::Object(map) => (map, None),
        Value::String(text) => {
            report.warn(
                FindingTag::UnusualForm,
                &path,
                "is text instead of an object, read as its description",
            );
            (&empty, Some(text))
        }
        other => {
            report.warn(
                FindingTag::WrongType,
                &path,
                format_args!(
                    "is {} where an object should be; read as text",
                    type_of(other)
                ),
            );
            (&empty, None)
        }
    };
    let mut fields = Fields::new(map, &path, report);
    let kind = match fields.line("type", 100) {
        None => {
            fields.warn(FindingTag::Missing, "type", "is missing; read as text");
            ParameterKind::String
        }
        Some(text) => text.parse().unwrap_or(ParameterKind::String),
    };
    let description = match description {
        Some(text) => fields.tidy("", text, 1_000),
        None => fields.line("description", 1_000),
    };
    let required_hint = flag(&mut fields, "required").unwrap_or(false);
    let sensitivity = sensitivity(&mut fields, name);
    let default = default(&mut fields, name, &kind, sensitivity);
    Some(Parameter {
        name: name.to_owned(),
        kind,
        description,
        required_hint,
        sensitivity,
        default,
        schema: None,
    })
}

fn sensitivity(fields: &mut Fields<'_, '_>, name: &str) -> Sensitivity {
    match flag(fields, "sensitive") {
        Some(true) => Sensitivity::Secret,
        Some(false) => Sensitivity::Plain,
        None => {
            if word_of_secret(name) {
                fields.warn(
                    FindingTag::Missing,
                    "sensitive",
                    "is missing; taken for a secret because of its name",
                );
                Sensitivity::Secret
            } else {
                Sensitivity::Plain
            }
        }
    }
}

pub(super) fn default(
    fields: &mut Fields<'_, '_>,
    name: &str,
    kind: &ParameterKind,
    sensitivity: Sensitivity,
) -> Option<Value> {
    let value = fields.get("default")?;
    // An empty text is how many say "no default" for a number or a boolean.
    if value.as_str().is_some_and(|text| text.trim().is_empty()) && *kind != ParameterKind::String {
        return None;
    }
    if value.is_object() || value.is_array() {
        if matches!(kind, ParameterKind::Other(_)) {
            return canonical(name, kind, sensitivity, value).ok();
        }
        fields.wrong_type("default", value, kind.as_str());
        return None;
    }
    match canonical(name, kind, sensitivity, value) {
        Ok(converted) => {
            if converted != *value {
                fields.warn(
                    FindingTag::Converted,
                    "default",
                    format_args!("is {} for a {kind}; converted", type_of(value)),
                );
            }
            Some(converted)
        }
        Err(_) => {
            fields.wrong_type("default", value, kind.as_str());
            None
        }
    }
}

fn flag(fields: &mut Fields<'_, '_>, name: &str) -> Option<bool> {
    match fields.get(name)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if matches!(text.as_str(), "true" | "false") => {
            fields.warn(FindingTag::Converted, name, "is text, read as a boolean");
            Some(text == "true")
        }
        other => {
            fields.wrong_type(name, other, "a boolean");
            None
        }
    }
}
