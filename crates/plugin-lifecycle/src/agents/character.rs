//! What a character may be.

use one_ontology::{Properties, Validator, excerpt};
use serde_json::{Map, Value};

use crate::ManagerError;
use crate::secretive::{holds_a_key, is_secret_name};

/// The longest name of an agent, in characters.
const MAX_NAME: usize = 512;
/// How many places of secrets are named.
const MAX_PLACES: usize = 10;
/// Fields of prose, examples and templates. What is called a secret in them is spoken of.
const PROSE: [&str; 11] = [
    "adjectives",
    "bio",
    "knowledge",
    "lore",
    "messageExamples",
    "name",
    "postExamples",
    "style",
    "system",
    "templates",
    "topics",
];

/// Checks a character: an object with a `name`, of at most `most_bytes` as JSON, without secrets. Gives it
/// with its name.
///
/// A secret is what stands under `secrets` or `settings.secrets`, what has a name that sounds like one
/// anywhere but in prose, and a text anywhere that begins like a key or holds a password in an address.
///
/// # Errors
/// `InvalidAgent`, `SecretsInCharacter` with where they stand, and never what.
pub(crate) fn check_character(
    character: &Value,
    most_bytes: usize,
) -> Result<(Map<String, Value>, String), ManagerError> {
    let invalid = |reason: String| ManagerError::InvalidAgent { reason };
    let Value::Object(map) = character else {
        return Err(invalid("a character must be a JSON object".to_owned()));
    };
    // First, because what follows goes down as deep as it is.
    let bounded = Properties::from(map.clone()).validate();
    bounded.map_err(|violations| invalid(format!("its character does not hold: {violations}")))?;
    if character.to_string().len() > most_bytes {
        return Err(invalid(format!(
            "its character must have at most {most_bytes} bytes as JSON"
        )));
    }
    let name = map.get("name").and_then(Value::as_str).unwrap_or_default();
    let mut check = Validator::new();
    check.name("name", name, MAX_NAME);
    let named = check.finish();
    named.map_err(|violations| invalid(format!("its character does not hold: {violations}")))?;
    let places = secrets(map);
    if places.is_empty() {
        Ok((map.clone(), name.to_owned()))
    } else {
        Err(ManagerError::SecretsInCharacter { places })
    }
}

/// Where in a character secrets stand, at most ten places.
fn secrets(character: &Map<String, Value>) -> Vec<String> {
    let mut places = Vec::new();
    let settings = character.get("settings");
    let held = [
        ("secrets", character.get("secrets")),
        (
            "settings.secrets",
            settings.and_then(|it| it.get("secrets")),
        ),
    ];
    for (place, value) in held {
        if value.is_some_and(|value| !is_empty(value)) {
            places.push(place.to_owned());
        }
    }
    for (name, value) in character {
        if !PROSE.contains(&name.as_str()) {
            named(name, value, "", &mut places);
        }
        keys(value, &step("", name), &mut places);
    }
    places.sort_unstable();
    places.dedup();
    places.truncate(MAX_PLACES);
    places
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Adds where a name sounds like a secret, at any depth. Numbers are none: `seed` is often one.
fn named(name: &str, value: &Value, at: &str, places: &mut Vec<String>) {
    let place = step(at, name);
    if !value.is_number() && !is_empty(value) && is_secret_name(name, value) {
        places.push(place);
    } else {
        within(value, &place, places);
    }
}

/// The same for all names within a value.
fn within(value: &Value, at: &str, places: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| within(item, at, places)),
        Value::Object(map) => {
            for (name, value) in map {
                named(name, value, at, places);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Adds where a text looks like a secret.
fn keys(value: &Value, at: &str, places: &mut Vec<String>) {
    match value {
        Value::String(text) if holds_a_key(text) => places.push(at.to_owned()),
        Value::Array(items) => items.iter().for_each(|item| keys(item, at, places)),
        Value::Object(map) => {
            for (name, value) in map {
                if holds_a_key(name) {
                    places.push(at.to_owned());
                }
                keys(value, &step(at, name), places);
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A place one level down. A name that may be a secret itself is not repeated.
fn step(at: &str, name: &str) -> String {
    let name = if holds_a_key(name) {
        "…".to_owned()
    } else {
        excerpt(name, 40)
    };
    if at.is_empty() {
        name
    } else {
        format!("{at}.{name}")
    }
}
